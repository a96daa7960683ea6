"""The book of the desk: who of the staff did what, and when. Nothing that anybody said stands in it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.desk.tables import book
from bot.shop.database import Database

MOST_DETAIL = 200


class BookEntry(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    by: str  # a login; "" for the command line, and for who is nobody
    deed: str
    conversation: str
    detail: str


def utc_now() -> datetime:
    return datetime.now(UTC)


async def enter(
    connection: AsyncConnection, at: datetime, by: str, deed: str, conversation: str = "", detail: str = ""
) -> None:
    """In the transaction that does it."""
    detail = "".join(letter for letter in detail[:MOST_DETAIL] if letter.isprintable())
    entry = {"at": at, "by": by, "deed": deed, "conversation": conversation, "detail": detail}
    await connection.execute(insert(book).values(entry))


class Book:
    """Entries are added, and never changed, but where a conversation is forgotten or has expired. Every method raises
    StoreUnavailable."""

    def __init__(self, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self._database, self._now = database, now

    async def write(self, by: str, deed: str, conversation: str = "", detail: str = "") -> None:
        """`detail`: to whom, from where, which role; never what somebody wrote."""
        async with self._database.writing() as connection:
            await enter(connection, self._now(), by, deed, conversation, detail)

    async def forget(self, until: Mapping[str, float]) -> None:
        """In which of these conversations something was done before a time (seconds since the epoch) is known no more;
        what was done, and by whom, is."""
        if not until:
            return
        async with self._database.writing() as connection:
            for conversation, when in until.items():
                before = (book.c.conversation == conversation) & (book.c.at <= datetime.fromtimestamp(when, UTC))
                await connection.execute(update(book).where(before).values(conversation=""))

    async def expire(self, before: float) -> None:
        """In which conversation something was done is known as long as conversations are kept: its name may be that of
        a person on a platform. `before`: seconds since the epoch."""
        is_old = (book.c.at < datetime.fromtimestamp(before, UTC)) & (book.c.conversation != "")
        async with self._database.writing() as connection:
            await connection.execute(update(book).where(is_old).values(conversation=""))

    async def entries(
        self, at_most: int = 200, conversation: str = "", by: str = "", before: int = 0
    ) -> list[BookEntry]:
        """The newest first; `before`: only older ones than that of this id."""
        query = select(book).order_by(book.c.id.desc()).limit(at_most)
        for column, value in ((book.c.conversation, conversation), (book.c.by, by)):
            query = query.where(column == value) if value else query
        query = query.where(book.c.id < before) if before else query
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [BookEntry(row.id, row.at, row.by, row.deed, row.conversation, row.detail) for row in rows]
