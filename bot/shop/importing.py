"""Putting a whole shop into the database, and moving a demo shop's dates along with the calendar."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.shop.files import ShopFiles
from bot.shop.order_numbers import spoken
from bot.shop.records import Customer, Order, Product
from bot.shop.tables import (
    IMPORTED,
    addresses,
    changes,
    customers,
    fulfilments,
    items,
    orders,
    payment_methods,
    payments,
    products,
    shop,
    variants,
)

Row = dict[str, Any]

DATED: dict[Table, tuple[str, ...]] = {
    orders: ("placed",),
    fulfilments: ("shipped", "expected", "delivered"),
    payments: ("at",),
    changes: ("at",),
}


async def replace_shop(connection: AsyncConnection, files: ShopFiles) -> None:
    """Everything that was there goes, everything in the files comes; the caller's transaction makes it one step."""
    for table in reversed(IMPORTED):
        await connection.execute(delete(table))
    for table, rows in _rows(files):
        if rows:
            await connection.execute(insert(table), rows)


async def move_dates(connection: AsyncConnection, since: date, today: date) -> None:
    """Move every date of the orders by the days between; does nothing where somebody else has done it already."""
    moved = await connection.execute(update(shop).where(shop.c.dated == since).values(dated=today))
    if not moved.rowcount:
        return
    for table, columns in DATED.items():
        await _move(connection, table, columns, today - since)


async def _move(connection: AsyncConnection, table: Table, columns: tuple[str, ...], by: timedelta) -> None:
    keys = [column.name for column in table.primary_key]
    rows = (await connection.execute(select(*(table.c[name] for name in (*keys, *columns))))).mappings().all()
    if not rows:
        return
    changed = [
        {f"key_{key}": row[key] for key in keys} | {f"new_{name}": row[name] and row[name] + by for name in columns}
        for row in rows
    ]
    query = update(table).values({name: bindparam(f"new_{name}") for name in columns})
    for key in keys:
        query = query.where(table.c[key] == bindparam(f"key_{key}"))
    await connection.execute(query, changed)


def _rows(files: ShopFiles) -> Iterator[tuple[Table, list[Row]]]:
    """Owners before what lies within them, as the foreign keys want it."""
    profile = msgspec.to_builtins(files.profile)
    yield shop, [{"id": 1, "version": uuid4().hex, "dated": files.dated, "profile": profile}]
    yield products, [_product(product, position) for position, product in enumerate(files.products)]
    yield variants, [row for product in files.products for row in _within(product.id, product.variants)]
    yield customers, [_customer(customer) for customer in files.customers]
    yield addresses, [row for customer in files.customers for row in _within(customer.id, customer.addresses)]
    yield payment_methods, [row for one in files.customers for row in _within(one.id, one.payment_methods)]
    yield orders, [_order(order) for order in files.orders]
    yield items, [row for order in files.orders for row in _within(order.number, order.items)]
    yield fulfilments, [row for order in files.orders for row in _within(order.number, order.fulfilments)]
    yield payments, [row for order in files.orders for row in _within(order.number, order.payments)]
    yield changes, [row for order in files.orders for row in _within(order.number, order.changes)]


def _within(owner: str, records: tuple[msgspec.Struct, ...]) -> list[Row]:
    """A row for each; the fields of these records are named like their columns."""
    return [
        {"owner": owner, "position": position} | msgspec.structs.asdict(record)
        for position, record in enumerate(records)
    ]


def _product(product: Product, position: int) -> Row:
    return {
        "id": product.id,
        "position": position,
        "picture": product.picture,
        "name": product.name,
        "category": product.category,
        "description": product.description,
    }


def _customer(customer: Customer) -> Row:
    return {
        "id": customer.id,
        "name": customer.name,
        "email": customer.email,
        "phone": customer.phone,
        "language": customer.language,
        "default_address": customer.default_address,
    }


def _order(order: Order) -> Row:
    return {
        "number": order.number,
        "spoken": spoken(order.number),
        "customer": order.customer,
        "placed": order.placed,
        "status": order.status.value,
        "shipping": order.shipping,
        "address": msgspec.to_builtins(order.address),
        "note": order.note,
    }
