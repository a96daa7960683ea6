"""Tells of a reply while it is made: pieces of text together, not one by one; the last goes with the commit."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from redis.exceptions import RedisError

from bot.messages import RESTARTED, Part, TextDelta

log = logging.getLogger(__name__)

APART_SECONDS = 0.04  # 25 pictures a second


class Telling:
    """The pieces of one turn. `tell` sends one part; nothing is sent before `silent_seconds` are over."""

    def __init__(self, tell: Callable[[Part], Awaitable[None]], silent_seconds: float = 0.0) -> None:
        self._tell = tell
        self._due = asyncio.get_running_loop().time() + silent_seconds
        self._text = ""
        self._sending: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()  # held while something is on its way
        self._ended = False
        self._lost = False  # a piece did not arrive: those after it would make no sense

    def add(self, text: str) -> None:
        """Sent soon. The first piece leaves as soon as whoever makes the reply has to wait for something."""
        self._text += text
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_when_due())

    async def restart(self) -> None:
        """What was shown so far is void."""
        async with self._lock:
            self._text, self._lost = "", False
            await self._try(RESTARTED)

    async def close(self) -> str:
        """Send no more; returns what was not sent. Must be called, however the turn ends."""
        self._ended = True
        if self._sending:
            if not self._lock.locked():
                self._sending.cancel()
            await asyncio.wait({self._sending})
        return "" if self._lost else self._text

    async def _send_when_due(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._due - loop.time()))
        while self._text and not self._ended:
            async with self._lock:
                text, self._text = self._text, ""
                await self._try(TextDelta(text))
            if not self._ended:
                await asyncio.sleep(APART_SECONDS)

    async def _try(self, part: Part) -> None:
        """A piece that is lost is no harm: the whole text follows."""
        if self._lost:
            return
        try:
            await self._tell(part)
        except RedisError as error:
            self._lost = True
            log.warning("Redis: %s; a piece of a reply was not told", error)
