"""What customers had changed, from the audit: for the shop's people, who act on it or look into it."""

from datetime import datetime
from decimal import Decimal

import msgspec
from sqlalchemy import Row, select

from bot.shop.actions import Action, name_of
from bot.shop.database import Database
from bot.shop.effects import Effect
from bot.shop.order_numbers import spoken
from bot.shop.tables import audit, orders


class DoneChange(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    customer: str
    order: str  # its number; "" = the customer's account
    action: str  # "return_items"
    items: tuple[str, ...]  # a SKU for each piece
    new_items: tuple[str, ...]  # what comes for each of them
    reason: str
    method: str  # the payment method that the difference or the refund goes over
    refund: Decimal  # what the customer gets back; below zero: what the customer pays
    conversation: str
    confirmed: str  # the id of the customer's message
    effect: Effect  # before and after


async def read_done_changes(database: Database, since: datetime | None = None, order: str = "") -> list[DoneChange]:
    """The newest last; `order` is a number as people type it. Raises StoreUnavailable."""
    query = select(audit).order_by(audit.c.at, audit.c.key)
    if since:
        query = query.where(audit.c.at >= since)
    async with database.reading() as connection:
        if order:
            known = await connection.execute(select(orders.c.number).where(orders.c.spoken == spoken(order)))
            query = query.where(audit.c.target.in_([order, *known.scalars()]))  # an import may have left the order out
        return [_read(row) for row in await connection.execute(query)]


def _read(row: Row[tuple[object, ...]]) -> DoneChange:
    effect = msgspec.convert(row.effect, Effect)
    return DoneChange(
        at=row.at,
        customer=row.customer,
        order=effect.order,
        action=name_of(msgspec.convert(row.action, Action)),
        items=effect.pieces,
        new_items=effect.new_pieces,
        reason=effect.reason,
        method=effect.method,
        refund=effect.refund,
        conversation=row.conversation,
        confirmed=row.confirmed,
        effect=effect,
    )
