"""What is delivered to Discord, played: a real outbox, turns that the test makes, and what stands in a channel."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import discord
from discord.http import HTTPClient, Route

from adapters.discord.delivering import Deliveries, PrivatePlace
from bot.assembly import ShopDesk
from bot.batches import Batch, Token
from bot.channels import Handles
from bot.keys import Keys
from bot.messages import Incoming, Part
from bot.redis.connection import Connection
from bot.turns import TurnQueue
from tests.discord_server import DiscordServer
from tests.discord_world import Payload

HOME = "https://shop.example"
SECONDS = 30  # a turn waits for its message


@dataclass
class Work:
    """What there is to be answered, by conversation; all of the test's workers take from it."""

    queue: TurnQueue
    tokens: dict[str, Token] = field(default_factory=dict)

    async def take(self, conversation: str) -> Batch:
        async with asyncio.timeout(SECONDS):
            while True:
                if conversation in self.tokens and (batch := await self.queue.take(self.tokens.pop(conversation))):
                    return batch
                for token in await self.queue.wait(Keys().tag(conversation), 100):
                    self.tokens[token.conversation] = token


class Worker:
    """Makes the turns of one conversation at the test's word."""

    def __init__(self, work: Work, handles: Handles, conversation: str) -> None:
        self._work, self._handles, self.conversation = work, handles, conversation
        self._said = 0
        self._batch: Batch | None = None

    async def hears(self, text: str, **more: str) -> str:
        """The customer writes; returns the id of the event."""
        self._said += 1
        said = Incoming("discord", self.conversation, str(self._said), text, **more)  # type: ignore[arg-type]
        return await self._handles.postbox.accept(said, deliver=True)

    async def asked(self) -> Sequence[Incoming]:
        """What is to be answered."""
        return (await self._turn()).messages

    async def tells(self, *parts: Part) -> None:
        """What passes."""
        for part in parts:
            await self._work.queue.emit(await self._turn(), part)

    async def ends(self, *parts: Part) -> None:
        """What lasts."""
        await self._work.queue.commit(await self._turn(), "a session", list(parts), False)
        self._batch = None

    async def _turn(self) -> Batch:
        if not self._batch:
            self._batch = await self._work.take(self.conversation)
        return self._batch


@dataclass
class Places:
    """Private places that are there already, by public conversation."""

    known: dict[str, PrivatePlace] = field(default_factory=dict)

    async def open(self, conversation: str, language: str) -> PrivatePlace | None:
        return self.known.get(conversation)


@dataclass
class Ground:
    server: DiscordServer
    handles: Handles
    http: HTTPClient
    work: Work
    places: Places

    def deliveries(self) -> Deliveries:
        return Deliveries(self.http, self.server.account, self.handles, HOME, self.places)

    def worker(self, channel: str, user: str = "") -> Worker:
        return Worker(self.work, self.handles, f"{self.server.account}:{channel}{':' if user else ''}{user}")

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """As it is done in the one process that has the account."""
        outbox = self.handles.outbox.deliver(self.server.account, self.deliveries().each)
        at_work = asyncio.ensure_future(outbox)
        try:
            yield
        finally:
            at_work.cancel()
            await asyncio.gather(at_work, return_exceptions=True)

    async def stands(self, channel: str, *texts: str) -> Sequence[Payload]:
        """Waits until these are the desk's messages in the channel."""
        await self.server.until(lambda: [one["content"] for one in self.server.answers(channel)] == list(texts))
        return self.server.answers(channel)


@contextmanager
def pointed_at(api: str) -> Iterator[None]:
    """discord.py keeps the address for the whole process."""
    before, Route.BASE = Route.BASE, api
    try:
        yield
    finally:
        Route.BASE = before


@asynccontextmanager
async def ground_of(server: DiscordServer, desk: ShopDesk, connection: Connection) -> AsyncIterator[Ground]:
    queue = TurnQueue(connection, Keys(), "the test")
    await queue.prepare()
    client = discord.Client(intents=discord.Intents.none(), max_ratelimit_timeout=30)
    with pointed_at(server.api):
        try:
            await client.login(server.token)
            yield Ground(server, desk.handles, client.http, Work(queue), Places())
        finally:
            await client.close()
