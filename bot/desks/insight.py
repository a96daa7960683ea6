"""What happened on the desk, for a lead: in tables, and which of staff's answers may become entries of the FAQ."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from bot.desks.assistance import FoundTalk
from bot.desks.people import Member


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
