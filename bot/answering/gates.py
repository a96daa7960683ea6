"""Figures, identifiers and "free" in a reply must have been read in this turn; promises must be the shop's own words.

Checked sentence by sentence, before a sentence is shown. Of the customer's words only identifiers may be repeated.
A promise is what the patterns of prompts/*/promises.toml find; another wording passes, and so does a wrong
statement without a figure. What the gate cannot see, the tools must not be able to do.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from functools import cache, cached_property
from typing import ClassVar, Literal

from bot.answering.facts import identifiers, plain, repeatable, stated, without
from bot.answering.turn import Reading

SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])|\n+")
CITATION = re.compile(r"\s?\[(\d+)\]")
LIST_MARK = re.compile(r"^\s*(?:[-•>#]+\s|\d{1,2}(?:[.)]\s|、))\s*|(?<=[\s:;,。])\(?[1-9][)、]")
WIDE = re.compile(r"[\u2e80-\u9fff]")
BETWEEN_WIDE = re.compile(r"(?<=[^\x00-\xff])\s+(?=[^\x00-\xff])")
CARRIED = 200  # characters of an unfinished sentence that are looked at again with the next line


class Ungrounded(Exception):
    """A sentence states a fact that was not read, promises a deed, or recites the desk's instructions."""

    why: ClassVar[str] = "ungrounded"  # the word under which it is counted, as for a ModelFailure

    def __init__(self, kind: Literal["promise", "fact", "prompt"], sentence: str) -> None:
        super().__init__(f"{kind}: {sentence}")
        self.kind = kind


class Gate:
    """Holds back one sentence at a time; what it yields may be shown."""

    def __init__(self, reading: Reading, customer_wrote: str, promises: Sequence[re.Pattern[str]]) -> None:
        self._reading = reading
        self._promises = [re.compile(one.pattern) for one in promises]  # texts are in lower case: that is faster
        self._customer_wrote = plain(customer_wrote)
        self._customers = repeatable(self._customer_wrote)
        self._read: list[_Read] = []
        self._unfinished = ""
        self._cited: list[int] = []

    async def through(self, text: AsyncIterator[str]) -> AsyncGenerator[str, None]:
        """Whole sentences, checked. Raises Ungrounded before a sentence that must not be shown."""
        held = ""
        async for piece in text:
            held += piece
            while end := SENTENCE_END.search(held):
                sentence, held = held[: end.end()], held[end.end() :]
                yield self._passed(sentence)
        if held:
            yield self._passed(held)

    def cited(self) -> list[int]:
        """Numbers of the passages that were cited, in the order in which the text names them as 1, 2, …"""
        return self._cited

    def _passed(self, sentence: str) -> str:
        self._read += [_Read(text, self._promises) for text in self._reading.texts[len(self._read) :]]
        bare = LIST_MARK.sub("", plain(CITATION.sub("", sentence)))
        self._check_promises(bare)
        missing = stated(without(bare, self._customers))
        for read in self._read if missing else ():
            missing = missing - read.facts
        if missing:
            raise Ungrounded("fact", f"{', '.join(sorted(missing))}: {bare.strip()}")
        return CITATION.sub(self._renumbered, sentence)

    def _check_promises(self, bare: str) -> None:
        """A sentence may be broken over lines; then it is looked at again with each."""
        text = _one_line(f"{self._unfinished} {bare}")
        new = len(text) - len(_one_line(bare))
        if self._unread_promise(text, new, bare):
            for quoted in {one for read in self._read for one in read.promises}:
                text = text.replace(quoted, " " * len(quoted))
            if self._unread_promise(text, new, bare):
                raise Ungrounded("promise", text)
        self._unfinished = "" if re.search(r"[.!?;。]\s*$", text) else text[-CARRIED:]

    def _unread_promise(self, text: str, new: int, bare: str) -> bool:
        deeds = {found.lastgroup for found in _promised(text, self._promises) if found.end() > new}
        if not deeds:
            return False
        about = identifiers(bare) or identifiers(text) or identifiers(self._customer_wrote)
        return not all(self._was_read(deed, about) for deed in deeds)

    def _was_read(self, deed: str | None, about: set[str]) -> bool:
        """Whether an order's own line, of just the orders that the sentence is about, reports the deed."""
        orders = {number for read in self._read for reported, number in read.reports if deed and reported == deed}
        about = {one for one in about if "@" not in one}
        return bool(orders) and about <= orders

    def _renumbered(self, citation: re.Match[str]) -> str:
        """An invented citation is dropped; a real one gets its place in the list of sources."""
        number = int(citation.group(1))
        if not 1 <= number <= len(self._reading.passages):
            return ""
        if number not in self._cited:
            self._cited.append(number)
        return f"{citation.group().partition('[')[0]}[{self._cited.index(number) + 1}]"


class _Read:
    """One text that was read; each view of it is made once, when it is first needed."""

    def __init__(self, text: str, promises: Sequence[re.Pattern[str]]) -> None:
        self._text, self._plain, self._all = text, plain(text), promises

    @cached_property
    def facts(self) -> set[str]:
        return stated(self._plain)

    @cached_property
    def promises(self) -> set[str]:
        """The shop's own sentences of this kind: whole, they may be repeated."""
        sentences = (_one_line(plain(one)).rstrip(".!?;。") for one in SENTENCE_END.split(self._text))
        return {one for one in sentences if any(_promised(one, self._all))}

    @cached_property
    def reports(self) -> set[tuple[str | None, str]]:
        """(deed, order) for each line that names both."""
        return {
            (found.lastgroup, number)
            for line in self._plain.splitlines()
            if (numbers := identifiers(line))
            for found in _promised(line, self._all)
            for number in numbers
        }


def _promised(text: str, promises: Sequence[re.Pattern[str]]) -> list[re.Match[str]]:
    wide = WIDE.search(text)
    return [found for one in promises if wide or not _is_wide(one) for found in one.finditer(text)]


@cache
def _is_wide(promise: re.Pattern[str]) -> bool:
    """Whether it speaks of Chinese characters: without one a text need not be looked at."""
    return bool(WIDE.search(promise.pattern))


def _one_line(text: str) -> str:
    return BETWEEN_WIDE.sub("", " ".join(text.split()))
