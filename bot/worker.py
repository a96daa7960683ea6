"""The worker: takes conversations that have mail, as many as it has places for, and keeps them until they have none."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial

import msgspec
from redis.exceptions import RedisError

from bot.batches import Token
from bot.beside import beside
from bot.conversation import ConversationManager
from bot.keys import LEASE_SECONDS, Keys
from bot.redis.trying_again import RETRY_SECONDS, attempt, insist
from bot.replying import Replying
from bot.service import Service
from bot.turns import TurnQueue

log = logging.getLogger(__name__)

AT_ONCE = 64  # conversations served at the same time by one process
SUSPICIOUS_TRIES = 2  # what so many workers have died over


class Timing(msgspec.Struct, frozen=True):
    """Seconds."""

    burst: float = 0.6  # how long it must be quiet where the customer is likely to write more; 0: never wait
    grace: float = 5.0  # how long turns in the making may go on when we are to stop


class Worker:
    def __init__(
        self,
        queue: TurnQueue,
        manager: ConversationManager,
        keys: Keys,
        at_once: int = AT_ONCE,
        timing: Timing | None = None,
    ) -> None:
        self._queue = queue
        self._tags = [keys.shard(number) for number in range(keys.shards)]
        self._at_once = at_once
        self._timing = timing or Timing()
        self._replying = Replying(queue, manager, self._timing.burst)
        self._free = asyncio.Semaphore(at_once)
        self._services: dict[str, Service] = {}  # by conversation
        self._suspicious: asyncio.Queue[Token] = asyncio.Queue()  # workers died of it, or beside it: one at a time
        self._in_hand: set[str] = set()  # tokens that are served or wait for a place
        self._serving: set[asyncio.Task[None]] = set()
        self._broken_off: set[str] = set()  # shards whose last read has not ended well
        self._stopping = False

    async def run(self, alone: bool) -> None:
        """Serve until cancelled, then finish or hand over. `alone`: no other worker can be alive, so what is leased
        was left by a dead one."""
        await insist(self._queue.prepare)
        async with beside(self._keep_leases):
            try:
                async with asyncio.TaskGroup() as group:
                    for tag in self._tags:
                        group.create_task(self._forever(partial(self._serve_new, tag)))
                        group.create_task(self._forever(partial(self._serve_abandoned, tag)))
                        if alone:
                            group.create_task(self._take_over(tag))
                    group.create_task(self._forever(self._serve_suspicious))
                    group.create_task(self._forever(self._watch_arrivals))
            finally:
                await self._wind_up()

    async def _wind_up(self) -> None:
        """Turns in the making may end; the rest is handed over, and no turn begins."""
        self._stopping = True
        if self._serving:
            await asyncio.wait(self._serving, timeout=self._timing.grace)
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        # what was given to us in the moment in which we stopped
        await asyncio.gather(*(attempt(partial(self._give_back, tag)) for tag in self._tags))

    async def _give_back(self, tag: str) -> None:
        for token in await self._queue.given(tag):
            await self._queue.release(token)

    async def _take_over(self, tag: str) -> None:
        """What a dead worker has left, at once."""
        tokens: list[Token] | None = None
        while tokens is None:
            try:
                tokens = await self._queue.abandoned(tag, 0, 1000)
            except RedisError as error:
                if "NOGROUP" in str(error):
                    return  # no worker was ever here
                await asyncio.sleep(RETRY_SECONDS)
        await self._start_left_behind(tokens, steal=True)

    async def _forever(self, step: Callable[[], Coroutine[None, None, None]]) -> None:
        while True:
            try:
                await step()
            except (RedisError, TimeoutError) as error:
                log.warning("Redis: %s; trying again", error or "it has fallen silent")
                await asyncio.sleep(RETRY_SECONDS)
                if "NOGROUP" in str(error):  # it came back empty
                    await attempt(self._queue.prepare)

    async def _serve_new(self, tag: str) -> None:
        async with self._free:
            free = self._at_once - len(self._serving)  # do not take what cannot be served yet
        if tag in self._broken_off:
            await self._start(await self._lost(tag))
        self._broken_off.add(tag)
        tokens = await self._queue.wait(tag, max(1, free // len(self._tags)))  # the others read too
        self._broken_off.discard(tag)
        await self._start(tokens)

    async def _lost(self, tag: str) -> list[Token]:
        """A read that broke off may have been answered all the same."""
        return [token for token in await self._queue.given(tag) if token.id not in self._in_hand]

    async def _serve_abandoned(self, tag: str) -> None:
        await asyncio.sleep(LEASE_SECONDS / 10)  # recovery takes a lease and this much
        abandoned = await self._queue.abandoned(tag, LEASE_SECONDS, 100)
        await self._start_left_behind([token for token in abandoned if token.id not in self._in_hand], steal=False)

    async def _keep_leases(self) -> None:
        await self._forever(self._keep_each_lease)

    async def _keep_each_lease(self) -> None:
        await asyncio.sleep(LEASE_SECONDS / 4)
        if self._services:
            await self._queue.keep([service.token for service in self._services.values()])

    async def _watch_arrivals(self) -> None:
        async with self._queue.arrivals() as arrivals:
            async for event_id, conversation in arrivals:
                if service := self._services.get(conversation):
                    service.hear(event_id)

    async def _start_left_behind(self, tokens: list[Token], steal: bool) -> None:
        """Where workers seem to die of one of them, it is found out which: the others have died only beside it."""
        harmless: list[Token] = []
        for token in tokens:
            if await insist(partial(self._queue.tries, token)) < SUSPICIOUS_TRIES:
                harmless.append(token)
            else:
                self._in_hand.add(token.id)
                self._suspicious.put_nowait(token)
        await self._start(harmless, steal)

    async def _serve_suspicious(self) -> None:
        """To the end of its mail, and no other of its kind meanwhile."""
        token = await self._suspicious.get()
        await self._free.acquire()
        await asyncio.wait({self._begin(token, steal=False)})

    async def _start(self, tokens: list[Token], steal: bool = False) -> None:
        """Each as soon as there is a place for it."""
        self._in_hand.update(token.id for token in tokens)
        waiting = deque(tokens)
        try:
            while waiting:
                await self._free.acquire()
                self._begin(waiting.popleft(), steal)
        finally:
            self._in_hand.difference_update(token.id for token in waiting)

    def _begin(self, token: Token, steal: bool) -> asyncio.Task[None]:
        service = Service(token, steal, self._queue, self._replying, self._free.locked)
        task = asyncio.create_task(self._serve(service))
        self._serving.add(task)
        task.add_done_callback(partial(self._finished, token))
        return task

    def _finished(self, token: Token, task: asyncio.Task[None]) -> None:
        self._serving.discard(task)
        self._in_hand.discard(token.id)
        self._free.release()
        if not task.cancelled() and (error := task.exception()):
            # the token stays pending: after the lease it is served again
            log.error("a conversation could not be served", exc_info=error)

    async def _serve(self, service: Service) -> None:
        """Turn after turn until the conversation has no mail, or we are to stop."""
        where = service.token.conversation
        while earlier := self._services.get(where):  # it has two tokens for a moment
            await earlier.over.wait()
        self._services[where] = service
        try:
            while not self._stopping and await service.next_turn():
                pass
            if self._stopping:
                await service.release()
        except asyncio.CancelledError:
            await service.release()
            raise
        finally:
            del self._services[where]
            service.over.set()
