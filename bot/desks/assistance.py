"""What helps staff at their work: the case in short, drafts, translation, canned answers, what was said before."""

from datetime import datetime
from typing import Protocol

import msgspec

from bot.desks.people import Member
from bot.messages import Card, Source


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
