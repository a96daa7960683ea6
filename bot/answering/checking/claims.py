"""Claims of stock and of delivery: a line that was read has to say the same of the same product or order."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from bot.answering.checking.days import weekday_of
from bot.answering.checking.stating import WRITTEN, Date, Fact
from bot.answering.checking.wording import languages
from bot.answering.facts import LIST_MARK, identifiers, stated

WIDE = re.compile(r"[\u3400-\u9fff]")
LATIN_WORD = re.compile(r"[a-z][a-z'-]{2,}|(?<![a-z'])x*[sml](?![a-z'])")  # L and XL are sizes
WIDE_RUN = re.compile(r"[\u3400-\u9fff]+")
PARTS = re.compile(r";|,(?!\s?\d)|(?<=[.!?])\s+|(?<=[。!?])|\n| (?:but|and|while|whereas) |但|不过|而")
SENTENCES = re.compile(r"(?<=[.!?])\s+|(?<=[。!?])|\n")
ROW = re.compile(r"[^:]{1,40}:")


@dataclass(frozen=True, eq=False)
class Claim:
    """One thing that can be said of a subject, such as "sold out", and how it is said."""

    family: str  # stock or delivery
    name: str
    narrow: tuple[re.Pattern[str], ...]  # patterns for Latin letters
    wide: tuple[re.Pattern[str], ...]  # and those with Chinese characters
    cue: re.Pattern[str]  # without it none of them fits
    also: frozenset[str]  # claims that bear this one out
    needs_day: bool  # a day that is said with it has to stand in the line too
    needs_count: bool  # and a figure


@dataclass
class Line:
    """A part of a text with what it claims, and what it is about."""

    claims: dict[str, set[str]]  # by family
    numbers: set[str]
    words: set[str]
    text: str
    _facts: frozenset[Fact] | None = field(default=None, repr=False)

    @property
    def facts(self) -> frozenset[Fact]:
        if self._facts is None:
            self._facts = frozenset(stated(self.text))
        return self._facts


def read_claims(tables: Sequence[Mapping[str, Any]]) -> tuple[Claim, ...]:
    """Of the tables of claims.toml, one for each language."""
    names = {(family, name): None for table in tables for family, claims in table.items() for name in claims}
    return tuple(_claim(family, name, tables) for family, name in names)


def _claim(family: str, name: str, tables: Sequence[Mapping[str, Any]]) -> Claim:
    found = [table[family][name] for table in tables if name in table.get(family, {})]
    patterns = [re.compile(pattern) for one in found for pattern in one["patterns"]]
    return Claim(
        family,
        name,
        tuple(one for one in patterns if not WIDE.search(one.pattern)),
        tuple(one for one in patterns if WIDE.search(one.pattern)),
        re.compile("|".join(one["cue"] for one in found)),
        frozenset(other for one in found for other in one.get("also", ())) | {name},
        any(one.get("needs_day", False) for one in found),
        any(one.get("needs_count", False) for one in found),
    )


class Claims:
    """Compares what sentences claim with the lines that were read."""

    def __init__(self, claims: Sequence[Claim], today: date) -> None:
        self._claims, self._today = claims, today
        self._unasked: list[Callable[[], Sequence[Line]]] = []
        self._lines: list[Line] = []
        self._quotable: set[str] = set()  # the shop's own sentences, which may be repeated whole
        self._before: tuple[set[str], set[str]] = set(), set()  # what the newest part of the reply was about

    def add(self, lines: Callable[[], Sequence[Line]]) -> None:
        """Those of a text that was read; they are asked for when a sentence claims something."""
        self._unasked.append(lines)

    def _ask(self) -> None:
        for lines in self._unasked:
            self._lines += lines()
            self._quotable |= {_bare(one.text) for one in lines()}
        self._unasked.clear()

    def unread(self, sentence: str, customer_wrote: str) -> Claim | None:
        """The first claim of a plain sentence that no line bears out."""
        is_question = sentence.rstrip().endswith(("?", "吗。"))
        for part in PARTS.split(sentence):
            line = _line(part, self._claims)
            claims = {} if is_question or _has_condition(part) else line.claims
            numbers, words = line.numbers or self._before[0], line.words
            for claim in self._claims:
                is_claimed = claim.name in claims.get(claim.family, ())
                if is_claimed and not self._is_read(claim, line, numbers, words, customer_wrote):
                    return None if _bare(sentence) in self._quotable else claim
            self._before = numbers, words or self._before[1]
        return None

    def _is_read(self, claim: Claim, line: Line, numbers: set[str], words: set[str], customer_wrote: str) -> bool:
        self._ask()
        lines = [one for one in self._lines if claim.family in one.claims]
        said_days = _days(line.facts) if claim.family == "delivery" and line.facts else set()
        if claim.needs_day:
            saying = [one for one in lines if claim.also & one.claims[claim.family]]
            return not said_days or any(said_days <= _days(one.facts, self._today) for one in self._of(saying, numbers))
        about = self._of(lines, numbers or identifiers(customer_wrote))
        for subject in (words, self._before[1], _words(customer_wrote)):
            best = max((len(subject & one.words) for one in about), default=0)
            if best:
                about = [one for one in about if len(subject & one.words) == best]
                break
        said_days = said_days if claim.name == "delivered" else set()
        counts = _figures(line.facts) if claim.needs_count else set()
        return any(
            claim.also & one.claims[claim.family]
            and said_days <= _days(one.facts, self._today)
            and counts <= _figures(one.facts)
            for one in about
        )

    def _of(self, lines: list[Line], numbers: set[str]) -> list[Line]:
        """The lines about these orders, if any line is about one of them."""
        known = {number for line in self._lines for number in line.numbers}
        return [one for one in lines if one.numbers & numbers] if numbers & known else lines


def lines_of(text: str, claims: Sequence[Claim]) -> list[Line]:
    """Those of a plain text that claim something. What its first line names, its rows and its other lines without an
    order's number are about too; and what a sentence names, its later parts."""
    found: list[Line] = []
    title, *_ = text.split("\n", 1)
    numbers, title_words = identifiers(title), _words(title) if not _line(title, claims).claims else set()
    for sentence in SENTENCES.split(text):
        row = ROW.match(sentence)
        words = title_words if row and not _line(row.group(), claims).claims else set[str]()
        for part in sentence.split(";"):
            line = _line(part, claims)
            head = _head(part, claims) if ";" in sentence else set()
            if line.claims:
                line.numbers = line.numbers or numbers
                line.words |= words
                found.append(line)
            words = words | head
    return found


