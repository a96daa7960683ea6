"""What happened, brought to the customer where nobody holds a line open: the real Outbox of bot/channels.py."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import RedisError

from bot.channels import Delivery, NotNow, Postbox, Unreachable
from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import earlier
from bot.messages import STAFF, Busy, Event, Said, Status, TextDelta
from bot.observing import metrics
from bot.redis.connection import Connection, script
from bot.redis.held import Held

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 5.0  # a wake-up may be lost
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 10.0  # between two tries
MOST_FAILURES = 8  # of one event, for reasons that are nobody's trouble but ours: then it is given up

Deliver = Callable[[Delivery], Awaitable[None]]


class Postman:
    """The real Outbox."""

    def __init__(self, connection: Connection, keys: Keys, listener: Listener, postbox: Postbox) -> None:
        self._connection, self._redis, self._keys = connection, connection.commands, keys
        self._listener, self._postbox = listener, postbox
        self._settle, self._note = script(self._redis, "settle_delivery"), script(self._redis, "note_delivery")

    async def only_here(self, account: str, work: Callable[[], Awaitable[None]]) -> None:
        await Held(self._connection, Keys.account(account)).run(work)

    async def deliver(self, account: str, each: Deliver) -> None:
        rounds = _Rounds(set())
        async with asyncio.TaskGroup() as group:
            for number in range(self._keys.shards):
                group.create_task(self._listen(self._keys.shard(number), account, rounds))
            while True:
                for conversation in [*rounds.taken(), *(await self._due(account) if rounds.look_for_all() else ())]:
                    if conversation not in rounds.walking:
                        rounds.walking.add(conversation)
                        group.create_task(self._walked(conversation, each, rounds))
                await rounds.wait()

    async def _listen(self, tag: str, account: str, rounds: "_Rounds") -> None:
        async with self._listener.listen(self._keys.outbox(tag)) as present:
            async for told in present:
                if told is None:
                    rounds.all_due()
                elif told.what.startswith(f"{account}:"):
                    rounds.is_due(told.what)

    async def _due(self, account: str) -> list[str]:
        found: list[str] = []
        try:
            for number in range(self._keys.shards):
                outbox = self._keys.outbox(self._keys.shard(number))
                some: Any = await self._redis.zrangebylex(outbox, f"[{account}:", f"({account};")  # ";" follows ":"
                found += some
        except RedisError as error:
            log.warning("the outbox cannot be read: %s", error)
        return found

    async def _walked(self, conversation: str, each: Deliver, rounds: "_Rounds") -> None:
        try:
            await self._walk(conversation, each)
        finally:
            rounds.walking.discard(conversation)
        if await self._is_due(conversation):
            rounds.is_due(conversation)

    async def _is_due(self, conversation: str) -> bool:
        """What came between the last look and our leaving wakes nobody else."""
        try:
            outbox = self._keys.outbox(self._keys.tag(conversation))
            return await self._redis.zscore(outbox, conversation) is not None
        except RedisError:
            return True

    async def _walk(self, conversation: str, each: Deliver) -> None:
        """Until all of it is delivered, or given up."""
        failures, pause = 0, FIRST_PAUSE_SECONDS
        delivery, stuck = Walk(self, conversation), ""
        while True:
            ended = "again"
            try:
                delivery = await self._open(conversation, delivery.upto)
                if delivery.upto != stuck:
                    failures, pause, stuck = 0, FIRST_PAUSE_SECONDS, delivery.upto
                await each(delivery)
                if not delivery.ended:
                    raise RuntimeError("the adapter stopped before everything was delivered")
                ended = "delivered"
            except NotNow as later:
                pause = max(FIRST_PAUSE_SECONDS, later.seconds)
            except Unreachable:
                ended = "left"
            except (OSError, RedisError) as error:
                log.warning("a delivery is tried again: %s", error)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            except Exception:
                failures += 1
                log.exception("a delivery failed, %d of %d times", failures, MOST_FAILURES)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                ended = "failed" if failures >= MOST_FAILURES else ended
            metrics.deliveries_total.labels(conversation.partition(":")[0], ended).inc()
            if ended != "again":
                return await self._drop(delivery, ended)
            await asyncio.sleep(pause)

    async def _open(self, conversation: str, reached: str) -> "Walk":
        """`reached`: what is with the customer by what we know ourselves, should Redis not have heard of it."""
        state: Any = await self._redis.hgetall(self._keys.delivery(conversation))
        upto = state.get("upto", "")
        if reached and (not upto or earlier(upto, reached)):
            return Walk(self, conversation, reached)
        return Walk(self, conversation, upto, state.get("noted", ""))

    async def _drop(self, delivery: "Walk", ended: str) -> None:
        """What is not with the customer by now never will be; after a failure only what the adapter had in hand."""
        if ended == "delivered":
            return
        log.log(logging.ERROR if ended == "failed" else logging.INFO, "what a customer has not heard is dropped")
        reached = delivery.handed if ended == "failed" else ""
        try:
            await self.settle(delivery.conversation, reached, drop=not reached)
        except RedisError as error:
            log.warning("what cannot be delivered is not dropped yet: %s", error)

    async def settle(self, conversation: str, upto: str, drop: bool = False) -> bool:
        """Whether nothing more is to come."""
        keys = self._keys
        done: Any = await self._settle(
            keys=[
                keys.delivery(conversation),
                keys.outbox(keys.tag(conversation)),
                keys.mailbox(conversation),
                keys.events(conversation),
            ],
            args=[upto, conversation, keys.kept_seconds, int(drop)],
        )
        return bool(done)

    async def note(self, conversation: str, how_far: str) -> None:
        await self._note(keys=[self._keys.delivery(conversation)], args=[how_far, self._keys.kept_seconds])

    def happen(self, conversation: str, after: str) -> AsyncIterator[Event]:
        return self._postbox.events(conversation, after)


class Walk:
    """The real Delivery."""

    def __init__(self, outbox: Postman, conversation: str, upto: str = "", noted: str = "") -> None:
        self._outbox, self._conversation = outbox, conversation
        self.upto, self._noted = upto, noted
        self.handed = ""  # the newest event that the adapter was given
        self.ended = False  # nothing more is to come
        self._waits = False  # something was handed out that lasts, and is not delivered yet

    @property
    def conversation(self) -> str:
        return self._conversation

    @property
    def noted(self) -> str:
        return self._noted

    async def events(self) -> AsyncIterator[Event]:
        """Ends when everything is delivered and no answer is in the making. Raises ConnectionError."""
        if await self._settled():
            self.ended = True
            return
        async with aclosing(self._outbox.happen(self._conversation, self.upto)) as events:  # type: ignore[type-var]
            async for event in events:
                lasts = not isinstance(event.what, TextDelta | Busy) and not _is_passing(event.what)
                own = isinstance(event.what, Said) and event.what.by != STAFF
                self._waits = self._waits or (lasts and not own)
                self.handed = event.id
                yield event
                if own and not self._waits:
                    self.upto = event.id
                if lasts and not self._waits and await self._settled():
                    self.ended = True
                    return

    async def note(self, how_far: str) -> None:
        """Raises ConnectionError."""
        try:
            await self._outbox.note(self._conversation, how_far)
        except RedisError as error:
            raise ConnectionError(f"the delivery was not noted: {error}") from error
        self._noted = how_far

    async def delivered(self, event: str) -> None:
        """Raises ConnectionError."""
        if not self.upto or earlier(self.upto, event):
            self.upto = event
        self._noted, self._waits = "", False
        try:
            await self._outbox.settle(self._conversation, self.upto)
        except RedisError as error:
            raise ConnectionError(f"the delivery was not noted: {error}") from error

    async def _settled(self) -> bool:
        try:
            return await self._outbox.settle(self._conversation, self.upto)
        except RedisError as error:
            raise ConnectionError(f"the outbox cannot be read: {error}") from error


def _is_passing(what: object) -> bool:
    return isinstance(what, Status) and what.status in ("thinking", "restarted", "staff_typing")


@dataclass
class _Rounds:
    """What is to be looked at next."""

    walking: set[str]  # conversations that are being delivered
    due: list[str] = field(default_factory=list)
    look: asyncio.Event = field(default_factory=asyncio.Event)
    every: bool = True
    look_again: float = 0.0  # at all of them, by the loop's clock

    def taken(self) -> list[str]:
        self.look.clear()
        due, self.due = self.due, []
        return due

    def is_due(self, conversation: str) -> None:
        self.due.append(conversation)
        self.look.set()

    def all_due(self) -> None:
        self.every = True
        self.look.set()

    def look_for_all(self) -> bool:
        now = asyncio.get_running_loop().time()
        if not self.every and now < self.look_again:
            return False
        self.every, self.look_again = False, now + LOOK_AGAIN_SECONDS
        return True

    async def wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self.look_again):
                await self.look.wait()
