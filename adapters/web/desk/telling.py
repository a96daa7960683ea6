"""What staff are shown of a conversation, as JSON: its handoff, its notes, and what happened in it."""

from collections.abc import Iterable
from functools import partial
from urllib.parse import quote

import msgspec

from adapters.web.parts import to_outgoing_event
from bot.desks import Handoff, Note
from bot.messages import THINKING, Busy, Event, InPrivate, TextDelta

LONGEST_CONVERSATION = 140  # bytes of an id
MOST_EVENTS = 500  # of one conversation that are told at once, the newest


class Talk(msgspec.Struct, frozen=True):
    handoff: Handoff | None
    notes: list[Note]
    events: list[msgspec.Raw]
    more: bool  # there was more before


def file_address(conversation: str, event: str, number: int) -> str:
    """Behind the sign-in: whoever is not of the staff gets nothing there."""
    return f"/desk/api/talks/{quote(conversation, safe='')}/files/{event}/{number}"


def told(conversation: str, events: Iterable[Event], public_url: str) -> list[msgspec.Raw]:
    address = partial(file_address, conversation)
    return [msgspec.Raw(to_outgoing_event(event, public_url, address)) for event in events if is_shown(event)]


def is_shown(event: Event) -> bool:
    """Staff read what is said, not how it comes about."""
    return not isinstance(event.what, TextDelta | Busy | InPrivate) and event.what != THINKING
