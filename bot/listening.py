"""One subscription for all conversations that somebody in this process listens to."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import msgspec
from redis.exceptions import RedisError

from bot.beside import beside
from bot.redis.connection import Connection
from bot.redis.subscription import Heard, Subscription

log = logging.getLogger(__name__)

QUEUE_LENGTH = 256  # a reader further behind than this reads the past again instead
RECONNECT_SECONDS = 0.25


class Told(msgspec.Struct, frozen=True):
    """One entry of an event stream, as it is written."""

    id: str
    what: str
    answers: str = ""  # on all that a turn tells: the event id of the newest message that it answers


class Listener:
    """Yields what is told on a channel; None means: read the past, something may have been missed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._subscription = Subscription(connection)
        self._readers: dict[str, set[_Unheard]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Listener"]:
        async with beside(self._run, self._read_again):
            yield self

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[AsyncIterator[Told | None]]:
        reader = _Unheard()
        readers = self._readers.setdefault(channel, set())
        readers.add(reader)
        try:
            if len(readers) == 1:
                await self._subscription.add(channel)  # its confirmation tells the reader to read the past
            else:
                reader.add(None)
            yield reader.heard()
        finally:
            readers.discard(reader)
            if not readers:
                self._readers.pop(channel, None)
                await self._subscription.leave(channel)

    async def _run(self) -> None:
        while True:
            try:
                async with aclosing(self._subscription.heard(lambda: self._readers)) as heard:
                    async for told in heard:
                        self._pass_on(told)
            except RedisError as error:
                log.warning("listening again after: %s", error)
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _read_again(self) -> None:
        """A server that died may have died before it told what it had stored, and its successor does not tell it."""
        while True:
            await self._connection.rearranged()
            log.warning("Redis has been rearranged; everybody who listens reads the past again")
            for channel in self._readers:
                self._tell(channel, None)

    def _pass_on(self, heard: Heard) -> None:
        if heard.kind == "subscribe":  # the first time, and again after each reconnection
            self._tell(heard.channel, None)
        else:
            place = heard.what.split(" ", 2)
            told = Told(place[0], place[2], place[1]) if len(place) == 3 else None  # else it is not ours
            self._tell(heard.channel, told)

    def _tell(self, channel: str, told: Told | None) -> None:
        for reader in self._readers.get(channel, ()):
            reader.add(told)


class _Unheard:
    """What one reader has still to hear. Most open chats are silent, and an asyncio.Queue takes 3 KB of each."""

    __slots__ = ("_begun", "_told", "_woken")

    def __init__(self) -> None:
        self._begun = False
        self._told: list[Told | None] = []
        self._woken: asyncio.Future[None] | None = None

    def add(self, told: Told | None) -> None:
        """Nothing is heard before the past is to be read: it may be meant for a reader who has just left, and what
        happened between that one's end and this would be passed over."""
        self._begun = self._begun or told is None
        if not self._begun:
            return
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
