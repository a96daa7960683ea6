"""Deeds that a reply claims or promises: they must be the shop's own words, or an event that was read or that is sure.

A promise is what the patterns of prompts/*/promises.toml find; another wording passes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.answering.facts import IDENTIFIER, LIST_MARK, identifiers, plain

SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])|\n+")
WIDE = re.compile(r"[\u2e80-\u9fff]")
BETWEEN_WIDE = re.compile(r"(?<=[^\x00-\xff])\s+(?=[^\x00-\xff])")
CARRIED = 200  # characters of an unfinished sentence that are looked at again with the next line
STAFF_WRITE = "staff"  # the group of what staff do who were asked for: they write in the conversation


@dataclass(frozen=True, eq=False)
class Promise:
    """One pattern of promises.toml, for texts in lower case."""

    pattern: re.Pattern[str]
    is_wide: bool  # it speaks of Chinese characters: without one a text need not be looked at


def read_promises(tables: Sequence[Mapping[str, Any]]) -> tuple[Promise, ...]:
    """Of the tables of promises.toml, one for each language."""
    return tuple(
        Promise(re.compile(written), WIDE.search(written) is not None)
        for table in tables
        for written in table["promises"]
    )


@dataclass(frozen=True)
class Told:
    """What a text tells of deeds."""

    quotable: frozenset[str]  # the shop's own sentences of this kind: whole, they may be repeated
    reports: frozenset[tuple[str | None, str]]  # (deed, order) for each line that names both


def told_by(text: str, plain_text: str, promises: Sequence[Promise]) -> Told:
    sentences = (_one_line(LIST_MARK.sub("", plain(one))).rstrip(".!?;。") for one in SENTENCE_END.split(text))
    reports = (
        (found.lastgroup, number)
        for line in plain_text.splitlines()
        if (numbers := identifiers(line))
        for found in _promised(line, promises)
        for number in numbers
    )
    return Told(frozenset(one for one in sentences if any(_promised(one, promises))), frozenset(reports))


class Promises:
    """Compares the deeds of a reply with the texts that were read and with what is under way."""

    def __init__(self, patterns: Sequence[Promise], customer_wrote: str, staff_are_coming: Callable[[], bool]) -> None:
        """`customer_wrote` is plain text. `staff_are_coming` is asked when a promise of theirs is found."""
        self._patterns = patterns
        self._customer_wrote, self._staff_are_coming = customer_wrote, staff_are_coming
        self._unasked: list[Callable[[], Told]] = []
        self._quotable: set[str] = set()
        self._reports: set[tuple[str | None, str]] = set()
        self._unfinished = ""

    def add(self, told: Callable[[], Told]) -> None:
        """What a text that was read tells; it is asked for when a sentence claims a deed."""
        self._unasked.append(told)

    def begin_anew(self) -> None:
        """The unfinished sentence was taken back."""
        self._unfinished = ""

    def unread(self, bare: str) -> str:
        """The sentence, where it claims a deed that no text reports; "" where all is well. One that is broken over
        lines is looked at again with each."""
        text = _one_line(f"{self._unfinished} {bare}")
        new = len(text) - len(_one_line(bare))
        if self._claims_a_deed(text, new, bare):
            self._look()
            for quoted in self._quotable:
                text = text.replace(quoted, " " * len(quoted))
            if self._claims_a_deed(text, new, bare):
                return text
        self._unfinished = "" if re.search(r"[.!?;。]\s*$", text) else text[-CARRIED:]
        return ""

    def _claims_a_deed(self, text: str, new: int, bare: str) -> bool:
        for found in _promised(text, self._patterns):
            deed = found.lastgroup
            if found.end() <= new or (deed == STAFF_WRITE and self._staff_are_coming()):
                continue
            about = _numbers_of(text, found, new) or identifiers(bare) or identifiers(self._customer_wrote)
            if not self._is_reported(deed, about):
                return True
        return False

    def _is_reported(self, deed: str | None, about: set[str]) -> bool:
        """Whether an order's own line, of just the orders that the sentence is about, reports the deed."""
        self._look()
        orders = {number for reported, number in self._reports if deed and reported == deed}
        about = {one for one in about if "@" not in one}
        return bool(orders) and about <= orders

    def _look(self) -> None:
        for told in self._unasked:
            self._quotable |= told().quotable
            self._reports |= told().reports
        self._unasked.clear()


def _numbers_of(text: str, found: re.Match[str], new: int) -> set[str]:
    """Those in the deed's own part of the newest line or of the sentence, or else the nearest before it."""
    end = found.end()
    marks = (", ", ";", "。", ",") if WIDE.search(text) else (", ", ";")
    start = max(text.rfind(mark, 0, end - 1) for mark in marks) + 1
    before = [one.group() for one in IDENTIFIER.finditer(text, 0, end)]
    return (
        identifiers(text[max(start, new) : end]) or identifiers(text[start:end]) or identifiers(" ".join(before[-1:]))
    )


def _promised(text: str, promises: Sequence[Promise]) -> list[re.Match[str]]:
    is_wide = WIDE.search(text) is not None
    return [found for one in promises if is_wide or not one.is_wide for found in one.pattern.finditer(text)]


def _one_line(text: str) -> str:
    return BETWEEN_WIDE.sub("", " ".join(text.split()))
