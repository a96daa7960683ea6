"""The only door to a customer's data: what one customer may read, which is his own and nothing else."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, select

from bot.shop.database import Database, Reading
from bot.shop.order_numbers import spoken
from bot.shop.records import Address, Change, Customer, Fulfilment, Item, Order, OrderStatus, Payment, PaymentMethod
from bot.shop.tables import addresses, changes, customers, fulfilments, items, orders, payment_methods, payments

_newest = orders.c.placed.desc(), orders.c.number.desc()
_own_order = (
    select(orders)
    .where(orders.c.customer == bindparam("customer"), orders.c.spoken == bindparam("spoken"))
    .order_by(*_newest)
    .limit(1)
)
_one_customer = select(customers).where(customers.c.id == bindparam("customer"))
_known = select(customers.c.id).where(customers.c.id == bindparam("customer"))


class OwnOrders:
    """Bound to one customer when it is made; no method takes another."""

    def __init__(self, database: Database, customer_id: str) -> None:
        self._database = database
        self._customer = customer_id

    async def customer(self) -> Customer | None:
        """The customer with addresses and payment methods; None where the shop has no such customer."""
        async with self._database.glancing() as connection:
            return await read_customer(connection, self._customer)

    async def is_known(self) -> bool:
        """Whether the shop has such a customer."""
        async with self._database.glancing() as connection:
            return (await connection.execute(_known, {"customer": self._customer})).first() is not None

    async def orders(self, at_most: int = 20) -> list[Order]:
        """The newest first."""
        async with self._database.glancing() as connection:
            return await read_orders(connection, orders.c.customer == self._customer, at_most)

    async def order(self, number: str) -> Order | None:
        """None for an order that does not exist and for one of somebody else alike.

        The number is compared without case, dashes and spaces.
        """
        async with self._database.glancing() as connection:
            return await read_own_order(connection, self._customer, number)


async def read_own_order(connection: Reading, customer_id: str, number: str) -> Order | None:
    found = await _orders(connection, _own_order, {"customer": customer_id, "spoken": spoken(number)})
    return found[0] if found else None


async def read_customers(connection: Reading) -> list[Customer]:
    """All, by id, in three queries."""
    return await _customers(connection, select(customers).order_by(customers.c.id), {}, None)


async def read_customer(connection: Reading, customer_id: str) -> Customer | None:
    """None where the shop has no such customer."""
    found = await _customers(connection, _one_customer, {"customer": customer_id}, [customer_id])
    return found[0] if found else None


async def _customers(
    connection: Reading, query: Select[Any], values: Mapping[str, str], ids: Sequence[str] | None
) -> list[Customer]:
    rows = (await connection.execute(query, values)).all()
    address_rows = await _inside(connection, addresses, ids)
    method_rows = await _inside(connection, payment_methods, ids)
    return [_customer(row, address_rows.get(row.id, []), method_rows.get(row.id, [])) for row in rows]


async def read_orders(connection: Reading, which: ColumnElement[bool], at_most: int) -> list[Order]:
    """The newest first."""
    return await _orders(connection, select(orders).where(which).order_by(*_newest).limit(at_most), {})


async def _orders(connection: Reading, query: Select[Any], values: Mapping[str, str]) -> list[Order]:
    rows = (await connection.execute(query, values)).all()
    numbers = [row.number for row in rows]
    if not numbers:
        return []
    item_rows = await _inside(connection, items, numbers)
    parcel_rows = await _inside(connection, fulfilments, numbers)
    payment_rows = await _inside(connection, payments, numbers)
    change_rows = await _inside(connection, changes, numbers)
    return [
        _order(row, *(found.get(row.number, []) for found in (item_rows, parcel_rows, payment_rows, change_rows)))
        for row in rows
    ]


async def _inside(connection: Reading, table: Table, owners: Sequence[str] | None) -> dict[str, list[Row[Any]]]:
    """The rows that belong to these owners (None: to all), by owner and in their order."""
    found: dict[str, list[Row[Any]]] = {}
    query, values = _all_of(table) if owners is None else _some_of(table), dict[str, object](owners=owners)
    if owners is not None and len(owners) == 1:
        query, values = _of_one(table), {"owner": owners[0]}
    for row in await connection.execute(query, values):
        found.setdefault(row.owner, []).append(row)
    return found


@cache
def _all_of(table: Table) -> Select[Any]:
    return select(table).order_by(table.c.owner, table.c.position)


@cache
def _some_of(table: Table) -> Select[Any]:
    """Built once: building a query takes longer than running it."""
    return _all_of(table).where(table.c.owner.in_(bindparam("owners", expanding=True)))


@cache
def _of_one(table: Table) -> Select[Any]:
    return _all_of(table).where(table.c.owner == bindparam("owner"))


def _customer(row: Row[Any], address_rows: list[Row[Any]], method_rows: list[Row[Any]]) -> Customer:
    return Customer(
        id=row.id,
        name=row.name,
        email=row.email,
        language=row.language,
        phone=row.phone,
        default_address=row.default_address,
        addresses=tuple(
            Address(
                id=at.id,
                line1=at.line1,
                line2=at.line2,
                city=at.city,
                region=at.region,
                postcode=at.postcode,
                country=at.country,
            )
            for at in address_rows
        ),
        payment_methods=tuple(
            PaymentMethod(id=by.id, kind=by.kind, label=by.label, balance=by.balance) for by in method_rows
        ),
    )


def _order(
    row: Row[Any],
    item_rows: list[Row[Any]],
    parcel_rows: list[Row[Any]],
    payment_rows: list[Row[Any]],
    change_rows: list[Row[Any]],
) -> Order:
    return Order(
        number=row.number,
        customer=row.customer,
        placed=row.placed,
        status=OrderStatus(row.status),
        shipping=row.shipping,
        address=msgspec.convert(row.address, Address),
        note=row.note,
        items=tuple(Item(sku=of.sku, quantity=of.quantity, price=of.price) for of in item_rows),
        fulfilments=tuple(
            Fulfilment(
                carrier=parcel.carrier,
                tracking=parcel.tracking,
                skus=tuple(parcel.skus),
                shipped=parcel.shipped,
                expected=parcel.expected,
                delivered=parcel.delivered,
            )
            for parcel in parcel_rows
        ),
        payments=tuple(
            Payment(kind=paid.kind, method=paid.method, amount=paid.amount, at=paid.at) for paid in payment_rows
        ),
        changes=tuple(
            Change(
                action=done.action,
                at=done.at,
                reason=done.reason,
                items=tuple(done.items),
                new_items=tuple(done.new_items),
                method=done.method,
                refund=done.refund,
            )
            for done in change_rows
        ),
    )
