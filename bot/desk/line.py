"""The line: which conversations wait for staff, and which staff have. It is read here and changed nowhere."""

from typing import Any

from bot.desk.records import read_handoff, read_note
from bot.desks import Handoff, Note
from bot.keys import Keys
from bot.redis.connection import Connection

AT_ONCE = 200  # handoffs read in one step


class Line:
    """Its methods raise redis.exceptions.RedisError."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis, self._keys = connection.commands, keys

    async def handoffs(self) -> list[Handoff]:
        """All that are open: who waits, the longest first, then those that staff have."""
        found: list[Handoff] = []
        for number in range(self._keys.shards):
            line: Any = await self._redis.zrange(self._keys.handoffs(self._keys.shard(number)), 0, -1)
            for start in range(0, len(line), AT_ONCE):
                found += await self._read(line[start : start + AT_ONCE])
        return sorted(found, key=lambda one: (one.state != "waiting", one.since))

    async def _read(self, conversations: list[str]) -> list[Handoff]:
        async with self._redis.pipeline(transaction=False) as together:
            for conversation in conversations:
                together.hgetall(self._keys.handoff(conversation))
            kept: Any = await together.execute()
        read = [read_handoff(name, fields) for name, fields in zip(conversations, kept, strict=True)]
        return [one for one in read if one]

    async def handoff(self, conversation: str) -> Handoff | None:
        kept: Any = await self._redis.hgetall(self._keys.handoff(conversation))
        return read_handoff(conversation, kept)

    async def notes(self, conversation: str, after: str = "") -> list[Note]:
        """In the order in which they were written."""
        start = f"({after}" if after else "-"
        entries: Any = await self._redis.xrange(self._keys.notes(conversation), start, "+")
        return [read_note(entry, fields["note"]) for entry, fields in entries]
