"""The words between the core and whoever has a desk for staff: whom the shop's people help, what they see, what they
may do. Every desk (a page, a group in a chat) shows the same, because all of it is kept behind these."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from bot.messages import Attachment, Card, Event, Source

Role = Literal["agent", "lead"]
Reason = Literal["asked", "unknown", "rule", "failed", "tone", "parked", "staff"]  # staff: they came by themselves
State = Literal["waiting", "taken"]
Help = Literal["resolved", "unresolved"]  # how staff say that it ended; the customer's own word counts more

REASONS: tuple[Reason, ...] = ("asked", "unknown", "rule", "failed", "tone", "parked", "staff")


class NotAllowed(PermissionError):
    """This member may not do that."""


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


class SignInRefused(PermissionError):
    """Wrong, or tried too often: the same words for who is known and who is not. `wait`: seconds, 0 for none."""

    def __init__(self, wait: int = 0) -> None:
        super().__init__("The name or the password is wrong." if not wait else f"Too many tries: again in {wait} s.")
        self.wait = wait


class Member(msgspec.Struct, frozen=True):
    """One of the shop's people."""

    login: str
    name: str  # as customers read it
    role: Role
    language: str = ""  # in which they read the desk; "": the browser's


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

    async def mirror(self, reader: str, each: Callable[["Mirror"], Awaitable[None]]) -> None:
        """Call `each` for every open handoff in which something is new to this reader ("irc:shop-bot"), and once more
        when it is over; many at once, one conversation at a time; until cancelled. Only inside `Outbox.only_here`. When
        it raises ConnectionError it is called again later with what was not shown."""


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


class People(Protocol):
    """Who belongs to the staff."""

    async def sign_in(self, login: str, password: str, address: str) -> str:
        """Returns the token of a session. Counted by login and by address. Raises SignInRefused, ConnectionError."""

    async def who(self, token: str) -> Member | None:
        """None where the session is over, or the member is no longer one."""

    async def sign_out(self, token: str) -> None: ...
    async def on_platform(self, platform: str, user: str) -> Member | None:
        """By the id that the platform vouches for: ("irc", "anna42")."""

    async def linked(self, platform: str) -> dict[str, Member]:
        """Everybody who has an id there, by it: whom to call when somebody waits. Raises ConnectionError."""

    async def named(self, login: str) -> Member | None: ...
    async def all(self) -> list[Member]: ...
    async def change_password(self, member: Member, old: str, new: str) -> None:
        """Ends all of their sessions. Raises SignInRefused, ValueError for one that is too easy."""


class Case(msgspec.Struct, frozen=True):
    """What staff should know before their first word. The cards are in the language that was asked for."""

    summary: str
    by_model: bool  # who made the summary; without a model it is made of the customer's own sentences
    customer: Card | None  # None for a guest
    orders: tuple[Card, ...]


class Reply(msgspec.Struct, frozen=True):
    """What the bot would say. Staff decide."""

    text: str
    sources: tuple[Source, ...]


class Translated(msgspec.Struct, frozen=True):
    text: str
    changed: tuple[str, ...] = ()  # numbers and ids of the original that are missing or other in it


class Canned(msgspec.Struct, frozen=True):
    id: str
    language: str
    title: str
    text: str  # {{ customer }}, {{ order }}, {{ staff }}, {{ shop }} are filled in


class FoundTalk(msgspec.Struct, frozen=True):
    """A conversation of the past in which something was said."""

    conversation: str
    at: datetime
    channel: str
    language: str
    by: str  # customer, desk, staff
    excerpt: str


class Assistance(Protocol):
    """What helps staff at their work. All read only, but for the canned answers, which a lead changes."""

    async def case(self, conversation: str, language: str) -> Case: ...
    async def replies(self, conversation: str) -> list[Reply]:
        """Drafts from the knowledge, for what the customer has asked last; the likeliest first, at most three."""

    @property
    def translates(self) -> bool:
        """Whether there is a model that can."""

    async def translated(self, conversation: str, text: str, language: str) -> Translated:
        """Raises ConnectionError where there is no model, or it is away."""

    async def canned(self, language: str, conversation: str, member: Member) -> list[Canned]:
        """With what stands for the customer and the order filled in."""

    async def keep_canned(self, member: Member, one: Canned) -> Canned:
        """`id` "": a new one. Raises NotAllowed for who is no lead."""

    async def drop_canned(self, member: Member, id: str) -> None: ...
    async def search(self, words: str, at_most: int = 50) -> list[FoundTalk]:
        """In what customers, the desk and staff have said, the newest first."""


class DraftEntry(msgspec.Struct, frozen=True):
    """A FAQ entry made of what staff answered where the knowledge had nothing; a lead approves it or drops it."""

    id: str
    language: str
    questions: tuple[str, ...]
    text: str
    conversation: str
    marks: tuple[str, ...] = ()  # what was taken out of it because it may name a person


class Figure(msgspec.Struct, frozen=True):
    """One row of one table, and the way to the conversations behind it."""

    label: str
    value: float | None
    of: int  # how many conversations stand behind it
    key: str  # with the table's name: what `behind` takes


class Table(msgspec.Struct, frozen=True):
    name: str  # "channels", "hours", "outcomes", "first_answer", "resolution", "reasons", "csat", "topics", ...
    unit: Literal["conversations", "seconds", "stars", "share", "questions"]
    rows: tuple[Figure, ...]


class Span(msgspec.Struct, frozen=True):
    """From the beginning of the first day to the end of the last, in the shop's time zone."""

    first: str  # "2026-11-01"
    last: str


class Insight(Protocol):
    """What happened, for a lead."""

    async def tables(self, span: Span) -> list[Table]: ...
    async def behind(self, span: Span, table: str, key: str, at_most: int = 200) -> list[FoundTalk]: ...
    async def drafts(self) -> list[DraftEntry]: ...
    async def approve(self, member: Member, id: str, questions: Sequence[str], text: str) -> None:
        """It becomes an entry of the FAQ. Raises NotAllowed, ValueError that says what is wrong with it."""

    async def drop(self, member: Member, id: str) -> None: ...


class StaffSide(msgspec.Struct, frozen=True):
    """All that a desk for staff gets into its hands."""

    desk: Desk
    people: People
    assistance: Assistance
    insight: Insight
