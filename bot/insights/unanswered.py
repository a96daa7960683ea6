"""The questions that the desk had no answer to, each with what came of it: read from where the turns have kept them."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from bot.insights.noted import Chose, Line, StaffSaid, Unanswered, WantedPerson, read_line
from bot.keys import Keys
from bot.redis.connection import Connection

AT_A_TIME = 32  # conversations that are read at the same time
MOST = 20_000  # conversations; of more, those where a question went unanswered last


# seconds after the question
WITHIN: dict[type[Line], float] = {Chose: 10 * 60, WantedPerson: 3600, StaffSaid: 3 * 24 * 3600}


class Asked(msgspec.Struct, frozen=True):
    """One question in one conversation."""

    conversation: str
    question: Unanswered
    chose: str = ""  # the passage that the customer picked from those that were offered
    wanted_person: bool = False
    staff: tuple[StaffSaid, ...] = ()  # what staff wrote then, until the next such question

    @property
    def at(self) -> float:
        """Seconds since the epoch."""
        return milliseconds(self.question.event) / 1000

    @property
    def name(self) -> str:
        """Of the question, among all questions."""
        return f"{self.question.event} {self.conversation}"


class UnansweredQuestions:
    """Its methods raise redis.exceptions.RedisError."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis, self._keys = connection.commands, keys

    async def since(self, seconds_ago: float) -> list[Asked]:
        """The newest first."""
        start = time.time() - min(seconds_ago, self._keys.kept_seconds)
        found: list[Asked] = []
        where = await self._conversations(start)
        for begin in range(0, len(where), AT_A_TIME):
            read = await asyncio.gather(*map(self.of, where[begin : begin + AT_A_TIME]))
            found += [asked for one in read for asked in one if asked.at >= start]
        return sorted(found, key=lambda one: one.at, reverse=True)

    async def of(self, conversation: str) -> list[Asked]:
        """In the order in which they were asked."""
        kept: Any = await self._redis.lrange(self._keys.missed(conversation), 0, -1)
        return together(conversation, (line for each in kept if (line := read_line(each))))

    async def _conversations(self, start: float) -> list[str]:
        found: list[tuple[float, str]] = []
        for number in range(self._keys.shards):
            key = self._keys.unanswered(self._keys.shard(number))
            newest: Any = await self._redis.zrevrangebyscore(key, "+inf", start, 0, MOST, withscores=True)
            found += [(at, conversation) for conversation, at in newest]
        return [conversation for _, conversation in sorted(found, reverse=True)[:MOST]]


def milliseconds(event: str) -> int:
    """When it was."""
    return int(event.partition("-")[0] or 0)


def together(conversation: str, lines: Iterable[Line]) -> list[Asked]:
    """Each question with what came of it. What comes long after the last one has nothing to do with it."""
    asked: list[Asked] = []
    for line in lines:
        if isinstance(line, Unanswered):
            asked.append(Asked(conversation, line))
        elif asked and milliseconds(line.event) / 1000 - asked[-1].at <= WITHIN[type(line)]:
            asked[-1] = _followed(asked[-1], line)
    return asked


def _followed(asked: Asked, line: Line) -> Asked:
    if isinstance(line, WantedPerson):
        return msgspec.structs.replace(asked, wanted_person=True)
    if isinstance(line, Chose):
        return msgspec.structs.replace(asked, chose=line.passage)
    return msgspec.structs.replace(asked, staff=(*asked.staff, line)) if isinstance(line, StaffSaid) else asked


def in_language(asked: Sequence[Asked], language: str) -> list[Asked]:
    """All of them for ""."""
    return [one for one in asked if language in ("", one.question.language)]
