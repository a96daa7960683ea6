"""What stands in an open socket for an asyncio.Queue and an asyncio.Event: the same for one reader, in a few bytes."""

import asyncio

from uvicorn._types import ASGIReceiveEvent


class Unread:
    """What has come and nobody has received yet. One at a time may wait for it."""

    __slots__ = ("_received", "_woken")

    def __init__(self) -> None:
        self._received: list[ASGIReceiveEvent] = []
        self._woken: asyncio.Future[None] | None = None

    def put_nowait(self, event: ASGIReceiveEvent) -> None:
        self._received.append(event)
        if self._woken and not self._woken.done():
            self._woken.set_result(None)

    def empty(self) -> bool:
        return not self._received

    async def get(self) -> ASGIReceiveEvent:
        while not self._received:
            self._woken = asyncio.get_running_loop().create_future()
            await self._woken
        self._woken = None
        return self._received.pop(0)


class Writable:
    """Set at first, like a door that stands open."""

    __slots__ = ("_opened",)

    def __init__(self) -> None:
        self._opened: asyncio.Future[None] | None = None  # while it is shut

    def set(self) -> None:
        if self._opened:
            self._opened.set_result(None)
            self._opened = None

    def clear(self) -> None:
        self._opened = self._opened or asyncio.get_running_loop().create_future()

    async def wait(self) -> None:
        while self._opened:
            await asyncio.wait({self._opened})  # which leaves it to the others where one is cancelled
