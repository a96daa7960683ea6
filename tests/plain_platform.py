"""A chat platform reduced to what can go wrong with one: it keeps its messages until they are acknowledged, and has
limits, over TCP with a line of JSON for each call."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec

FETCH_SECONDS = 0.5  # a fetch waits so long for something new


class Update(msgspec.Struct, frozen=True):
    number: int
    chat: str
    text: str


class Call(msgspec.Struct, frozen=True, omit_defaults=True):
    """`fetch` acknowledges all that comes before `after`, and asks for the rest."""

    do: str  # fetch, send
    after: int = 0
    chat: str = ""
    text: str = ""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    updates: tuple[Update, ...] = ()
    wait: float = 0.0  # not now; try again after so many seconds


@dataclass
class PlainPlatform:
    port: int = 0
    waiting: list[Update] = field(default_factory=list)  # not acknowledged yet
    shown: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # what each customer was sent
    refused: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    fetches: int = 0
    refuses: dict[str, float] = field(default_factory=dict)  # by chat: nothing may be sent there; try after so long
    stalled: str = ""  # a send that has this word in it is shown, and never answered
    stalling: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    written: int = 0

    def write(self, chat: str, text: str) -> None:
        """As the customer does it."""
        self.written += 1
        self.waiting.append(Update(self.written, chat, text))
        self.news.set()

    def times_shown(self, word: str) -> int:
        return sum(text.count(word) for texts in self.shown.values() for text in texts)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                answer = await self._answer(msgspec.json.decode(line, type=Call))
                writer.write(msgspec.json.encode(answer) + b"\n")
                await writer.drain()
        writer.close()

    async def _answer(self, call: Call) -> Answer:
        if call.do == "fetch":
            return Answer(updates=await self._fetched(call.after))
        if call.chat in self.refuses:
            self.refused[call.chat] += 1
            return Answer(wait=self.refuses[call.chat])
        self.shown[call.chat].append(call.text)
        if self.stalled and self.stalled in call.text:
            self.stalled = ""
            self.stalling.set()
            await asyncio.Event().wait()
        return Answer()

    async def _fetched(self, after: int) -> tuple[Update, ...]:
        self.fetches += 1
        self.waiting = [update for update in self.waiting if update.number >= after]
        if not self.waiting:
            self.news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), FETCH_SECONDS)
        return tuple(self.waiting)


@asynccontextmanager
async def plain_platform() -> AsyncIterator[PlainPlatform]:
    platform = PlainPlatform()
    server = await asyncio.start_server(platform.serve, "127.0.0.1", 0)
    platform.port = server.sockets[0].getsockname()[1]
    try:
        yield platform
    finally:
        server.close()
