"""The line, and what staff do: a conversation that a person is needed for, from the wish for one to its end."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Literal, Protocol

import msgspec

from bot.desks.people import Member
from bot.messages import Attachment, Event

Reason = Literal["asked", "unknown", "rule", "failed", "tone", "parked", "staff"]  # staff: they came by themselves
State = Literal["waiting", "taken"]
Help = Literal["resolved", "unresolved"]  # how staff say that it ended; the customer's own word counts more

REASONS: tuple[Reason, ...] = ("asked", "unknown", "rule", "failed", "tone", "parked", "staff")


class NotYours(ValueError):
    """Another has the conversation, or nobody: it has to be taken first. `owner`: the login, "" for nobody."""

    def __init__(self, conversation: str, owner: str) -> None:
        super().__init__(f"{conversation} is taken by {owner}." if owner else f"Take {conversation} first.")
        self.conversation, self.owner = conversation, owner


class NotFilledIn(ValueError):
    """A canned answer still has a place in it that somebody has to fill in."""

    def __init__(self, place: str) -> None:
        super().__init__(f"Nothing was sent: fill in {place} first.")
        self.place = place


class NoSuchConversation(ValueError):
    """It never was, or has been forgotten."""


class Handoff(msgspec.Struct, frozen=True, omit_defaults=True):
    """A conversation that waits for staff, or that staff have. Times are seconds since the epoch."""

    conversation: str
    number: int  # 1 for the first of this conversation: what was planned for an earlier one is void
    reason: Reason
    state: State
    since: float  # when it joined the line, this time
    channel: str
    language: str = ""
    words: str = ""  # the last that the customer wrote, its beginning
    wrote: float = 0.0  # when that was
    public: bool = False  # others read along: what staff write there they write to all of them
    owner: str = ""  # login
    taken: float = 0.0
    answered: float = 0.0  # when staff wrote last
    alerts: int = 0  # how often staff were reminded of it
    overdue: bool = False  # nobody came in time, and the customer was told so
    contact: str = ""  # the e-mail address or telephone number that the customer has left
    wanted: str = ""  # what was collected for staff while they waited: "order OT-12345678; photo"
    stage: str = ""  # what the desk has told them last while they wait: "offer", "come_back:2", "overdue"
    expected: float = 0.0  # seconds that they were told it takes; 0: they were told of none
    asked: float = 0.0  # since when they wait for words of who has it


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """Written for staff alone: no customer ever sees it. It stands beside the conversation, not in it."""

    id: str
    at: float  # seconds since the epoch
    by: str  # login; "" for the desk itself
    text: str
    kind: Literal["note", "took", "assigned", "returned", "closed", "reminded", "original", "system"] = "note"


class Desk(Protocol):
    """The line, and what staff do. Every deed is one of a member, refused where it is not theirs, written into the
    book, and told to every desk. All raise ConnectionError when Redis is away."""

    async def handoffs(self) -> list[Handoff]:
        """All that are open: who waits, the longest first, then those that staff have."""

    async def handoff(self, conversation: str) -> Handoff | None: ...

    def changes(self) -> AsyncIterator[frozenset[str]]:
        """Conversations whose handoff, talk or notes have changed, gathered over a fifth of a second; an empty set:
        something may have been missed, read all again. Never ends."""

    async def notes(self, conversation: str) -> list[Note]: ...

    async def take(self, member: Member, conversation: str) -> Handoff:
        """From now on the bot is silent. Raises NotYours where another was first, NoSuchConversation."""

    async def assign(self, member: Member, conversation: str, to: Member) -> Handoff:
        """Give it to another. Agents give away what they have; leads anything. Raises NotAllowed."""

    async def say(
        self,
        member: Member,
        conversation: str,
        text: str,
        message: str,
        attachments: tuple[Attachment, ...] = (),
        original: str = "",
    ) -> str:
        """To the customer, on their own channel. `message`: the desk's own id, the same twice is once. `original`: the
        member's words where `text` is a translation of them; kept as a note. Raises NotYours, NotFilledIn."""

    async def note(self, member: Member, conversation: str, text: str) -> Note: ...

    async def give_back(self, member: Member, conversation: str) -> None:
        """The bot answers again. Raises NotYours where another has it; a lead may all the same."""

    async def close(self, member: Member, conversation: str, help: Help = "resolved") -> None:
        """End it: the customer is thanked, and asked how it was. Raises NotYours likewise."""

    async def types(self, member: Member, conversation: str) -> None:
        """The customer is shown for some seconds that this member writes."""

    async def customer_types(self, conversation: str) -> None:
        """Told by a channel, at most every three seconds; staff who have the conversation are shown it."""

    def typing(self) -> AsyncIterator[str]:
        """Conversations in which the customer is typing, as it happens. Never ends."""

    def writing(self) -> AsyncIterator[str]:
        """Conversations in which staff are typing, as it happens. Never ends."""

    async def mirror(self, reader: str, each: Callable[["Mirror"], Awaitable[None]]) -> None:
        """Call `each` for every open handoff in which something is new to this reader ("irc:shop-bot"), and once more
        when it is over; many at once, one conversation at a time; until cancelled. Only inside `Outbox.only_here`. When
        it raises ConnectionError it is called again later with what was not shown; when it raises Unreachable (the
        place is gone, or closed to us), a minute later. What is over is not tried for ever."""


class Mirror(Protocol):
    """A handoff as a desk elsewhere shows it: a thread in a staff channel, say."""

    @property
    def conversation(self) -> str: ...

    @property
    def handoff(self) -> Handoff | None:
        """As it is now; None when it is over."""

    @property
    def kept(self) -> dict[str, str]:
        """What the reader has remembered of it: the id of its thread. Lives as long as the conversation."""

    async def keep(self, name: str, value: str) -> None: ...

    def news(self) -> Sequence[Event | Note]:
        """What was not shown yet, in order: lasting events and notes."""

    async def shown(self, one: Event | Note) -> None:
        """It is in its place, and never comes again."""
