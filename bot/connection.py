"""Opening Redis. The driver never retries a write: after a stall that would write twice. Our scripts decide."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import TimeoutError as RedisTimeout

CONNECTIONS = 64  # per process; one command takes a tenth of a millisecond
COMMAND_SECONDS = 5.0
SILENCE_SECONDS = 5.0
SCRIPTS = Path(__file__).parent / "scripts"


def script(redis: Redis, name: str) -> AsyncScript:
    return redis.register_script((SCRIPTS / f"{name}.lua").read_text(encoding="utf-8"))


class Commands(Redis):
    """A client that gives up on a command by itself: the driver's own timeout swallows cancellation on Python 3.11."""

    async def execute_command(self, *arguments: Any, **options: Any) -> Any:
        """Raises redis.exceptions.TimeoutError after five seconds; whether the command was done is then unknown."""
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                return await super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]
        except TimeoutError as error:
            raise RedisTimeout(f"no answer within {COMMAND_SECONDS:g} s") from error


class Connection:
    """One Redis: a client for commands, and one for reads that block as long as their reader likes."""

    def __init__(self, url: str) -> None:
        once: dict[str, Any] = {
            "decode_responses": True,
            "retry": Retry(NoBackoff(), 0),
            "socket_timeout": None,
            "socket_connect_timeout": COMMAND_SECONDS,
        }
        # a burst waits for a free connection rather than fail
        pool = BlockingConnectionPool.from_url(url, max_connections=CONNECTIONS, timeout=COMMAND_SECONDS, **once)
        self.commands = Commands.from_pool(pool)
        self.blocking = Redis.from_url(url, **once)


async def heard(pubsub: PubSub) -> AsyncIterator[dict[str, str]]:
    """What comes on a subscription. Raises redis.exceptions.ConnectionError when the other end has fallen silent,
    which a half-open connection never says by itself."""
    asked = False
    while True:
        message = await pubsub.get_message(timeout=SILENCE_SECONDS)
        if message is not None:
            asked = False
            yield message
        elif asked:
            connection: Any = pubsub.connection
            await connection.disconnect()
            raise RedisGone("the subscription has fallen silent")
        else:
            await pubsub.ping()
            asked = True


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Connection]:
    """Raises ConnectionError naming SHOPDESK_REDIS_URL when nobody answers there."""
    connection = Connection(url)
    try:
        try:
            await connection.commands.ping()
        except Exception as error:
            raise ConnectionError(f"No Redis at {url}: start it, or correct SHOPDESK_REDIS_URL ({error}).") from error
        yield connection
    finally:
        await connection.commands.aclose()
        await connection.blocking.aclose()
