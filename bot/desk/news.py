"""What changes at the desk, told to every page and room of this process that shows it: one subscription for all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.keys import Keys
from bot.listening import Listener
from bot.redis.connection import Connection

GATHER_SECONDS = 0.2  # changes of so long are told together
MOST_UNTOLD = 1000  # of one reader; further behind than this, it reads all again
TYPES = "types"  # instead of the "-" of a change


class DeskNews:
    """Runs while it is entered; before, nobody is told anything."""

    def __init__(self, connection: Connection, keys: Keys, listener: Listener) -> None:
        self._redis, self._keys, self._listener = connection.commands, keys, listener
        self._readers: set[_Reader] = set()
        self._typing: set[asyncio.Queue[str]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["DeskNews"]:
        tasks = [asyncio.create_task(self._hear(self._keys.shard(number))) for number in range(self._keys.shards)]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self, tag: str) -> None:
        async with self._listener.listen(self._keys.desk_news(tag)) as present:
            async for told in present:
                if told and told.answers == TYPES:
                    self._tell_typing(told.what)
                    continue
                for reader in self._readers:
                    reader.add(told.what if told else "")

    def _tell_typing(self, conversation: str) -> None:
        for queue in self._typing:
            with contextlib.suppress(asyncio.QueueFull):  # the next comes in three seconds
                queue.put_nowait(conversation)

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

    async def typing(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue(MOST_UNTOLD)
        self._typing.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._typing.discard(queue)

    async def customer_types(self, conversation: str) -> None:
        """Nobody needs to know it later: it is told, and kept nowhere."""
        await self._redis.publish(self._keys.desk_news(self._keys.tag(conversation)), f"0 {TYPES} {conversation}")


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
