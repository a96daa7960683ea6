"""The book of the desk: who of the staff did what, and when. Nothing that anybody said stands in it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import ColumnElement, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.desk.tables import book
from bot.desks import BookEntry, Deed
from bot.shop.database import Database

MOST_DETAIL = 200
READ: Deed = "read"


class Reading(msgspec.Struct, frozen=True):
    """A member has opened a conversation. It is entered once a day."""

    at: datetime
    by: str
    conversation: str
    since: datetime  # when that day began


def utc_now() -> datetime:
    return datetime.now(UTC)


async def enter(
    connection: AsyncConnection, at: datetime, by: str, deed: Deed, conversation: str = "", detail: str = ""
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

    async def write(self, by: str, deed: Deed, conversation: str = "", detail: str = "") -> None:
        """`detail`: to whom, from where, which role; never what somebody wrote."""
        async with self._database.writing() as connection:
            await enter(connection, self._now(), by, deed, conversation, detail)

    async def write_readings(self, some: Sequence[Reading]) -> None:
        """Those of which that day has none yet, whichever process has written it."""
        if not some:
            return
        async with self._database.writing() as connection:
            for one in some:
                of_member = (book.c.by == one.by) & (book.c.conversation == one.conversation)
                is_there = exists().where(of_member, book.c.deed == READ, book.c.at >= one.since)
                if not await connection.scalar(select(is_there)):
                    await enter(connection, one.at, one.by, READ, one.conversation)

    async def forget(self, until: Mapping[str, float]) -> None:
        """In which of these conversations something was done before a time (seconds since the epoch) is known no more;
        what was done, and by whom, is."""
        if not until:
            return
        async with self._database.writing() as connection:
            for conversation, when in until.items():
                at = datetime.fromtimestamp(when, UTC)
                await _make_nameless(connection, (book.c.conversation == conversation) & (book.c.at <= at))

    async def expire(self, before: float) -> None:
        """In which conversation something was done is known as long as conversations are kept: its name may be that of
        a person on a platform. `before`: seconds since the epoch."""
        is_old = (book.c.at < datetime.fromtimestamp(before, UTC)) & (book.c.conversation != "")
        async with self._database.writing() as connection:
            await _make_nameless(connection, is_old)

    async def entries(
        self, at_most: int = 200, conversation: str = "", by: str = "", before: int = 0, deed: str = ""
    ) -> list[BookEntry]:
        """The newest first; `before`: only older ones than that of this id."""
        query = select(book).order_by(book.c.id.desc()).limit(at_most)
        for column, value in ((book.c.conversation, conversation), (book.c.by, by), (book.c.deed, deed)):
            query = query.where(column == value) if value else query
        query = query.where(book.c.id < before) if before else query
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [BookEntry(row.id, row.at, row.by, row.deed, row.conversation, row.detail) for row in rows]


async def _make_nameless(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """That somebody has read a conversation of which nobody knows any more which says nothing: it goes."""
    await connection.execute(delete(book).where(which, book.c.deed == READ))
    await connection.execute(update(book).where(which).values(conversation=""))
