"""What adapters remember of their platforms, in Redis: the Bookmarks of bot/channels.py."""

from typing import Any

from redis.exceptions import RedisError

from bot.keys import Keys
from bot.redis.connection import Connection, script


class RedisBookmarks:
    def __init__(self, connection: Connection) -> None:
        self._redis = connection.commands
        self._advance = script(self._redis, "advance")

    async def read(self, account: str) -> dict[str, str]:
        """All of an account. Raises ConnectionError."""
        try:
            kept: Any = await self._redis.hgetall(Keys.bookmarks(account))
        except RedisError as error:
            raise ConnectionError(f"the bookmarks of {account} cannot be read: {error}") from error
        return dict(kept)

    async def write(self, account: str, name: str, value: str) -> None:
        """An empty value removes it. Raises ConnectionError."""
        key = Keys.bookmarks(account)
        try:
            await (self._redis.hset(key, name, value) if value else self._redis.hdel(key, name))
        except RedisError as error:
            raise ConnectionError(f"the bookmark {name} was not kept: {error}") from error

    async def advance(self, account: str, name: str, number: int) -> None:
        """A smaller number than the one that is kept changes nothing. Raises ConnectionError."""
        try:
            await self._advance(keys=[Keys.bookmarks(account)], args=[name, number])
        except RedisError as error:
            raise ConnectionError(f"the bookmark {name} was not kept: {error}") from error
