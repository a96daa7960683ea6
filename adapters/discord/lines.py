"""Work in order for each channel, different channels side by side; what the desk could not store is tried again."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
GATHER_SECONDS = 0.15  # in which messages that came in another order than they were written find their places

Work = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class _Item:
    work: Work
    number: int  # 0: it keeps its place
    due: float


class Lines:
    """Runs in the task group that it is given."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._waiting = dict[str, deque[_Item]]()

    def put(self, line: str, work: Work, number: int = 0) -> None:
        """At a ConnectionError `work` is begun again, and what is behind it waits.

        `number`: it goes before those with a larger one that wait right before it.
        """
        due = asyncio.get_running_loop().time() + (GATHER_SECONDS if number else 0.0)
        if line not in self._waiting:
            self._waiting[line] = deque()
            self._begin(line)
        waiting = self._waiting[line]
        place = len(waiting)
        while place and waiting[place - 1].number > number > 0:
            place -= 1
        waiting.insert(place, _Item(work, number, due))

    def _begin(self, line: str) -> None:
        running = self._run(line)
        try:
            self._group.create_task(running)
        except RuntimeError:  # we are stopping; what was not stored comes again
            running.close()

    async def _run(self, line: str) -> None:
        waiting = self._waiting[line]
        try:
            while waiting:
                wait = waiting[0].due - asyncio.get_running_loop().time()
                if wait > 0:
                    await asyncio.sleep(wait)  # and see who is the first by then
                else:
                    await self._done(waiting.popleft().work)
        finally:
            del self._waiting[line]

    async def _done(self, work: Work) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return await work()
            except ConnectionError as problem:
                log.warning("tried again in %.1f s: %s", pause, problem)
            except Exception:
                log.exception("this is passed over, so that what follows is served")
                return None
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
