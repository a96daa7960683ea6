"""A channel of lines over TCP: `NICK ada`, then `SAY 1 where is it?` or `PRESS 2 <button>`."""

import asyncio
from collections.abc import Mapping
from contextlib import closing, suppress

from bot.channels import Delivery, Finding, Handles, NotNow, Postbox, TooMuch
from bot.messages import DONE, Buttons, Card, Event, FinalText, Incoming, Said, Sources


class LineChannel:
    name, account = "lines", "lines:desk"

    def __init__(self, environ: Mapping[str, str]) -> None:
        port = environ.get("LINES_PORT") or "0"
        if not port.isdecimal():
            raise ValueError("LINES_PORT must be a number such as 6667.")
        self._port, self._open = int(port), dict[str, asyncio.StreamWriter]()

    def enabled(self) -> bool:
        return self._port > 0

    async def check(self) -> list[Finding]:
        return [Finding("lines", True, f"port {self._port}" if self.enabled() else "LINES_PORT is not set")]

    async def serve(self, handles: Handles) -> None:
        box, outbox = handles.postbox, handles.outbox
        with closing(await asyncio.start_server(lambda r, w: self._listen(box, r, w), "127.0.0.1", self._port)):
            await outbox.only_here(self.account, lambda: outbox.deliver(self.account, self._tell))

    async def _listen(self, box: Postbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(ConnectionError, ValueError):  # gone, or what came is no line of UTF-8
            conversation = f"{self.account}:{(await reader.readline()).decode().removeprefix('NICK ').strip()}"
            self._open[conversation] = writer
            while line := await reader.readline():
                writer.write(f"{await self._take(box, conversation, line.decode())}\n".encode())

    async def _take(self, box: Postbox, conversation: str, line: str) -> str:
        verb, message, text, press = [*[*line.strip().split(" ", 2), "", "", ""][:3], ""]
        try:
            if verb == "PRESS":
                event, _, place = text.rpartition(":")
                shown = await box.happened(conversation, event)
                if not isinstance(shown, Buttons) or place not in map(str, range(len(shown.buttons))):
                    return f"OLD {message}"
                text, press = shown.buttons[int(place)].label, shown.buttons[int(place)].id
            if not text or verb not in ("SAY", "PRESS"):
                return f"WHAT {message}"
            await box.accept(Incoming("lines", conversation, message, text, press), per_minute=20, deliver=True)
        except ConnectionError as problem:
            return f"AGAIN {message} {problem.wait if isinstance(problem, TooMuch) else 1}"
        return f"STORED {message}"  # not before it is: what is acknowledged is never lost

    async def _tell(self, delivery: Delivery) -> None:
        reply = ""
        async for event in delivery.events():
            reply += "".join(f"{line}\n" for line in to_outgoing(event))
            if event.what == DONE or isinstance(event.what, Said):
                writer = self._open.get(delivery.conversation)
                if writer is None or writer.is_closing():
                    raise NotNow(1)
                writer.write(f"{reply}END {event.id}\n".encode() if reply else b"")
                await writer.drain()
                await delivery.delivered(event.id)
                reply = ""


def to_outgoing(event: Event) -> list[str]:
    match event.what:
        case FinalText(text) | Said("staff", _, text):
            return [f"TEXT {line}" for line in text.splitlines()]
        case Sources(sources):
            return [f"SOURCE {source.url} {source.title}" for source in sources]
        case Card(title, rows):
            return [f"CARD {title}", *(f"ROW {label}: {value}" for label, value in rows)]
        case Buttons(buttons):
            return [f"BUTTON {event.id}:{place} {button.label}" for place, button in enumerate(buttons)]
    return []
