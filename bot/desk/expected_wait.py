"""How long customers have waited lately until staff wrote to them: all that one who joins the line may be told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import ceil
from statistics import median
from typing import Any

from redis.exceptions import RedisError

from bot.desk.hours import OpeningHours
from bot.keys import Keys
from bot.redis.connection import Connection

LAST = 20  # waits that count
ENOUGH = 3  # fewer say nothing
RECENT = timedelta(days=14)
STEPS = (1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 75, 90, 120)  # minutes: nobody knows it better
LOOKED_AT = 10  # of those who wait now, in each shard: the first in line


class ExpectedWait:
    """In seconds while the desk is open, rounded up: nobody minds to wait shorter than they were told.

    The median of the last waits; who waits now and has waited longer counts too, so that a bad hour is not hidden by a
    good week.
    """

    def __init__(
        self,
        connection: Connection,
        keys: Keys,
        hours: OpeningHours,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._redis, self._keys, self._hours, self._now = connection.commands, keys, hours, now

    async def seconds(self) -> float:
        """0 where nothing is known. Raises ConnectionError."""
        now = self._now()
        oldest = (now - RECENT).timestamp()
        try:
            last: Any = await self._redis.zrange(
                self._keys.waits(), "+inf", oldest, byscore=True, desc=True, offset=0, num=LAST
            )
            if len(last) < ENOUGH:
                return 0.0
            waits = [float(one.rpartition(" ")[2]) for one in last]
            usual = median(waits)
            return rounded_up(median([*waits, *(wait for wait in await self._waiting(now) if wait > usual)]))
        except RedisError as error:
            raise ConnectionError(f"the last waits cannot be read: {error}") from error

    async def note(self, since: float, answered: float) -> None:
        """Staff wrote the first words. What was answered while the desk was closed says nothing of its waits.

        Raises ConnectionError.
        """
        joined, wrote = (datetime.fromtimestamp(one, UTC) for one in (since, answered))
        if not self._hours.is_open(wrote):
            return
        waited = self._hours.open_seconds_between(joined, wrote)
        try:
            await self._redis.zadd(self._keys.waits(), {f"{since:.3f} {waited:.0f}": answered}, nx=True)
            await self._redis.zremrangebyrank(self._keys.waits(), 0, -1 - 2 * LAST)
        except RedisError as error:
            raise ConnectionError(f"a wait was not noted: {error}") from error

    async def _waiting(self, now: datetime) -> list[float]:
        """How long those who are first in line have waited already."""
        found: list[float] = []
        for number in range(self._keys.shards):
            line = self._keys.waiting(self._keys.shard(number))
            waiting: Any = await self._redis.zrange(line, 0, LOOKED_AT - 1, withscores=True)
            found += [self._hours.open_seconds_between(datetime.fromtimestamp(at, UTC), now) for _, at in waiting]
        return found


def rounded_up(seconds: float) -> float:
    """To what people say: 5 minutes, 45 minutes, 2 hours."""
    minutes = ceil(seconds / 60)
    found = next((step for step in STEPS if minutes <= step), 60 * ceil(minutes / 60))
    return 60.0 * found
