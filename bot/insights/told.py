"""Who was told which passage, in which version: looked up by entry, however many conversations there are."""

import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from bot.keys import Keys
from bot.redis.connection import Connection, script

AT_A_TIME = 1000
KINDS = ("faq", "policy", "product")
GONE = "-"  # stands for the version of a passage that there is no more


class Telling(msgspec.Struct, frozen=True):
    """The last time that a conversation was told a passage."""

    passage: str
    version: str
    event: str  # of the customer's message that was answered, or of the correction
    conversation: str

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(int(self.event.partition("-")[0]) / 1000, UTC)

    @property
    def channel(self) -> str:
        return self.conversation.partition(":")[0]

    @property
    def said(self) -> str:
        return f"{self.version} {self.event}"


class Tellings:
    """Its methods raise redis.exceptions.RedisError."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis, self._keys = connection.commands, keys
        self._retell = script(self._redis, "retell")

    async def of(self, entry: str) -> list[Telling]:
        """Of an entry in all its languages and pieces ("delivery-time"), or of one passage ("faq:delivery-time:en")."""
        return await self._starting([*(f"{kind}:{entry}:" for kind in KINDS), f"{entry}\n", f"{entry}:"])

    async def all(self) -> list[Telling]:
        """Of every entry: a second for 100,000."""
        return await self._starting([""])

    async def _starting(self, starts: Sequence[str]) -> list[Telling]:
        found = [
            telling
            for number in range(self._keys.shards)
            for start in starts
            async for telling in self._starting_with(self._keys.tellings(self._keys.shard(number)), start)
        ]
        oldest = time.time() - self._keys.kept_seconds
        return sorted((one for one in found if one.at.timestamp() >= oldest), key=lambda one: (one.at, one.passage))

    async def still(self, telling: Telling) -> bool:
        """Whether that is the last that the conversation was told, and not forgotten."""
        said: Any = await self._redis.hget(self._keys.told(telling.conversation), telling.passage)
        return bool(said == telling.said)

    async def corrected(self, telling: Telling, version: str, event: str) -> bool:
        """Note what it was told instead, at that event; False where it was told something else meanwhile."""
        keys, where = self._keys, telling.conversation
        tag = keys.tag(where)
        noted: Any = await self._retell(
            keys=[keys.told(where), keys.tellings(tag), keys.tellings_by_time(tag)],
            args=[telling.passage, where, telling.said, f"{version} {event}", time.time(), keys.kept_seconds],
        )
        return bool(noted)

    async def _starting_with(self, key: str, start: str) -> AsyncIterator[Telling]:
        place, end = b"[" + start.encode(), b"[" + start.encode() + b"\xff"
        while members := await self._members(key, place, end):
            for member in members:
                passage, _, rest = member.partition("\n")
                said, _, conversation = rest.partition("\n")
                version, _, event = said.partition(" ")
                yield Telling(passage, version, event, conversation)
            place = b"(" + members[-1].encode()

    async def _members(self, key: str, place: bytes, end: bytes) -> list[str]:
        found: Any = await self._redis.zrangebylex(key, place, end, 0, AT_A_TIME)
        return list(found)
