"""What a group of staff is told of a customer who wants a person: the head of the thread, and line by line what is
new. Pure; in one language, that of the group, except for what people wrote."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.replies import card_page
from adapters.text import Rich, bold, joined, plain, read
from bot.channels import Words
from bot.desks import Case, Handoff, Note
from bot.messages import Attachment, Card, Event, FinalText, Said

_TITLE, _NAME = 60, 25  # characters of what the customer wrote, and of their name
_BEFORE = 300  # characters of each thing that was said before
_DEEDS = ("took", "assigned", "returned", "closed", "reminded")  # kinds of notes that need a sentence
_CLOCK = ("overdue", "quiet")  # what the desk's clock notes
_SHORTLY = 60.0  # seconds of a wait that are not spoken of
_HOUR = 3600


@dataclass(frozen=True)
class Line:
    """One thing that is new."""

    page: Rich
    kept: tuple[Attachment, ...] = ()  # photos and files that are shown after it
    calls: bool = False  # staff are to be called by name


@dataclass(frozen=True)
class Names:
    """How those are called who are known by their login only."""

    by_login: dict[str, str]

    def of(self, login: str) -> str:
        return self.by_login.get(login, login)


class Talk:
    """`home` is the public address of the shop's own pages, "" where it is not known."""

    def __init__(self, words: Words, language: str, home: str = "") -> None:
        self._words, self.language, self._home = words, language, home

    def say(self, name: str, **values: object) -> str:
        return self._words(self.language, name, **values)

    def title(self, handoff: Handoff, case: Case | None) -> str:
        """Of the thread, at most 100 characters on one line: who it is, where they write, and what they wrote."""
        said = _line(handoff.words) or self.say(f"desk_reason_{handoff.reason}")
        who = f"{_shortened(_line(case.customer.title), _NAME)}, " if case and case.customer else ""
        return f"{who}{handoff.channel}: {_shortened(said, _TITLE)}"

    def head(self, handoff: Handoff, case: Case | None, now: float) -> Rich:
        """All that staff should know before their first word. `now`: seconds since the epoch."""
        return joined([joined(self._facts(handoff, now), "\n"), *self._of_case(case)])

    def hint(self) -> Rich:
        return plain(self.say("desk_hint"))

    def over(self) -> Rich:
        return plain(self.say("desk_over"))

    def before(self, lines: Sequence[Line]) -> Rich:
        """What was said until now, each thing by its beginning."""
        pages = (_begun(one.page) for one in lines)
        return joined([bold(self.say("desk_so_far")), *pages], "\n") if lines else Rich("")

    def left(self, contact: str) -> Rich:
        """Where the customer can be reached who does not wait here."""
        return self._row("desk_contact", contact)

    def line(self, one: Event | Note, names: Names) -> Line | None:
        """None for what staff need not see: the buttons a customer has, say."""
        return self._noted(one, names) if isinstance(one, Note) else self._happened(one)

    def _facts(self, handoff: Handoff, now: float) -> list[Rich]:
        facts = [bold(self.say(f"desk_reason_{handoff.reason}")), plain(self._where(handoff))]
        waited = now - handoff.since
        if handoff.state == "waiting" and waited >= _SHORTLY:
            facts.append(plain(self._waited(waited)))
        if handoff.public:
            facts.append(bold(self.say("desk_public")))
        if handoff.contact:
            facts.append(self.left(handoff.contact))
        if handoff.wanted:
            facts.append(self._row("desk_collected", handoff.wanted))
        return facts

    def _where(self, handoff: Handoff) -> str:
        spoken = self._words(handoff.language, "language_name") if handoff.language else ""
        again = self.say("desk_again", number=handoff.number) if handoff.number > 1 else ""
        return " · ".join(filter(None, (handoff.channel, spoken, again)))

    def _waited(self, seconds: float) -> str:
        if seconds < _HOUR:
            return self.say("desk_waits_minutes", minutes=int(seconds // 60))
        return self.say("desk_waits_hours", hours=int(seconds // _HOUR), minutes=int(seconds % _HOUR // 60))

    def _of_case(self, case: Case | None) -> list[Rich]:
        if case is None:
            return []
        summary = joined([bold(self.say("desk_summary")), plain(case.summary)], "\n") if case.summary else Rich("")
        return [summary, *(card_page(card) for card in ((case.customer,) if case.customer else ()) + case.orders)]

    def _row(self, name: str, value: str) -> Rich:
        return joined([bold(self.say(name)), plain(value)], " ")

    def _happened(self, event: Event) -> Line | None:
        match event.what:
            case Said(by="customer"):
                return self._said(self.say("desk_customer"), event.what)
            case Said():
                return self._said(event.what.name or self.say("from_staff"), event.what)
            case FinalText(text) if text.strip():
                return Line(self._spoken(self.say("desk_bot"), read(text, self._home)))
            case Card():
                return Line(card_page(event.what))
        return None

    def _said(self, who: str, said: Said) -> Line | None:
        kept = tuple(one for one in said.attachments if one.kept)
        named = ", ".join(self._attachment(one) for one in said.attachments)
        words = joined([plain(said.text), plain(f"[{named}]" if named else "")], " ")
        return Line(self._spoken(who, words), kept) if words.text else None

    def _attachment(self, one: Attachment) -> str:
        """A customer's file by its name; what was not kept says so."""
        name = one.name or self.say(f"what_{one.kind if one.kind != 'sticker' else 'other'}")
        return name if one.kept or one.kind not in ("photo", "file") else self.say("desk_not_kept", what=name)

    def _noted(self, note: Note, names: Names) -> Line | None:
        who = names.of(note.by)
        if note.kind == "system" and note.text in _CLOCK:
            return Line(plain(self.say(f"desk_note_{note.text}")), calls=True)
        if note.kind in _DEEDS:
            to = names.of(note.text)
            return Line(plain(self.say(f"desk_note_{note.kind}", who=who, to=to)), calls=note.kind == "reminded")
        if not note.text.strip():
            return None
        name = "desk_note_original" if note.kind == "original" else "desk_note"
        return Line(self._spoken(self.say(name, who=who) if who else self.say("desk_note_system"), plain(note.text)))

    def _spoken(self, who: str, words: Rich) -> Rich:
        return joined([bold(self.say("desk_says", who=who)), words], " ")


def _line(text: str) -> str:
    return " ".join(plain(text).text.split())


def _shortened(text: str, at_most: int) -> str:
    return text if len(text) <= at_most else text[: at_most - 1] + "…"


def _begun(page: Rich) -> Rich:
    return page if len(page.text) <= _BEFORE else joined([page.cut(0, _BEFORE - 1), Rich("…")], "")
