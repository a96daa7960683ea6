"""What a channel is, and what of the core is put into its hands. Channels are found by entry point, never named."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from bot.messages import Event, Incoming
from bot.pages import Pages

GROUP = "shopdesk.channels"


class TooMuch(ConnectionError):
    """A message is not stored: the customer writes too fast, has too much unanswered, or the whole desk is full."""

    def __init__(self, what: Literal["messages", "unanswered", "line"], wait: int) -> None:
        super().__init__(f"too much: {what}; try again in {wait} s")
        self.what = what
        self.wait = wait  # seconds


class Postbox(Protocol):
    """The narrow side of the mailbox: hand a message in, read what happens. All that an adapter may do."""

    async def accept(self, incoming: Incoming, per_minute: int = 0) -> str:
        """Store a message durably; returns the id of its event. The same message id twice is one message.

        Raises TooMuch, at more than `per_minute` messages of the conversation (0: any number) too, and ConnectionError
        when it could not be stored: the channel must not acknowledge it then.
        """

    def events(self, conversation: str, after: str = "") -> AsyncIterator[Event]:
        """Everything after an event id ("" = from the beginning), then whatever happens, without a gap or an end."""

    def reply(self, conversation: str, to: str) -> AsyncIterator[Event]:
        """The events of the turn that answers the message with event id `to`, ending with its `done` status."""

    async def transcript(self, conversation: str, after: str = "") -> list[Event]:
        """What has happened so far, without waiting."""


class Limiter(Protocol):
    async def allow(self, what: str, who: str, at_most: int, per_seconds: int) -> int:
        """Count one try; 0 when allowed, else the seconds to wait. Raises ConnectionError when it cannot count."""


class Figures(Protocol):
    """What a process counts, and shows to who watches over it."""

    async def text(self) -> bytes:
        """All of it, in the text format of Prometheus."""

    def sockets(self, more: int) -> None:
        """So many more are open than before; fewer where it is negative."""


class Handles(msgspec.Struct, frozen=True):
    """The whole of the core that a channel sees."""

    postbox: Postbox
    limiter: Limiter
    pages: Pages
    figures: Figures
    health: Callable[[], Awaitable[dict[str, str]]]  # each by name: "ok", "away: …", or what is wrong
    secret: bytes  # signs what this shop hands out; every process of a desk has the same
    languages: tuple[str, ...]
    words: Callable[[str, str], str]  # (language, name of a fixed sentence) -> the sentence
    data: Path
    announce: Callable[[str], None]  # prints one line to the person who started the program
    grace_seconds: float = 5.0  # how long what is under way may go on when we are to stop


class Finding(msgspec.Struct, frozen=True):
    """One line of `shopdesk doctor`."""

    name: str
    ok: bool
    found: str
    advice: str = ""


class Channel(Protocol):
    """A channel reads its own settings from the environment it is given, and nothing else."""

    name: str

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Raises ValueError naming the setting that is wrong."""

    def enabled(self) -> bool:
        """Whether `shopdesk run` should open it: its token is set, or it needs none."""

    async def check(self) -> list[Finding]: ...
    async def serve(self, handles: Handles) -> None:
        """Run until cancelled. Raises OSError with a sentence that says what to do if it cannot open."""


def channel_names() -> list[str]:
    """Every channel that is installed."""
    return sorted(point.name for point in entry_points(group=GROUP))


def find_channels(only: str | None = None) -> dict[str, Callable[[Mapping[str, str]], Channel]]:
    """Every channel that is installed, by name, or `only` that one; others are not even loaded then."""
    found = entry_points(group=GROUP, name=only) if only else entry_points(group=GROUP)
    return {point.name: point.load() for point in found}
