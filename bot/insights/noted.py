"""What is noted of a turn, to be kept with it: which passages it told, which question it had no answer to, and then?"""

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from bot.knowledge.passages import Passage

CORRECTION = "correction:"  # begins the ids of staff messages that correct what was told


class Unanswered(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="is", tag="unanswered"):
    """A question without an answer, free of what names a person."""

    event: str  # of the customer's message
    text: str
    language: str
    how: Literal["declined", "offered"]  # offered: the desk was not sure, and named topics to choose from
    nearest: str = ""  # the passage that came nearest, "" for none
    confidence: float = 0.0  # of that one


class Chose(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="is", tag="chose"):
    """The customer pressed one of the topics that were named."""

    event: str
    passage: str


class WantedPerson(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="is", tag="person"):
    event: str


class StaffSaid(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="is", tag="staff"):
    """What staff wrote after such a question, free of what names a person."""

    event: str
    text: str


Line = Unanswered | Chose | WantedPerson | StaffSaid


class _Encoded(msgspec.Struct):
    told: list[tuple[str, str]]
    missed: list[tuple[int, str]]
    rated: str
    forget: str


@dataclass(slots=True)
class Noted:
    """The lines stand in the order in which they happened; all but a question are kept only where one came before."""

    told: list[Passage] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    rated: str = ""  # event id of the customer's message, a space, and how many stars of five
    forget: str = ""  # event id up to which everything of the conversation is to go

    def copy(self) -> "Noted":
        return Noted([*self.told], [*self.lines], self.rated, self.forget)

    def encoded(self) -> str:
        """As the script that ends a turn reads it; "" where there is nothing."""
        if not (self.told or self.lines or self.rated or self.forget):
            return ""
        told = list({one.id: one.version for one in self.told if one.version}.items())
        lines = [(int(isinstance(line, Unanswered)), msgspec.json.encode(line).decode()) for line in self.lines]
        return msgspec.json.encode(_Encoded(told, lines, self.rated, self.forget)).decode()


_line: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


def read_line(written: str) -> Line | None:
    """None for one that another release has written."""
    try:
        return _line.decode(written)
    except msgspec.MsgspecError:
        return None
