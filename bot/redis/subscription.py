"""One wire on which Redis tells what is published. One task connects and reads it; everybody else only writes on it.

The driver's own subscription connects anew in whichever task meets the error first. Where two do, one of them reads
from a wire that the other has replaced, and the process hears nothing any more.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Collection
from typing import Any, NamedTuple

from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from bot.redis.connection import COMMAND_SECONDS, Connection

SILENCE_SECONDS = 5.0


class Heard(NamedTuple):
    kind: str  # "subscribe": what was published before may have been missed; "message"
    channel: str
    what: str


class Subscription:
    def __init__(self, connection: Connection) -> None:
        self._pool = connection.blocking.connection_pool
        self._wire: Any = None

    async def heard(self, channels: Callable[[], Collection[str]]) -> AsyncGenerator[Heard]:
        """What is told on those channels, and on those added meanwhile, over a new wire and as long as that holds.

        Raises redis.exceptions.RedisError when it breaks, or when the other end has fallen silent, which a half-open
        connection never says by itself.
        """
        wire: Any = self._pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            try:
                async with asyncio.timeout(COMMAND_SECONDS):
                    await wire.connect()
            except TimeoutError as error:
                raise RedisTimeout(f"no answer within {COMMAND_SECONDS:g} s") from error
            self._wire = wire  # what is added from here on is written after this:
            if wanted := channels():
                await wire.send_command("SUBSCRIBE", *wanted, check_health=False)
            async with contextlib.aclosing(_told(wire)) as messages:
                async for told in messages:
                    yield told
        finally:
            self._wire = None
            await wire.disconnect(nowait=True)

    async def add(self, channel: str) -> None:
        """ "subscribe" confirms it. While there is no wire it is enough that `channels` names it."""
        await self._write("SUBSCRIBE", channel)

    async def leave(self, channel: str) -> None:
        await self._write("UNSUBSCRIBE", channel)

    async def _write(self, command: str, channel: str) -> None:
        if self._wire and self._wire.is_connected:
            with contextlib.suppress(RedisError):  # the wire is cut by that, and who reads it begins anew
                await self._wire.send_command(command, channel, check_health=False)


async def _told(wire: Any) -> AsyncGenerator[Heard]:
    asked = False
    while wire.is_connected:
        answer = await wire.read_response(timeout=SILENCE_SECONDS, disconnect_on_error=False, push_request=True)
        if answer is not None:
            asked = False
            if len(answer) == 3 and answer[0] in ("subscribe", "message"):
                yield Heard(*answer)
        elif asked:
            raise RedisGone("the subscription has fallen silent")
        else:
            await wire.send_command("PING", check_health=False)
            asked = True
    raise RedisGone("the subscription was cut")