def _line(part: str, claims: Sequence[Claim]) -> Line:
    found: dict[str, set[str]] = {}
    rest, is_wide = part, WIDE.search(part) is not None
    for claim in claims:
        for pattern in _possible(claim, part, is_wide):
            if pattern.search(rest):
                found.setdefault(claim.family, set()).add(claim.name)
                rest = pattern.sub(_blank, rest)
    return Line(found, identifiers(part), _words(rest), part)


def _possible(claim: Claim, part: str, is_wide: bool) -> tuple[re.Pattern[str], ...]:
    if not claim.cue.search(part):
        return ()
    return claim.narrow + claim.wide if is_wide else claim.narrow


def _head(part: str, claims: Sequence[Claim]) -> set[str]:
    """Words before the first claim of a text: the name of what it is about."""
    patterns = (one for claim in claims for one in _possible(claim, part, is_wide=True))
    return _words(part[: min((found.start() for one in patterns if (found := one.search(part))), default=len(part))])


def _blank(found: re.Match[str]) -> str:
    return "\n" * len(found.group())


def _bare(sentence: str) -> str:
    return LIST_MARK.sub("", sentence).strip()


def _has_condition(part: str) -> bool:
    return any(one.conditions.search(part) for one in languages())


def _words(text: str) -> set[str]:
    found = {word.removesuffix("'s").removesuffix("s") for word in LATIN_WORD.findall(text)}
    for run in WIDE_RUN.findall(text):
        found |= {*run, *(run[at : at + 2] for at in range(len(run) - 1))}
    return found.difference(*(one.empty for one in languages()))


def _figures(facts: frozenset[Fact]) -> set[Fact]:
    return {fact for fact in facts if fact.kind == WRITTEN}


def _days(facts: frozenset[Fact], today: date | None = None) -> set[Fact]:
    """Days that are named; of a line that was read also their weekdays, and how they lie from today."""
    found: set[Fact] = set()
    for fact in facts:
        if fact.kind in ("weekday", "relative"):
            found.add(fact)
        elif fact.kind == "date" and isinstance(fact.value, tuple):
            _, month, day = fact.value
            found |= {Fact("date", (None, month, day)), Fact("date", (None, None, day))}
            if today and (weekday := weekday_of(fact.value, today.year)) is not None:
                found.add(Fact("weekday", weekday))
                found |= {Fact("relative", str(away)) for away in (-1, 1, 2) if _is_away(fact.value, today, away)}
    return found


def _is_away(value: Date, today: date, days: int) -> bool:
    then = today + timedelta(days)
    return value[0] in (None, then.year) and value[1:] == (then.month, then.day)
