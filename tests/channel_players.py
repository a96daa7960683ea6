"""A customer at each channel, as one is: writes and presses what stands there, and sees what the channel shows.

A `Stage` is a channel at work over a whole desk. Its players see no event and no id of the desk: what a press means and
what a source is called in the dialogues is read back from what stands on the screen.
"""

import asyncio
import os
import re
import secrets
import sys
import time
import tty
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import jwt

from adapters.terminal import TerminalChannel
from adapters.web.channel import WebChannel
from bot.channels import Channel, Handles
from bot.messages import Button
from serving.ports import free_port
from tests.line_channel import LineChannel
from tests.watched_desk import Watched

SECONDS = 30.0  # within which a reply must be there
SHOP = "https://shop.example"
WIDGET_SECRET = "a widget secret of the tests, long enough"
KINDS = {"help": "faq", "products": "product", "policies": "policy"}
ADDRESS = re.compile(rf"(?:{SHOP})?/(?P<language>\w+)/(?P<folder>help|products|policies)/(?P<name>[\w-]+)")
ORDER = re.compile(r"order:(OT-\d+)")


class NotOffered(Exception):
    """There is no such button on the screen, and no command for it."""


@dataclass(frozen=True)
class Seen:
    """What one message of the customer brought onto the screen."""

    words: str
    sources: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    statuses: tuple[str, ...] = ()  # where the channel shows them as such


class Player(Protocol):
    """One customer in one conversation."""

    async def says(self, text: str = "", press: str = "") -> Seen:
        """Raises NotOffered where nobody could press this here."""


class Stage(Protocol):
    signs_in: bool  # the channel itself vouches for customers; on any other they say a link code
    tells_locale: bool  # of who writes; on any other their words alone say it

    async def player(self, customer: str, locale: str) -> Player: ...


OpenStage = Callable[[Watched], AbstractAsyncContextManager[Stage]]


def words_for(press: str, locale: str = "") -> str:
    """What a customer writes who wants the same and has no such button. Raises NotOffered where that is nothing."""
    if press == "human":
        return "转人工" if locale.startswith("zh") else "/human"
    if found := ORDER.fullmatch(press):
        return found[1]
    raise NotOffered(press)


def source_of(address: str) -> str:
    """The id in the dialogues of a page of the shop: /en/help/delivery-time is faq:delivery-time:en."""
    found = ADDRESS.fullmatch(address.partition("#")[0])
    assert found, f"{address} is no page of the shop"
    return f"{KINDS[found['folder']]}:{found['name']}:{found['language']}"


async def line_by_line(says: Callable[[str, str], Awaitable[Seen]], text: str, press: str) -> Seen:
    """Where a message is one line, several are several messages; what is seen is all that they brought."""
    seen = [await says(line, press) for line in text.splitlines() or [""]]
    return Seen(
        "\n".join(one.words for one in seen), tuple(source for one in seen for source in one.sources), seen[-1].buttons
    )


@asynccontextmanager
async def serving(channel: Channel, handles: Handles) -> AsyncIterator[None]:
    """A channel at work; what ends it before its time is raised."""
    work = asyncio.create_task(channel.serve(handles))
    try:
        yield
        assert not work.done(), "the channel has ended by itself"
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def answered(port: int) -> None:
    """Until somebody listens there."""
    async with asyncio.timeout(SECONDS):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)


# --- the terminal


class TerminalStage:
    signs_in = False
    tells_locale = True

    def __init__(self, desk: Watched) -> None:
        self._desk = desk
        self._open: list[AbstractAsyncContextManager[None]] = []

    async def player(self, customer: str, locale: str) -> Player:
        """Takes the place of the one before: a process has one terminal."""
        await self.leave()
        keyboard, screen = os.openpty()
        tty.setraw(screen)
        at = _at_the_terminal(self._desk, keyboard, screen, locale)
        await at.__aenter__()
        self._open.append(at)
        player = TerminalPlayer(self._desk, keyboard)
        await player.sees()
        return player

    async def leave(self) -> None:
        while self._open:
            await self._open.pop().__aexit__(None, None, None)


@asynccontextmanager
async def terminal_stage(desk: Watched) -> AsyncIterator[Stage]:
    stage = TerminalStage(desk)
    try:
        yield stage
    finally:
        await stage.leave()


