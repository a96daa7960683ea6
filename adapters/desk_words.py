"""What staff write and press in a group of theirs: words for the customer, a note, a deed, or a wish for help. Pure.

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
_PROPOSED = re.compile(r"desk:(\d{1,9}):say_([0-9a-f]{12})")
_ORDER = re.compile(r"[!/！](\w+)(?:@\w+)?(?:\s+(.*))?", re.DOTALL)
_NOTES = ("note", "备注", "註", "注")
_DEEDS: dict[str, DeedName] = {"take": "take", "接手": "take", "return": "return", "交还": "return",
                               "close": "close", "结束": "close"}  # fmt: skip
_CANNED, _PROPOSALS = ("canned", "常用", "常用回复"), ("draft", "drafts", "草稿")
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


@dataclass(frozen=True)
class CannedSaid:
    """A canned answer goes to the customer."""

    title: str  # or its beginning


@dataclass(frozen=True)
class ProposalSaid:
    """What the bot has proposed goes to the customer."""

    mark: str  # of its text
    number: int  # of the handoff it was proposed for


@dataclass(frozen=True)
class Asked:
    """Staff want to see what they could say."""

    what: Literal["canned", "proposals"]


Word = ForCustomer | ForStaff | Deed | CannedSaid | ProposalSaid | NotUnderstood


@dataclass(frozen=True)
class DeskButton:
    label: str
    main: bool  # the one that is proposed
    data: str  # what it carries


def read_word(text: str) -> Word | Asked:
    found = _ORDER.match(text.strip())
    if found is None:
        return NotUnderstood() if text.strip().startswith(("!", "/", "！")) else ForCustomer(text)
    name, rest = found[1].lower(), (found[2] or "").strip()
    if name in _NOTES:
        return ForStaff(rest) if rest else NotUnderstood()
    if name in _CANNED:
        return CannedSaid(rest) if rest else Asked("canned")
    if name in _PROPOSALS and not rest:
        return Asked("proposals")
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
        DeskButton(words(language, f"desk_button_{deed}"), place == 0, f"desk:{handoff.number}:{deed}")
        for place, deed in enumerate(deeds)
    )


def proposal_button(handoff: Handoff, label: str, mark: str) -> DeskButton:
    """Sends it as it stands there."""
    return DeskButton(label, False, f"desk:{handoff.number}:say_{mark}")


def read_desk_press(data: str) -> Deed | ProposalSaid | None:
    """None for what is no button of a desk."""
    if proposed := _PROPOSED.fullmatch(data):
        return ProposalSaid(proposed[2], int(proposed[1]))
    found = _CARRIED.fullmatch(data)
    if found is None or found[2] not in get_args(DeedName):
        return None
    return Deed(cast(DeedName, found[2]), int(found[1]))
