"""A conversation while a worker has it: turn after turn, each committed, begun anew or parked; until it has no mail."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from redis.exceptions import RedisError

from bot.batches import Batch, Ended, Token
from bot.insights.noted import Noted
from bot.limits import NotCounted
from bot.mailbox import earlier
from bot.observing.turn_record import recorded_turn, this_turn
from bot.redis.trying_again import LONGEST_RETRY_SECONDS, RETRY_SECONDS, attempt, insist
from bot.replying import Reply, Replying
from bot.sessions import saved
from bot.turns import TurnQueue

log = logging.getLogger(__name__)

MOST_RESTARTS = 3  # so many messages may interrupt one reply; then it is sent, and the next turn answers the rest
MOST_TRIES = 3  # so often a turn may fail, or its worker die; then its mail is parked
SLOW_SECONDS = 10.0  # what has failed for so long is not tried again: the customer has waited enough
LONGEST_PAUSE_SECONDS = 5.0  # between two beginnings of one turn
TURN_SECONDS = 75.0  # a turn that takes longer has failed
VOID = (Ended.TAKEN_OVER, Ended.STAFF_CHANGED, Ended.INTERRUPTED)
OVER = (Ended.FINISHED, Ended.STEPPED_BACK, Ended.TAKEN_OVER)


@dataclass(slots=True)
class Draft:
    """A reply in the making."""

    last: str  # event id of the newest message that it answers
    task: asyncio.Task[Reply] | None = None
    begun: bool = False  # before, the customer was only given time to write more
    interrupted: bool = False

    def begins(self) -> None:
        self.begun = True
        this_turn().begins()


class Service:
    """`crowded` says whether others wait for this one's place; `steal`: whoever has the lease is dead."""

    def __init__(
        self, token: Token, steal: bool, queue: TurnQueue, replying: Replying, crowded: Callable[[], bool]
    ) -> None:
        self.token = token
        self.over = asyncio.Event()  # set by the worker
        self._steal, self._queue, self._replying, self._crowded = steal, queue, replying, crowded
        self._restarts = 0  # of the reply in the making
        self._again = False  # the next take is no new try
        self._trouble = 0  # how often in a row the turn began anew for trouble that is not its own
        self._since = 0.0  # when that began, by the loop's clock
        self._draft: Draft | None = None  # only one that may be interrupted

    def hear(self, event_id: str) -> None:
        """The customer has written: a reply that does not answer this begins anew."""
        draft = self._draft
        if draft and draft.task and earlier(draft.last, event_id):
            draft.interrupted = True
            draft.task.cancel()

    async def release(self) -> None:
        """Nothing happens where the conversation has no mail any more, or another worker has it."""
        await attempt(partial(self._queue.release, self.token))

    async def next_turn(self) -> bool:
        """Whether there is more to do."""
        batch = await insist(self._take)
        if batch is None:
            return False
        ended = await (self._recorded(batch) if batch.messages else self._emptied(batch))
        if ended is Ended.MORE:
            self._restarts, self._again = 0, False
        if ended is not None:
            self._trouble = 0
        return ended not in OVER

    async def _take(self) -> Batch | None:
        """What is taken again after this is a new try only where something failed."""
        again, self._again = self._again, True
        batch = await self._queue.take(self.token, self._steal, again)
        self._steal = False
        return batch

    async def _recorded(self, batch: Batch) -> Ended | None:
        with recorded_turn(batch.messages, batch.taken, batch.tries) as record:
            ended = await self._turn(batch)
            if ended is not None:
                record.ended = ended.name.lower() if ended in VOID or not record.parked else "parked"
            return ended

    async def _emptied(self, batch: Batch) -> Ended:
        """The customer took back all that waited: nothing is answered, and whoever watches need not wait."""
        return await insist(partial(self._queue.commit, batch, batch.session, [], False, step_back=self._crowded()))

    async def _turn(self, batch: Batch) -> Ended | None:
        """One reply, committed, unless the customer goes on writing meanwhile; None when it has to begin anew."""
        if batch.tries > MOST_TRIES:
            return await self._park(batch, "crashed")
        if not batch.readable:
            return await self._park(batch, "unreadable")
        interruptible, began = self._restarts < MOST_RESTARTS, asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(TURN_SECONDS):
                reply = await self._drafted(batch, interruptible)
        except (RedisError, NotCounted) as error:
            log.warning("Redis: %s; the turn begins again", error)
            await self._troubled()
            return None
        except ConnectionError as error:
            log.warning("%s; the turn begins again", error)
            if await self._troubled() > SLOW_SECONDS:
                return await self._park(batch, type(error).__name__)
            return None
        except Exception as error:
            log.exception("the turn failed, try %d of %d", batch.tries, MOST_TRIES)
            return await self._failed(batch, error, asyncio.get_running_loop().time() - began)
        if reply is None:
            return Ended.INTERRUPTED
        ended = await self._commit(batch, reply, interruptible)
        self._restarts += ended is Ended.INTERRUPTED
        return ended

    async def _commit(self, batch: Batch, reply: Reply, interruptible: bool) -> Ended:
        commit = partial(
            self._queue.commit,
            batch,
            saved(reply.session),
            reply.lasting,
            interruptible,
            step_back=self._crowded(),
            last_piece=reply.last_piece,
            noted=this_turn().noted,
        )
        with this_turn().committing():
            return await insist(commit)

    async def _troubled(self) -> float:
        """Wait a while, longer each time; returns for how many seconds it goes on like this."""
        now = asyncio.get_running_loop().time()
        self._since = self._since if self._trouble else now
        await asyncio.sleep(min(LONGEST_RETRY_SECONDS * 2**self._trouble, LONGEST_PAUSE_SECONDS))
        self._trouble += 1
        return now - self._since

    async def _failed(self, batch: Batch, error: Exception, seconds: float) -> Ended | None:
        if seconds > SLOW_SECONDS:
            return await self._park(batch, "slow")
        if batch.tries >= MOST_TRIES:
            return await self._park(batch, type(error).__name__)
        self._again = False
        await asyncio.sleep(RETRY_SECONDS * batch.tries)
        return None

    async def _drafted(self, batch: Batch, interruptible: bool) -> Reply | None:
        """None when the customer wrote meanwhile, or erased everything."""
        draft = Draft(batch.last)
        draft.task = asyncio.create_task(self._replying.reply(batch, draft.begins))
        self._draft = draft if interruptible else None
        try:
            return await draft.task
        except asyncio.CancelledError:
            if draft.interrupted and not _is_being_cancelled():
                self._restarts += draft.begun
                return None
            raise
        finally:
            self._draft = None

    async def _park(self, batch: Batch, why: str) -> Ended:
        """Put the mail aside, tell the customer and bring in staff."""
        log.error("mail was parked", extra={"conversation": batch.token.conversation, "why": why, "tries": batch.tries})
        record = this_turn()
        record.noted = Noted()  # of the attempts that failed nothing is kept
        excuse = await self._replying.excuse(batch, why)
        record.parked, record.answered_by = why, "nobody"
        with record.committing():
            session = saved(excuse.session)
            return await insist(partial(self._queue.park, batch, session, excuse.lasting, why, record.noted))


def _is_being_cancelled() -> bool:
    """Whether it is the task that runs now that is to end, not only one that it waits for."""
    task = asyncio.current_task()
    return bool(task and task.cancelling())
