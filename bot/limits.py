"""Counting tries in Redis: how often something may be done in a window of time."""

import time
from dataclasses import dataclass
from hashlib import blake2b

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.keys import Keys
from bot.redis.connection import script

SHARE = 20  # each process may use so large a part (1/20) of what is left before it counts that
SHARE_SECONDS = 60.0  # and for no longer than this
MOST_SHARES = 20_000  # that a process remembers


class NotCounted(ConnectionError):
    """Redis is away: what cannot be counted is not allowed."""


@dataclass(slots=True)
class _Share:
    """Of one limit, what this process may use without asking. Times by time.monotonic()."""

    size: int
    until: float
    window_ends: float
    used: int = 0


class Limits:
    """The real Limiter of bot/channels.py, and the one that counts guesses. `who` and guesses are stored hashed: they
    may be an e-mail address or a code. Every method raises NotCounted."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._tries, self._use, self._guess = (script(redis, name) for name in ("tries", "use", "guess"))
        self._shares: dict[str, _Share] = {}

    async def allow(self, what: str, who: str, at_most: int, per_seconds: int) -> int:
        """Count one try, in a window that starts with its first; 0 when allowed, else the seconds to wait."""
        try:
            return int(await self._tries(keys=[Keys.tries(what, digest(who))], args=[at_most, per_seconds]))
        except RedisError as error:
            raise NotCounted(f"the try could not be counted: {error}") from error

    async def allow_use(self, what: str, who: str, at_most: int, per_seconds: int) -> int:
        """The same for what is used all the time, mostly without a trip to Redis: of what is left each process has a
        share, which it uses first and counts then. Shares shrink with what is left, so one process alone allows exactly
        `at_most`; every other one, and one that has ended, may add what it had not counted yet, less than a share.
        """
        key, now = Keys.tries(what, digest(who)), time.monotonic()
        share, used = self._shares.pop(key, None), 1
        if share and now < share.window_ends:
            if share.used < share.size and now < share.until:
                share.used += 1
                self._shares[key] = share
                return 0
            used += share.used
        try:
            wait, left, milliseconds = await self._use(keys=[key], args=[at_most, per_seconds, used])
        except RedisError as error:
            if share:
                self._shares.setdefault(key, share)  # what it has used is counted when Redis is back
            raise NotCounted(f"the use could not be counted: {error}") from error
        if left >= SHARE:
            if len(self._shares) >= MOST_SHARES:
                self._shares.clear()
            meanwhile = self._shares.get(key)  # a share that another call has asked for at the same time
            uncounted = meanwhile.used if meanwhile else 0
            self._shares[key] = _Share(left // SHARE, now + SHARE_SECONDS, now + milliseconds / 1000, uncounted)
        return int(wait)

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
