"""What the shop's rules allow of an action that is not complete yet, and what may be done instead of it."""

from msgspec.structs import replace

from bot.answering.action_desk import ActionDesk
from bot.answering.belongings import Belongings
from bot.answering.steps import STEPS, SWAPS, action_of, of_order
from bot.answering.turn import Turn
from bot.sessions import Walk
from bot.shop.records import Order
from bot.shop.rule_settings import RuleSettings
from bot.shop.rules import Refusal

OF_MONEY = ("own_method", "other_method", "refund_target", "gift_card_balance")  # another payment method may help
STILL_OPEN = frozenset(  # rules about what is not known yet: they say nothing of the order
    (
        *OF_MONEY, "proof", "some_items", "items_of_order", "one_for_one", "same_product", "other_variant", "in_stock",
        "cancel_reason", "return_reason", "whole_address", "most_refund", "most_charge",
    )
)  # fmt: skip
INSTEAD = {  # what may help where the one is not possible
    "cancel_order": ("return_items",),
    "return_items": ("cancel_order",),
    "exchange_items": ("return_items", "cancel_order"),
    "change_items": ("return_items", "cancel_order"),
    "change_address": ("change_default_address",),
}


class Possible:
    def __init__(self, desk: ActionDesk, rules: RuleSettings) -> None:
        self._desk, self._rules = desk, rules
        self.offered = rules.actions  # those that the shop leaves to its customers

    async def judged(self, turn: Turn, walk: Walk) -> tuple[Walk, Refusal | None]:
        """The rule against it, whatever else is chosen. An item of an order that has not come yet is changed, of one
        that came it is exchanged: whichever the customer calls it."""
        if not walk.order:
            return walk, None
        refusal = await self._refuses(turn, walk)
        if refusal and walk.action in SWAPS:
            other = replace(walk, action=next(action for action in SWAPS if action != walk.action))
            if await self._refuses(turn, other) is None:
                return other, None
        return walk, refusal

    async def complete(self, turn: Turn, walk: Walk) -> Refusal | None:
        """The rule against it, now that all is known."""
        return await self._desk.refuses(turn, action_of(walk))

    async def orders(self, turn: Turn, walk: Walk, own: Belongings) -> list[Order]:
        """Those for which it can be done now, as far as it is known what; none where no order is concerned."""
        found = []
        for order in own.orders if "order" in STEPS[walk.action] else ():
            _, refusal = await self.judged(turn, of_order(walk, order.number))
            if refusal is None:
                found.append(order)
        return found

    async def methods(self, turn: Turn, walk: Walk, own: Belongings) -> tuple[tuple[str, ...], Refusal | None]:
        """The customer's payment methods that the rules allow for it; where there is none, why not."""
        found, why = [], None
        for method in own.customer.payment_methods:
            refusal = await self._desk.refuses(turn, action_of(replace(walk, method=method.id)))
            if refusal is None or (refusal.rule in STILL_OPEN and refusal.rule not in OF_MONEY):
                found.append(method.id)
            else:
                why = refusal
        return tuple(found), None if found else why

    async def instead(self, turn: Turn, walk: Walk) -> list[Walk]:
        """The beginning of what is possible where this is not."""
        found = []
        for action in INSTEAD.get(walk.action, ()):
            other = Walk(action, order=walk.order if "order" in STEPS[action] else "")
            is_about_this = bool(other.order) == ("order" in STEPS[action])
            if action in self.offered and is_about_this and await self._refuses(turn, other) is None:
                found.append(other)
        return found

    async def _refuses(self, turn: Turn, walk: Walk) -> Refusal | None:
        """A cancellation goes on to the end of the rules: why it is wanted changes nothing of what comes back."""
        whole = walk.action == "cancel_order"
        if whole and not walk.reason:
            walk = replace(walk, reason=next(iter(self._rules.cancel_reasons), ""))
        refusal = await self._desk.refuses(turn, action_of(walk))
        is_open = refusal and refusal.rule in STILL_OPEN and not (whole and refusal.rule == "most_refund")
        return None if is_open else refusal
