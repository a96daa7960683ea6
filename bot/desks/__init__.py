"""The words between the core and whoever has a desk for staff: whom the shop's people help, what they see, what they
may do. Every desk (a page, a group in a chat) shows the same, because all of it is kept behind these."""

from datetime import datetime
from typing import Protocol

import msgspec

from bot.desks.assistance import Assistance, Canned, Case, FoundTalk, Reply, Translated
from bot.desks.book import DEEDS, BookEntry, Deed, StaffBook
from bot.desks.handoffs import (
    REASONS,
    Desk,
    Handoff,
    Help,
    Mirror,
    NoSuchConversation,
    Note,
    NotFilledIn,
    NotYours,
    Reason,
    State,
)
from bot.desks.insight import DraftEntry, Figure, Insight, Span, Table
from bot.desks.people import Member, NotAllowed, People, Role, SignInRefused

__all__ = [
    "DEEDS",
    "REASONS",
    "Assistance",
    "BookEntry",
    "Canned",
    "Case",
    "Deed",
    "Desk",
    "DraftEntry",
    "Figure",
    "FoundTalk",
    "Handoff",
    "Help",
    "Hours",
    "Insight",
    "Member",
    "Mirror",
    "NoSuchConversation",
    "NotAllowed",
    "NotFilledIn",
    "NotYours",
    "Note",
    "People",
    "Reason",
    "Reply",
    "Role",
    "SignInRefused",
    "Span",
    "StaffBook",
    "StaffSide",
    "State",
    "Table",
    "Translated",
]


class Hours(Protocol):
    """When somebody is there."""

    def opens_at(self, at: datetime) -> datetime | None:
        """The same moment where it is open then; None where it does not open any more."""

    def closes_at(self, at: datetime) -> datetime | None:
        """When it closes after this moment, at which it is open; None where it is closed, or closes never."""


class StaffSide(msgspec.Struct, frozen=True):
    """All that a desk for staff gets into its hands."""

    desk: Desk
    people: People
    assistance: Assistance
    insight: Insight
    book: StaffBook
    hours: Hours
