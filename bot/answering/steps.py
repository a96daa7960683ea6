"""The steps of an action: what is still to be known for it, and what a press or an answer fills in. No texts.

Nothing that a press names is trusted: it is looked up among what is the customer's own.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from bot.answering.address_reading import missing
from bot.answering.belongings import Belongings
from bot.sessions import Walk
from bot.shop.actions import (
    Action,
    CancelOrder,
    ChangeAddress,
    ChangeDefaultAddress,
    ChangeItems,
    ChangePayment,
    ExchangeItems,
    ReturnItems,
)
from bot.shop.records import Address, Order, Product, Variant
from bot.shop.rule_settings import RuleSettings

Wants = Literal["order", "items", "more", "variant", "reason", "method", "address"]
STEPS: dict[str, tuple[Wants, ...]] = {
    "cancel_order": ("order", "reason"),
    "return_items": ("order", "items", "reason"),
    "exchange_items": ("order", "items", "variant"),
    "change_items": ("order", "items", "variant"),
    "change_address": ("order", "address"),
    "change_payment": ("order", "method"),
    "change_default_address": ("address",),
}
ASKED: tuple[Wants, ...] = ("order", "items", "more", "variant", "reason", "method", "address")
SWAPS = ("exchange_items", "change_items")
ALL, DONE = "all", "done"
NOWHERE = Address(id="", line1="", city="", postcode="", country="")


class Steps:
    def __init__(self, rules: RuleSettings) -> None:
        self._rules = rules

    def next(self, walk: Walk) -> Wants | None:
        """The next that is to be asked; None where all is known."""
        return next((wants for wants in STEPS[walk.action] if self._lacks(walk, wants)), None)

    def _lacks(self, walk: Walk, wants: Wants) -> bool:
        match wants:
            case "order":
                return not walk.order
            case "items":
                return not walk.items
            case "variant":
                return len(walk.new_items) < len(walk.items)
            case "reason":
                return bool(self.reasons(walk.action)) and walk.reason not in self.reasons(walk.action)
            case "address":
                return walk.address is None or bool(missing(walk.address))
            case _:
                return not walk.method

    def reasons(self, action: str) -> dict[str, dict[str, str]]:
        rules = self._rules
        return {"cancel_order": rules.cancel_reasons, "return_items": rules.return_reasons}.get(action, {})

    def pressed(self, walk: Walk, wants: str, value: str, own: Belongings) -> Walk | None:
        """The walk with what a button names; None where it names nothing of the customer's, or nothing that fits."""
        order = own.order(walk.order) if walk.order else None
        match wants:
            case "order":
                chosen = own.order(value)
                return of_order(walk, chosen.number) if chosen and "order" in STEPS[walk.action] else None
            case "items" | "more" if order and "items" in STEPS[walk.action]:
                return _with_items(walk, order, value, own)
            case "variant" if order and walk.action in SWAPS:
                return with_variant(walk, value, own)
            case "reason":
                return replace(walk, reason=value) if value in self.reasons(walk.action) else None
            case "method":
                known = any(method.id == value for method in own.customer.payment_methods)
                return replace(walk, method=value) if known else None
            case "address" if "address" in STEPS[walk.action]:
                saved = next((one for one in own.customer.addresses if one.id == value), None)
                return replace(walk, address=saved) if saved else None
        return None


def of_order(walk: Walk, number: str) -> Walk:
    """About this order; what was chosen of another is dropped."""
    if walk.order == number:
        return walk
    return replace(walk, order=number, items=(), new_items=(), method="")


def left_over(walk: Walk, order: Order) -> Counter[str]:
    """Pieces of the order that are not chosen yet, by SKU in the order's own order."""
    left: Counter[str] = Counter()
    for item in order.items:
        left[item.sku] += item.quantity
    left.subtract(walk.items)
    return +left


def in_order_of(order: Order, pieces: Sequence[str]) -> tuple[str, ...]:
    places = [item.sku for item in order.items]
    return tuple(sorted((piece for piece in pieces if piece in places), key=places.index))


def _with_items(walk: Walk, order: Order, value: str, own: Belongings) -> Walk | None:
    """ "all", "ML01-GRN" for one of it, or "2*RR03-STD"."""
    if value == ALL:
        pieces = tuple(item.sku for item in order.items for _ in range(item.quantity))
        return replace(walk, items=tuple(sku for sku in pieces if is_choosable(walk, sku, own)), new_items=())
    many, _, sku = value.rpartition("*")
    number = int(many) if many.isdecimal() and len(many) < 4 else 1
    if walk.new_items:  # an old button, after the items were chosen
        walk = replace(walk, items=(), new_items=())
    if not 0 < number <= left_over(walk, order)[sku] or not is_choosable(walk, sku, own):
        return None
    return replace(walk, items=in_order_of(order, (*walk.items, *(sku,) * number)))


def is_choosable(walk: Walk, sku: str, own: Belongings) -> bool:
    """What is to be exchanged must come in another variant."""
    return walk.action not in SWAPS or bool(others(sku, own))


def others(sku: str, own: Belongings) -> tuple[Variant, ...]:
    """The variants of the same product that are in stock."""
    if sku not in own.sold:
        return ()
    product, _ = own.sold[sku]
    return tuple(one for one in product.variants if one.sku != sku and one.stock > 0)


def open_piece(walk: Walk) -> str:
    """The item whose new variant is asked for."""
    return walk.items[len(walk.new_items)]


def with_variant(walk: Walk, new: str, own: Belongings) -> Walk | None:
    """All chosen pieces of a kind get the same new variant; an old button changes what was chosen before."""
    product = product_of(new, own)
    if len(walk.new_items) < len(walk.items) and product is product_of(open_piece(walk), own):
        at = len(walk.new_items)
    else:
        at = next((at for at, sku in enumerate(walk.items) if product is product_of(sku, own)), -1)
    if product is None or at < 0 or all(one.sku != new for one in others(walk.items[at], own)):
        return None
    alike = sum(sku == walk.items[at] for sku in walk.items[at:])
    return replace(walk, new_items=(*walk.new_items[:at], *(new,) * alike))


def product_of(sku: str, own: Belongings) -> Product | None:
    return own.sold[sku][0] if sku in own.sold else None


def action_of(walk: Walk) -> Action:
    """As far as it is known; what is not is empty, and the rules say so."""
    order, items, new, method = walk.order, walk.items, walk.new_items, walk.method
    match walk.action:
        case "cancel_order":
            return CancelOrder(order, walk.reason)
        case "return_items":
            return ReturnItems(order, items, method, walk.reason)
        case "exchange_items":
            return ExchangeItems(order, items, new, method)
        case "change_items":
            return ChangeItems(order, items, new, method)
        case "change_payment":
            return ChangePayment(order, method)
        case "change_address":
            return ChangeAddress(order, walk.address or NOWHERE)
        case _:
            return ChangeDefaultAddress(walk.address or NOWHERE)
