"""Platforms' limits as token buckets in Redis, kept by all processes together: the real Pace of bot/channels.py."""

from collections.abc import Sequence

from redis.exceptions import RedisError

from bot.channels import Bucket
from bot.keys import Keys
from bot.redis.connection import Connection, script


class RedisPace:
    def __init__(self, connection: Connection) -> None:
        self._redis = connection.commands
        self._take, self._hold = script(self._redis, "take_paced"), script(self._redis, "hold_bucket")

    async def take(self, account: str, buckets: Sequence[Bucket], spare: float = 0.0) -> float:
        """Take one out of each bucket; 0 when taken, else the seconds until it may be. Raises ConnectionError."""
        names = [Keys.bucket(account, bucket.name) for bucket in buckets]
        each = [(1000 / bucket.per_second, bucket.at_once) for bucket in buckets]
        try:
            wait = await self._take(
                keys=[key for name in names for key in (name, f"{name}:held")],
                args=[spare, *(number for pair in each for number in pair)],
            )
        except RedisError as error:
            raise ConnectionError(f"the pace of {account} cannot be kept: {error}") from error
        return int(wait) / 1000

    async def hold(self, account: str, bucket: str, seconds: float) -> None:
        """Nothing is taken from it for so long. Raises ConnectionError."""
        try:
            await self._hold(keys=[f"{Keys.bucket(account, bucket)}:held"], args=[max(1, int(seconds * 1000))])
        except RedisError as error:
            raise ConnectionError(f"the pace of {account} cannot be kept: {error}") from error
