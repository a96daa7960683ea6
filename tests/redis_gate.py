"""A gate before a real Redis: all of it passes, until something is to be held on its way there or back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

Way = Literal["there", "back", "through"]
AT_ONCE = 65536


@dataclass
class Held:
    """What is not let through: whoever sent it waits for an answer that never comes.

    there: Redis never hears of it; back: Redis has done it, and the answer is kept; through: it is only told.
    """

    word: bytes
    way: Way
    reached: asyncio.Event = field(default_factory=asyncio.Event)


class Gate:
    def __init__(self, redis_port: int) -> None:
        self._redis_port = redis_port
        self._held: Held | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def hold(self, word: str, way: Way) -> Held:
        """The next command that has this word in it."""
        self._held = Held(word.encode(), way)
        return self._held

    def let_through(self) -> None:
        """Everything from now on; what was held stays lost."""
        self._held = None

    def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._pass_on(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._redis_port)
        line = Line()
        ways = [asyncio.create_task(self._there(reader, ours, line)), asyncio.create_task(_back(theirs, writer, line))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            ours.close()
            writer.close()

    async def _there(self, reader: asyncio.StreamReader, redis: asyncio.StreamWriter, line: "Line") -> None:
        while read := await reader.read(AT_ONCE):
            held = self._held
            if held and held.word in read:
                if held.way != "back":
                    held.reached.set()
                if held.way == "there":
                    await asyncio.Event().wait()
                line.held = held if held.way == "back" else None
            redis.write(read)
            await redis.drain()

    async def close(self) -> None:
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


@dataclass
class Line:
    """One connection through the gate."""

    held: Held | None = None  # its answer is kept


async def _back(redis: asyncio.StreamReader, writer: asyncio.StreamWriter, line: Line) -> None:
    while read := await redis.read(AT_ONCE):
        if line.held:
            line.held.reached.set()
            await asyncio.Event().wait()
        writer.write(read)
        await writer.drain()


@asynccontextmanager
async def gate_before(redis_port: int) -> AsyncIterator[Gate]:
    gate = Gate(redis_port)
    server = await asyncio.start_server(gate.pass_on, "127.0.0.1", 0)
    gate.port = server.sockets[0].getsockname()[1]
    try:
        yield gate
    finally:
        server.close()
        await gate.close()
