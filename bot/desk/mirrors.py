"""A desk in another place, kept in step: each open handoff is shown there, what is new in it, and that it is over."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from redis.exceptions import RedisError

from bot.channels import NotNow, Postbox, Unreachable
from bot.desk.line import Line
from bot.desk.mirror import OneMirror
from bot.desk.news import DeskNews
from bot.desk.rounds import SHUT_SECONDS, Each, Rounds
from bot.keys import Keys
from bot.observing import metrics
from bot.redis.connection import Connection

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 20.0
MOST_FAILURES = 6  # of one step, for reasons that are ours: then it is passed over
END_PAUSES = (0.5, 1.0, 5.0, 30.0, 120.0, 600.0, *[1800.0] * 6)  # seconds between tries to show an end; then no more
OVER = ("", "", "", "")


class Mirrors:
    """`end_pauses`, `shut_seconds`: in seconds."""

    def __init__(
        self,
        connection: Connection,
        keys: Keys,
        news: DeskNews,
        postbox: Postbox,
        end_pauses: Sequence[float] = END_PAUSES,
        shut_seconds: float = SHUT_SECONDS,
    ) -> None:
        self._redis, self._keys, self._news, self._postbox = connection.commands, keys, news, postbox
        self._line = Line(connection, keys)
        self._end_pauses, self._shut_seconds = end_pauses, shut_seconds

    async def run(self, reader: str, each: Each) -> None:
        """Until cancelled."""
        rounds = Rounds(reader, each, self._shut_seconds)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear(rounds))
            while True:
                for conversation in () if rounds.is_shut else await self._due(rounds):
                    if conversation in rounds.walking:
                        rounds.missed.add(conversation)
                        continue
                    rounds.walking.add(conversation)
                    group.create_task(self._walked(conversation, rounds))
                await rounds.wait()

    async def _hear(self, rounds: Rounds) -> None:
        async with aclosing(self._news.changes()) as changes:  # type: ignore[type-var]
            async for changed in changes:
                rounds.wake(changed)

    async def _due(self, rounds: Rounds) -> set[str]:
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

    async def _walked(self, conversation: str, rounds: Rounds) -> None:
        failures, pause = 0, FIRST_PAUSE_SECONDS
        try:
            while await self._is_to_do(conversation, rounds):
                try:
                    async with rounds.let_in():
                        await self._step(conversation, rounds)
                    failures, pause = 0, FIRST_PAUSE_SECONDS
                    continue
                except Unreachable:
                    return
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

    async def _is_to_do(self, conversation: str, rounds: Rounds) -> bool:
        try:
            now = await self._now(conversation)
            if now != OVER:
                return now != rounds.told.get(conversation)
            mirroring = self._keys.mirroring(self._keys.tag(conversation), rounds.reader)
            return rounds.end_is_due(conversation) and bool(await self._redis.sismember(mirroring, conversation))
        except RedisError:
            return True

    async def _now(self, conversation: str) -> tuple[str, str, str, str]:
        """What there is to show, in short: the state of the handoff, and the last of the talk and of the notes."""
        handoff = await self._line.handoff(conversation)
        if handoff is None:  # what is said after it is over is nobody's news
            return OVER
        last: Any = await self._redis.xrevrange(self._keys.events(conversation), count=1)
        note: Any = await self._redis.xrevrange(self._keys.notes(conversation), count=1)
        state = f"{handoff.number} {handoff.state} {handoff.owner} {handoff.overdue}"
        more = f"{handoff.contact} {handoff.wanted}"
        return (state, more, last[0][0] if last else "", note[0][0] if note else "")

    async def _step(self, conversation: str, rounds: Rounds) -> None:
        seen = await self._now(conversation)
        handoff = await self._line.handoff(conversation)
        remembered: Any = await self._redis.hgetall(self._keys.mirrored(conversation, rounds.reader))
        tag = self._keys.tag(conversation)
        if handoff is None and not remembered:
            await self._drop(conversation, rounds)
            return
        await self._redis.sadd(self._keys.mirroring(tag, rounds.reader), conversation)
        one = OneMirror(self._redis, self._keys, conversation, rounds.reader, handoff, remembered)
        await one.read(self._postbox, self._line)
        if handoff is None:
            await self._show_end(one, rounds)
            return
        await rounds.each(one)
        rounds.told[conversation] = seen
        rounds.ends.pop(conversation, None)  # the next end is another

    async def _show_end(self, one: OneMirror, rounds: Rounds) -> None:
        """Nobody waits for it: where it cannot be done it is put off, and at last given up."""
        try:
            await rounds.each(one)
        except (NotNow, RedisError):
            raise
        except Unreachable:
            await self._drop(one.conversation, rounds)
            raise
        except Exception as trouble:
            if rounds.puts_off_end(one.conversation, self._end_pauses):
                return
            metrics.ends_not_shown_total.inc()
            ours = None if isinstance(trouble, OSError) else trouble
            log.error("%s cannot be shown that a handoff is over: given up: %s", rounds.reader, trouble, exc_info=ours)
        await self._drop(one.conversation, rounds)

    async def _drop(self, conversation: str, rounds: Rounds) -> None:
        """It is no longer shown there as open."""
        await self._redis.srem(self._keys.mirroring(self._keys.tag(conversation), rounds.reader), conversation)
        rounds.told.pop(conversation, None)
        rounds.ends.pop(conversation, None)
