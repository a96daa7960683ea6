"""What a channel is, and what of the core is put into its hands. Channels are found by entry point, never named."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from bot.desks import StaffSide
from bot.messages import Event, Happening, Incoming
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

    async def accept(self, incoming: Incoming, per_minute: int = 0, deliver: bool = False) -> str:
        """Store a message durably; returns the id of its event. The same message id twice is one message.

        `deliver`: whatever happens in the conversation from now on goes through the Outbox. A message that `edits`
        another takes its place while that waits for its answer; "" is returned where the other was followed by more,
        so that nobody needs the new wording. Raises TooMuch, at more than `per_minute` messages of the conversation
        (0: any number) too, and ConnectionError when it could not be stored: the channel must not acknowledge it then.
        """

    async def withdraw(self, conversation: str, message: str) -> None:
        """The customer has deleted a message: it is no longer shown, and not answered where it was not yet.

        Raises ConnectionError.
        """

    async def happened(self, conversation: str, event: str) -> Happening | None:
        """What happened at this event id, where that is still known. Raises ConnectionError."""

    def events(self, conversation: str, after: str = "") -> AsyncIterator[Event]:
        """Everything after an event id ("" = from the beginning), then whatever happens, without a gap or an end."""

    def reply(self, conversation: str, to: str) -> AsyncIterator[Event]:
        """The events of the turn that answers the message with event id `to`, ending with its `done` status."""

    async def transcript(self, conversation: str, after: str = "", before: str = "", at_most: int = 0) -> list[Event]:
        """What has happened so far between two event ids, in order, without waiting; `at_most`: the newest so many of
        it, 0 for all. Raises ConnectionError."""


class Limiter(Protocol):
    async def allow(self, what: str, who: str, at_most: int, per_seconds: int) -> int:
        """Count one try; 0 when allowed, else the seconds to wait. Raises ConnectionError when it cannot count."""

    async def allow_use(self, what: str, who: str, at_most: int, per_seconds: int) -> int:
        """The same where a few more do no harm, and where it is asked all the time: it seldom costs a trip."""


class Delivery(Protocol):
    """One conversation whose customer waits for what happened in it. One process at a time has it."""

    @property
    def conversation(self) -> str: ...

    @property
    def noted(self) -> str:
        """How far a delivery that was broken off had come with what is next, as `note` was told; else ""."""

    def events(self) -> AsyncIterator[Event]:
        """What was not delivered yet, passing things too, then whatever happens; ends when it has been quiet."""

    async def note(self, how_far: str) -> None:
        """How far the delivery of what is next has come. Kept until `delivered`, should the process die."""

    async def delivered(self, event: str) -> None:
        """Everything up to this event id is with the customer, and never comes again."""


class NotNow(ConnectionError):
    """The platform does not take anything for this conversation now; raised by an adapter, to be called again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not now; again in {seconds:.1f} s")
        self.seconds = seconds


class Unreachable(Exception):
    """The customer cannot be reached any more: they left, or do not want to hear from us. Raised by an adapter."""


class Outbox(Protocol):
    """Brings what happened to customers on channels where nobody holds a line open. An account is what we are on a
    platform ("irc:shop-bot"); the ids of its conversations begin with it and a colon."""

    async def only_here(self, account: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` while no other process of the desk does so for this account; until cancelled. `work` is cancelled
        when the account is lost (Redis was away), and run again when it is ours again."""

    async def deliver(self, account: str, each: Callable[[Delivery], Awaitable[None]]) -> None:
        """Call `each` for every conversation in which something happens, many at once; until cancelled. Only inside
        `only_here`. When it raises NotNow or any other ConnectionError it is called again later with what was not
        delivered; at Unreachable all of that is dropped."""


class Bucket(msgspec.Struct, frozen=True):
    """So many messages a second on average, and so many at once after a silence."""

    name: str
    per_second: float
    at_once: float


class Pace(Protocol):
    """Platforms' limits, kept over all processes. All raise ConnectionError when Redis is away."""

    async def take(self, account: str, buckets: Sequence[Bucket], spare: float = 0.0) -> float:
        """Take one out of each bucket; 0 when taken, else the seconds until all of them have one (nothing is taken
        then). `spare`: the share of each bucket that must be left after it, for what matters more."""

    async def hold(self, account: str, bucket: str, seconds: float) -> None:
        """The platform said: nothing more of this for so long."""


class Bookmarks(Protocol):
    """What an adapter has to remember of a platform, for good: the last message it saw in a channel, say."""

    async def read(self, account: str) -> dict[str, str]:
        """All of an account. Raises ConnectionError."""

    async def write(self, account: str, name: str, value: str) -> None:
        """An empty value removes it. Raises ConnectionError."""

    async def advance(self, account: str, name: str, number: int) -> None:
        """The same for a number that only grows: a smaller one changes nothing. Raises ConnectionError."""


class Attachments(Protocol):
    """Keeps the photos and files that customers send, as long as their conversation is kept."""

    @property
    def most_bytes(self) -> int: ...

    async def keep(self, conversation: str, name: str, media_type: str, content: bytes) -> str:
        """Returns under what it is kept; the same content twice in a conversation is one. Raises ValueError for more
        than `most_bytes`, ConnectionError when it could not be kept."""

    async def read(self, kept: str) -> bytes:
        """Raises FileNotFoundError, ConnectionError."""


class Figures(Protocol):
    """What a process counts, and shows to who watches over it."""

    async def text(self) -> bytes:
        """All of it, in the text format of Prometheus."""

    def sockets(self, more: int) -> None:
        """So many more are open than before; fewer where it is negative."""


class Words(Protocol):
    """The fixed sentences of the desk."""

    def __call__(self, language: str, name: str, /, **values: object) -> str:
        """One of them by its name, with what has to be filled in."""


class Handles(msgspec.Struct, frozen=True):
    """The whole of the core that a channel sees."""

    postbox: Postbox
    limiter: Limiter
    outbox: Outbox
    pace: Pace
    bookmarks: Bookmarks
    attachments: Attachments
    pages: Pages
    staff: StaffSide
    figures: Figures
    health: Callable[[], Awaitable[dict[str, str]]]  # each by name: "ok", "away: …", or what is wrong
    secret: bytes  # signs what this shop hands out; every process of a desk has the same
    languages: tuple[str, ...]
    words: Words
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
