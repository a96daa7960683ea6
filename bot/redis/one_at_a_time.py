"""A lock over Redis, for what only one process of a desk may do at a time. One that died gives it up after a while."""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.exceptions import RedisError

from bot.redis.connection import Connection, script

log = logging.getLogger(__name__)

HOLD_SECONDS = 10.0  # how long a holder that died keeps the others waiting
LOOK_SECONDS = 0.1


@asynccontextmanager
async def one_at_a_time(connection: Connection, key: str) -> AsyncIterator[None]:
    """Wait for the lock, hold it while in use. Not a fence: what is done under it must bear being done twice.

    Raises ConnectionError when Redis is away or full.
    """
    mine = secrets.token_hex(8)
    hold = script(connection.commands, "hold")  # for so many more milliseconds, if it is ours; 0 gives it up
    milliseconds, waited = int(HOLD_SECONDS * 1000), False
    try:
        while not await connection.commands.set(key, mine, nx=True, px=milliseconds):
            if not waited:
                log.info("another process is %s; waiting for it", key)
            waited = True
            await asyncio.sleep(LOOK_SECONDS)
    except RedisError as error:
        raise ConnectionError(f"Redis does not let us begin: {error}") from error

    async def keep() -> None:
        while True:
            await asyncio.sleep(HOLD_SECONDS / 4)
            with contextlib.suppress(RedisError):
                await hold(keys=[key], args=[mine, milliseconds])

    keeping = asyncio.create_task(keep())
    try:
        yield
    finally:
        keeping.cancel()
        with contextlib.suppress(RedisError):
            await hold(keys=[key], args=[mine, 0])
