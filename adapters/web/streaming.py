"""Server-sent events: a conversation's events as they happen, with a heartbeat, until told to stop."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack
from typing import Any, TypeVar

import msgspec
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from adapters.web.refusals import NOT_READ, Error

_HEARTBEAT = 15.0  # seconds of silence after which a comment shows that we are here
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
Item = TypeVar("Item")


class Stream(StreamingResponse):
    """Gives up what it holds when it has ended, however it ends."""

    def __init__(self, frames: AsyncIterator[bytes], holds: ExitStack) -> None:
        super().__init__(frames, headers=HEADERS, media_type="text/event-stream")
        self._holds = holds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._holds:
            await super().__call__(scope, receive, send)


def frame(event_id: str, part: bytes) -> bytes:
    return f"id: {event_id}\ndata: ".encode() + part + b"\n\n"


def error_frame(message: str) -> bytes:
    """For what goes wrong after the 200 is out."""
    return b"event: error\ndata: " + msgspec.json.encode(Error(message)) + b"\n\n"


async def heartbeat(
    frames: AsyncIterator[bytes], closing: asyncio.Event, until: float, too_late: bytes = b""
) -> AsyncGenerator[bytes, None]:
    """The frames, and a comment in every silence; ends when we close, or at `until` (seconds since 1970).

    `too_late` is what is said when `until` comes first.
    """
    stop = asyncio.ensure_future(closing.wait())
    following = asyncio.ensure_future(_next(frames))
    try:
        while (left := until - time.time()) > 0:
            done, _ = await asyncio.wait(
                {following, stop}, timeout=min(_HEARTBEAT, left), return_when="FIRST_COMPLETED"
            )
            if stop in done:
                return
            if following not in done:
                yield b": still here\n\n"
                continue
            yield following.result()
            following = asyncio.ensure_future(_next(frames))
        yield too_late
    except StopAsyncIteration:
        return
    except ConnectionError:
        yield error_frame(NOT_READ)
    finally:
        await _let_go(stop, following)


async def _next(items: AsyncIterator[Item]) -> Item:
    return await anext(items)


async def _let_go(*tasks: "asyncio.Future[Any]") -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration, ConnectionError):
            await task
