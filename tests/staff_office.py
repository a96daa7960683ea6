"""An office of one shop's staff for tests: the list, the book, the sign-ins, and a clock that is turned by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from argon2 import PasswordHasher

from bot.desk.book import Book
from bot.desk.passwords import Passwords
from bot.desk.people import Staff
from bot.desk.sign_ins import SignIns
from bot.desk.tables import desk_tables
from bot.desks import Member, SignInRefused
from bot.limits import Limits
from bot.redis.connection import Connection
from bot.shop.database import Database, open_database

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
OTTO, OLIVIA = Member("otto", "Otto", "lead"), Member("olivia", "Olivia", "agent")
GOOD = "seven green kettles"
OTHER = "eleven blue kettles"
HOME, AWAY = "192.0.2.7", "203.0.113.9"
SECRET = b"the secret of one shop, and of no other"


@dataclass
class Office:
    """One shop's list, and a clock that is turned by hand."""

    database: Database
    connection: Connection
    secret: bytes = SECRET
    staff: Staff = field(init=False)
    book: Book = field(init=False)
    people: SignIns = field(init=False)
    seconds: float = 1_800_000_000.0

    def __post_init__(self) -> None:
        self.staff, self.book = Staff(self.database, Passwords(CHEAP)), Book(self.database)
        self.people = SignIns(
            self.staff, self.book, self.connection, Limits(self.connection.commands), self.secret, lambda: self.seconds
        )

    async def deeds(self, **which: Any) -> list[tuple[str, str, str]]:
        return [(one.by, one.deed, one.detail) for one in reversed(await self.book.entries(**which))]

    async def wrong(self, login: str = "otto", address: str = AWAY) -> int:
        """The wait that a wrong password brings; 0 where it was looked at."""
        with pytest.raises(SignInRefused) as refused:
            await self.people.sign_in(login, "a wrong password", address)
        return refused.value.wait


@asynccontextmanager
async def open_office(url: str, connection: Connection) -> AsyncIterator[Office]:
    """With Otto, a lead, and Olivia, an agent."""
    async with open_database(url) as database:
        await database.add(desk_tables)
        opened = Office(database, connection)
        await opened.staff.add(OTTO, GOOD)
        await opened.staff.add(OLIVIA, OTHER)
        yield opened
