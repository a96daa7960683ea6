"""A role that one process of a desk has at a time, as long as it lives: the others stand by and take over."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress

from redis.exceptions import RedisError

from bot.redis.connection import Connection, script

log = logging.getLogger(__name__)

HOLD_SECONDS = 10.0  # how long a holder that died keeps the others waiting
LOOK_SECONDS = 0.5
MARGIN_SECONDS = 2.0  # who cannot renew it stops so long before others may begin


class Held:
    """Not a fence: who is stopped in the middle of a step may do that step beside the next holder."""

    def __init__(self, connection: Connection, key: str) -> None:
        self._redis, self._key = connection.commands, key
        self._hold = script(self._redis, "hold")
        self._mine = secrets.token_hex(8)
        self._asked = 0.0  # when, by the loop's clock, the role was asked for

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` while the role is ours, again and again; until it ends, raises, or we are cancelled."""
        while True:
            await self._acquired()
            if await self._done(work):
                return
            log.warning("%s was lost; waiting to have it again", self._key)

    async def _acquired(self) -> None:
        waited = False
        while not await self._tried():
            if not waited:
                log.info("another process has %s; standing by", self._key)
            waited = True
            await asyncio.sleep(LOOK_SECONDS)

    async def _tried(self) -> bool:
        self._asked = asyncio.get_running_loop().time()
        with suppress(RedisError):
            return bool(await self._redis.set(self._key, self._mine, nx=True, px=int(HOLD_SECONDS * 1000)))
        return False

    async def _done(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Whether `work` ended by itself; False when the role was lost."""
        working, keeping = asyncio.ensure_future(work()), asyncio.create_task(self._kept())
        try:
            await asyncio.wait({working, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                await working
            return working.done()
        finally:
            for task in (working, keeping):
                task.cancel()
            await asyncio.gather(working, keeping, return_exceptions=True)
            with suppress(RedisError):
                await self._hold(keys=[self._key], args=[self._mine, 0])

    async def _kept(self) -> None:
        """Ends when the role is lost, or may be soon."""
        loop, renewed = asyncio.get_running_loop(), self._asked
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout_at(renewed + HOLD_SECONDS - MARGIN_SECONDS):
                    await asyncio.sleep(HOLD_SECONDS / 10)
                    asked = loop.time()
                    with suppress(RedisError):
                        if not await self._hold(keys=[self._key], args=[self._mine, int(HOLD_SECONDS * 1000)]):
                            return
                        renewed = asked
