"""Counting tries in Redis: how often something may be done in a window that starts with its first try."""

from hashlib import blake2b

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.connection import script
from bot.keys import Keys


class NotCounted(ConnectionError):
    """Redis is away: what cannot be counted is not allowed."""


class Limits:
    """The real Limiter of bot/channels.py."""

    def __init__(self, redis: Redis) -> None:
        self._tries = script(redis, "tries")

    async def allow(self, what: str, who: str, at_most: int, per_seconds: int) -> int:
        """Count one try; 0 when allowed, else the seconds to wait. `who` is hashed: it may be an e-mail.

        Raises NotCounted.
        """
        digest = blake2b(who.encode(errors="replace"), digest_size=12).hexdigest()
        try:
            return int(await self._tries(keys=[Keys.tries(what, digest)], args=[at_most, per_seconds]))
        except RedisError as error:
            raise NotCounted(f"the try could not be counted: {error}") from error
