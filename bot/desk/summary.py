"""The talk so far, in short: what the customer asked in their own words, and what the desk said to it last."""

from collections.abc import Callable, Sequence

import msgspec

from bot.insights.corrections import plain
from bot.messages import STAFF, Event, FinalText, Said

CUSTOMER, DESK = "customer", "desk"
MOST_LINES = 5
LONGEST_LINE = 160  # characters
LONGEST_TALK = 6000  # characters that a model is given, the newest


class Spoken(msgspec.Struct, frozen=True):
    by: str  # customer, desk, staff
    text: str


class Talk(msgspec.Struct, frozen=True):
    lines: tuple[Spoken, ...]

    def of(self, by: str) -> list[str]:
        return [line.text for line in self.lines if line.by == by]

    def as_text(self) -> str:
        """One line each, with who said it; the newest that fit."""
        text = "\n".join(f"{line.by}: {' '.join(line.text.split())}" for line in self.lines)
        return text if len(text) <= LONGEST_TALK else text[-LONGEST_TALK:].partition("\n")[2]


def talk_of(events: Sequence[Event]) -> Talk:
    """Of all that happened, what was said; a photo or file is named by its kind."""
    lines = []
    for event in events:
        if isinstance(event.what, Said):
            said = event.what
            attached = " ".join(f"[{one.kind}]" for one in said.attachments)
            by = STAFF if said.by == STAFF else CUSTOMER
            lines.append(Spoken(by, " ".join(filter(None, (said.text.strip(), attached)))))
        elif isinstance(event.what, FinalText):
            lines.append(Spoken(DESK, event.what.text))
    return Talk(tuple(line for line in lines if line.text))


def in_own_words(talk: Talk, say: Callable[[str], str], is_small_talk: Callable[[str], bool]) -> str:
    """What the customer asked first and what last, as they wrote it; then the last words of the desk or of staff.
    `say`: the heading of that name. "" where nothing was said."""
    asked = [one for one in dict.fromkeys(talk.of(CUSTOMER)) if not is_small_talk(one)] or talk.of(CUSTOMER)[-1:]
    if not asked:
        return ""
    shown = asked if len(asked) <= MOST_LINES else [asked[0], "…", *asked[-MOST_LINES + 1 :]]
    parts = [say("asked"), *(f"– {shortened(one)}" if one != "…" else one for one in shown)]
    answered = next((line for line in reversed(talk.lines) if line.by != CUSTOMER), None)
    if answered:
        parts += [say("answered" if answered.by == DESK else "staff_said"), f"– {shortened(answered.text)}"]
    return "\n".join(parts)


def shortened(text: str) -> str:
    text = " ".join(plain(text).split())
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"
