"""What the desk's pages send, each a small strict record."""

import msgspec

from adapters.web.desk.refusals import wrong
from adapters.web.parts import LONGEST_TEXT
from adapters.web.refusals import Refusal
from bot.desks import Help


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A deed that needs no more words."""


class Assignment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    to: str


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    text: str = ""
    original: str = ""
    files: list[str] = []


class WrittenNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str


class Ending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    help: Help = "resolved"


class ToTranslate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str
    language: str


class WrittenCanned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    language: str
    title: str
    text: str
    id: str = ""  # "": a new one


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    questions: list[str]
    text: str


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    old: str
    new: str


def checked_text(name: str, text: str, may_be_empty: bool = False) -> str:
    """Raises Refusal (413, 422)."""
    text = text.replace("\0", "").strip()
    if len(text) > LONGEST_TEXT:
        raise Refusal(413, f"{name}: is longer than {LONGEST_TEXT:,} characters.")
    if not text and not may_be_empty:
        wrong(name, "is empty.")
    return text
