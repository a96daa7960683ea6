"""Keeps the clocks of handoffs: whatever is due is taken by one worker at a time and happens once, whoever dies.

What a customer is to be told is marked first and then posted into their conversation, under an id by which the mailbox
knows it again; who dies between the two is followed by a worker that finds the mark.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from redis.exceptions import RedisError

from bot.channels import Postbox
from bot.desk.clocks import OVERDUE, QUIET, Due, Ring, due, kind_of_step, waits_for_words
from bot.desk.desk_settings import DeskSettings
from bot.desk.expected_wait import ExpectedWait
from bot.desk.hours import OpeningHours
from bot.desk.records import kept_note, read_handoff
from bot.desks import Handoff
from bot.insights.facts import HandoffFact
from bot.keys import Keys
from bot.mailbox import AFTER_ALL
from bot.messages import STAFF, Incoming
from bot.observing import metrics
from bot.redis.connection import Connection, script

LOOK_SECONDS = 1.0
LEASE_SECONDS = 10.0  # how long a clock waits whose keeper has died
SOON = timedelta(seconds=1)  # where somebody was faster: it is read anew
SWEEP_SECONDS = 60.0  # how often handoffs without a clock are looked for

log = logging.getLogger(__name__)

Kept = dict[str, str]  # the fields of a handoff as Redis has them


class ClockKeeper:
    """`now`: the time by which everything is due; `look_seconds`: real ones, between two looks at what is due."""

    def __init__(
        self,
        connection: Connection,
        keys: Keys,
        postbox: Postbox,
        settings: DeskSettings,
        expected: ExpectedWait,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._redis, self._keys, self._postbox, self._settings = connection.commands, keys, postbox, settings
        self._hours, self._expected, self._now, self._look_seconds = OpeningHours(settings), expected, now, look_seconds
        names = ("take_clock", "settle_clock", "ring_waiting", "ring_owner", "ring_quiet")
        self._scripts = {name: script(self._redis, name) for name in names}
        self._tags = [keys.shard(number) for number in range(keys.shards)]
        self._forgot = 0.0  # up to when, in seconds since the epoch

    async def run(self) -> None:
        """Until cancelled; trouble with Redis is told once and tried again."""
        loop, swept, told = asyncio.get_running_loop(), float("-inf"), ""
        while True:
            try:
                if loop.time() - swept >= SWEEP_SECONDS:
                    await self.sweep()
                    swept = loop.time()
                await self.look()
                told = ""
            except (RedisError, ConnectionError) as error:
                if str(error) != told:
                    log.warning("the clocks of the desk stand still: %s; trying again", error)
                told = str(error)
            except Exception:
                log.exception("a clock of the desk cannot be kept and is tried again; the others go on")
            await asyncio.sleep(self._look_seconds)

    async def look(self) -> None:
        """Deal with all that is due now. Raises RedisError, ConnectionError."""
        for tag in self._tags:
            while conversation := await self._taken(tag):
                await self._look_at(tag, *conversation)

    async def sweep(self) -> None:
        """Give every open handoff a clock that has none, whatever went wrong; and know nothing of what was missed in
        conversations that are forgotten. Raises RedisError."""
        begun = time.time()
        for tag in self._tags:
            await self._forget(tag)
            open_ones: Any = await self._redis.zrange(self._keys.handoffs(tag), 0, -1)
            with_clock: Any = await self._redis.zrange(self._keys.clocks(tag), 0, -1)
            now = self._now().timestamp()
            if lost := dict.fromkeys(set(open_ones).difference(with_clock), now):
                await self._redis.zadd(self._keys.clocks(tag), lost, nx=True)
        self._forgot = begun - SWEEP_SECONDS  # clocks differ

    async def _forget(self, tag: str) -> None:
        forgotten: Any = await self._redis.zrange(
            self._keys.forgotten(tag), self._forgot, "+inf", byscore=True, withscores=True
        )
        missed = self._keys.overdue(tag)
        for name, when in forgotten:
            at: Any = await self._redis.zscore(missed, name)
            if at is not None and at <= when:
                await self._redis.zrem(missed, name)

    async def _taken(self, tag: str) -> tuple[str, str] | None:
        """The conversation whose clock is due first, and until when it is ours."""
        now = self._now().timestamp()
        lease = f"{now + LEASE_SECONDS:.3f}"
        conversation: Any = await self._scripts["take_clock"](keys=[self._keys.clocks(tag)], args=[now, lease])
        return (conversation, lease) if conversation else None

    async def _look_at(self, tag: str, conversation: str, lease: str) -> None:
        answer: Any = await self._redis.hgetall(self._keys.handoff(conversation))
        kept: Kept = answer
        handoff = read_handoff(conversation, kept)
        if handoff is None:
            await self._settle(tag, conversation, lease, None, "", {})
            return
        found = await self._found(handoff, kept)
        handoff = msgspec.structs.replace(handoff, **{name: float(value) for name, value in found.items()})
        found |= await self._note_wait(handoff, kept)
        now = self._now()
        step, look = kept.get("ringing", ""), now
        if not step:
            has = due(handoff, self._settings, self._hours, now)
            if has.step or (handoff.state == "waiting" and has.reminders > handoff.alerts):
                rung = await self._ring(tag, handoff, kept, has)
                step, look = (has.step, now) if rung else ("", now + SOON)
            elif has.nudges and kept.get("nudged") != f"{has.nudges:.3f}":
                await self._ring_owner(handoff, kept, f"{has.nudges:.3f}")
            elif has.look is None:
                await self._settle(tag, conversation, lease, None, kept["number"], found)
                return
            else:
                look = has.look
        if step:
            await self._post(Ring(handoff.number, step), conversation, kept["since"])
            found["ringing"] = ""
        await self._settle(tag, conversation, lease, look, kept["number"], found)

    async def _found(self, handoff: Handoff, kept: Kept) -> Kept:
        """What is first known when a clock looks: how long they should expect to wait, and since when they wait."""
        if handoff.state == "waiting":
            return {} if "expected" in kept else {"expected": f"{await self._expected.seconds():.0f}"}
        since = waits_for_words(handoff)
        return {"asked": kept["wrote"]} if since and since == handoff.wrote != handoff.asked else {}

    async def _note_wait(self, handoff: Handoff, kept: Kept) -> Kept:
        """How long it took until staff wrote, once."""
        if handoff.state != "taken" or handoff.answered < handoff.taken or kept.get("counted") == kept["since"]:
            return {}
        if handoff.reason != "staff":  # who came by themselves kept nobody waiting
            await self._expected.note(handoff.since, handoff.answered)
        return {"counted": kept["since"]}

    async def _ring(self, tag: str, handoff: Handoff, kept: Kept, has: Due) -> bool:
        """Mark it as done. False where it is not due any more: somebody was faster."""
        how = kind_of_step(has.step)
        rung = await (self._ring_quiet if how == QUIET else self._ring_waiting)(tag, handoff, kept, has)
        if rung and how in metrics.MISSED:
            metrics.missed_total.labels(how).inc()
        return rung

    async def _ring_waiting(self, tag: str, handoff: Handoff, kept: Kept, has: Due) -> bool:
        keys, where = self._keys, handoff.conversation
        overdue = has.step == OVERDUE
        rung: Any = await self._scripts["ring_waiting"](
            keys=[keys.handoff(where), keys.notes(where), keys.facts(tag), keys.overdue(tag)],
            args=[
                where,
                kept["number"],
                kept["since"],
                handoff.stage,
                has.reminders,
                self._now().timestamp(),
                keys.desk_news(tag),
                kept_note("", str(has.reminders), "reminded"),
                has.step,
                has.stage,
                kept_note("", OVERDUE, "system") if overdue else "",
                self._fact(handoff, "overdue") if overdue else "",
                keys.kept_seconds,
            ],
        )
        return bool(rung)

    async def _ring_owner(self, handoff: Handoff, kept: Kept, since: str) -> None:
        keys, where = self._keys, handoff.conversation
        await self._scripts["ring_owner"](
            keys=[keys.handoff(where), keys.notes(where)],
            args=[
                where,
                kept["number"],
                kept["taken"],
                since,
                kept_note("", handoff.owner, "reminded"),
                keys.desk_news(keys.tag(where)),
                keys.kept_seconds,
            ],
        )

    async def _ring_quiet(self, tag: str, handoff: Handoff, kept: Kept, has: Due) -> bool:
        keys, where = self._keys, handoff.conversation
        log.info("staff went quiet: a conversation is back in the line", extra={"conversation": where})
        rung: Any = await self._scripts["ring_quiet"](
            keys=[
                keys.handoff(where),
                keys.staff(where),
                keys.waiting(tag),
                keys.handoffs(tag),
                keys.notes(where),
                keys.facts(tag),
                keys.turn(where),
            ],
            args=[
                where,
                kept["number"],
                kept["taken"],
                kept.get("answered", ""),
                waits_for_words(handoff),
                has.step,
                has.stage,
                keys.desk_news(tag),
                kept_note("", QUIET, "system"),
                self._fact(handoff, "quiet"),
                keys.kept_seconds,
                keys.arrivals(tag),
                AFTER_ALL,
            ],
        )
        return bool(rung)

    def _fact(self, handoff: Handoff, what: Literal["quiet", "overdue"]) -> bytes:
        one = handoff
        fact = HandoffFact(
            conversation=one.conversation,
            number=one.number,
            at=self._now().timestamp(),
            what=what,
            reason=one.reason,
            since=one.since,
            channel=one.channel,
            language=one.language,
            by=one.owner,
        )
        return msgspec.json.encode(fact)

    async def _post(self, ring: Ring, conversation: str, since: str) -> None:
        """Who waits a second time, after staff went quiet, is told of the same steps once more."""
        message = ring.press if kind_of_step(ring.step) == QUIET else f"{ring.press}:{since}"
        await self._postbox.accept(
            Incoming(channel=STAFF, conversation=conversation, message=message, press=ring.press)
        )

    async def _settle(
        self, tag: str, conversation: str, lease: str, look: datetime | None, number: str, found: Kept
    ) -> None:
        """`found` is kept with the handoff, if it is still the one of this number."""
        await self._scripts["settle_clock"](
            keys=[
                self._keys.clocks(tag),
                self._keys.handoff(conversation),
                self._keys.handoffs(tag),
                self._keys.waiting(tag),
            ],
            args=[
                conversation,
                lease,
                look.timestamp() if look else "",
                number,
                *(part for field in found.items() for part in field),
            ],
        )
