"""Customers at the desk's WebSocket, as the widget speaks to it: proof first, then questions, one at a time."""

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from bot.messages import DONE, SIMPLER, THINKING, WAITING_FOR_STAFF
from serving.bench.desk_processes import Desk
from serving.bench.measuring import Answered
from serving.bench.questions import QUESTIONS_EACH, Question


class Frame(msgspec.Struct, frozen=True):
    """What is looked at of any frame."""

    kind: str
    id: str = ""  # of an event; in `accepted`, of the message
    event: str = ""
    status: str | int = ""


class Heard(msgspec.Struct, frozen=True):
    """One turn as its customer saw it; readings of time.perf_counter(), and the ids of events."""

    asked: float
    first_text: float
    as_meant: bool
    accepted: str
    taken: str


_frame = msgspec.json.Decoder(Frame)


@asynccontextmanager
async def chat_socket(desk: Desk, conversation: str, token: str) -> AsyncIterator[ClientConnection]:
    address = f"{desk.url.replace('http', 'ws', 1)}/v1/conversations/{conversation}/socket"
    async with connect(
        address, origin=Origin(desk.url), compression=None, ping_interval=None, open_timeout=60, close_timeout=1
    ) as socket:
        await socket.send(msgspec.json.encode({"token": token}).decode())
        yield socket


async def ask(socket: ClientConnection, text: str) -> Heard:
    """Send it and hear the turn out. Raises RuntimeError where the message is refused."""
    asked, first_text, as_meant, accepted, taken = time.perf_counter(), 0.0, True, "", ""
    await socket.send(msgspec.json.encode({"id": secrets.token_hex(8), "text": text}).decode())
    while True:
        frame = _frame.decode(await socket.recv())
        if frame.kind == "error":
            raise RuntimeError(f"a message was refused: {frame}")
        if frame.kind == "accepted":
            accepted = frame.event
        elif frame.kind in ("delta", "text"):
            first_text = first_text or time.perf_counter()
        elif frame.status == THINKING.status:
            taken = taken or frame.id
        elif frame.status in (SIMPLER.status, WAITING_FOR_STAFF.status):
            as_meant = False
        elif frame.status == DONE.status:
            return Heard(asked, first_text, as_meant and bool(first_text), accepted, taken)


class Visits:
    """Each conversation has a socket of its own while it lasts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._open: dict[str, tuple[ClientConnection, AsyncExitStack]] = {}
        self._asked: dict[str, int] = {}

    async def ask(self, question: Question) -> Answered:
        """Opening the socket is no part of the turn's time, but of what the desk spends."""
        where = question.conversation
        if where not in self._open:
            opened = AsyncExitStack()
            proof = self._desk.conversation(question.customer)
            self._open[where] = await opened.enter_async_context(chat_socket(self._desk, *proof)), opened
        heard = await ask(self._open[where][0], question.text)
        self._asked[where] = self._asked.get(where, 0) + 1
        if self._asked[where] == QUESTIONS_EACH:
            await self._close(where)
        return Answered(heard.first_text, heard.as_meant, heard.asked)

    async def close(self) -> None:
        for where in list(self._open):
            await self._close(where)

    async def _close(self, where: str) -> None:
        _, opened = self._open.pop(where)
        self._asked.pop(where, None)
        await opened.aclose()
