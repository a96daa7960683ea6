"""Writing an effect into the shop's tables: whole, in the caller's transaction, or not at all."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import Executable, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.shop.effects import Balance, Booking, Effect, Taken
from bot.shop.records import Address, Change, Customer, Item
from bot.shop.tables import addresses, changes, customers, items, orders, payment_methods, payments, shop, variants


class Overtaken(Exception):
    """What was read a moment ago is no longer so: somebody else writes into this database. Nothing may be kept."""


async def perform(
    connection: AsyncConnection, action: str, effect: Effect, customer: Customer, counts_stock: bool, now: datetime
) -> None:
    """Raises Overtaken, and the caller has to roll back."""
    await _balance(connection, customer.id, effect.balances)
    if counts_stock:
        await _take(connection, effect.taken)
    if not effect.order:
        await _new_home(connection, customer, effect)
        return
    await _order(connection, effect)
    if effect.items:
        await _replace_items(connection, effect.order, effect.items[1])
    await _book(connection, effect.order, effect.bookings, now)
    if _goes_there_already(effect):
        return  # nothing for the shop's people to act on
    change = Change(
        action=action,
        at=now,
        reason=effect.reason,
        items=effect.pieces,
        new_items=effect.new_pieces,
        method=effect.method,
        refund=effect.refund,
    )
    await _append(connection, changes, effect.order, [msgspec.structs.asdict(change)])


async def _order(connection: AsyncConnection, effect: Effect) -> None:
    new: dict[str, Any] = {}
    query = update(orders).where(orders.c.number == effect.order)
    if effect.status:
        before, after = effect.status
        query, new["status"] = query.where(orders.c.status == before.value), after.value
    if effect.address:
        new["address"] = msgspec.to_builtins(effect.address[1])
    if new:
        await _change_one(connection, query.values(new))


async def _replace_items(connection: AsyncConnection, number: str, new: tuple[Item, ...]) -> None:
    await connection.execute(delete(items).where(items.c.owner == number))
    rows = [{"owner": number, "position": at, **msgspec.structs.asdict(item)} for at, item in enumerate(new)]
    await connection.execute(insert(items), rows)


async def _book(connection: AsyncConnection, number: str, bookings: Iterable[Booking], now: datetime) -> None:
    await _append(connection, payments, number, [{**msgspec.structs.asdict(one), "at": now} for one in bookings])


async def _append(connection: AsyncConnection, table: Table, owner: str, rows: list[dict[str, Any]]) -> None:
    """Behind what is there."""
    if not rows:
        return
    last = (await connection.execute(select(func.max(table.c.position)).where(table.c.owner == owner))).scalar()
    first = 0 if last is None else last + 1
    placed = [{"owner": owner, "position": at, **row} for at, row in enumerate(rows, first)]
    await connection.execute(insert(table), placed)


async def _balance(connection: AsyncConnection, customer_id: str, balances: Iterable[Balance]) -> None:
    for balance in balances:
        query = update(payment_methods).where(
            payment_methods.c.owner == customer_id,
            payment_methods.c.id == balance.method,
            payment_methods.c.balance == balance.before,
        )
        await _change_one(connection, query.values(balance=balance.after))


async def _take(connection: AsyncConnection, taken: tuple[Taken, ...]) -> None:
    for one in taken:
        left = variants.c.stock - one.pieces
        await _change_one(connection, update(variants).where(variants.c.sku == one.sku, left >= 0).values(stock=left))
    if taken:  # whoever has the catalogue at hand reads it anew
        await connection.execute(update(shop).values(version=uuid4().hex))


async def _new_home(connection: AsyncConnection, customer: Customer, effect: Effect) -> None:
    """An address that is saved already becomes the default; another is added."""
    if effect.address is None:
        return
    wanted = effect.address[1]
    saved = next((one.id for one in customer.addresses if _alike(one, wanted)), "")
    if not saved:
        saved = _free_id(customer)
        row = msgspec.structs.asdict(msgspec.structs.replace(wanted, id=saved))
        await _append(connection, addresses, customer.id, [row])
    await _change_one(connection, update(customers).where(customers.c.id == customer.id).values(default_address=saved))


def _goes_there_already(effect: Effect) -> bool:
    before, after = effect.address or (None, None)
    return before is not None and after is not None and _alike(before, after)


def _alike(one: Address, other: Address) -> bool:
    return msgspec.structs.replace(one, id="") == msgspec.structs.replace(other, id="")


def _free_id(customer: Customer) -> str:
    known = {address.id for address in customer.addresses}
    return next(name for name in (f"address-{n}" for n in range(1, len(known) + 2)) if name not in known)


async def _change_one(connection: AsyncConnection, query: Executable) -> None:
    if (await connection.execute(query)).rowcount != 1:
        raise Overtaken
