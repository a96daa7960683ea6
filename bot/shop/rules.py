"""The shop's rules: who may have what changed, and when. Every action passes this table or nothing happens.

The numbers in it are the shop's settings (bot/shop/rule_settings.py); a sentence for the customer stands for each name
in prompts/*/sentences.toml as rule_<name>. The first rule that is broken is the one that is told.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec

from bot.shop.case import GIFT_CARD, Case
from bot.shop.forms import is_postal, is_reason
from bot.shop.identity import Proof
from bot.shop.order_status import ON_THE_WAY, OrderStatus
from bot.shop.records import Words

CANCEL, ADDRESS, PAYMENT, ITEMS = "cancel_order", "change_address", "change_payment", "change_items"
RETURN, EXCHANGE, HOME = "return_items", "exchange_items", "change_default_address"

EVERY = frozenset((CANCEL, ADDRESS, PAYMENT, ITEMS, RETURN, EXCHANGE, HOME))
OF_AN_ORDER = EVERY - {HOME}
OF_ITEMS = frozenset((ITEMS, RETURN, EXCHANGE))
SWAPS = frozenset((ITEMS, EXCHANGE))
BEFORE_IT_COMES = frozenset((CANCEL, ADDRESS, PAYMENT, ITEMS))
AFTER_IT_CAME = frozenset((RETURN, EXCHANGE))


class Refusal(msgspec.Struct, frozen=True):
    """Which rule says no, and what its sentence may name."""

    rule: str
    order: str = ""
    status: OrderStatus | None = None
    until: OrderStatus | None = None
    needs: Proof = Proof.NONE
    days: int = 0
    amount: Decimal | None = None
    reasons: Mapping[str, Words] = {}
    skus: tuple[str, ...] = ()
    method: str = ""


class Rule(NamedTuple):
    name: str
    actions: frozenset[str]
    holds: Callable[[Case], bool]


RULES: tuple[Rule, ...] = (
    Rule("offered", EVERY, lambda case: case.name in case.rules.actions),
    Rule("proof", EVERY, lambda case: case.proof >= proof_needed(case)),
    Rule("own_account", EVERY, lambda case: case.customer is not None),
    Rule("own_order", OF_AN_ORDER, lambda case: case.order is not None),
    Rule("open", BEFORE_IT_COMES, lambda case: _status(case) in _reached(last_status(case))),
    Rule("delivered", AFTER_IT_CAME, lambda case: _status(case) is OrderStatus.DELIVERED),
    Rule("items_changed", BEFORE_IT_COMES, lambda case: not (case.rules.items_change_is_last and _done(case, ITEMS))),
    Rule("once", OF_AN_ORDER, lambda case: case.name not in case.rules.once or not _done(case, case.name)),
    Rule("delivery_date", AFTER_IT_CAME, lambda case: case.delivered is not None or not _window(case)),
    Rule("return_window", frozenset((RETURN,)), lambda case: _within(case)),
    Rule("exchange_window", frozenset((EXCHANGE,)), lambda case: _within(case)),
    Rule("some_items", OF_ITEMS, lambda case: bool(case.items)),
    Rule("items_of_order", OF_ITEMS, lambda case: len(case.pieces) == len(case.items)),
    Rule("one_for_one", SWAPS, lambda case: len(case.items) == len(case.new_items)),
    Rule(
        "same_product", SWAPS, lambda case: all(_product(case, old) == _product(case, new) for old, new in case.swaps)
    ),
    Rule("other_variant", SWAPS, lambda case: all(old != new for old, new in case.swaps)),
    Rule("in_stock", SWAPS, lambda case: not sold_out(case)),
    Rule("cancel_reason", frozenset((CANCEL,)), lambda case: _allowed(case.reason, case.rules.cancel_reasons)),
    Rule("return_reason", frozenset((RETURN,)), lambda case: _allowed(case.reason, case.rules.return_reasons)),
    Rule("whole_address", frozenset((ADDRESS, HOME)), lambda case: _is_whole(case)),
    Rule("own_method", OF_AN_ORDER - {ADDRESS, CANCEL}, lambda case: case.method is not None),
    Rule("one_payment", frozenset((PAYMENT,)), lambda case: len(case.paid) == 1),
    Rule("other_method", frozenset((PAYMENT,)), lambda case: _method(case) != case.paid_by),
    Rule("refund_target", OF_ITEMS, lambda case: _may_receive(case)),
    Rule("gift_card_balance", SWAPS | {PAYMENT}, lambda case: _covers(case)),
    Rule("most_refund", OF_AN_ORDER, lambda case: _at_most(_given_back(case), case.rules.most_refund)),
    Rule("most_charge", SWAPS | {PAYMENT}, lambda case: _at_most(case.to_pay, case.rules.most_charge)),
)


def decide(case: Case) -> Refusal | None:
    """The first rule that is broken; None where the action may be done."""
    broken = next((rule for rule in RULES if case.name in rule.actions and not rule.holds(case)), None)
    return _refusal(broken.name, case) if broken else None


def proof_needed(case: Case) -> Proof:
    """A change of address and a refund to somewhere else are what a thief would want: they need the one-time code."""
    if case.name in (ADDRESS, PAYMENT, HOME):
        return Proof.CODE
    if case.name in OF_ITEMS and case.refund > 0 and _method(case) not in case.paid:
        return Proof.CODE
    return Proof.ACCOUNT if case.name in SWAPS else Proof.ORDER


def last_status(case: Case) -> OrderStatus:
    """The last status in which this may be done to an order that has not come yet."""
    rules = case.rules
    return {
        CANCEL: rules.cancel_until,
        ADDRESS: rules.change_address_until,
        PAYMENT: rules.change_payment_until,
        ITEMS: rules.change_items_until,
    }.get(case.name, OrderStatus.DELIVERED)


def sold_out(case: Case) -> tuple[str, ...]:
    """What is wanted and not there, or not there so often. Where others keep the stock, only what is sold out."""
    wanted = Counter(case.new_items)
    least = wanted if case.rules.counts_stock else dict.fromkeys(wanted, 1)
    return tuple(sku for sku in wanted if sku not in case.sold or case.sold[sku].variant.stock < least[sku])


def _refusal(rule: str, case: Case) -> Refusal:
    windows = {"return_window": case.rules.return_days, "exchange_window": case.rules.exchange_days}
    reasons = {"cancel_reason": case.rules.cancel_reasons, "return_reason": case.rules.return_reasons}
    amounts = {"most_refund": case.rules.most_refund, "most_charge": case.rules.most_charge}
    amounts["gift_card_balance"] = case.method.balance if case.method else None
    return Refusal(
        rule,
        order=case.order.number if case.order else getattr(case.action, "order", ""),
        status=case.order.status if case.order else None,
        until=last_status(case),
        needs=proof_needed(case) if rule == "proof" else Proof.NONE,
        days=windows.get(rule, 0),
        amount=amounts.get(rule),
        reasons=reasons.get(rule, {}),
        skus=sold_out(case) if rule == "in_stock" else (),
        method=_method(case),
    )


def _status(case: Case) -> OrderStatus | None:
    return case.order.status if case.order else None


def _reached(last: OrderStatus) -> tuple[OrderStatus, ...]:
    return ON_THE_WAY[: ON_THE_WAY.index(last) + 1]


def _done(case: Case, action: str) -> bool:
    return case.order is not None and any(change.action == action for change in case.order.changes)


def _window(case: Case) -> int:
    """Days after the delivery; 0: without an end."""
    return case.rules.return_days if case.name == RETURN else case.rules.exchange_days


def _within(case: Case) -> bool:
    days = _window(case)
    return not days or case.delivered is None or case.now - case.delivered <= timedelta(days=days)


def _product(case: Case, sku: str) -> str | None:
    """What is not sold, or is no longer, is the same as nothing: two of the kind must not count as one product."""
    return case.sold[sku].product if sku in case.sold else f"unknown {sku}"


def _allowed(reason: str, reasons: Mapping[str, Words]) -> bool:
    return reason in reasons if reasons else is_reason(reason)


def _is_whole(case: Case) -> bool:
    return case.address is not None and is_postal(case.address)


def _method(case: Case) -> str:
    """As it was named, whether the customer has it or not."""
    return getattr(case.action, "method", "") or case.paid_by


def _kind(case: Case) -> str:
    return case.method.kind if case.method else ""


def _may_receive(case: Case) -> bool:
    """Money goes back to what has paid, no more of it than was paid, or to a gift card that is there already; and in
    all no more than the shop has of it."""
    if case.refund > max(Decimal(0), case.paid_in_all):
        return False
    if case.refund <= 0 or _kind(case) == GIFT_CARD:
        return True
    if case.name in SWAPS and case.rules.difference_to_any_method:
        return True
    return case.refund <= case.paid.get(_method(case), Decimal(0))


def _given_back(case: Case) -> Decimal:
    return case.to_pay if case.name == PAYMENT else case.refund


def _covers(case: Case) -> bool:
    if _kind(case) != GIFT_CARD or case.method is None:
        return True
    return (case.method.balance or Decimal(0)) >= case.to_pay


def _at_most(amount: Decimal, most: Decimal | None) -> bool:
    return most is None or amount <= most
