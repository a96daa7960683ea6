"""What happens on the desk is written into the shop's database while it is open; and the side that reads it there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

from bot.answering.prompting import DEFAULT_LANGUAGE
from bot.beside import beside
from bot.desk.book import Book
from bot.desk.small_talk import SmallTalk
from bot.insights.approving import Approving
from bot.insights.drafting import Drafts
from bot.insights.fact_store import FactStore
from bot.insights.insight import ShopInsight
from bot.insights.looking_back import LookingBack
from bot.insights.meanings import read_meanings
from bot.insights.questions import Questions
from bot.insights.recording import Recorder
from bot.insights.tables import insight_tables
from bot.insights.talks import Talks
from bot.opening.premises import Premises


@asynccontextmanager
async def recording(on: Premises) -> AsyncIterator[None]:
    """While it is entered, in one process of the desk at a time. Raises StoreUnavailable."""
    await on.store.database.add(insight_tables)
    async with beside(recorder_of(on).run):
        yield


def recorder_of(on: Premises) -> Recorder:
    store = FactStore(on.store.database, read_meanings(on.prompts))
    book = Book(on.store.database)
    return Recorder(on.connection, on.keys, store, on.settings.insight_days, [book])


async def talks_of(on: Premises) -> Talks:
    """Raises StoreUnavailable."""
    await on.store.database.add(insight_tables)
    return Talks(on.store.database)


async def insight_of(on: Premises, book: Book) -> ShopInsight:
    """Raises StoreUnavailable."""
    talks = await talks_of(on)

    def say(language: str, name: str, **values: object) -> str:
        return on.prompts.say(language if language in on.prompts.languages else DEFAULT_LANGUAGE, name, **values)

    questions = Questions(talks, on.retriever.vectors, on.profile.order_number, SmallTalk(on.prompts).is_it)
    zone = ZoneInfo(on.profile.desk.time_zone)
    return ShopInsight(
        LookingBack(talks, questions, zone, on.settings.tone_threshold),
        Approving(Drafts(on.connection, on.keys), on.publishing, book, say),
    )
