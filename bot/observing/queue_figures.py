"""The queues of the desk as they are in Redis now, read when somebody looks: the same work however long they are."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from redis.exceptions import RedisError

from bot.keys import Keys
from bot.observing import metrics
from bot.redis.connection import Connection

FRESH_SECONDS = 1.0  # several who look at once, or often, cost one read
LONGEST_READ_SECONDS = 2.0
UNKNOWN = float("nan")


class QueueFigures:
    """Sets the gauges of the queues. `now` is seconds since 1970, as Redis counts them."""

    def __init__(self, connection: Connection, keys: Keys, now: Callable[[], float] = time.time) -> None:
        self._redis, self._keys, self._now = connection.commands, keys, now
        self._tags = [keys.shard(number) for number in range(keys.shards)]
        self._reading = asyncio.Lock()
        self._read_at = float("-inf")

    async def refresh(self) -> None:
        """Raises nothing: where Redis is away the gauges say that nothing is known."""
        async with self._reading:
            if time.monotonic() - self._read_at < FRESH_SECONDS:
                return
            try:
                async with asyncio.timeout(LONGEST_READ_SECONDS):
                    await self._read()
                metrics.redis_up.set(1)
            except (RedisError, OSError, TimeoutError):
                metrics.redis_up.set(0)
                _show(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
            self._read_at = time.monotonic()

    async def _read(self) -> None:
        """Six commands a shard, each of constant cost, sent together."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for tag in self._tags:
                pipeline.xlen(self._keys.ready(tag))
                pipeline.xrange(self._keys.ready(tag), count=1)
                pipeline.hlen(self._keys.parked(tag))
                pipeline.zcard(self._keys.waiting(tag))
                pipeline.zcard(self._keys.outbox(tag))
                pipeline.xlen(self._keys.facts(tag))
            found: list[Any] = await pipeline.execute()
        in_line, first, parked, waiting, outbox, facts = (found[number::6] for number in range(6))
        since = [int(entries[0][0].partition("-")[0]) / 1000 for entries in first if entries]
        oldest = max(0.0, self._now() - min(since)) if since else 0.0
        _show(sum(in_line), oldest, sum(parked), sum(waiting), sum(outbox), sum(facts))


def _show(in_line: float, oldest: float, parked: float, waiting: float, outbox: float, facts: float) -> None:
    metrics.queue_conversations.set(in_line)
    metrics.queue_oldest_seconds.set(oldest)
    metrics.parked_messages.set(parked)
    metrics.waiting_for_staff.set(waiting)
    metrics.outbox_conversations.set(outbox)
    metrics.facts_waiting.set(facts)
