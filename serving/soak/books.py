"""The shop's own books: how often each order was really changed, by what the audit and the payments say."""

from collections import Counter

import msgspec
from sqlalchemy import select

from bot.shop.database import open_database
from bot.shop.done_changes import read_done_changes
from bot.shop.tables import payments


class Books(msgspec.Struct, frozen=True):
    """By order number."""

    changes: Counter[str]
    refunds: Counter[str]


async def read_books(database_url: str) -> Books:
    async with open_database(database_url) as database:
        done = await read_done_changes(database)
        async with database.reading() as connection:
            paid_back = await connection.execute(select(payments.c.owner).where(payments.c.kind == "refund"))
            return Books(Counter(one.order for one in done), Counter(paid_back.scalars()))
