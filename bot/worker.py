"""The worker: takes conversations that have mail, makes one turn of each, commits it or begins again."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

import msgspec
from redis.exceptions import RedisError

from bot.conversation import ConversationManager
from bot.keys import LEASE_SECONDS, Keys
from bot.limits import NotCounted
from bot.mailbox import earlier
from bot.messages import RESTARTED, Part, TextDelta
from bot.sessions import Session, open_session, saved
from bot.turns import Batch, Ended, Token, TurnQueue

log = logging.getLogger(__name__)

AT_ONCE = 64  # conversations served at the same time by one process
MOST_RESTARTS = 3  # so many messages may interrupt one reply; then it is sent, and the next turn answers the rest
RETRY_SECONDS = 0.5
TURN_SECONDS = 75.0  # longer, and the customer gets an apology instead
FINISH_SECONDS = 5.0  # how long turns in the making may go on when we are to stop


@dataclass(slots=True)
class Draft:
    """A reply in the making."""

    task: asyncio.Task[tuple[str, list[Part]]]
    batch: Batch
    interrupted: bool = False


class Worker:
    def __init__(self, queue: TurnQueue, manager: ConversationManager, keys: Keys, at_once: int = AT_ONCE) -> None:
        self._queue = queue
        self._manager = manager
        self._tags = [keys.shard(number) for number in range(keys.shards)]
        self._at_once = at_once
        self._free = asyncio.Semaphore(at_once)
        self._tokens: dict[str, Token] = {}  # by conversation: what is being served
        self._drafts: dict[str, Draft] = {}
        self._serving: set[asyncio.Task[None]] = set()

    async def run(self, alone: bool) -> None:
        """Serve until cancelled, then finish or hand over. `alone`: no other worker can be alive, so what is leased
        was left by a dead one."""
        await self._queue.prepare()
        if alone:
            for tag in self._tags:
                await self._start(await self._queue.abandoned(tag, 0, 1000), steal=True)
        try:
            async with asyncio.TaskGroup() as group:
                for tag in self._tags:
                    group.create_task(self._forever(partial(self._serve_new, tag)))
                    group.create_task(self._forever(partial(self._serve_abandoned, tag)))
                group.create_task(self._forever(self._keep_leases))
                group.create_task(self._forever(self._watch_arrivals))
        finally:
            await self._wind_up()

    async def _wind_up(self) -> None:
        """Turns in the making may end; the rest is handed over."""
        if self._serving:
            await asyncio.wait(self._serving, timeout=FINISH_SECONDS)
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _forever(self, step: Callable[[], Coroutine[None, None, None]]) -> None:
        while True:
            try:
                await step()
            except (RedisError, TimeoutError) as error:
                log.warning("Redis: %s; trying again", error or "it has fallen silent")
                await asyncio.sleep(RETRY_SECONDS)
                if "NOGROUP" in str(error):  # it came back empty
                    await self._again(self._queue.prepare)

    async def _again(self, step: Callable[[], Coroutine[None, None, None]]) -> None:
        with contextlib.suppress(RedisError):
            await step()

    async def _serve_new(self, tag: str) -> None:
        async with self._free:
            free = self._at_once - len(self._serving)  # do not take what cannot be served yet
        await self._start(await self._queue.wait(tag, max(1, free)), steal=False)

    async def _serve_abandoned(self, tag: str) -> None:
        await asyncio.sleep(LEASE_SECONDS / 4)
        mine = set(self._tokens)
        abandoned = await self._queue.abandoned(tag, LEASE_SECONDS, 100)
        await self._start([token for token in abandoned if token.conversation not in mine], steal=False)

    async def _keep_leases(self) -> None:
        await asyncio.sleep(LEASE_SECONDS / 4)
        if self._tokens:
            await self._queue.keep(list(self._tokens.values()))

    async def _watch_arrivals(self) -> None:
        async with self._queue.arrivals() as arrivals:
            async for event_id, conversation in arrivals:
                draft = self._drafts.get(conversation)
                if draft and earlier(draft.batch.last, event_id):
                    draft.interrupted = True
                    draft.task.cancel()

    async def _start(self, tokens: list[Token], steal: bool) -> None:
        for token in tokens:
            await self._free.acquire()
            task = asyncio.create_task(self._serve(token, steal))
            self._serving.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._serving.discard(task)
        self._free.release()
        if not task.cancelled() and (error := task.exception()):
            # the token stays pending: after the lease it is served again
            log.error("a conversation could not be served", exc_info=error)

    async def _serve(self, token: Token, steal: bool) -> None:
        """Turn after turn until the conversation has no mail."""
        self._tokens[token.conversation] = token
        restarts = 0
        try:
            while (ended := await self._next_turn(token, steal, restarts)) not in (Ended.FINISHED, Ended.TAKEN_OVER):
                restarts = 0 if ended is Ended.MORE else restarts + 1
        except asyncio.CancelledError:
            await self._again(partial(self._queue.release, token))
            raise
        finally:
            if self._tokens.get(token.conversation) is token:
                del self._tokens[token.conversation]

    async def _next_turn(self, token: Token, steal: bool, restarts: int) -> Ended:
        while True:
            try:
                if batch := await self._queue.take(token, steal):
                    return await self._turn(batch, interruptible=restarts < MOST_RESTARTS)
                return Ended.FINISHED
            except (RedisError, NotCounted) as error:
                # whatever of the turn was not committed has not happened
                log.warning("Redis: %s; the turn begins again", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _turn(self, batch: Batch, interruptible: bool) -> Ended:
        """Make one reply and commit it, unless the customer goes on writing meanwhile."""
        where = batch.token.conversation
        draft = Draft(asyncio.create_task(self._reply(batch)), batch)
        if interruptible:
            self._drafts[where] = draft
        try:
            session, parts = await draft.task
        except asyncio.CancelledError:
            if draft.interrupted and not _is_being_cancelled():
                return Ended.INTERRUPTED
            raise
        finally:
            self._drafts.pop(where, None)
        return await self._queue.commit(batch, session, parts, interruptible)

    async def _reply(self, batch: Batch) -> tuple[str, list[Part]]:
        """What the turn leaves behind: the session and the lasting parts. What passes is told at once."""
        session = _session_of(batch)
        lasting: list[Part] = []
        try:
            async with (
                asyncio.timeout(TURN_SECONDS),
                aclosing(self._manager.turn(session, batch.messages, batch.staff)) as parts,
            ):
                async for part in parts:
                    if isinstance(part, TextDelta) or part == RESTARTED:
                        await self._queue.emit(batch, part)
                    else:
                        lasting.append(part)
        except (RedisError, NotCounted):
            raise
        except Exception:
            log.exception("the turn failed")
            await self._queue.emit(batch, RESTARTED)
            session = _session_of(batch)
            lasting = list(self._manager.apologise(session, batch.messages))
        return saved(session), lasting


def _session_of(batch: Batch) -> Session:
    try:
        return open_session(batch.token.conversation, batch.session)
    except msgspec.MsgspecError:
        log.exception("a session cannot be read; the conversation begins anew")
        return open_session(batch.token.conversation, "")


def _is_being_cancelled() -> bool:
    """Whether it is the task that runs now that is to end, not only one that it waits for."""
    task = asyncio.current_task()
    return bool(task and task.cancelling())
