"""What a channel is, and what of the core is put into its hands. Channels are found by entry point, never named."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

import msgspec

from bot.messages import Event, Incoming
from bot.pages import Pages


class Postbox(Protocol):
    """The narrow side of the mailbox: hand a message in, read what happens. All that an adapter may do."""

    async def accept(self, incoming: Incoming) -> str:
        """Store a message durably; returns the id of its event. The same message id twice is one message.

        Raises ConnectionError when it could not be stored: the channel must not acknowledge it then.
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


class Handles(msgspec.Struct, frozen=True):
    """The whole of the core that a channel sees."""

    postbox: Postbox
    limiter: Limiter
    pages: Pages
    health: Callable[[], Awaitable[dict[str, str]]]  # each by name: "ok", "away: …", or what is wrong
    secret: bytes  # signs what this shop hands out; kept in the data folder
    languages: tuple[str, ...]
    words: Callable[[str, str], str]  # (language, name of a fixed sentence) -> the sentence
    data: Path
    announce: Callable[[str], None]  # prints one line to the person who started the program


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


def find_channels() -> dict[str, Callable[[Mapping[str, str]], Channel]]:
    """Every channel that is installed, by name."""
    return {point.name: point.load() for point in entry_points(group="shopdesk.channels")}
