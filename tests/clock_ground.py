"""A desk whose time a test can turn on: its line in a real Redis, its staff, and keepers of its clocks."""

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from bot.desk.book import Book
from bot.desk.clock_keeper import ClockKeeper
from bot.desk.desk import StaffDesk
from bot.desk.desk_settings import DeskSettings
from bot.desk.expected_wait import ExpectedWait
from bot.desk.hours import OpeningHours
from bot.desk.news import DeskNews
from bot.desk.tables import desk_tables
from bot.desks import Handoff
from bot.insights.facts import HandoffFact
from bot.insights.noted import Noted, Opening
from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.messages import STAFF, WAITING_FOR_STAFF, FinalText, Incoming, Part, Said
from bot.redis.connection import Connection
from bot.sessions import Session, saved
from bot.shop.store import open_store
from bot.turns import TurnQueue

SINCE = re.compile(r":\d+\.\d+$")  # when they joined the line, at the end of the id of a ring


@dataclass
class Clock:
    """Real time, and what a test has turned it on by."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def on(self, minutes: float) -> None:
        self.ahead += timedelta(minutes=minutes)


@dataclass
class ClockGround:
    connection: Connection
    keys: Keys
    mailbox: Mailbox
    queue: TurnQueue
    staff: StaffDesk
    settings: DeskSettings
    clock: Clock = field(default_factory=Clock)

    @property
    def expected(self) -> ExpectedWait:
        return ExpectedWait(self.connection, self.keys, OpeningHours(self.settings), self.clock.now)

    def keeper(self) -> ClockKeeper:
        """One of a worker; another call, of another worker."""
        one = self.connection, self.keys, self.mailbox, self.settings, self.expected, self.clock.now
        return ClockKeeper(*one, look_seconds=0.01)

    async def says(self, conversation: str, text: str = "hello", wants_staff: bool = False) -> None:
        """The customer writes, and a worker answers: in words, or by putting them into the line."""
        name = secrets.token_hex(4)
        await self.mailbox.accept(Incoming("test", conversation, name, text))
        tag = self.keys.tag(conversation)
        for token in await self.queue.wait(tag, 10):
            if (batch := await self.queue.take(token)) is None:
                continue  # it was erased
            wanted = [WAITING_FOR_STAFF] if wants_staff and token.conversation == conversation else []
            parts: list[Part] = [FinalText("one moment"), *wanted]
            noted = Noted(handoff=Opening("asked", "test", "en", text))
            session = batch.session or saved(Session(token.conversation, language="en"))
            await self.queue.commit(batch, session, parts, False, noted=noted)

    async def asks(self, conversation: str = "") -> str:
        """Somebody who waits for staff."""
        conversation = conversation or f"test:{secrets.token_hex(4)}"
        await self.says(conversation, "a person please", wants_staff=True)
        return conversation

    async def handoff(self, conversation: str) -> Handoff:
        found = await self.staff.handoff(conversation)
        assert found
        return found

    async def rung(self, conversation: str) -> list[str]:
        """The presses by which the clock has reached the conversation, in order."""
        said = [event.what for event in await self.mailbox.transcript(conversation)]
        rings = [one.message for one in said if isinstance(one, Said) and one.by == STAFF and not one.text]
        return [SINCE.sub("", one) for one in rings if one.startswith("clock:")]

    async def facts(self, conversation: str) -> list[HandoffFact]:
        entries: Any = await self.connection.commands.xrange(self.keys.facts(self.keys.tag(conversation)))
        return [msgspec.json.decode(fields["fact"], type=HandoffFact) for _, fields in entries]

    async def notes(self, conversation: str) -> list[str]:
        return [f"{one.kind} {one.text}".strip() for one in await self.staff.notes(conversation)]


@asynccontextmanager
async def clock_ground(
    connection: Connection, folder: Path, settings: DeskSettings, keys: Keys | None = None
) -> AsyncIterator[ClockGround]:
    keys = keys or Keys()
    listener = Listener(connection)
    mailbox, queue = Mailbox(connection, keys, listener), TurnQueue(connection, keys, "worker")
    await queue.prepare()
    async with open_store(f"sqlite+aiosqlite:///{folder / 'shop.sqlite'}") as store:
        await store.database.add(desk_tables)
        news = DeskNews(connection, keys, listener)
        staff = StaffDesk(connection, keys, mailbox, news, Book(store.database))
        yield ClockGround(connection, keys, mailbox, queue, staff, settings)
