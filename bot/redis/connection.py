"""Opening Redis, one server or a cluster. Nothing here does a write twice: after a stall only our scripts know."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.connection import Connection as Wire
from redis.asyncio.connection import SSLConnection as SafeWire
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from bot.beside import beside
from bot.observing import metrics
from bot.redis.address import RedisAddress, read_redis_address, without_login
from bot.redis.cluster import Address, Cluster
from bot.redis.cluster_client import ClusterClient, SafeWireToAny, WireToAny

CONNECTIONS = 64  # per process and node; one command takes a tenth of a millisecond
COMMAND_SECONDS = 5.0
SCRIPTS = Path(__file__).parent.parent / "scripts"
INCLUDE = re.compile(r"^--#include (\S+)$", re.MULTILINE)
ONCE: dict[str, Any] = {
    "decode_responses": True,
    "retry": Retry(NoBackoff(), 0),
    "socket_timeout": None,
    "socket_connect_timeout": COMMAND_SECONDS,
}


class Script:
    """One of our scripts. A server that has never seen it, or has forgotten it, is given its text with the call."""

    def __init__(self, redis: Redis, text: str) -> None:
        self._redis, self._text = redis, text
        self._digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, keys: Sequence[str], args: Sequence[Any]) -> Any:
        try:
            return await self._redis.evalsha(self._digest, len(keys), *keys, *args)
        except NoScriptError:
            return await self._redis.eval(self._text, len(keys), *keys, *args)


def script(redis: Redis, name: str) -> Script:
    return Script(redis, script_text(name))


def script_text(name: str) -> str:
    """As a server is given it: with the pieces that its lines include."""
    return _with_pieces((SCRIPTS / f"{name}.lua").read_text(encoding="utf-8"))


def _with_pieces(text: str) -> str:
    return INCLUDE.sub(lambda found: _with_pieces((SCRIPTS / found[1]).read_text(encoding="utf-8").rstrip()), text)


@asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    """A command is given up by us: the driver's own timeout swallows cancellation on Python 3.11."""
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            yield
    except TimeoutError as error:
        metrics.redis_errors_total.inc()
        raise RedisTimeout(f"no answer within {COMMAND_SECONDS:g} s") from error
    except RedisError as error:
        if not isinstance(error, NoScriptError) and "BUSYGROUP" not in str(error):  # these are answers, not trouble
            metrics.redis_errors_total.inc()
        raise


class _Together(Pipeline):
    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        async with _patience():
            return await super().execute(raise_on_error)


class Commands(Redis):
    """A client of one server that gives up on a command by itself."""

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return _Together(self.connection_pool, self.response_callbacks, transaction, shard_hint)

    async def execute_command(self, *arguments: Any, **options: Any) -> Any:
        """Raises redis.exceptions.TimeoutError after five seconds; whether the command was done is then unknown."""
        async with _patience():
            return await super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]


class Connection:
    """One Redis: a client for commands, and one for reads that block as long as their reader likes."""

    def __init__(self, commands: Redis, blocking: Redis, cluster: Cluster | None = None) -> None:
        self.commands = commands
        self.blocking = blocking
        self.cluster = cluster

    async def rearranged(self) -> None:
        """Wait until a part of the keys has gone to another server, as when one of a cluster has died: what it had
        still to tell its listeners is lost. Never, on a single server."""
        if self.cluster:
            await self.cluster.changed()
        else:
            await asyncio.Event().wait()


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Connection]:
    """Open one server, or the whole cluster that it says it belongs to. Nodes to begin with stand in the address with
    commas. Raises ConnectionError naming SHOPDESK_REDIS_URL when nobody answers there."""
    try:
        address = read_redis_address(url)
        clustered = await _is_cluster(url, address)
    except Exception as error:
        where = without_login(url)
        raise ConnectionError(f"No Redis at {where}: start it, or correct SHOPDESK_REDIS_URL ({error}).") from error
    async with _opened_cluster(url, address) if clustered else _opened_server(url) as connection:
        yield connection


async def _is_cluster(url: str, address: RedisAddress) -> bool:
    """Asks one after the other; raises the error of the last one when none answers."""
    clients = [_node(address, host) for host in address.hosts] or [Redis.from_url(url, **ONCE)]
    failed: Exception | None = None
    for client in clients:
        try:
            async with _patience():
                info = await client.info("cluster")
        except (RedisError, OSError) as error:
            failed = error
            continue
        finally:
            await client.aclose()
        if len(address.hosts) > 1 and not info["cluster_enabled"]:
            raise ValueError("several hosts are for a Redis Cluster, and this is none")
        return bool(info["cluster_enabled"])
    raise failed or ValueError("no host")


@asynccontextmanager
async def _opened_server(url: str) -> AsyncIterator[Connection]:
    # a burst waits for a free connection rather than fail
    pool = BlockingConnectionPool.from_url(url, max_connections=CONNECTIONS, timeout=COMMAND_SECONDS, **ONCE)
    connection = Connection(Commands.from_pool(pool), Redis.from_url(url, **ONCE))
    try:
        yield connection
    finally:
        await connection.commands.aclose()
        await connection.blocking.aclose()


@asynccontextmanager
async def _opened_cluster(url: str, address: RedisAddress) -> AsyncIterator[Connection]:
    cluster = Cluster(address.hosts, partial(_node, address))
    commands = ClusterClient(cluster, _to_any(cluster, address), partial(_bounded_node, address), _patience)
    blocking = ClusterClient(cluster, _to_any(cluster, address), partial(_node, address), nullcontext)
    async with AsyncExitStack() as opened:
        for client in (cluster, commands, blocking):
            opened.push_async_callback(client.aclose)
        await cluster.look()
        if not cluster.is_complete():
            raise ConnectionError(
                f"The Redis Cluster at {without_login(url)} is not complete: no node has some of its slots. "
                "Mend it first (redis-cli --cluster fix)."
            )
        await opened.enter_async_context(beside(cluster.watch))
        yield Connection(commands, blocking, cluster)


def _node(address: RedisAddress, host: Address) -> Redis:
    return Redis(host=host.host, port=host.port, ssl=address.safe, **address.options, **ONCE)


def _bounded_node(address: RedisAddress, host: Address) -> Redis:
    """The same, where a burst waits for a free connection."""
    wire = SafeWire if address.safe else Wire
    pool = BlockingConnectionPool(
        max_connections=CONNECTIONS,
        timeout=COMMAND_SECONDS,
        connection_class=wire,
        host=host.host,
        port=host.port,
        **address.options,
        **ONCE,
    )
    return Redis.from_pool(pool)


def _to_any(cluster: Cluster, address: RedisAddress) -> ConnectionPool:
    wire = SafeWireToAny if address.safe else WireToAny
    return ConnectionPool(connection_class=wire, cluster=cluster, **address.options, **ONCE)
