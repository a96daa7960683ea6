"""One subscription for all conversations that somebody in this process listens to."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from bot.redis.connection import Connection, heard

log = logging.getLogger(__name__)

QUEUE_LENGTH = 256  # a reader further behind than this reads the past again instead
RECONNECT_SECONDS = 0.25
ALWAYS = "shopdesk"  # a subscription must have at least one channel to be read


class Told(msgspec.Struct, frozen=True):
    """One entry of an event stream, as it is written."""

    id: str
    what: str
    answers: str = ""  # on all that a turn tells: the event id of the newest message that it answers


class Listener:
    """Yields what is told on a channel; None means: read the past, something may have been missed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pubsub: PubSub = connection.blocking.pubsub()
        self._readers: dict[str, set[_Unheard]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Listener"]:
        await self._pubsub.subscribe(ALWAYS)
        tasks = asyncio.create_task(self._run()), asyncio.create_task(self._read_again())
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._pubsub.aclose()  # type: ignore[no-untyped-call]

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[AsyncIterator[Told | None]]:
        reader = _Unheard()
        readers = self._readers.setdefault(channel, set())
        readers.add(reader)
        try:
            if len(readers) == 1:
                await self._subscribe(channel)  # its confirmation tells the reader to read the past
            else:
                reader.add(None)
            yield reader.heard()
        finally:
            readers.discard(reader)
            if not readers:
                self._readers.pop(channel, None)
                with contextlib.suppress(RedisError):
                    await self._pubsub.unsubscribe(channel)

    async def _subscribe(self, channel: str) -> None:
        connection: Any = self._pubsub.connection
        if not connection.is_connected:
            return  # `_run` connects again, and subscribes to whatever is wanted then
        try:
            await self._pubsub.subscribe(channel)
        except RedisError:
            log.warning("Redis is away; listening goes on when it is back")

    async def _run(self) -> None:
        while True:
            try:
                await self._subscribe_to_all()
                async for message in heard(self._pubsub):
                    self._pass_on(message["type"], message["channel"], message["data"])
            except RedisError as error:
                log.warning("listening again after: %s", error)
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _subscribe_to_all(self) -> None:
        """To what the driver, which does this too, has not been told while Redis was away; and from what it was not."""
        await self._pubsub.connect()  # type: ignore[no-untyped-call]
        wanted, known = {ALWAYS, *self._readers}, set(self._pubsub.channels)
        if missing := wanted - known:
            await self._pubsub.subscribe(*missing)
        if left := known - wanted:
            await self._pubsub.unsubscribe(*left)

    async def _read_again(self) -> None:
        """A server that died may have died before it told what it had stored, and its successor does not tell it."""
        while True:
            await self._connection.rearranged()
            log.warning("Redis has been rearranged; everybody who listens reads the past again")
            for channel in self._readers:
                self._tell(channel, None)

    def _pass_on(self, kind: str, channel: str, data: str) -> None:
        if kind == "subscribe":  # the first time, and again after each reconnection
            self._tell(channel, None)
        elif kind == "message":
            place = data.split(" ", 2)
            self._tell(channel, Told(place[0], place[2], place[1]) if len(place) == 3 else None)  # else it is not ours

    def _tell(self, channel: str, told: Told | None) -> None:
        for reader in self._readers.get(channel, ()):
            reader.add(told)


class _Unheard:
    """What one reader has still to hear. Most open chats are silent, and an asyncio.Queue takes 3 KB of each."""

    __slots__ = ("_told", "_woken")

    def __init__(self) -> None:
        self._told: list[Told | None] = []
        self._woken: asyncio.Future[None] | None = None

    def add(self, told: Told | None) -> None:
        if len(self._told) >= QUEUE_LENGTH:
            self._told.clear()
            told = None
        self._told.append(told)
        if self._woken and not self._woken.done():
            self._woken.set_result(None)

    async def heard(self) -> AsyncIterator[Told | None]:
        while True:
            while self._told:
                yield self._told.pop(0)
            self._woken = asyncio.get_running_loop().create_future()
            await self._woken
