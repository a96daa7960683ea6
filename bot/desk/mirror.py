"""A desk in another place, kept in step: each open handoff is shown there, what is new in it, and that it is over."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

from redis.exceptions import RedisError

from bot.channels import NotNow, Postbox
from bot.desk.line import Line
from bot.desk.news import DeskNews
from bot.desks import Handoff, Mirror, Note
from bot.keys import Keys
from bot.messages import DONE, STAFF_TYPING, Busy, Event, Said, Status, TextDelta
from bot.redis.connection import Connection

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 5.0  # news may be lost
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 20.0
MOST_FAILURES = 6  # of one step, for reasons that are ours: then it is passed over
FIRST_SIGHT = 12  # of what was said before, when a handoff is shown for the first time
EVENT, NOTE, KEPT = "event", "note", "kept:"
OVER = ("", "", "", "")

Each = Callable[[Mirror], Awaitable[None]]
News = Event | Note


class Mirrors:
    def __init__(self, connection: Connection, keys: Keys, news: DeskNews, postbox: Postbox) -> None:
        self._redis, self._keys, self._news, self._postbox = connection.commands, keys, news, postbox
        self._line = Line(connection, keys)

    async def run(self, reader: str, each: Each) -> None:
        """Until cancelled."""
        rounds = _Rounds(reader, each)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear(rounds))
            while True:
                for conversation in await self._due(rounds):
                    if conversation in rounds.walking:
                        rounds.missed.add(conversation)
                        continue
                    rounds.walking.add(conversation)
                    group.create_task(self._walked(conversation, rounds))
                await rounds.wait()

    async def _hear(self, rounds: "_Rounds") -> None:
        async with aclosing(self._news.changes()) as changes:  # type: ignore[type-var]
            async for changed in changes:
                rounds.wake(changed)

    async def _due(self, rounds: "_Rounds") -> set[str]:
        changed, look_for_all = rounds.taken()
        if not look_for_all:
            return changed
        try:
            for number in range(self._keys.shards):
                tag = self._keys.shard(number)
                is_open: Any = await self._redis.zrange(self._keys.handoffs(tag), 0, -1)
                shown: Any = await self._redis.smembers(self._keys.mirroring(tag, rounds.reader))
                changed |= {*is_open, *shown}
        except RedisError as error:
            log.warning("the line cannot be read: %s", error)
        return changed

    async def _walked(self, conversation: str, rounds: "_Rounds") -> None:
        failures, pause = 0, FIRST_PAUSE_SECONDS
        try:
            while await self._is_to_do(conversation, rounds):
                try:
                    await self._step(conversation, rounds)
                    failures, pause = 0, FIRST_PAUSE_SECONDS
                    continue
                except NotNow as later:
                    pause = max(FIRST_PAUSE_SECONDS, later.seconds)
                except (OSError, RedisError) as error:
                    log.warning("the desk elsewhere is told again: %s", error)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                except Exception:
                    failures += 1
                    log.exception("the desk elsewhere was not told, %d of %d times", failures, MOST_FAILURES)
                    if failures >= MOST_FAILURES:
                        with contextlib.suppress(RedisError):  # then it is tried again with the next look at all
                            rounds.told[conversation] = await self._now(conversation)
                        return
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                await asyncio.sleep(pause)
        finally:
            rounds.walking.discard(conversation)
            if conversation in rounds.missed:
                rounds.missed.discard(conversation)
                rounds.wake(frozenset({conversation}))

    async def _is_to_do(self, conversation: str, rounds: "_Rounds") -> bool:
        try:
            now = await self._now(conversation)
            if now != OVER:
                return now != rounds.told.get(conversation)
            mirroring = self._keys.mirroring(self._keys.tag(conversation), rounds.reader)
            return bool(await self._redis.sismember(mirroring, conversation))
        except RedisError:
            return True

    async def _now(self, conversation: str) -> tuple[str, str, str, str]:
        """What there is to show, in short: the state of the handoff, and the last of the talk and of the notes."""
        handoff = await self._line.handoff(conversation)
        last: Any = await self._redis.xrevrange(self._keys.events(conversation), count=1)
        note: Any = await self._redis.xrevrange(self._keys.notes(conversation), count=1)
        state = "" if handoff is None else f"{handoff.number} {handoff.state} {handoff.owner} {handoff.overdue}"
        more = "" if handoff is None else f"{handoff.contact} {handoff.wanted}"
        if handoff is None:  # what is said after it is over is nobody's news
            return OVER
        return (state, more, last[0][0] if last else "", note[0][0] if note else "")

    async def _step(self, conversation: str, rounds: "_Rounds") -> None:
        seen = await self._now(conversation)
        handoff = await self._line.handoff(conversation)
        remembered: Any = await self._redis.hgetall(self._keys.mirrored(conversation, rounds.reader))
        tag = self._keys.tag(conversation)
        if handoff is None and not remembered:
            await self._redis.srem(self._keys.mirroring(tag, rounds.reader), conversation)
            rounds.told.pop(conversation, None)
            return
        await self._redis.sadd(self._keys.mirroring(tag, rounds.reader), conversation)
        one = OneMirror(self._redis, self._keys, conversation, rounds.reader, handoff, remembered)
        await one.read(self._postbox, self._line)
        await rounds.each(one)
        if handoff is not None:
            rounds.told[conversation] = seen
            return
        await self._redis.srem(self._keys.mirroring(tag, rounds.reader), conversation)
        rounds.told.pop(conversation, None)


class OneMirror:
    """The real Mirror."""

    def __init__(
        self,
        redis: Any,
        keys: Keys,
        conversation: str,
        reader: str,
        handoff: Handoff | None,
        remembered: dict[str, str],
    ) -> None:
        self._redis, self._kept_seconds = redis, keys.kept_seconds
        self._key = keys.mirrored(conversation, reader)
        self._conversation, self._handoff, self._remembered = conversation, handoff, remembered
        self._news: list[News] = []

    @property
    def conversation(self) -> str:
        return self._conversation

    @property
    def handoff(self) -> Handoff | None:
        return self._handoff

    @property
    def kept(self) -> dict[str, str]:
        return {name.removeprefix(KEPT): value for name, value in self._remembered.items() if name.startswith(KEPT)}

    async def keep(self, name: str, value: str) -> None:
        await self._write(KEPT + name, value)

    def news(self) -> Sequence[News]:
        return self._news

    async def shown(self, one: News) -> None:
        await self._write(EVENT if isinstance(one, Event) else NOTE, one.id)

    async def read(self, postbox: Postbox, line: Line) -> None:
        """What is new. Raises ConnectionError, redis.exceptions.RedisError."""
        after = self._remembered.get(EVENT, "")
        events: list[News] = [one for one in await postbox.transcript(self._conversation, after) if lasts(one)]
        notes: list[News] = [*await line.notes(self._conversation, self._remembered.get(NOTE, ""))]
        known = set(self._remembered) - {EVENT, NOTE}
        if not (after or self._remembered.get(NOTE) or known):
            events, notes = events[-FIRST_SIGHT:], notes[-FIRST_SIGHT:]
        self._news = sorted([*events, *notes], key=lambda one: _place(one.id))

    async def _write(self, name: str, value: str) -> None:
        self._remembered[name] = value
        await self._redis.hset(self._key, name, value)
        await self._redis.expire(self._key, self._kept_seconds)


class _Rounds:
    """What one reader has to be told."""

    def __init__(self, reader: str, each: Each) -> None:
        self.reader, self.each = reader, each
        self.walking: set[str] = set()
        self.missed: set[str] = set()  # what changed while it was walked: it may have been looked at before
        self.told: dict[str, tuple[str, str, str, str]] = {}
        self._due: set[str] = set()
        self._all, self._woken = True, asyncio.Event()

    def wake(self, changed: frozenset[str]) -> None:
        self._due |= changed
        self._all = self._all or not changed
        self._woken.set()

    def taken(self) -> tuple[set[str], bool]:
        """Those that are due, and whether all are to be looked at."""
        due, look_for_all = self._due, self._all
        self._due, self._all = set(), False
        return due, look_for_all

    async def wait(self) -> None:
        try:
            async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            self._all = True
        self._woken.clear()


def lasts(event: Event) -> bool:
    """Whether it is something to be shown: what passes, and where a turn stands, is not."""
    what = event.what
    if isinstance(what, Said):
        return bool(what.text or what.attachments)  # a deed of staff stands among the notes
    passing = isinstance(what, TextDelta | Busy) or what in (DONE, STAFF_TYPING)
    return not passing and not (isinstance(what, Status) and what.status in ("thinking", "restarted"))


def _place(entry: str) -> tuple[int, int]:
    milliseconds, _, number = entry.partition("-")
    return int(milliseconds), int(number or 0)
