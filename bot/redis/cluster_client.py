"""The driver's client on a Redis Cluster: each command goes to the node that has its key.

A command is sent again only where the node said that it was not done: the slot has moved, or is nobody's for a moment.
One whose connection broke is not: it may have been done.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.connection import Connection, SSLConnection
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import TimeoutError as RedisTimeout

from bot.redis.cluster import Address, Cluster

WAIT_SECONDS = 4.0  # for a slot that nobody has: an election takes less
PAUSE_SECONDS = 0.1

OF_ALL_NODES = {"FLUSHALL", "FLUSHDB", "KEYS", "DBSIZE", "CONFIG SET", "SCRIPT FLUSH"}
OF_ANY_NODE = {"PING", "ECHO", "TIME", "INFO", "PUBLISH", "CONFIG GET", "CLUSTER INFO", "CLUSTER NODES"}
NOT_DONE = (AskError, ClusterDownError, TryAgainError)  # and MovedError, which is an AskError
NOT_SENT = ClusterDownError("not sent yet")
KEYS_AFTER = {"XREADGROUP": b"STREAMS", "XREAD": b"STREAMS"}
FIRST_KEY = {"EVAL": 3, "EVALSHA": 3}


def key_of(command: Sequence[Any]) -> str | bytes | None:
    """The first key of a command; None for one that every node can do."""
    name = command[0]
    if name in OF_ANY_NODE or name in OF_ALL_NODES:
        return None
    place = command.index(KEYS_AFTER[name]) + 1 if name in KEYS_AFTER else FIRST_KEY.get(name, 1)
    key: str | bytes = command[place]
    return key


class WireToAny(Connection):
    """A connection to whichever node is alive at the time; another one after that has died."""

    def __init__(self, *, cluster: Cluster, **options: Any) -> None:
        super().__init__(**options)
        self._cluster = cluster

    async def _connect(self) -> None:
        node = self._cluster.any_living()
        self.host, self.port = node.host, node.port
        try:
            await super()._connect()  # type: ignore[no-untyped-call]
        except OSError:
            self._cluster.doubt()
            raise


class SafeWireToAny(WireToAny, SSLConnection):
    """The same over TLS."""


class ClusterClient(Redis):
    """What is told to any node, subscriptions too, goes by connections of `to_any`."""

    def __init__(
        self,
        cluster: Cluster,
        to_any: ConnectionPool,
        open_node: Callable[[Address], Redis],
        patience: Callable[[], AbstractAsyncContextManager[Any]],
    ) -> None:
        super().__init__(connection_pool=to_any)
        self._cluster = cluster
        self._open_node = open_node
        self._patience = patience
        self._nodes: dict[Address, Redis] = {}

    async def execute_command(self, *arguments: Any, **options: Any) -> Any:
        """Raises what the patience raises when there is no answer; whether the command was done is then unknown."""
        async with self._patience():
            if arguments[0] in OF_ALL_NODES:
                return await self._on_all(arguments, options)
            if (key := key_of(arguments)) is None:
                return await super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]
            return await self._on_owner(key_slot(_bytes(key)), arguments, options)

    async def _on_owner(self, slot: int, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        until = time.monotonic() + WAIT_SECONDS
        asked: Address | None = None  # the node to which this slot is just moving
        while True:
            node = asked or self._cluster.owner(slot)
            try:
                if node is None:
                    raise ClusterDownError("no node has this part of the keys")
                if asked:
                    return await self._asking(asked, arguments, options)
                return await self._node(node).execute_command(*arguments, **options)  # type: ignore[no-untyped-call]
            except AskError as error:
                if time.monotonic() > until:
                    raise
                named = _named(error, node)
                asked = None if isinstance(error, MovedError) else named
                if asked is None:
                    self._cluster.redirected(slot, named)
            except (ClusterDownError, TryAgainError):
                self._cluster.doubt()
                if time.monotonic() > until:
                    raise
                asked = None
                await asyncio.sleep(PAUSE_SECONDS)
            except (RedisGone, RedisTimeout, asyncio.CancelledError):
                self._cluster.doubt()
                raise

    async def _asking(self, node: Address, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        """While a slot moves, its new node does a command for who says ASKING on the same connection."""
        async with self._node(node).pipeline(transaction=False) as pipeline:
            pipeline.execute_command("ASKING")
            pipeline.execute_command(*arguments, **options)
            return (await pipeline.execute())[1]

    async def _on_all(self, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        nodes: list[Any] = [self._node(address) for address in self._cluster.primaries()]
        answers = await asyncio.gather(*(node.execute_command(*arguments, **options) for node in nodes))
        if isinstance(answers[0], list):
            return [one for answer in answers for one in answer]
        return sum(answers) if arguments[0] == "DBSIZE" else answers[0]

    def owner_of(self, arguments: Sequence[Any]) -> Address | None:
        key = key_of(arguments)
        return None if key is None else self._cluster.owner(key_slot(_bytes(key)))

    async def together(self, owner: Address | None, commands: Sequence[tuple[Any, Any]]) -> list[Any]:
        """Answers and errors of commands for one node, sent at once; then one by one those that it did not do."""
        found: list[Any] = [NOT_SENT] * len(commands)
        if owner is not None:
            try:
                async with self._patience(), self._node(owner).pipeline(transaction=False) as pipeline:
                    for arguments, options in commands:
                        pipeline.execute_command(*arguments, **options)
                    found = await pipeline.execute(raise_on_error=False)
            except (RedisGone, RedisTimeout):
                self._cluster.doubt()
                raise
        for place, (arguments, options) in enumerate(commands):
            if isinstance(found[place], NOT_DONE):
                try:
                    found[place] = await self.execute_command(*arguments, **options)
                except RedisError as error:
                    found[place] = error
        return found

    def _node(self, address: Address) -> Redis:
        if address not in self._nodes:
            self._nodes[address] = self._open_node(address)
        return self._nodes[address]

    def pipeline(self, transaction: bool = False, shard_hint: str | None = None) -> "ClusterPipeline":
        """Raises ValueError for a transaction: scripts are ours."""
        if transaction:
            raise ValueError("a transaction on a cluster is written as a script")
        return ClusterPipeline(self, shard_hint)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        for node in self._nodes.values():
            await node.aclose()
        await self.connection_pool.aclose()
        await super().aclose(close_connection_pool)


class ClusterPipeline(Pipeline):
    """Commands that go to their nodes together; those of one key stay in order."""

    def __init__(self, client: ClusterClient, shard_hint: str | None) -> None:
        super().__init__(client.connection_pool, client.response_callbacks, False, shard_hint)
        self._client = client

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        stack, self.command_stack = list(self.command_stack), []
        places: dict[Address | None, list[int]] = {}
        for place, (arguments, _) in enumerate(stack):
            places.setdefault(self._client.owner_of(arguments), []).append(place)
        answers: list[Any] = [None] * len(stack)

        async def of_node(owner: Address | None, mine: list[int]) -> None:
            found = await self._client.together(owner, [stack[place] for place in mine])
            for place, answer in zip(mine, found, strict=True):
                answers[place] = answer

        await asyncio.gather(*(of_node(owner, mine) for owner, mine in places.items()))
        errors = [answer for answer in answers if isinstance(answer, RedisError)]
        if raise_on_error and errors:
            raise errors[0]
        return answers


def _named(error: AskError, asked: Address | None) -> Address:
    """Where a redirection points; one without a host means the host that was asked."""
    return Address(error.host or (asked.host if asked else ""), error.port)


def _bytes(key: str | bytes) -> bytes:
    return key.encode() if isinstance(key, str) else key
