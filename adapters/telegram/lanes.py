"""Work in order for each conversation, and different conversations side by side."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

AT_ONCE = 32  # conversations; others wait for a place

Work = Callable[[], Awaitable[None]]


class Lanes:
    """Use as a context: what is under way ends with it."""

    def __init__(self) -> None:
        self._places, self._tasks = asyncio.Semaphore(AT_ONCE), set[asyncio.Task[None]]()
        self._waiting = dict[str, deque[tuple[Work, asyncio.Future[None]]]]()

    async def __aenter__(self) -> "Lanes":
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def put(self, lane: str, work: Work) -> asyncio.Future[None]:
        """Done when `work` is, with what it raised."""
        done = asyncio.get_running_loop().create_future()
        if lane in self._waiting:
            self._waiting[lane].append((work, done))
        else:
            self._waiting[lane] = deque([(work, done)])
            task = asyncio.create_task(self._run(lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return done

    async def _run(self, lane: str) -> None:
        waiting = self._waiting[lane]
        try:
            while waiting:
                work, done = waiting.popleft()
                async with self._places:
                    await _told(work, done)
        finally:
            del self._waiting[lane]
            for _, done in waiting:
                done.cancel()


async def _told(work: Work, done: asyncio.Future[None]) -> None:
    try:
        await work()
    except asyncio.CancelledError:
        done.cancel()
        raise
    except Exception as error:
        if not done.done():
            done.set_exception(error)
    else:
        if not done.done():
            done.set_result(None)
