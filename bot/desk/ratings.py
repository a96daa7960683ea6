"""What customers said of conversations that staff had closed: so many stars of five, and nothing of who said it."""

import time
from typing import Any

from bot.keys import Keys
from bot.redis.connection import Connection


class Ratings:
    """Kept as long as conversations are."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis, self._keys = connection.commands, keys

    async def since(self, seconds_ago: float) -> list[int]:
        """The stars of each, in the order in which they were given. Raises redis.exceptions.RedisError."""
        found: list[tuple[float, int]] = []
        for number in range(self._keys.shards):
            key = self._keys.ratings(self._keys.shard(number))
            kept: Any = await self._redis.zrangebyscore(key, time.time() - seconds_ago, "+inf", withscores=True)
            found += [(at, int(rated.rpartition(" ")[2])) for rated, at in kept]
        return [stars for _, stars in sorted(found)]
