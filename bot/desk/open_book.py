"""The book as a desk has it in its hands: read by leads, and written in by everybody who opens a conversation, a moment
later and once a day, so that no page waits for it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from bot.beside import beside
from bot.desk.book import Book, Reading, utc_now
from bot.desks import BookEntry, Member
from bot.shop.database import StoreUnavailable

log = logging.getLogger(__name__)

GATHER_SECONDS = 1.0  # what is opened within it is written together
AGAIN_SECONDS = 10.0
MOST_WAITING = 10_000  # while the database is away; what is opened then stands in the log alone


class OpenBook:
    """The real StaffBook. `zone`: in which the shop's days begin."""

    def __init__(
        self,
        book: Book,
        zone: ZoneInfo,
        now: Callable[[], datetime] = utc_now,
        gather_seconds: float = GATHER_SECONDS,
        again_seconds: float = AGAIN_SECONDS,
    ) -> None:
        self._book, self._zone, self._now = book, zone, now
        self._gather_seconds, self._again_seconds = gather_seconds, again_seconds
        self._today = datetime.min.replace(tzinfo=zone)
        self._known: set[tuple[str, str]] = set()  # of today, by this process
        self._waiting: list[Reading] = []
        self._woken = asyncio.Event()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator["OpenBook"]:
        """What was read is written down while it is entered, and the last of it at its end."""
        try:
            async with beside(self._write_down):
                yield self
        finally:
            await self._written()

    def read(self, member: Member, conversation: str) -> None:
        now = self._now()
        today = datetime.combine(now.astimezone(self._zone), time(), self._zone)
        if today != self._today:
            self._today, self._known = today, set()
        if (member.login, conversation) in self._known:
            return
        if len(self._waiting) >= MOST_WAITING:
            log.warning("%s has read a conversation, and the book cannot be written", member.login)
            return
        self._known.add((member.login, conversation))
        self._waiting.append(Reading(now, member.login, conversation, today))
        self._woken.set()

    async def entries(
        self, at_most: int = 200, conversation: str = "", by: str = "", before: int = 0, deed: str = ""
    ) -> list[BookEntry]:
        return await self._book.entries(at_most, conversation, by, before, deed)

    async def _write_down(self) -> None:
        while True:
            await self._woken.wait()
            await asyncio.sleep(self._gather_seconds)
            if not await self._written():
                await asyncio.sleep(self._again_seconds)

    async def _written(self) -> bool:
        """Whether nothing is left to be written."""
        self._woken.clear()
        some, self._waiting = self._waiting, []
        try:
            await self._book.write_readings(some)
        except StoreUnavailable as away:
            log.warning("who has read what is entered into the book later: %s", away)
            self._waiting = [*some, *self._waiting]
            self._woken.set()
        except SQLAlchemyError:
            log.exception("who has read what cannot be entered into the book, and is left out")
        except asyncio.CancelledError:
            self._waiting = [*some, *self._waiting]  # the last try is made when nothing else runs
            raise
        return not self._waiting
