"""How a process that serves comes to its end: in order when asked once, at once when asked twice."""

import asyncio
import signal
import sys
from collections.abc import Coroutine, Sequence
from typing import Any

CLOSING_SECONDS = 3.0  # beyond the grace time, for closing what was open
SAME_SECONDS = 0.2  # a program that passes Ctrl-C on makes two of one
STOPPED_AT_ONCE = 130

Work = Coroutine[Any, Any, None]


async def until_stopped(serving: Sequence[Work], working: Work | None, grace_seconds: float) -> None:
    """Until everything that serves has ended, anything has failed, or Ctrl-C or SIGTERM.

    Then all of it is cancelled and may take the grace time to end; the second Ctrl-C ends it at once. What failed is
    raised.
    """
    stop, at_once = _signals()
    tasks = [asyncio.create_task(one) for one in serving]
    ended = asyncio.create_task(_all(tasks) if tasks else asyncio.Event().wait())
    worker = [asyncio.create_task(working)] if working else []
    stopped, hurried = asyncio.create_task(stop.wait()), asyncio.create_task(at_once.wait())
    try:
        await asyncio.wait({*worker, ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end([*tasks, *worker, ended, stopped], hurried, grace_seconds + CLOSING_SECONDS)
    ends = [task.exception() for task in (*worker, *tasks, ended) if task.done() and not task.cancelled()]
    for error in filter(None, ends):
        raise error
    if at_once.is_set():
        sys.exit(STOPPED_AT_ONCE)


def _signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Set by the first Ctrl-C or SIGTERM, and by the second."""
    loop, first, second = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    asked: list[float] = []

    def ask() -> None:
        asked.append(loop.time())
        first.set()
        if asked[-1] - asked[0] > SAME_SECONDS:
            second.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask)
    return first, second


async def _all(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.gather(*tasks)


async def _end(tasks: Sequence[asyncio.Task[Any]], hurried: asyncio.Task[Any], within: float) -> None:
    for task in tasks:
        task.cancel()
    over = asyncio.create_task(asyncio.wait(tasks))
    await asyncio.wait({over, hurried}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    if not over.done():
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=0.5)
    hurried.cancel()
