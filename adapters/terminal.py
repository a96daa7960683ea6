"""The terminal as a channel: `shopdesk chat`. Reads lines from stdin, prints the reply as it comes."""

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import sys
import threading
import unicodedata
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

from bot.channels import Finding, Handles
from bot.messages import Busy, Button, Buttons, Card, FinalText, Happening, Incoming, Source, Sources, Status, TextDelta

_REFERENCE = re.compile(r"\[\d{1,2}\]")
_ARROW = " → "  # between before and after in a row of a card
_UNSAFE = {  # what would command the terminal, or turn the direction of writing: nobody's words may
    **dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]),
    ord("\n"): "\n",
    ord("\t"): " ",
}


class TerminalChannel:
    name = "terminal"

    def __init__(self, environ: Mapping[str, str]) -> None:
        language = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
        self._locale = language.partition(".")[0].replace("_", "-")
        self._public_url = environ.get("SHOPDESK_PUBLIC_URL", "").rstrip("/")
        self._conversation = "terminal:" + secrets.token_hex(16)

    def enabled(self) -> bool:
        """Only `shopdesk chat` opens it."""
        return False

    async def check(self) -> list[Finding]:
        return []

    async def serve(self, handles: Handles) -> None:
        """Until the input ends; each line is answered before the next is read."""
        screen = _Screen(sys.stdin.isatty() and sys.stdout.isatty(), self._public_url)
        screen.ask()
        async for line in _lines(sys.stdin.fileno()):
            if line:
                await self._turn(handles, screen, line)
            screen.ask()

    async def _turn(self, handles: Handles, screen: "_Screen", line: str) -> None:
        pressed = screen.button(line)
        text, press = (pressed.label, pressed.id) if pressed else (line, "")
        said = Incoming(self.name, self._conversation, secrets.token_hex(12), text, press, locale=self._locale)
        try:
            event = await handles.postbox.accept(said)
            async for told in handles.postbox.reply(self._conversation, event):
                screen.show(told.what)
        except ConnectionError as problem:
            sys.stderr.write(f"The desk cannot be reached ({problem}). Try again in a moment.\n")


class _Screen:
    def __init__(self, live: bool, public_url: str) -> None:
        self._live = live  # a person watches
        self._public_url = public_url  # goes in front of addresses on our own pages
        self._streamed = ""
        self._numbered = False  # the text cites its sources as [1], [2]
        self._buttons: tuple[Button, ...] = ()

    def ask(self) -> None:
        if self._live:
            self._write("\n> ")

    def button(self, line: str) -> Button | None:
        """The button of the last reply that this number stands for."""
        number = int(line) if line.isascii() and line.isdigit() and len(line) < 4 else 0
        return self._buttons[number - 1] if 1 <= number <= len(self._buttons) else None

    def show(self, part: Happening) -> None:
        match part:
            case TextDelta(text):
                self._streamed += text
                self._write(text)
            case FinalText(text):
                self._write("\n" if text.strip() == self._streamed.strip() else f"{self._cut()}{text}\n")
                self._streamed, self._buttons = "", ()
                self._numbered = _REFERENCE.search(text) is not None
            case Busy(place):
                conversations = "conversation is" if place == 1 else "conversations are"
                self._write(f"  We are busy: {place} {conversations} before yours.\n")
            case Status("restarted"):
                self._write(self._cut())
            case Sources(sources):
                self._write("".join(self._source(number, source) for number, source in enumerate(sources, 1)))
            case Card(title, rows):
                self._write(f"\n  {title}\n" + "".join(_aligned(rows)))
            case Buttons(buttons):
                self._buttons = buttons
                self._write("".join(f"  {number}) {button.label}\n" for number, button in enumerate(buttons, 1)))

    def _source(self, number: int, source: Source) -> str:
        """Its title, its number where the text cites by number, and its address where one can go there."""
        url = self._public_url + source.url if source.url.startswith("/") else source.url
        name = f"[{number}] {source.title}" if self._numbered else f"[{source.title}]"
        return f"  {name}\n" if url.startswith("/") else f"  {name} {url}".rstrip() + "\n"

    def _cut(self) -> str:
        """Ends a draft that turned out otherwise."""
        streamed, self._streamed = self._streamed, ""
        return " …\n" if streamed else ""

    def _write(self, text: str) -> None:
        sys.stdout.write(text.translate(_UNSAFE))
        sys.stdout.flush()


def _aligned(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Values under each other; a change that is too long for one line has what it becomes on the next."""
    widest = max((_columns(label) for label, _ in rows), default=0)
    at_most = shutil.get_terminal_size().columns
    for label, value in rows:
        start = f"    {label}: " + " " * (widest - _columns(label))
        if _columns(start + value) > at_most and value.count(_ARROW) == 1:
            value = value.replace(_ARROW, "\n" + " " * (_columns(start) - 2) + _ARROW.lstrip())
        yield f"{start}{value}\n"


def _columns(text: str) -> int:
    """Of the terminal; a Chinese character takes two."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


async def _lines(source: int) -> AsyncIterator[str]:
    """Lines of a file descriptor, read in a thread of its own: a terminal blocks neither the loop nor our end."""
    loop, pieces = asyncio.get_running_loop(), asyncio.Queue[bytes]()

    def read() -> None:
        piece = b"-"
        with contextlib.suppress(RuntimeError):  # the loop has ended before the input
            while piece:
                try:
                    piece = os.read(source, 65536)
                except OSError:  # the terminal was closed
                    piece = b""
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

    threading.Thread(target=read, daemon=True, name="stdin").start()
    rest = b""
    while piece := await pieces.get():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace").strip()
    if rest.strip():
        yield rest.decode(errors="replace").strip()
