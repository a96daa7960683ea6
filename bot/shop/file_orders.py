"""Orders out of the entries of their file, checked against the products and customers of the same shop."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

import msgspec

from bot.shop.entries import (
    Entry,
    Fields,
    count,
    difference,
    each,
    entries,
    moment,
    money,
    one_of,
    optional_text,
    past,
    text,
)
from bot.shop.file_records import Unique, read_address
from bot.shop.order_numbers import spoken
from bot.shop.records import Address, Change, Customer, Fulfilment, Item, Order, OrderStatus, Payment
from bot.shop.rule_settings import ACTIONS

NONE: list[Entry] = []


class Known(msgspec.Struct, frozen=True):
    """What an order may speak of."""

    skus: frozenset[str]
    customers: dict[str, Customer]
    pattern: str  # of an order number
    today: date


def read_orders(found: Iterable[Entry], known: Known) -> tuple[Order, ...]:
    """Raises ShopFileError."""
    numbers = Unique(alike=spoken)  # two that are typed alike could not be told apart
    return each(found, lambda entry: _order(entry, known, numbers))


def _order(entry: Entry, known: Known, numbers: Unique) -> Order:
    fields = Fields(entry, Order.__struct_fields__)
    number = fields.must("number", numbers.text)
    if not re.fullmatch(known.pattern, number):
        raise entry.refuse(f'number "{number}" does not match order_number {known.pattern} of shop.toml')
    customer = fields.must("customer", lambda field: _customer(field, known))
    placed = fields.must("placed", past(known.today))
    items = tuple(_item(item, known) for item in fields.must("items", entries))
    if not items:
        raise entry.refuse("items is empty; an order has one at least")
    skus = {item.sku for item in items}
    parcels = fields.may("fulfilments", entries, NONE)
    payments = fields.may("payments", entries, NONE)
    return Order(
        number=number,
        customer=customer.id,
        placed=placed,
        status=OrderStatus(fields.must("status", one_of(tuple(OrderStatus)))),
        items=items,
        shipping=fields.may("shipping", money, Decimal("0.00")),
        address=_address(entry, fields.get("address"), customer),
        fulfilments=tuple(_fulfilment(parcel, skus, placed, known.today) for parcel in parcels),
        payments=tuple(_payment(paid, customer, known.today) for paid in payments),
        note=fields.may("note", optional_text, ""),
        changes=tuple(_change(change, customer, known) for change in fields.may("changes", entries, NONE)),
    )


def _customer(entry: Entry, known: Known) -> Customer:
    found = known.customers.get(text(entry))
    if found is None:
        raise entry.refuse_value("is not in the customers' file")
    return found


def _item(entry: Entry, known: Known) -> Item:
    fields = Fields(entry, Item.__struct_fields__)
    return Item(
        sku=fields.must("sku", lambda field: _known(field, known.skus, "is not in the products' file")),
        quantity=fields.must("quantity", _quantity),
        price=fields.must("price", money),
    )


def _quantity(entry: Entry) -> int:
    if count(entry) == 0:
        raise entry.refuse("quantity is 0; an item is bought once at least")
    return count(entry)


def _known(entry: Entry, known: Iterable[str], reason: str) -> str:
    if text(entry) not in known:
        raise entry.refuse_value(reason)
    return text(entry)


def _address(order: Entry, entry: Entry | None, customer: Customer) -> Address:
    """Written out, or by the id of one of the customer's; left out, it is the customer's default."""
    if entry is not None and isinstance(entry.value, dict):
        return read_address(entry)
    wanted = text(entry) if entry else customer.default_address
    for address in customer.addresses:
        if wanted in ("", address.id):
            return address
    if entry is None:
        raise order.refuse(f'"address" is missing, and customer "{customer.id}" has none')
    raise entry.refuse_value(f'is not an address of customer "{customer.id}"')


def _fulfilment(entry: Entry, skus: set[str], placed: datetime, today: date) -> Fulfilment:
    fields = Fields(entry, Fulfilment.__struct_fields__)
    contents = fields.must("skus", entries)
    if not contents:
        raise entry.refuse("skus is empty; a parcel has one at least")
    found = Fulfilment(
        carrier=fields.must("carrier", text),
        tracking=fields.must("tracking", text),
        skus=tuple(_known(sku, skus, "is not in this order") for sku in contents),
        shipped=fields.must("shipped", past(today)),
        expected=fields.may("expected", moment(today), None),
        delivered=fields.may("delivered", past(today), None),
    )
    _in_sequence(fields.get("shipped"), found.shipped, "placed", placed)
    _in_sequence(fields.get("expected"), found.expected, "shipped", found.shipped)
    _in_sequence(fields.get("delivered"), found.delivered, "shipped", found.shipped)
    return found


def _in_sequence(entry: Entry | None, then: datetime | None, earlier_name: str, earlier: datetime) -> None:
    if entry and then and then < earlier:
        raise entry.refuse_value(f"is before it was {earlier_name}")


def _payment(entry: Entry, customer: Customer, today: date) -> Payment:
    fields = Fields(entry, Payment.__struct_fields__)
    methods = [method.id for method in customer.payment_methods]
    return Payment(
        kind=fields.must("kind", one_of(("payment", "refund"))),
        method=fields.must("method", lambda field: _method(field, methods, customer)),
        amount=fields.must("amount", money),
        at=fields.must("at", past(today)),
    )


def _change(entry: Entry, customer: Customer, known: Known) -> Change:
    fields = Fields(entry, Change.__struct_fields__)
    methods = [method.id for method in customer.payment_methods]
    return Change(
        action=fields.must("action", one_of(ACTIONS)),
        at=fields.must("at", past(known.today)),
        reason=fields.may("reason", optional_text, ""),
        items=fields.may("items", lambda field: _skus(field, known), ()),
        new_items=fields.may("new_items", lambda field: _skus(field, known), ()),
        method=fields.may("method", lambda field: _method(field, methods, customer), ""),
        refund=fields.may("refund", difference, Decimal("0.00")),
    )


def _skus(entry: Entry, known: Known) -> tuple[str, ...]:
    return tuple(_known(sku, known.skus, "is not in the products' file") for sku in entries(entry))


def _method(entry: Entry, methods: list[str], customer: Customer) -> str:
    return _known(entry, methods, f'is not a payment method of customer "{customer.id}"')
