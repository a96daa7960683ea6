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
CONNECT_SECONDS = COMMAND_SECONDS + 1  # the driver gives up before, and says why


class Heard(NamedTuple):
    kind: str  # "message", or "subscribe": what was published before may have been missed
    channel: str
    what: str  # of a message


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
        wire.socket_timeout = None  # with one the driver writes in a task of its own, when the wire may be cut already
        try:
            await self._connect(wire, channels)
            async with contextlib.aclosing(_told(wire)) as messages:
                async for told in messages:
                    yield told
        finally:
            self._wire = None
            await wire.disconnect(nowait=True)

    async def _connect(self, wire: Any, channels: Callable[[], Collection[str]]) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await wire.connect()
                # Whoever comes from here on adds itself: nothing may be awaited before what was wanted is written.
                self._wire = wire
                if wanted := channels():
                    await wire.send_command("SUBSCRIBE", *wanted, check_health=False)
        except TimeoutError as error:
            raise RedisTimeout(f"no answer within {CONNECT_SECONDS:g} s") from error

    async def add(self, channel: str) -> None:
        """ "subscribe" confirms it. While there is no wire it is enough that `channels` names it."""
        await self._write("SUBSCRIBE", channel)

    async def leave(self, channel: str) -> None:
        await self._write("UNSUBSCRIBE", channel)

    async def _write(self, command: str, channel: str) -> None:
        if self._wire and self._wire.is_connected:  # else the driver would connect it
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
        elif wire.is_connected:  # else the driver would connect it, to no channel at all
            await wire.send_command("PING", check_health=False)
            asked = True
    raise RedisGone("the subscription was cut")
