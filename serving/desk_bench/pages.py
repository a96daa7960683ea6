"""The open pages of staff: what each is told, and how long it took to get there."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from serving.desk_bench.shop import Customer, Sent, Shop


class Page:
    """What one open page of staff is told, and how long it took."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self._seen: set[tuple[str, ...]] = set()
        self.rows: list[float] = []
        self.talks: list[float] = []
        self.joins: list[float] = []
        self.bytes = 0

    def begin(self) -> None:
        self.rows, self.talks, self.joins, self.bytes = [], [], [], 0

    async def read(self, socket: ClientConnection) -> None:
        async for raw in socket:
            now = time.perf_counter()
            self.bytes += len(raw)
            frame = json.loads(raw)
            for row in frame.get("handoffs", ()):
                self._note(self.rows, now, self._sent.words, (row["conversation"], row.get("words", "")), "row")
                joined = self._sent.joins.get(row["conversation"])
                if joined is not None and ("joined", row["conversation"]) not in self._seen:
                    self._seen.add(("joined", row["conversation"]))
                    self.joins.append(now - joined)
            for event in frame.get("events", ()):
                key = (frame["conversation"], event.get("text", ""))
                self._note(self.talks, now, self._sent.words, key, "talk")

    def _note(
        self, into: list[float], now: float, sent: dict[tuple[str, str], float], key: tuple[str, str], where: str
    ) -> None:
        if key in sent and (where, *key) not in self._seen:
            self._seen.add((where, *key))
            into.append(now - sent[key])


@asynccontextmanager
async def open_pages(shop: Shop, count: int, watched: Sequence[Customer]) -> AsyncIterator[list[Page]]:
    async with AsyncExitStack() as stack:
        pages, reading = [], []
        for number, member in zip(range(count), itertools.cycle(shop.staff), strict=False):
            socket = await stack.enter_async_context(member.socket())
            await socket.send(json.dumps({"watch": watched[number % len(watched)].conversation}))
            page = Page(shop.sent)
            reading.append(asyncio.create_task(page.read(socket)))
            pages.append(page)
        yield pages
        for task in reading:
            task.cancel()
        ended = await asyncio.gather(*reading, return_exceptions=True)
        if closed := [one for one in ended if isinstance(one, ConnectionClosed)]:
            raise SystemExit(f"A page was closed: {closed[0]}")
