"""The table [rules] of a shop.toml: what customers may do by themselves, and within which limits."""

from collections.abc import Callable
from typing import Any

from bot.shop.entries import Entry, Fields, count, entries, money, one_of, truth, words
from bot.shop.order_status import ON_THE_WAY, OrderStatus
from bot.shop.rule_settings import ACTIONS, RuleSettings
from bot.shop.words import Words

MOST_DAYS = 3650
LONGEST_REASON = 40  # bytes: a reason is the name of a button

OF_ORDERS = tuple(action for action in ACTIONS if action != "change_default_address")


def read_rules(entry: Entry) -> RuleSettings:
    """What is left out stays as it is in RuleSettings. Raises ShopFileError."""
    if not isinstance(entry.value, dict):
        raise entry.refuse_value("is not a table: write [rules] above its fields")
    fields = Fields(entry, RuleSettings.__struct_fields__)
    given = {name: field for name in RuleSettings.__struct_fields__ if (field := fields.get(name)) is not None}
    return RuleSettings(**{name: READERS[name](field) for name, field in given.items()})


def _actions(among: tuple[str, ...]) -> Callable[[Entry], tuple[str, ...]]:
    def read(entry: Entry) -> tuple[str, ...]:
        found = [one_of(among)(action) for action in entries(entry)]
        for action in found:
            if found.count(action) > 1:
                raise entry.refuse(f'{entry.name}: "{action}" is given twice')
        return tuple(found)

    return read


def _status(entry: Entry) -> OrderStatus:
    return OrderStatus(one_of(ON_THE_WAY)(entry))


def _days(entry: Entry) -> int:
    if count(entry) > MOST_DAYS:
        raise entry.refuse_value(f"is more than {MOST_DAYS} days")
    return count(entry)


def _reasons(entry: Entry) -> dict[str, Words]:
    if not isinstance(entry.value, dict):
        raise entry.refuse_value('is not a table of reasons such as "no longer needed" = "I no longer need it"')
    for name, field in entry.value.items():
        if not name.strip() or name != " ".join(name.split()):
            raise field.refuse(f'the reason "{name}" is empty or has a space too many')
        if len(name.encode()) > LONGEST_REASON:
            raise field.refuse(f'the reason "{name}" is longer than {LONGEST_REASON} bytes; say more in its texts')
    return {name: words(field) for name, field in entry.value.items()}


READERS: dict[str, Callable[[Entry], Any]] = {
    "actions": _actions(ACTIONS),
    "cancel_until": _status,
    "change_address_until": _status,
    "change_payment_until": _status,
    "change_items_until": _status,
    "items_change_is_last": truth,
    "once": _actions(OF_ORDERS),
    "return_days": _days,
    "exchange_days": _days,
    "cancel_reasons": _reasons,
    "return_reasons": _reasons,
    "most_refund": money,
    "most_charge": money,
    "refund_days": _days,
    "posting_days": _days,
    "difference_to_any_method": truth,
    "counts_stock": truth,
    "code_when_signed_in": truth,
}
