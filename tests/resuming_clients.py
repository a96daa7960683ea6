"""Clients of the web channel whose line is cut again and again, and the screen on which a customer reads what came."""

import asyncio
import json
from random import Random
from typing import Any, Literal

import aiohttp
from websockets.exceptions import ConnectionClosed

from adapters.web.parts import comes_after
from tests.web_callers import STREAM, Caller, socket_of

Resumes = Literal["after the last", "from the beginning", "one too late"]
MOST_FRAMES = 7  # between two cuts


class Screen:
    """What came, event by event; it notices at once what comes twice, in disorder, or instead of something else."""

    def __init__(self) -> None:
        self.last = ""
        self.lasting: list[str] = []  # each event as JSON, byte by byte as it came
        self.said: set[str] = set()
        self.drafts: list[str] = []  # each state of the text in the making, since the last final one
        self.done = 0
        self.deltas = 0

    def show(self, event_id: str, raw: str) -> None:
        assert comes_after(event_id, self.last), f"{event_id} came after {self.last}"
        self.last = event_id
        event = json.loads(raw)
        match event["kind"], event.get("status"):
            case "delta", _:
                self.deltas += 1
                self.drafts.append((self.drafts[-1] if self.drafts else "") + event["text"])
            case "status", "thinking" | "restarted":
                self.drafts = []
            case kind, status:
                self.lasting.append(raw)
                self._last(kind, status, event)

    def _last(self, kind: str, status: str | None, event: Any) -> None:
        if kind == "said":
            self.said.add(event["message"])
        if kind == "text":
            for draft in self.drafts:
                assert event["text"].startswith(draft), f"{draft!r} was shown, and then it was {event['text']!r}"
            self.drafts = []
        self.done += status == "done"

    def transcript(self) -> str:
        return '{"events":[' + ",".join(self.lasting) + "]}"


class Client:
    """Sends its messages until each is in the conversation, and reads until all is quiet."""

    def __init__(self, caller: Caller, rng: Random, resumes: Resumes = "after the last") -> None:
        self.caller, self.screen = caller, Screen()
        self.cuts = 0
        self._rng, self._resumes = rng, resumes
        self._skips = 0

    async def over_sockets(self, messages: list[str]) -> None:
        outbox = list(messages)
        while not self._is_served(messages):
            frames = self._rng.randint(1, MOST_FRAMES)
            ws = await socket_of(self.caller)
            try:
                await ws.send(json.dumps({"token": self.caller.token, "after": self._place()}))
                for message in outbox[:1]:
                    await ws.send(json.dumps({"id": message, "text": f"Tell me a long story, {message}."}))
                while frames and not self._is_served(messages):
                    raw = str(await ws.recv())
                    frames -= 1
                    frame = json.loads(raw)
                    if frame["kind"] not in ("accepted", "error"):
                        self._show(frame["id"], raw)
                    outbox = [one for one in messages if one not in self.screen.said]
            except ConnectionClosed:
                continue
            finally:
                ws.transport.abort()
                self.cuts += 1

    async def over_streams(self, messages: list[str]) -> None:
        posting = asyncio.gather(*(self._post(message) for message in messages))
        while not self._is_served(messages):
            frames = self._rng.randint(1, MOST_FRAMES)
            headers = {**self.caller.proof, **STREAM, "Last-Event-ID": self._place()}
            async with self.caller.http.get(f"{self.caller.path}/events", headers=headers) as answer:
                assert answer.status == 200
                event_id = ""
                async for line in answer.content:
                    name, _, value = line.decode().rstrip("\n").partition(": ")
                    event_id = value if name == "id" else event_id
                    if name == "data":
                        self._show(event_id, f'{{"id":"{event_id}",{value[1:]}')
                        frames -= 1
                    if not frames or self._is_served(messages):
                        break
                answer.close()
                self.cuts += 1
        await posting

    async def has_seen_everything(self) -> None:
        """The screen holds, byte by byte, what the transcript does."""
        async with self.caller.http.get(f"{self.caller.path}/events", headers=self.caller.proof) as answer:
            assert await answer.text() == self.screen.transcript()

    async def _post(self, message: str) -> None:
        body = {"id": message, "text": f"Tell me a long story, {message}."}
        async with self.caller.http.post(
            f"{self.caller.path}/messages", json=body, headers=self.caller.proof, timeout=aiohttp.ClientTimeout(60)
        ) as answer:
            assert answer.status == 200

    def _is_served(self, messages: list[str]) -> bool:
        """All is said, and the last thing that happened is the end of a turn."""
        screen = self.screen
        ends = bool(screen.lasting) and json.loads(screen.lasting[-1]).get("status") == "done"
        return ends and screen.said >= set(messages) and not screen.drafts

    def _place(self) -> str:
        self._skips = int(self._resumes == "one too late" and bool(self.screen.last))
        return "" if self._resumes == "from the beginning" else self.screen.last

    def _show(self, event_id: str, raw: str) -> None:
        if self._skips:
            self._skips -= 1
        else:
            self.screen.show(event_id, raw)
