"""Handoffs to which nobody came in time, and what has become of them."""

import time
from typing import Any

import msgspec

from bot.desk.line import Line
from bot.desks import Handoff
from bot.keys import Keys
from bot.redis.connection import Connection


class Missed(msgspec.Struct, frozen=True):
    conversation: str
    at: float  # when it became overdue, seconds since the epoch
    handoff: Handoff | None  # as it is now; None where it is over


class Overdue:
    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis, self._keys, self._line = connection.commands, keys, Line(connection, keys)

    async def since(self, seconds_ago: float) -> list[Missed]:
        """In the order in which they were missed; what was erased is left out. Raises redis.exceptions.RedisError."""
        found: list[Missed] = []
        for shard in range(self._keys.shards):
            key = self._keys.overdue(self._keys.shard(shard))
            kept: Any = await self._redis.zrangebyscore(key, time.time() - seconds_ago, "+inf", withscores=True)
            for conversation, at in kept:
                if not await self._redis.exists(self._keys.events(conversation)):
                    continue
                missed: Any = await self._redis.hexists(self._keys.handoff(conversation), "missed")
                handoff = await self._line.handoff(conversation) if missed else None
                found.append(Missed(conversation, at, handoff))
        return sorted(found, key=lambda one: one.at)
