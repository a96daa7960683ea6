"""Counting tries in Redis: how often something may be done in a window of time."""

from hashlib import blake2b

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.keys import Keys
from bot.redis.connection import script


class NotCounted(ConnectionError):
    """Redis is away: what cannot be counted is not allowed."""


class Limits:
    """The real Limiter of bot/channels.py, and the one that counts guesses. `who` and guesses are stored hashed: they
    may be an e-mail address or a code. Every method raises NotCounted."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._tries, self._guess = script(redis, "tries"), script(redis, "guess")

    async def allow(self, what: str, who: str, at_most: int, per_seconds: int) -> int:
        """Count one try, in a window that starts with its first; 0 when allowed, else the seconds to wait."""
        try:
            return int(await self._tries(keys=[Keys.tries(what, digest(who))], args=[at_most, per_seconds]))
        except RedisError as error:
            raise NotCounted(f"the try could not be counted: {error}") from error

    async def guess(self, what: str, who: str, guess: str, at_most: int, per_seconds: int) -> int:
        """Count one guess; 0 when it may be made, else the seconds to wait.

        In no stretch of `per_seconds` are more than `at_most` different ones allowed. One that is counted already may
        be repeated: it tells nothing new, and a turn that is interrupted runs anew.
        """
        key = Keys.guesses(what, digest(who))
        try:
            return int(await self._guess(keys=[key], args=[digest(guess), at_most, per_seconds]))
        except RedisError as error:
            raise NotCounted(f"the guess could not be counted: {error}") from error

    async def take_back(self, what: str, who: str, guess: str) -> None:
        """It was no guess: who made it knew."""
        try:
            await self._redis.zrem(Keys.guesses(what, digest(who)), digest(guess))
        except RedisError as error:
            raise NotCounted(f"the guess could not be taken back: {error}") from error


def digest(text: str) -> str:
    return blake2b(text.encode(errors="replace"), digest_size=12).hexdigest()
