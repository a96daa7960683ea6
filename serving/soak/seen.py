"""What the customers wrote and saw: beside the shop's books, this is all that the checker is told."""

from typing import Any

import msgspec

PASSING_KINDS, PASSING_STATUSES = {"delta", "busy"}, {"thinking", "restarted"}


class Button(msgspec.Struct, frozen=True):
    id: str
    label: str = ""


class Frame(msgspec.Struct, frozen=True):
    """Whatever comes on a socket or stands in a transcript, as far as a customer looks at it."""

    kind: str
    id: str = ""
    event: str = ""  # of `accepted`
    text: str = ""
    message: str = ""  # of `said`
    status: str | int = ""  # of a turn, or of a refusal
    error: str = ""
    retry_after: float = 0.0
    buttons: tuple[Button, ...] = ()

    @property
    def passes(self) -> bool:
        return self.kind in PASSING_KINDS or (self.kind == "status" and self.status in PASSING_STATUSES)


class Event(msgspec.Struct, frozen=True):
    """One event that lasts, with its bytes as they came."""

    frame: Frame
    raw: bytes


class Written(msgspec.Struct):
    """One message of a customer. Times are seconds of one clock; 0.0 where it has not happened."""

    id: str
    word: str
    text: str
    press: str = ""
    order: str = ""  # that a press of Confirm would change
    sent: float = 0.0  # the first time
    acknowledged: float = 0.0
    event: str = ""  # under which it was acknowledged
    seen_answered: float = 0.0  # as far as the customer could tell while they watched
    refused: str = ""  # why, where it was refused for good

    def body(self) -> dict[str, Any]:
        return {"id": self.id, "text": self.text} | ({"press": self.press} if self.press else {})


class Record(msgspec.Struct):
    """All of one conversation."""

    number: int
    customer: str = ""  # the shop's id, where the page has signed them in
    conversation: str = ""
    token: str = ""
    written: list[Written] = []
    live: list[Event] = []  # as it came, resumed by event id
    last: str = ""  # the event to go on after
    acknowledged_as: dict[str, list[str]] = {}  # message id -> every event id under which it was acknowledged
    transcript: list[Event] = []  # as it was read when all was over
    asked_again: dict[str, str] = {}  # message id -> id of the `done` of the turn that the desk says answers it


_frame = msgspec.json.Decoder(Frame)


def read_event(raw: bytes) -> Event:
    return Event(_frame.decode(raw), raw)


def place(event_id: str) -> tuple[int, int]:
    """Where an event stands: "9-0" comes before "10-0"."""
    milliseconds, _, number = event_id.partition("-")
    return int(milliseconds or 0), int(number or 0)
