"""Trouble with Redis passes: what to do until then."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.exceptions import RedisError

log = logging.getLogger(__name__)
Result = TypeVar("Result")

RETRY_SECONDS, LONGEST_RETRY_SECONDS = 0.25, 0.5  # the second for what goes on


async def insist(step: Callable[[], Awaitable[Result]]) -> Result:
    """For what may safely be asked twice: until Redis has answered."""
    wait = RETRY_SECONDS
    while True:
        try:
            return await step()
        except RedisError as error:
            log.warning("Redis: %s; asking again", error)
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_RETRY_SECONDS)


async def attempt(step: Callable[[], Awaitable[None]]) -> None:
    """For what is only a favour: once."""
    with contextlib.suppress(RedisError):
        await step()
