"""Long reckoning in a thread of its own: nobody waits for it when the program is asked to end."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")


async def aside(work: Callable[[], Result]) -> Result:
    """Unlike asyncio's own threads, which a program that ends waits for. Raises what the work raises."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            _tell(future.set_exception, error)
        else:
            _tell(future.set_result, result)

    def _tell(tell: Callable[[Any], None], what: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(lambda: None if future.done() else tell(what))

    threading.Thread(target=run, name="learning", daemon=True).start()
    return await future
