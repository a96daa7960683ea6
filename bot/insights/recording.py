"""Brings what happened from Redis into the database, and takes out of it what was forgotten or has grown too old.

One process of the desk does so at a time; where two do for a moment, what is written is the same.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

import msgspec
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from bot.insights.fact_store import FactStore
from bot.insights.facts import Fact, TurnFact
from bot.keys import Keys
from bot.observing import metrics
from bot.redis.connection import Connection
from bot.redis.one_at_a_time import one_at_a_time

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
EXPIRE_SECONDS = 6 * 3600.0
OVERLAP_SECONDS = 60.0  # clocks differ, and an entry may become visible after a later one
AT_A_TIME = 200  # facts in one transaction: others want to write too
MOST_WAITING = 200_000  # facts of one shard: Redis has other things to keep
FEW = 100  # conversations that are forgotten in one transaction
REFUSED = ("22", "23")  # begins PostgreSQL's codes of data that are wrong
ROUNDED = 0.001  # seconds: a script writes times less exactly than it was told them
DAY = 24 * 3600.0

_fact: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)


class Forgets(Protocol):
    async def forget(self, until: Mapping[str, float]) -> None:
        """By conversation, what was there at that moment."""


class Expires(Forgets, Protocol):
    async def expire(self, before: float) -> None:
        """Of what is older (seconds since the epoch), in which conversation it was."""


class Recorder:
    """`insight_days`: how long what is counted is kept; the texts go with their conversation. `others`: who else has
    to take what is forgotten, or has grown too old, out of the database. `most_waiting`: facts of a shard."""

    def __init__(
        self,
        connection: Connection,
        keys: Keys,
        store: FactStore,
        insight_days: int,
        others: Sequence[Expires] = (),
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._connection, self._redis, self._keys = connection, connection.commands, keys
        self._store, self._kept_seconds, self._others = store, insight_days * DAY, others
        self._forgotten: dict[str, float] = {}  # conversation -> when it was forgotten the last time
        self._since = 0.0
        self._most_waiting, self._dropped = most_waiting, 0

    async def run(self) -> None:
        """Until cancelled; trouble is told once and tried again."""
        told = ""
        while True:
            try:
                async with one_at_a_time(self._connection, self._keys.recording()):
                    await self._keep_recording()
            except (OSError, RedisError, SQLAlchemyError) as error:
                if str(error) != told:
                    log.warning("what happens is not written into the database: %s", error)
                told = str(error)
                with contextlib.suppress(RedisError):
                    await self.make_room()
            await asyncio.sleep(LOOK_SECONDS)

    async def _keep_recording(self) -> None:
        self._since, self._forgotten, due = 0.0, {}, 0.0
        while True:
            await self.record()
            await self.forget()
            if time.monotonic() >= due:
                await self.expire(time.time())
                due = time.monotonic() + EXPIRE_SECONDS
            await asyncio.sleep(LOOK_SECONDS)

    async def record(self) -> int:
        """All that waits to be written down. Returns how many facts there were. Raises StoreUnavailable and
        redis.exceptions.RedisError: then what was not written is still there."""
        count = sum([await self._record_shard(self._keys.shard(number)) for number in range(self._keys.shards)])
        if self._dropped:
            log.error("the database was away for too long: %d turns and deeds are missing in it", self._dropped)
            self._dropped = 0
        return count

    async def make_room(self) -> int:
        """While the database is away the oldest facts go where there are too many. Returns how many went. Raises
        redis.exceptions.RedisError."""
        gone = 0
        for number in range(self._keys.shards):
            key = self._keys.facts(self._keys.shard(number))
            gone += await self._redis.xtrim(key, maxlen=self._most_waiting, approximate=False)
        if gone and not self._dropped:
            log.error("the database is away for too long: the oldest of what it lacks is dropped from now on")
        self._dropped += gone
        metrics.facts_dropped_total.inc(gone)
        return gone

    async def _record_shard(self, tag: str) -> int:
        key, count = self._keys.facts(tag), 0
        while entries := await self._oldest(key):
            facts = [fact for name, fields in entries if (fact := _read(name, fields))]
            await self._write(await self._not_forgotten(tag, facts))
            await self._redis.xdel(key, *(name for name, _ in entries))
            count += len(entries)
        return count

    async def _oldest(self, key: str) -> list[tuple[str, dict[str, str]]]:
        found: Any = await self._redis.xrange(key, count=AT_A_TIME)
        return list(found)

    async def _write(self, facts: Sequence[Fact]) -> None:
        """What the database will not have, whatever is tried, is left out rather than that all else waits for it."""
        said, done = await asyncio.to_thread(self._store.rows, facts)
        try:
            await self._store.write(said, done)
        except (SQLAlchemyError, ConnectionError) as error:
            if not _is_refused(error):
                raise
            if len(facts) == 1:
                log.error("a fact cannot be written into the database and is left out: %s", type(error).__name__)
                return
            for fact in facts:
                await self._write([fact])

    async def _not_forgotten(self, tag: str, facts: Sequence[Fact]) -> list[Fact]:
        where = list({fact.conversation for fact in facts})
        if not where:
            return []
        scores: Any = await self._redis.zmscore(self._keys.forgotten(tag), where)
        until = {name: score + ROUNDED for name, score in zip(where, scores, strict=True) if score is not None}
        return [fact for fact in facts if _at(fact) > until.get(fact.conversation, 0.0)]

    async def forget(self) -> None:
        """What was written down of conversations before they were forgotten."""
        newest, until = self._since, dict[str, float]()
        for number in range(self._keys.shards):
            key = self._keys.forgotten(self._keys.shard(number))
            found: Any = await self._redis.zrange(key, self._since, "+inf", byscore=True, withscores=True)
            for name, when in found:
                newest = max(newest, when)
                if self._forgotten.get(name, 0.0) < when:
                    until[name] = when + ROUNDED
        for some in _batched(until.items()):
            for one in (self._store, *self._others):
                await one.forget(some)
        self._since = max(self._since, newest - OVERLAP_SECONDS)
        self._forgotten = {n: when for n, when in (self._forgotten | until).items() if when >= self._since}

    async def expire(self, now: float) -> None:
        """`now`: seconds since the epoch."""
        await self._store.drop_texts(now - self._keys.kept_seconds)
        for one in self._others:
            await one.expire(now - self._keys.kept_seconds)
        await self._store.drop(now - self._kept_seconds)


def _batched(until: Iterable[tuple[str, float]]) -> Iterator[dict[str, float]]:
    """After a start all that was ever forgotten is looked at, and others want to write meanwhile."""
    rest = iter(until)
    while some := dict(islice(rest, FEW)):
        yield some


def _at(fact: Fact) -> float:
    return fact.answered if isinstance(fact, TurnFact) else fact.at


def _is_refused(error: BaseException | None) -> bool:
    """Whether the database does not want this, rather than that it is away or not as it should be. PostgreSQL's own
    code for that is found beneath what others have made of it."""
    while error:
        if isinstance(error, DataError | IntegrityError) or str(getattr(error, "sqlstate", ""))[:2] in REFUSED:
            return True
        error = error.__cause__
    return False


def _read(name: str, fields: dict[str, str]) -> Fact | None:
    """None for one that another release has written."""
    try:
        return _fact.decode(fields.get("fact", ""))
    except msgspec.MsgspecError as error:
        log.warning("the fact %s cannot be read and is left out: %s", name, error)
        return None
