"""Which version serves on all machines: one record in Redis, changed only by who has seen the last one."""

import asyncio
import re
from typing import Any

import msgspec
from redis.exceptions import RedisError

from bot.keys import Keys
from bot.knowledge.sharing.archive import Packed
from bot.redis.connection import Connection, script

READ_TRIES, READ_PAUSE_SECONDS = 3, 0.1
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")


class Shelved(msgspec.Struct, frozen=True):
    """A version that other machines can fetch."""

    version: str
    archive: str  # its name on the shelf
    packed: Packed

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.version) or not NAME.fullmatch(self.archive):
            raise ValueError(f"{self.version!r} on the shelf as {self.archive!r} is no name of a version")


class Serving(msgspec.Struct, frozen=True):
    number: int  # counts the changes
    version: Shelved
    before: Shelved | None = None  # what a rollback brings back

    @property
    def archives(self) -> list[str]:
        return [one.archive for one in (self.version, self.before) if one]


class Register:
    """Where it is written. Raises ConnectionError when Redis is away."""

    def __init__(self, connection: Connection) -> None:
        self._redis = connection.commands
        self._serve = script(connection.commands, "serve_knowledge")

    async def read(self) -> Serving | None:
        """None where nothing was ever published, or Redis was emptied. Raises ValueError for what is no record."""
        found = await self._record()
        try:
            return msgspec.json.decode(found, type=Serving) if found else None
        except msgspec.DecodeError as error:
            raise ValueError(f"What stands in Redis under {Keys.knowledge()} is no record of ours: {error}") from error

    async def _record(self) -> str | None:
        """Asked again where only the connection was an old one."""
        for left in reversed(range(READ_TRIES)):
            try:
                found: Any = await self._redis.hget(Keys.knowledge(), "record")
            except RedisError as error:
                if not left:
                    raise ConnectionError(f"Redis does not say which knowledge serves: {error}") from error
            else:
                return str(found) if found else None
            await asyncio.sleep(READ_PAUSE_SECONDS)
        return None

    async def replace(self, last: Serving | None, serving: Serving) -> bool:
        """False, and nothing is changed, when `last` serves no more."""
        seen = str(last.number) if last else ""
        record = msgspec.json.encode(serving).decode()
        try:
            return bool(await self._serve([Keys.knowledge()], [seen, serving.number, record]))
        except RedisError as error:
            raise ConnectionError(
                f"Redis did not answer ({error}): whether the new knowledge serves is not known; do it again."
            ) from error
