"""What the events of a conversation ask of a channel to which messages are brought: type, show a draft, send."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.text import Rich, bold, joined, link, plain, read
from bot.messages import (
    DONE,
    RESTARTED,
    STAFF_TYPING,
    THINKING,
    Attachment,
    Busy,
    Button,
    Buttons,
    Card,
    Event,
    FinalText,
    Happening,
    InPrivate,
    Said,
    Source,
    Sources,
    Status,
    TextDelta,
)

_HAN = re.compile(r"[\u3400-\u9fff]")
_REFERENCE = re.compile(r"\[\d{1,2}\]")


@dataclass(frozen=True)
class Typing:
    """A reply is in the making."""


@dataclass(frozen=True)
class Frame:
    """The reply as far as it is made, in our Markdown; "": what was shown of it is taken back."""

    text: str


@dataclass(frozen=True)
class Queued:
    """So many conversations come first. Passing: told where it can be told at once, and not later."""

    event: str
    place: int


@dataclass(frozen=True)
class StaffSaid:
    """A person of the shop writes: not Markdown of ours."""

    event: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    name: str = ""  # of who wrote it, as customers read it


@dataclass(frozen=True)
class Passed:
    """Nothing to be sent: the customer's own words, or the end of what staff had to say."""

    event: str
    text: str = ""


@dataclass(frozen=True)
class Moved:
    """What is handed in anew in a private place, and the event where it can be looked up."""

    event: str
    asked: InPrivate


@dataclass(frozen=True)
class Reply:
    """All that a turn leaves, told at its end."""

    event: str  # id of its end: what is said to be delivered
    text: str = ""
    cards: tuple[Card, ...] = ()
    sources: tuple[Source, ...] = ()
    buttons: tuple[Button, ...] = ()
    buttons_event: str = ""  # where they can be looked up when one is pressed
    statuses: tuple[str, ...] = ()
    in_private: tuple[Moved, ...] = ()  # several where a press and words came in one breath
    answers: str = ""  # event id of the newest message that it answers

    @property
    def is_silent(self) -> bool:
        """Staff have the conversation, say: nothing is to be sent."""
        return not (self.text.strip() or self.cards or self.sources or self.buttons or self.in_private)


Step = Typing | Frame | Queued | StaffSaid | Passed | Reply


class Reading:
    """One delivery: reads every event of it in its order."""

    def __init__(self) -> None:
        self._draft = ""
        self._lasting = list[Event]()

    def read(self, event: Event) -> Step | None:
        """What is to be done now; None where more has to come first."""
        match event.what:
            case TextDelta(text):
                self._draft += text
                return Frame(self._draft)
            case Busy(place):
                return Queued(event.id, place)
            case Said(by="staff", text=text, attachments=attachments, name=name) if text.strip() or attachments:
                return StaffSaid(event.id, text, attachments, name)
            case Said(text=text):
                return Passed(event.id, text)
            case Status():
                return self._stands(event, event.what)
        self._lasting.append(event)
        return None

    def _stands(self, event: Event, status: Status) -> Step | None:
        if status == THINKING:
            return Typing()
        if status == STAFF_TYPING:
            return None  # it is told apart, as nothing is brought while staff write
        if status == RESTARTED:
            self._draft = ""
            return Frame("")
        if status != DONE:
            self._lasting.append(event)
            return None
        reply = _reply(event, self._lasting)
        self._draft, self._lasting = "", []
        return reply


def written(reply: Reply, sources_title: str, home: str) -> Rich:
    """Its text, its cards and its sources, for a channel that shows all of them as text."""
    cards = (card_page(card) for card in reply.cards)
    return joined([read(reply.text, home), *cards, _sources(reply, sources_title, home)])


def card_page(card: Card) -> Rich:
    rows = (plain(f"{label}{'：' if _HAN.search(label) else ': '}{value}") for label, value in card.rows)
    return joined([bold(card.title), *rows], "\n")


def language_of(text: str, languages: Sequence[str]) -> str:
    """In which of the shop's languages a fixed sentence goes with this text: no event says it, but the script does."""
    chinese = _HAN.search(text) is not None and "zh" in languages
    return "zh" if chinese else next((one for one in languages if one != "zh"), languages[0])


def note_of(event: str, number: int) -> str:
    """What is noted before piece `number` of what this event asks for goes out; the first is 0."""
    return f"{event}:{number}"


def progress(noted: str, event: str) -> int:
    """The first piece of which it is not known that it went out. The one that was noted last may be there already:
    it is sent once more, as a text that comes twice is better than one that never comes."""
    where, _, number = noted.rpartition(":")
    return int(number) if where == event and number.isdecimal() else 0


def _reply(end: Event, lasting: list[Event]) -> Reply:
    told: list[Happening] = [one.what for one in lasting]
    buttons = [one for one in lasting if isinstance(one.what, Buttons)]
    return Reply(
        event=end.id,
        answers=end.answers,
        text="\n\n".join(one.text for one in told if isinstance(one, FinalText) and one.text),
        cards=tuple(one for one in told if isinstance(one, Card)),
        sources=tuple(source for one in told if isinstance(one, Sources) for source in one.sources),
        buttons=buttons[-1].what.buttons if buttons and isinstance(buttons[-1].what, Buttons) else (),
        buttons_event=buttons[-1].id if buttons else "",
        statuses=tuple(one.status for one in told if isinstance(one, Status)),
        in_private=tuple(Moved(one.id, one.what) for one in lasting if isinstance(one.what, InPrivate)),
    )


def _sources(reply: Reply, title: str, home: str) -> Rich:
    """Numbered where the text cites them by number."""
    if not reply.sources:
        return Rich("")
    numbered = _REFERENCE.search(reply.text) is not None
    lines = (
        joined([plain(f"[{number}]" if numbered else "•"), link(source.title, source.url, home)], " ")
        for number, source in enumerate(reply.sources, 1)
    )
    return joined([bold(title), *lines], "\n")
