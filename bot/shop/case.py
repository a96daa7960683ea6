"""An action and all that it has to be judged by, read from the shop in one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

import msgspec

from bot.shop.actions import Action, ChangeDefaultAddress, ChangeItems, ExchangeItems, ReturnItems, name_of
from bot.shop.identity import Proof
from bot.shop.records import Address, Customer, Item, Order, PaymentMethod, Variant
from bot.shop.rule_settings import RuleSettings

GIFT_CARD = "gift_card"
NOTHING = Decimal("0.00")


class Sold(msgspec.Struct, frozen=True):
    product: str  # its id
    variant: Variant


@dataclass(frozen=True)
class Case:
    action: Action
    proof: Proof
    customer: Customer | None
    order: Order | None  # None where this customer has no such order
    sold: Mapping[str, Sold]  # by SKU: those of the order and those that are wanted instead
    rules: RuleSettings
    now: datetime

    @property
    def name(self) -> str:
        return name_of(self.action)

    @property
    def items(self) -> tuple[str, ...]:
        return self.action.items if isinstance(self.action, ReturnItems | ChangeItems | ExchangeItems) else ()

    @property
    def new_items(self) -> tuple[str, ...]:
        return self.action.new_items if isinstance(self.action, ChangeItems | ExchangeItems) else ()

    @property
    def swaps(self) -> list[tuple[str, str]]:
        return list(zip(self.items, self.new_items, strict=False))

    @property
    def reason(self) -> str:
        return getattr(self.action, "reason", "")

    @property
    def address(self) -> Address | None:
        return getattr(self.action, "address", None)

    @cached_property
    def paid(self) -> dict[str, Decimal]:
        """What each payment method has paid for the order and not got back, the first that paid before the others."""
        balance: dict[str, Decimal] = {}
        for payment in self.order.payments if self.order else ():
            sign = 1 if payment.kind == "payment" else -1
            balance[payment.method] = balance.get(payment.method, NOTHING) + sign * payment.amount
        return {method: amount for method, amount in balance.items() if amount > 0}

    @property
    def paid_in_all(self) -> Decimal:
        """What the shop has of the customer's money for this order; no more than that ever goes back."""
        payments = self.order.payments if self.order else ()
        return sum((one.amount if one.kind == "payment" else -one.amount for one in payments), NOTHING)

    @property
    def paid_back(self) -> dict[str, Decimal]:
        """What a cancellation gives back to each method."""
        left, back = max(NOTHING, self.paid_in_all), {}
        for method, amount in self.paid.items():
            back[method] = min(amount, left)
            left -= back[method]
        return {method: amount for method, amount in back.items() if amount > 0}

    @property
    def paid_by(self) -> str:
        return next(iter(self.paid), "")

    @property
    def method(self) -> PaymentMethod | None:
        """The one that the money goes over: the one that was named, else the one that paid."""
        if isinstance(self.action, ChangeDefaultAddress):
            return None
        return self.method_of(getattr(self.action, "method", "") or self.paid_by)

    def method_of(self, method_id: str) -> PaymentMethod | None:
        methods = self.customer.payment_methods if self.customer else ()
        return next((method for method in methods if method.id == method_id), None)

    @cached_property
    def pieces(self) -> tuple[Item, ...]:
        """The pieces that are meant, each as it was bought; fewer than were named where the order has not so many."""
        left = [item.quantity for item in self.order.items] if self.order else []
        found = []
        for sku in self.items:
            at = _row_of(sku, self.order.items if self.order else (), left)
            if at is not None and self.order:
                left[at] -= 1
                found.append(Item(sku, 1, self.order.items[at].price))
        return tuple(found)

    @property
    def refund(self) -> Decimal:
        """What the customer gets back in the end; below zero: what the customer pays."""
        returned = sum((piece.price for piece in self.pieces), NOTHING)
        if self.name == "return_items":
            return returned
        if self.name == "cancel_order":
            return sum(self.paid_back.values(), NOTHING)
        if self.name in ("change_items", "exchange_items"):
            known = [self.sold[sku].variant.price for sku in self.new_items if sku in self.sold]
            return returned - sum(known, NOTHING)
        return NOTHING

    @property
    def to_pay(self) -> Decimal:
        """What a payment method has to bear now."""
        return sum(self.paid.values(), NOTHING) if self.name == "change_payment" else max(NOTHING, -self.refund)

    @cached_property
    def delivered(self) -> datetime | None:
        """When the last of it came; None where that is not written down for every parcel."""
        parcels = self.order.fulfilments if self.order else ()
        days = [parcel.delivered for parcel in parcels if parcel.delivered]
        return max(days) if days and len(days) == len(parcels) else None


def _row_of(sku: str, items: Sequence[Item], left: Sequence[int]) -> int | None:
    return next((at for at, item in enumerate(items) if item.sku == sku and left[at] > 0), None)
