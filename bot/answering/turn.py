"""One turn as an answerer sees it: what was asked, by whom, and what has been read to answer it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol

from bot.desks import Reason
from bot.knowledge.passages import Passage
from bot.messages import Attachment, Part, Source
from bot.sessions import Session


@dataclass(frozen=True, slots=True)
class Missed:
    """A question that was looked up and not answered."""

    text: str
    how: Literal["declined", "offered"]
    nearest: str = ""  # the id of the passage that came nearest
    confidence: float = 0.0


@dataclass(slots=True)
class Reading:
    """What was read in this turn: the only things that the reply may state; and what was looked for in vain."""

    texts: list[str] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)

    def passage(self, passage: Passage) -> int:
        """Note a passage; returns the number under which the reply may cite it, from 1."""
        if passage not in self.passages:
            self.passages.append(passage)
            self.texts.append(passage_text(passage))
        return self.passages.index(passage) + 1

    def sources(self) -> tuple[Source, ...]:
        """Where each passage stands; a path is one of Shopdesk's own pages, and the channel knows their address."""
        return tuple(Source(one.id, one.title, one.url, one.version) for one in self.passages)


def passage_text(passage: Passage) -> str:
    """As it is read."""
    return f"{passage.title}\n{passage.text}"


@dataclass(slots=True)
class Blocked:
    """A sentence that was not shown."""

    kind: str  # one of metrics.BLOCKED
    then: str = ""  # what took its place, one of metrics.THEN; "" while that is not known


@dataclass(slots=True)
class Turn:
    """The session is this turn's own copy: what is changed in it is saved only if the turn is."""

    session: Session
    text: str
    press: str
    language: str
    message: str = ""  # the id of the customer's message that is answered
    card: str = ""  # token of the card that was the last thing said before what the customer says now
    accepted: datetime = field(default_factory=lambda: datetime.now(UTC))  # when it came
    event: str = ""  # the event id under which it was accepted
    public: bool = False  # others read along: nothing of the customer's own is said or asked for
    was_linked: bool = False  # when the turn before had ended: a turn that begins anew may have undone the link itself
    wants_private: bool = False  # an answerer sets it: it was about to, all the same
    attached: tuple[Attachment, ...] = ()  # what came with it
    photos: tuple[str, ...] = ()  # under what names the photos and files are kept that came with it
    saw: bool = False  # an answerer sets it: the reply was made looking at all of them
    reading: Reading = field(default_factory=Reading)
    blocked: list[Blocked] = field(default_factory=list)
    done: str = ""  # the action that was carried out, because the customer confirmed it
    tone: float = 0.0  # 0 calm to 1 angry, of what was written
    angry: bool = False  # so much so that a person comes
    refused: str = ""  # the rule that the reply before named and that a person could lift
    brings_in: Reason | None = None  # an answerer sets it: why staff are to come; the conversation manager acts on it

    @property
    def conversation(self) -> str:
        return self.session.conversation


class Answerer(Protocol):
    def answer(self, turn: Turn) -> AsyncIterator[Part]:
        """The reply: text deltas as it is made, then the final text, then whatever goes with it."""
