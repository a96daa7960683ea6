"""The words by which figures, days and what was said are told, of all languages, read once from words/*.toml."""

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent.parent / "words"


class Unit(NamedTuple):
    kind: str  # money, duration, percent, size, count
    name: str  # only what has the same name is compared
    size: Decimal


@dataclass(frozen=True, eq=False)
class Language:
    day_cues: re.Pattern[str]
    free_cues: re.Pattern[str]
    months: dict[str, int]
    bare_months: re.Pattern[str] | None
    weekdays: dict[str, int]
    through: str
    weekend: str
    week: str
    relative: dict[str, re.Pattern[str]]
    cuts: re.Pattern[str]
    repeats: re.Pattern[str]
    denies: re.Pattern[str]
    again: re.Pattern[str]
    lows: re.Pattern[str]
    conditions: re.Pattern[str]
    empty: frozenset[str]
    costs_nothing: re.Pattern[str]
    always: re.Pattern[str]
    free_of: dict[str, re.Pattern[str]]


@cache
def units(place: str) -> dict[str, Unit]:
    """By what is written `before` or `after` a figure."""
    found = {}
    for name, forms in _toml("units")[place].items():
        kind, unit, size = name.split()
        for form in forms:
            for written in {form.removesuffix("?"), form[:-2]} if form.endswith("?") else {form}:
                found[written] = Unit(kind, unit, Decimal(size))
    return found


@cache
def sentence_words() -> frozenset[str]:
    """Latin words that name nothing that is counted."""
    return frozenset(_toml("units")["sentence_words"].split())


@cache
def own_words() -> frozenset[str]:
    """What a reply may count of its own, such as options."""
    return frozenset(_toml("units")["own_words"].split())


@cache
def languages() -> tuple[Language, ...]:
    return tuple(_language(_toml(path.stem)) for path in sorted(FOLDER.glob("??.toml")))


def either(words: list[str]) -> str:
    """A pattern of any of these, the longest first; one that ends in a Latin letter ends there."""
    return "|".join(re.escape(word) + _end(word) for word in sorted(words, key=len, reverse=True))


def _end(word: str) -> str:
    return r"(?![a-z])" if word[-1].isascii() and word[-1].isalpha() else ""


def _language(given: dict[str, Any]) -> Language:
    speech, free, bare = given["speech"], given["free"], given.get("bare_months")
    return Language(
        day_cues=re.compile(given["day_cues"]),
        free_cues=re.compile(given["free_cues"]),
        months={word: number for number, words in enumerate(given["months"], 1) for word in words},
        bare_months=re.compile(bare) if bare else None,
        weekdays={word: number for number, words in enumerate(given["weekdays"]) for word in words},
        through=given["through"],
        weekend=given["weekend"],
        week=given["week"],
        relative={name: re.compile(pattern) for name, pattern in given["relative"].items()},
        costs_nothing=re.compile(free["costs_nothing"]),
        always=re.compile(free["always"]),
        free_of={name: re.compile(pattern) for name, pattern in free["of"].items()},
        empty=frozenset(speech["empty"].split()),
        **{
            name: re.compile(speech[name])
            for name in ("cuts", "repeats", "denies", "again", "lows", "conditions")
        },
    )  # fmt: skip


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
