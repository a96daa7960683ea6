"""What is noted of a turn, to be kept with it: which passages it told, which question it had no answer to, and then?"""

from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from bot.desks import Reason
from bot.insights.facts import TurnFact
from bot.knowledge.passages import Passage

KEPT_WORDS = 200  # characters of what a customer wrote last, for staff to see in the line
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


class Opening(msgspec.Struct, frozen=True):
    """What is known of a handoff that begins with the turn."""

    reason: Reason
    channel: str
    language: str
    words: str  # the last that the customer wrote, its beginning
    public: str = ""  # "1": others read along


class _Encoded(msgspec.Struct, omit_defaults=True):
    told: list[tuple[str, str]]
    missed: list[tuple[int, str]]
    forget: str
    handoff: Opening | None = None
    adds: dict[str, str] = {}
    facts: list[str] = []
    leaves: bool = False


@dataclass(slots=True)
class Noted:
    """The lines stand in the order in which they happened; all but a question are kept only where one came before."""

    told: list[Passage] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    rated: str = ""  # event id of the customer's message, a space, and how many stars of five
    comment: str = ""  # event id, a space, and the word that goes with the stars
    forget: str = ""  # event id up to which everything of the conversation is to go
    handoff: Opening | None = None  # where staff are brought in
    adds: dict[str, str] = field(default_factory=dict)  # what is new of an open handoff, by field
    facts: list[TurnFact] = field(default_factory=list)

    def copy(self) -> "Noted":
        return replace(self, told=[*self.told], lines=[*self.lines], adds={**self.adds}, facts=[*self.facts])

    def encoded(self, committed: float, leaves: bool) -> str:
        """As the script that ends a turn reads it. `committed`: seconds since the epoch; `leaves`: the line."""
        told = list({one.id: one.version for one in self.told if one.version}.items())
        lines = [(int(isinstance(line, Unanswered)), msgspec.json.encode(line).decode()) for line in self.lines]
        facts = [msgspec.json.encode(msgspec.structs.replace(one, answered=committed)).decode() for one in self.facts]
        return msgspec.json.encode(_Encoded(told, lines, self.forget, self.handoff, self.adds, facts, leaves)).decode()


_line: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


def read_line(written: str) -> Line | None:
    """None for one that another release has written."""
    try:
        return _line.decode(written)
    except msgspec.MsgspecError:
        return None
