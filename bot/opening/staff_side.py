"""The side of the desk where the shop's people sit: who they are, what they do, what helps them, what came of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

from bot.channels import Postbox
from bot.desk.book import Book
from bot.desk.canned import CannedStore
from bot.desk.desk import StaffDesk
from bot.desk.hours import OpeningHours
from bot.desk.news import DeskNews
from bot.desk.open_book import OpenBook
from bot.desk.passwords import Passwords
from bot.desk.people import Staff
from bot.desk.sign_ins import SignIns
from bot.desks import StaffSide
from bot.listening import Listener
from bot.opening.assistance import assistance_of
from bot.opening.insights import insight_of
from bot.opening.premises import Premises


@asynccontextmanager
async def staff_side_of(on: Premises, postbox: Postbox, listener: Listener, secret: bytes) -> AsyncIterator[StaffSide]:
    """Tells what is new at the desk while it is entered."""
    book = Book(on.store.database)
    staff, canned = Staff(on.store.database, Passwords()), CannedStore(on.store.database)
    async with (
        DeskNews(on.connection, on.keys, listener).running() as news,
        assistance_of(on, postbox, canned, news) as assistance,
        OpenBook(book, ZoneInfo(on.profile.desk.time_zone)).writing() as open_book,
    ):
        yield StaffSide(
            desk=StaffDesk(on.connection, on.keys, postbox, news, book),
            people=SignIns(staff, book, on.connection, on.limits, secret),
            assistance=assistance,
            insight=await insight_of(on, book),
            book=open_book,
            hours=OpeningHours(on.profile.desk),
        )
