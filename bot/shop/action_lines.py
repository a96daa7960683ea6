"""A line of a file of actions: which customer wants what, by our own names or by those of tau2-bench."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

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
from bot.shop.records import Address

KINDS: dict[str, type[Action]] = {
    "cancel_order": CancelOrder,
    "change_address": ChangeAddress,
    "change_payment": ChangePayment,
    "change_items": ChangeItems,
    "return_items": ReturnItems,
    "exchange_items": ExchangeItems,
    "change_default_address": ChangeDefaultAddress,
}
OF_THE_BENCHMARK: dict[str, type[Action]] = {
    "cancel_pending_order": CancelOrder,
    "modify_pending_order_address": ChangeAddress,
    "modify_pending_order_payment": ChangePayment,
    "modify_pending_order_items": ChangeItems,
    "return_delivered_order_items": ReturnItems,
    "exchange_delivered_order_items": ExchangeItems,
    "modify_user_address": ChangeDefaultAddress,
}
NEVER_EMPTY = ("order", "method")
AT = re.compile(r" - at `\$\.?([^`]*)`")
QUOTED = re.compile("`([^`]*)`")
TYPES = {
    "str": "a text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object in braces",
}
HANDOFFS = ("handoff", "transfer_to_human_agents")
OTHER_NAMES = {
    "order_id": "order",
    "item_ids": "items",
    "new_item_ids": "new_items",
    "payment_method_id": "method",
    "address1": "address.line1",
    "address2": "address.line2",
    "city": "address.city",
    "state": "address.region",
    "zip": "address.postcode",
    "country": "address.country",
}
BY_OURS = {ours: theirs for theirs, ours in OTHER_NAMES.items()}


class Malformed(ValueError):
    """The line is not one; the text names the field and what is wrong with it."""


class SomebodyElse(ValueError):
    """The line names another customer than the one who acts."""


class Wanted(msgspec.Struct, frozen=True):
    customer: str
    action: Action | None  # None: a person of the shop, for which nothing is written


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    customer: str
    action: str
    arguments: dict[str, Any]


class _Given(msgspec.Struct):
    name: str  # as it stands in the line
    value: object


def read_line(written: bytes) -> Wanted:
    """Raises Malformed, and SomebodyElse."""
    if not written.strip():
        raise Malformed("it is empty")
    try:
        line = msgspec.json.decode(written, type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(_plain(error)) from None
    if line.action in HANDOFFS:
        return Wanted(line.customer, None)
    of_the_benchmark = line.action in OF_THE_BENCHMARK
    kind = OF_THE_BENCHMARK.get(line.action) or KINDS.get(line.action)
    if kind is None:
        known = ", ".join((*KINDS, *OF_THE_BENCHMARK, *HANDOFFS))
        raise Malformed(f'action "{line.action}" is unknown; there are {known}')
    named = line.arguments.pop("user_id", line.customer)
    if named != line.customer:
        raise SomebodyElse(f'user_id "{named}" is not the customer "{line.customer}"')
    given = _by_our_names(line.arguments)
    action = _record(kind, given, of_the_benchmark)
    for left in given.values():
        raise Malformed(f'"{left.name}" is not an argument of {line.action}')
    return Wanted(line.customer, action)


def _by_our_names(arguments: Mapping[str, Any]) -> dict[str, _Given]:
    """Arguments with an address taken apart: address.city."""
    found: dict[str, _Given] = {}
    for name, value in arguments.items():
        address = value if name == "address" and isinstance(value, dict) else None
        parts = {f"address.{field}": inner for field, inner in address.items()} if address else {name: value}
        for part, inner in parts.items():
            ours = OTHER_NAMES.get(part, part)
            if ours in found:
                raise Malformed(f'"{part}" and "{found[ours].name}" are the same argument')
            found[ours] = _Given(part, inner)
    return found


def _record(kind: type[Any], given: dict[str, _Given], whole: bool, within: str = "") -> Any:
    """Takes what belongs to it out of `given`. `whole`: nothing is left to be understood, not even how to pay."""
    fields: dict[str, object] = {}
    for field in msgspec.structs.fields(kind):
        name = within + field.name
        if field.type is Address:
            fields[field.name] = _record(Address, given, whole, f"{name}.")
        elif name in given:
            fields[field.name] = _value(given.pop(name), field.type, may_be_empty=name not in NEVER_EMPTY)
        elif name == "address.id":
            fields[field.name] = ""
        elif field.required or (whole and name != "reason"):
            other = f' (or "{BY_OURS[name]}")' if name in BY_OURS else ""
            raise Malformed(f'"{name}"{other} is missing')
    return kind(**fields)


def _value(given: _Given, wanted: type[Any], may_be_empty: bool) -> object:
    try:
        found: object = msgspec.convert(given.value, wanted)
    except msgspec.ValidationError as error:
        raise Malformed(f"{given.name}: {_plain(error)}") from None
    if found == "" and not may_be_empty:
        raise Malformed(f'"{given.name}" is empty')
    return found


def _plain(error: Exception) -> str:
    """The reader's own sentence in a person's words: Expected a text, got a number (at customer)."""
    said = AT.sub(r" (at \1)", str(error))
    return QUOTED.sub(lambda found: TYPES.get(found[1], f'"{found[1]}"'), said)
