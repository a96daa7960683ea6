"""The texts of passages as they were told, by version: kept as long as a conversation may remember them."""

import time
from collections.abc import Iterable
from typing import Any

import msgspec

from bot.keys import Keys
from bot.knowledge.passages import Passage
from bot.redis.connection import Connection

AGAIN_SECONDS = 24 * 3600  # a text that goes on being told is kept anew so often
MOST_REMEMBERED = 20_000  # texts that a process knows to be kept
LONGEST = 20_000  # characters

_passage = msgspec.json.Decoder(Passage)


class ToldTexts:
    """Its methods raise redis.exceptions.RedisError."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis, self._keys = connection.commands, keys
        self._kept: dict[tuple[str, str], float] = {}  # when this process kept it

    async def keep(self, passages: Iterable[Passage]) -> None:
        """Before they are told. Costs nothing for what this process has kept within the day."""
        now = time.monotonic()
        for one in passages:
            name = one.id, one.version
            if not one.version or now - self._kept.get(name, -AGAIN_SECONDS) < AGAIN_SECONDS:
                continue
            await self._redis.set(
                self._keys.told_text(*name),
                msgspec.json.encode(msgspec.structs.replace(one, text=one.text[:LONGEST], questions=())),
                ex=self._keys.kept_seconds + 2 * AGAIN_SECONDS,
            )
            if len(self._kept) >= MOST_REMEMBERED:
                self._kept.clear()
            self._kept[name] = now

    async def told(self, passage_id: str, version: str) -> Passage | None:
        """The passage as it was in that version; None where it is not known any more."""
        kept: Any = await self._redis.get(self._keys.told_text(passage_id, version))
        return _passage.decode(kept) if kept else None
