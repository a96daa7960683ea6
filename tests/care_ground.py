"""What the tests that care for the knowledge of a desk stand on: a desk at work, who publishes, who looks at it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from click.testing import CliRunner

from bot.answering.prompting import Prompts
from bot.assembly import ShopDesk, open_desk_on
from bot.cli import main
from bot.insights.corrections import Correction, corrections
from bot.insights.outdated import Outdated, Outdating
from bot.insights.sending import Sending
from bot.insights.told import Tellings
from bot.insights.told_texts import ToldTexts
from bot.keys import Keys
from bot.knowledge.embedding.choosing import choose_embedder
from bot.knowledge.index import KnowledgeIndex, open_index
from bot.knowledge.passages import Passage
from bot.knowledge.reading.drafts import Draft
from bot.messages import Said
from bot.opening.knowledge import place_of
from bot.opening.places import database_url, read_prompts
from bot.publishing import Publishing
from bot.redis.connection import Connection
from bot.redis.one_at_a_time import one_at_a_time
from bot.settings import Settings
from bot.shop.store import open_store
from tests.talking import Customer, Heard

SECONDS = 20.0


@dataclass
class Ground:
    desk: ShopDesk
    connection: Connection
    keys: Keys
    settings: Settings
    index: KnowledgeIndex
    publishing: Publishing
    prompts: Prompts

    def customer(self) -> Customer:
        return Customer(self.desk.handles.postbox)

    async def put(self, passage_id: str, **changed: str) -> None:
        """Change a published entry; a running desk answers from it when this returns."""
        before = await self.index.passage(passage_id)
        assert before
        after = msgspec.structs.replace(before, version="", **changed)
        await self.publishing.put([Draft("test", 0, after)])
        await self.follows(passage_id, after.text)

    async def follows(self, passage_id: str, text: str | None) -> None:
        async def there() -> bool:
            found = await self.index.passage(passage_id)
            return (found.text if found else None) == text

        await self.until(there)

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(SECONDS):
            while not await holds():  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def published(self, passage_id: str, question: str = "") -> Passage:
        """When it is there, and asked for in that way."""
        found: list[Passage] = []

        async def there() -> bool:
            passage = await self.index.passage(passage_id)
            found[:] = [passage] if passage and (not question or question in passage.questions) else []
            return bool(found)

        await self.until(there)
        return found[0]

    async def asks(self, customer: Customer, question: str, told: Passage | None = None) -> Heard:
        """Until the desk itself answers from that text: it follows on its own."""
        async with asyncio.timeout(SECONDS):
            while True:
                heard = await customer.says(question)
                if told is None or told.text in heard.text:
                    return heard
                await asyncio.sleep(0.1)

    async def outdated(self, entry: str) -> list[Outdated]:
        return await Outdating(self.tellings, self.texts, self.index).of(entry)

    async def corrections(self, entry: str) -> list[Correction]:
        def say(language: str, name: str, **values: object) -> str:
            return self.prompts.say(language, name, shop="Otter & Twig", **values)

        return corrections(await self.outdated(entry), say, self.prompts.languages)

    @property
    def tellings(self) -> Tellings:
        return Tellings(self.connection, self.keys)

    @property
    def texts(self) -> ToldTexts:
        return ToldTexts(self.connection, self.keys)

    @property
    def sending(self) -> Sending:
        return Sending(self.desk.handles.postbox, self.tellings, self.texts)

    async def from_staff(self, customer: Customer) -> list[str]:
        """What the shop's people wrote into the conversation, as the customer sees it."""
        transcript = await customer.postbox.transcript(customer.conversation)
        return [event.what.text for event in transcript if isinstance(event.what, Said) and event.what.by == "staff"]

    async def command(self, *arguments: str) -> str:
        """What `shopdesk knowledge ...` prints; it must have ended well."""
        environment = {
            "SHOPDESK_DATA_DIR": str(self.settings.data_dir),
            "SHOPDESK_REDIS_URL": self.settings.redis_url,
            "SHOPDESK_SHARDS": str(self.settings.shards),
        }
        done = await asyncio.to_thread(CliRunner().invoke, main, ["knowledge", *arguments], env=environment)
        assert done.exit_code == 0, done.output
        return str(done.output)


@asynccontextmanager
async def care_ground(
    data: Path, url: str, connection: Connection, keys: Keys, model_url: str = ""
) -> AsyncIterator[Ground]:
    settings = Settings(
        data_dir=data,
        redis_url=url,
        shards=keys.shards,
        burst_seconds=0,
        model_url=model_url,
        model_name="scripted" if model_url else "",
    )
    async with (
        one_at_a_time(
            connection, keys.learning()
        ),  # nothing is learned meanwhile: that takes long, and changes no text
        open_desk_on(settings, url, alone=True) as desk,
        open_store(database_url(settings)) as store,
        choose_embedder(settings) as embedder,
    ):
        work = asyncio.create_task(desk.work())
        prompts, place = read_prompts(settings), place_of(settings, connection, embedder)
        index = await open_index(place.folder, embedder)
        publishing = Publishing(store, place.folder, prompts.languages, embedder, place)
        try:
            yield Ground(desk, connection, keys, settings, index, publishing, prompts)
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
