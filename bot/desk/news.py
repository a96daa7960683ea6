"""What changes at the desk, told to every page and room of this process that shows it: one subscription for all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from bot.beside import beside
from bot.keys import Keys
from bot.listening import Listener
from bot.redis.connection import Connection

GATHER_SECONDS = 0.2  # changes of so long are told together
MOST_UNTOLD = 1000  # of one reader; further behind than this, it reads all again
CUSTOMER_TYPES, STAFF_TYPE, FORGOTTEN = "types", "staff_type", "forgotten"  # instead of the "-" of a change


class DeskNews:
    """Runs while it is entered; before, nobody is told anything."""

    def __init__(self, connection: Connection, keys: Keys, listener: Listener) -> None:
        self._redis, self._keys, self._listener = connection.commands, keys, listener
        self._readers: set[_Reader] = set()
        kinds = (CUSTOMER_TYPES, STAFF_TYPE, FORGOTTEN)
        self._queues: dict[str, set[asyncio.Queue[str]]] = {kind: set() for kind in kinds}

    @asynccontextmanager
    async def running(self) -> AsyncIterator["DeskNews"]:
        async with beside(*(partial(self._hear, self._keys.shard(number)) for number in range(self._keys.shards))):
            yield self

    async def _hear(self, tag: str) -> None:
        async with self._listener.listen(self._keys.desk_news(tag)) as present:
            async for told in present:
                kind = told.answers if told else FORGOTTEN
                conversation = told.what if told else ""
                for queue in self._queues.get(kind, ()):
                    with contextlib.suppress(asyncio.QueueFull):  # the next that types comes in three seconds
                        queue.put_nowait(conversation)
                if kind in (CUSTOMER_TYPES, STAFF_TYPE):
                    continue
                for reader in self._readers:
                    reader.add(conversation)

    async def changes(self) -> AsyncIterator[frozenset[str]]:
        """The first says that all is to be read. Never ends."""
        reader = _Reader()
        self._readers.add(reader)
        try:
            while True:
                yield await reader.changed()
                await asyncio.sleep(GATHER_SECONDS)
        finally:
            self._readers.discard(reader)

    def typing(self) -> AsyncIterator[str]:
        return self._each(CUSTOMER_TYPES)

    def writing(self) -> AsyncIterator[str]:
        return self._each(STAFF_TYPE)

    def forgotten(self) -> AsyncIterator[str]:
        """Conversations of which nothing is left, as it happens; "": some may have been missed. Never ends."""
        return self._each(FORGOTTEN)

    async def _each(self, kind: str) -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue(MOST_UNTOLD)
        self._queues[kind].add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._queues[kind].discard(queue)

    async def customer_types(self, conversation: str) -> None:
        await self._told_in_passing(CUSTOMER_TYPES, conversation)

    async def staff_type(self, conversation: str) -> None:
        await self._told_in_passing(STAFF_TYPE, conversation)

    async def _told_in_passing(self, who: str, conversation: str) -> None:
        """Nobody needs to know it later: it is told, and kept nowhere."""
        await self._redis.publish(self._keys.desk_news(self._keys.tag(conversation)), f"0 {who} {conversation}")


class _Reader:
    def __init__(self) -> None:
        self._changed: set[str] = set()
        self._missed = True
        self._woken = asyncio.Event()
        self._woken.set()

    def add(self, conversation: str) -> None:
        """ "": something may have been missed."""
        self._missed = self._missed or not conversation or len(self._changed) >= MOST_UNTOLD
        if not self._missed:
            self._changed.add(conversation)
        self._woken.set()

    async def changed(self) -> frozenset[str]:
        await self._woken.wait()
        self._woken.clear()
        changed = frozenset() if self._missed else frozenset(self._changed)
        self._changed, self._missed = set(), False
        return changed
