"""One customer's socket, as our widget keeps it: it resumes after the last event seen, and sends again what was not
acknowledged, with the same message id."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Sequence
from random import Random

import aiohttp
import msgspec

from serving.soak.seen import Event, Frame, Record, Written, place, read_event
from serving.soak.words import words_in

LONGEST_WAIT, FIRST_WAIT = 20.0, 0.4  # seconds between two tries to connect, as in the widget
CONNECT_SECONDS = 10.0
GONE = (aiohttp.ClientError, OSError, TimeoutError)


class Connection:
    """Open while it is entered. Each try reaches any web process, as behind a load balancer, which passes over those
    that refuse."""

    def __init__(self, http: aiohttp.ClientSession, urls: Sequence[str], record: Record, random: Random) -> None:
        self._http, self._urls, self._record, self._random = http, urls, record, random
        self._origin = urls[0]
        self._outbox: list[Written] = []
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._changed = asyncio.Event()
        self._tries = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn_words: set[str] = set()
        self._turn_began = ""

    async def __aenter__(self) -> "Connection":
        self._spawn(self._stay_connected())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def write(self, *messages: Written) -> None:
        for message in messages:
            message.sent = message.sent or time.monotonic()
            self._outbox.append(message)
        for message in messages:
            await self._send(message)

    async def drop(self) -> None:
        """What a tunnel does to a telephone."""
        if self._socket and not self._socket.closed:
            await self._socket.close()

    async def until(self, holds: Callable[[], bool], patience: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
        return holds()

    async def _stay_connected(self) -> None:
        while True:
            with contextlib.suppress(*GONE):
                await self._one_connection()
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2**self._tries)
            self._tries += 1
            await asyncio.sleep(wait * (0.5 + self._random.random() / 2))

    async def _one_connection(self) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            socket = await self._any_socket()
        try:
            await socket.send_str(_json({"token": self._record.token, "after": self._record.last}))
            self._socket = socket
            for message in list(self._outbox):
                await self._send(message)
            async for frame in socket:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    self._take(frame.data.encode())
        finally:
            self._socket = None
            # as a page that is closed: without it, a peer that is dead is waited for
            with contextlib.suppress(*GONE):
                async with asyncio.timeout(1):
                    await socket.close()

    async def _any_socket(self) -> aiohttp.ClientWebSocketResponse:
        """Raises what the last one that was tried raises."""
        first, *others = self._random.sample(self._urls, len(self._urls))
        path = f"/v1/conversations/{self._record.conversation}/socket"
        for url in others:
            with contextlib.suppress(aiohttp.ClientConnectorError):
                return await self._http.ws_connect(url + path, origin=self._origin, compress=0)
        return await self._http.ws_connect(first + path, origin=self._origin, compress=0)

    async def _send(self, message: Written) -> None:
        if self._socket and not self._socket.closed:
            with contextlib.suppress(*GONE):
                await self._socket.send_str(_json(message.body()))

    def _take(self, raw: bytes) -> None:
        self._tries = 0
        event = read_event(raw)
        frame = event.frame
        if frame.kind == "accepted":
            self._acknowledged(frame.id, frame.event)
        elif frame.kind == "error":
            self._refused(frame)
        elif place(frame.id) > place(self._record.last):
            self._record.last = frame.id
            self._happened(event)
        self._changed.set()

    def _acknowledged(self, message_id: str, event_id: str) -> None:
        self._outbox = [one for one in self._outbox if one.id != message_id]
        self._record.acknowledged_as.setdefault(message_id, []).append(event_id)
        for message in self._record.written:
            if message.id == message_id:
                message.acknowledged = message.acknowledged or time.monotonic()
                message.event = message.event or event_id

    def _refused(self, frame: Frame) -> None:
        waiting = next((one for one in self._outbox if one.id == frame.id), None)
        if waiting is None:
            return
        if frame.status in (429, 503):
            self._spawn(self._again(waiting, frame.retry_after or 1))
        else:
            waiting.refused = f"{frame.status}: {frame.error}"
            self._outbox.remove(waiting)

    async def _again(self, message: Written, wait: float) -> None:
        await asyncio.sleep(wait)
        if message in self._outbox:
            await self._send(message)

    def _happened(self, event: Event) -> None:
        frame = event.frame
        if frame.passes:
            return
        self._record.live.append(event)
        if frame.kind == "said":
            self._acknowledged(frame.message, frame.id)
            return
        self._turn_began = self._turn_began or frame.id
        if frame.kind == "text":
            self._turn_words.update(words_in(frame.text))
        if frame.kind == "status" and frame.status == "done":
            self._turn_done()

    def _turn_done(self) -> None:
        """A customer takes a reply that names their words for the answer to those; any other for one to all so far."""
        now, began, named = time.monotonic(), place(self._turn_began), self._turn_words
        for message in self._record.written:
            before = bool(message.event) and place(message.event) < began
            if not message.seen_answered and (message.word in named or (before and (message.press or not named))):
                message.seen_answered = now
        self._turn_words, self._turn_began = set(), ""

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _json(what: dict[str, str]) -> str:
    return msgspec.json.encode(what).decode()