@asynccontextmanager
async def _at_the_terminal(desk: Watched, keyboard: int, screen: int, locale: str) -> AsyncIterator[None]:
    channel = TerminalChannel({"LANG": locale.replace("-", "_"), "SHOPDESK_PUBLIC_URL": SHOP})
    with os.fdopen(screen, closefd=False) as typed, os.fdopen(screen, "w", closefd=False) as shown:
        try:
            with _instead("stdin", typed), _instead("stdout", shown), _instead_of_columns():
                async with serving(channel, desk.handles):
                    yield
        finally:
            os.close(keyboard)  # lets the thread go that reads the other end
            os.close(screen)


@contextmanager
def _instead(name: str, file: Any) -> Iterator[None]:
    before = getattr(sys, name)
    setattr(sys, name, file)
    try:
        yield
    finally:
        setattr(sys, name, before)


@contextmanager
def _instead_of_columns() -> Iterator[None]:
    """A window so wide that no card is folded."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "400"
    try:
        yield
    finally:
        del os.environ["COLUMNS"]
        if before is not None:
            os.environ["COLUMNS"] = before


class TerminalPlayer:
    def __init__(self, desk: Watched, keyboard: int) -> None:
        self._desk, self._keyboard = desk, keyboard
        self._shown: dict[str, str] = {}  # what to type for a button, by its id
        self.screen = ""  # all that was ever shown

    async def says(self, text: str = "", press: str = "") -> Seen:
        return await line_by_line(self._says, text, press)

    async def _says(self, text: str, press: str) -> Seen:
        words = await self.types((self._shown.get(press) or words_for(press)) if press else text)
        lines = words.splitlines()
        numbered = [found for line in lines if (found := re.fullmatch(r"  (\d+)\) (.*)", line))]
        conversation = self._desk.postbox.accepted[-1].conversation  # nobody else writes meanwhile
        buttons = await self._desk.buttons_shown(conversation, [found[2] for found in numbered])
        self._shown = {button.id: found[1] for button, found in zip(buttons, numbered, strict=True)}
        cited = [found[1] for line in lines if (found := re.fullmatch(rf"  \[.*\] .*?({SHOP}\S+)", line))]
        return Seen(words, tuple(map(source_of, cited)), buttons)

    async def types(self, line: str) -> str:
        """Returns what is shown up to the next prompt."""
        await asyncio.to_thread(os.write, self._keyboard, f"{line}\n".encode())
        return await self.sees()

    async def sees(self) -> str:
        """Everything up to the next prompt."""
        loop, pieces = asyncio.get_running_loop(), asyncio.Queue[bytes]()
        loop.add_reader(self._keyboard, lambda: pieces.put_nowait(os.read(self._keyboard, 65536)))
        shown = b""
        try:
            async with asyncio.timeout(SECONDS):
                while not shown.endswith(b"\n> "):
                    shown += await pieces.get()
        finally:
            loop.remove_reader(self._keyboard)
        self.screen += shown.decode()
        return shown.decode().removesuffix("\n> ")


# --- the web


class WebStage:
    signs_in = True
    tells_locale = True

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def player(self, customer: str, locale: str) -> Player:
        body = {"locale": locale}
        if customer:
            body["identity"] = jwt.encode(
                {"sub": customer, "exp": int(time.time()) + 3600}, WIDGET_SECRET, algorithm="HS256"
            )
        async with self._http.post("/v1/conversations", json=body) as answer:
            assert answer.status == 201, await answer.text()
            started = await answer.json()
        return WebPlayer(self._http, started["conversation"], started["token"])


@asynccontextmanager
async def web_stage(desk: Watched) -> AsyncIterator[Stage]:
    port = free_port()
    environ = {
        "SHOPDESK_PORT": str(port),
        "SHOPDESK_PUBLIC_URL": SHOP,
        "SHOPDESK_WIDGET_SECRET": WIDGET_SECRET,
    }
    patience = aiohttp.ClientTimeout(SECONDS)
    async with (
        serving(WebChannel(environ), desk.handles),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", timeout=patience) as http,
    ):
        await answered(port)
        yield WebStage(http)


class WebPlayer:
    def __init__(self, http: aiohttp.ClientSession, conversation: str, token: str) -> None:
        self.http, self.conversation, self.proof = http, conversation, {"Authorization": f"Bearer {token}"}
        self.path = f"/v1/conversations/{conversation}"

    async def says(self, text: str = "", press: str = "") -> Seen:
        """A program may send any press, whether it was offered or not."""
        body = {"id": secrets.token_hex(8), "press": press} if press else {"id": secrets.token_hex(8), "text": text}
        async with self.http.post(f"{self.path}/messages", json=body, headers=self.proof) as answer:
            assert answer.status == 200, await answer.text()
            parts = (await answer.json())["parts"]
        by_kind = {kind: [part for part in parts if part["kind"] == kind] for kind in {part["kind"] for part in parts}}
        return Seen(
            "\n".join(_words_of(part) for part in parts if part["kind"] in ("text", "card")),
            tuple(source_of(one["url"]) for part in by_kind.get("sources", []) for one in part["sources"]),
            tuple(Button(one["id"], one["label"]) for part in by_kind.get("buttons", []) for one in part["buttons"]),
            tuple(part["status"] for part in by_kind.get("status", [])),
        )


def _words_of(part: dict[str, Any]) -> str:
    rows: Sequence[Sequence[str]] = part.get("rows", ())
    return "\n".join([part.get("text", ""), part.get("title", ""), *(f"{label}: {value}" for label, value in rows)])


# --- lines


class LineStage:
    signs_in = tells_locale = False

    def __init__(self, desk: Watched, port: int) -> None:
        self._desk, self._port = desk, port

    async def player(self, customer: str, locale: str) -> Player:
        player = LinePlayer(self._desk, self._port, secrets.token_hex(6), locale)
        await player.connects()
        return player


@asynccontextmanager
async def line_stage(desk: Watched) -> AsyncIterator[Stage]:
    port = free_port()
    async with serving(LineChannel({"LINES_PORT": str(port)}), desk.handles):
        await answered(port)
        yield LineStage(desk, port)


class LinePlayer:
    def __init__(self, desk: Watched, port: int, nick: str, locale: str) -> None:
        self._desk, self._port, self._nick, self._locale = desk, port, nick, locale
        self._said, self._shown = 0, dict[str, str]()  # what to send for a button, by its id
        self.conversation = f"lines:desk:{nick}"
        self.lines: list[str] = []  # all that ever came

    async def connects(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        self.writes(f"NICK {self._nick}")

    def writes(self, line: str) -> None:
        self.writer.write(f"{line}\n".encode())

    async def says(self, text: str = "", press: str = "") -> Seen:
        return await line_by_line(self._says, text, press)

    async def _says(self, text: str, press: str) -> Seen:
        said = text or words_for(press, self._locale) if press not in self._shown else self._shown[press]
        self._said += 1
        self.writes(f"{'PRESS' if press in self._shown else 'SAY'} {self._said} {said}")
        turns = self._desk.outbox.turns[self.conversation]
        start = len(self.lines)
        await self.reads(f"STORED {self._said}")
        await self._desk.outbox.has_delivered(self.conversation, turns + 1)
        await self.reads_what_is_there()
        return await self._seen(self.lines[start:])

    async def _seen(self, lines: list[str]) -> Seen:
        data = [line.split(" ", 2)[1:] for line in lines if line.startswith("BUTTON ")]
        buttons = [await self._desk.button(self.conversation, shown, label) for shown, label in data]
        self._shown |= {button.id: shown for button, (shown, _) in zip(buttons, data, strict=True)}
        cited = tuple(source_of(line.split(" ", 2)[1]) for line in lines if line.startswith("SOURCE "))
        words = [line.partition(" ")[2] for line in lines if line.startswith(("TEXT ", "CARD ", "ROW "))]
        return Seen("\n".join(words), cited, tuple(buttons))

    async def reads(self, line: str) -> str:
        """Until this line comes, or where it has come already."""
        async with asyncio.timeout(SECONDS):
            while line not in self.lines:
                self.lines.append((await self.reader.readline()).decode().rstrip("\n"))
                assert not self.reader.at_eof(), f"{line!r} did not come before the end"
        return line

    async def reads_what_is_there(self) -> None:
        """What the channel has handed over already: on this machine that is here once it answers something more."""
        self._said += 1
        self.writes(f"WELL {self._said}")
        await self.reads(f"WHAT {self._said}")

    async def is_cut_off(self) -> None:
        async with asyncio.timeout(SECONDS):
            with suppress(ConnectionError):
                while not self.reader.at_eof():
                    await self.reader.readline()
