"""What staff write and press in a group of theirs: words for the customer, a note for each other, or a deed. Pure.

Whatever begins with ! or / stays inside, understood or not: a mistyped note never reaches a customer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

from bot.channels import Words
from bot.desks import Handoff

DeedName = Literal["take", "return", "close", "close_unsolved"]

_CARRIED = re.compile(r"desk:(\d{1,9}):(\w{1,20})")
_ORDER = re.compile(r"[!/！](\w+)(?:@\w+)?(?:\s+(.*))?", re.DOTALL)
_NOTES = ("note", "备注", "註", "注")
_DEEDS: dict[str, DeedName] = {"take": "take", "接手": "take", "return": "return", "交还": "return",
                               "close": "close", "结束": "close"}  # fmt: skip
_UNSOLVED = ("unsolved", "not solved", "未解决")


@dataclass(frozen=True)
class ForCustomer:
    text: str


@dataclass(frozen=True)
class ForStaff:
    """A note; no customer ever sees it."""

    text: str


@dataclass(frozen=True)
class Deed:
    name: DeedName
    number: int = 0  # of the handoff it is meant for; 0: whichever there is


@dataclass(frozen=True)
class NotUnderstood:
    """It looks like a command and is none."""


Word = ForCustomer | ForStaff | Deed | NotUnderstood


@dataclass(frozen=True)
class DeskButton:
    deed: DeedName
    label: str
    main: bool  # the one that is proposed
    data: str  # what it carries


def read_word(text: str) -> Word:
    found = _ORDER.match(text.strip())
    if found is None:
        return NotUnderstood() if text.strip().startswith(("!", "/", "！")) else ForCustomer(text)
    name, rest = found[1].lower(), (found[2] or "").strip()
    if name in _NOTES:
        return ForStaff(rest) if rest else NotUnderstood()
    deed = _DEEDS.get(name)
    if deed == "close" and rest.lower() in _UNSOLVED:
        return Deed("close_unsolved")
    return Deed(deed) if deed and not rest else NotUnderstood()


def buttons_of(handoff: Handoff | None, words: Words, language: str) -> Sequence[DeskButton]:
    """What can be done with it now; nothing once it is over."""
    if handoff is None:
        return ()
    deeds: tuple[DeedName, ...] = ("take",) if handoff.state == "waiting" else ("return", "close", "close_unsolved")
    return tuple(
        DeskButton(deed, words(language, f"desk_button_{deed}"), place == 0, f"desk:{handoff.number}:{deed}")
        for place, deed in enumerate(deeds)
    )


def read_desk_press(data: str) -> Deed | None:
    """None for what is no button of a desk."""
    found = _CARRIED.fullmatch(data)
    if found is None or found[2] not in get_args(DeedName):
        return None
    return Deed(cast(DeedName, found[2]), int(found[1]))
