"""One subscription for all conversations that somebody in this process listens to."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from bot.connection import Connection, heard

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
        self._pubsub: PubSub = connection.blocking.pubsub()
        self._readers: dict[str, set[asyncio.Queue[Told | None]]] = {}
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Listener"]:
        await self._pubsub.subscribe("shopdesk")  # a subscription must have at least one channel to be read
        self._task = asyncio.create_task(self._run())
        try:
            yield self
        finally:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            await self._pubsub.aclose()  # type: ignore[no-untyped-call]

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[AsyncIterator[Told | None]]:
        queue: asyncio.Queue[Told | None] = asyncio.Queue(QUEUE_LENGTH)
        readers = self._readers.setdefault(channel, set())
        readers.add(queue)
        try:
            if len(readers) == 1:
                await self._subscribe(channel)  # its confirmation tells the reader to read the past
            else:
                queue.put_nowait(None)
            yield _drain(queue)
        finally:
            readers.discard(queue)
            if not readers:
                self._readers.pop(channel, None)
                with contextlib.suppress(RedisError):
                    await self._pubsub.unsubscribe(channel)

    async def _subscribe(self, channel: str) -> None:
        try:
            await self._pubsub.subscribe(channel)
        except RedisError:
            log.warning("Redis is away; listening goes on when it is back")  # _run subscribes again to everything

    async def _run(self) -> None:
        while True:
            try:
                async for message in heard(self._pubsub):
                    self._pass_on(message["type"], message["channel"], message["data"])
            except RedisError as error:
                log.warning("listening again after: %s", error)
                await asyncio.sleep(RECONNECT_SECONDS)

    def _pass_on(self, kind: str, channel: str, data: str) -> None:
        if kind == "subscribe":  # the first time, and again after each reconnection
            self._tell(channel, None)
        elif kind == "message":
            event_id, answers, what = data.split(" ", 2)
            self._tell(channel, Told(event_id, what, answers))

    def _tell(self, channel: str, told: Told | None) -> None:
        for queue in self._readers.get(channel, ()):
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                told = None
            queue.put_nowait(told)


async def _drain(queue: asyncio.Queue[Told | None]) -> AsyncIterator[Told | None]:
    while True:
        yield await queue.get()
