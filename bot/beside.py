"""Work that goes on beside the desk for as long as it is open, whatever happens to it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
STEADY_SECONDS = 3600.0  # what has gone on for so long is begun anew as if it had never failed
CANCEL_AGAIN_SECONDS = 5.0

Work = Callable[[], Coroutine[Any, Any, None]]

log = logging.getLogger(__name__)


@asynccontextmanager
async def beside(*works: Work) -> AsyncIterator[None]:
    """Each goes on while this is entered. What a work can foresee it deals with itself."""
    tasks = {asyncio.create_task(unceasing(work)) for work in works}
    try:
        yield
    finally:
        left = tasks
        while left:  # a library may have swallowed the first
            for task in left:
                task.cancel()
            left = (await asyncio.wait(left, timeout=CANCEL_AGAIN_SECONDS))[1]
        await asyncio.gather(*tasks, return_exceptions=True)


async def unceasing(work: Work) -> None:
    """Until it returns. What fails for a reason that nobody foresaw is told, and begun anew after a while: nothing may
    end in silence that the others rely on."""
    pause, loop = FIRST_PAUSE_SECONDS, asyncio.get_running_loop()
    while True:
        begun = loop.time()
        try:
            return await work()
        except Exception:
            if (task := asyncio.current_task()) and task.cancelling():
                raise
            if loop.time() - begun > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            log.exception("%s has failed, and is begun anew in %g s", _name(work), pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _name(work: Any) -> str:
    return str(getattr(getattr(work, "func", work), "__qualname__", work))
