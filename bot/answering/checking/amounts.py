"""Figures with their unit: money, durations, shares, sizes and counts, in words or in digits."""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache

from bot.answering.checking.stating import WRITTEN, Fact, Stated
from bot.answering.checking.wording import Unit, either, languages, own_words, sentence_words, units

# what stands between two figures of which only the second has the unit: 3 to 5 days; 25, 50 or 100 dollars
JOINED = re.compile(r"\s?(?:(?P<range>-|to|till|until|至|到)|and|or|by|x|×|,|、|或|和|乘以?)\s?")
FEW = 10  # so many kinds may be counted where they are named
NOUN = re.compile(r"[ -]([a-z]{2,})")
KINDS, ENUMERATES = ("种", "款", "类"), re.compile("[、和与:]")
LOOK_BACK = 24  # characters before a figure that may say that it is a least


def amounts(text: str) -> Stated:
    """Of plain text with its numbers in digits, without identifiers and dates."""
    found: Stated = {}
    matches = list(_figure().finditer(text))
    after: re.Match[str] | None = None  # the figure behind this one, and its unit
    unit_after: Unit | None = None
    for one in reversed(matches):
        unit, is_first = _unit(one), False
        if after and unit_after and (unit is None or unit.kind == "count"):
            joined = JOINED.fullmatch(text, one.end("figure"), after.start())
            if joined and unit is not None:  # 210 x 135 cm, and 2 x 500 ml
                found |= {fact: one.group().strip() for fact in _facts(one, unit, False, text)}
            if joined:
                unit, is_first = unit_after, joined["range"] is not None
        found |= {fact: one.group().strip() for fact in _facts(one, unit, is_first, text)}
        after, unit_after = one, None if unit is None or unit.kind == "count" or one["before"] else unit
    return found


def _facts(found: re.Match[str], unit: Unit | None, is_first_of_range: bool, text: str) -> Iterator[Fact]:
    value = Decimal(found["figure"].replace(",", ""))
    yield Fact(WRITTEN, value)
    if found["scale"]:
        value *= 10000 if found["scale"] == "万" else 1000
    if unit is None:
        noun = NOUN.match(text, found.end("figure"))
        if not noun or noun[1] not in own_words():
            is_listed = noun is not None and value <= FEW and text.startswith(":", noun.end())
            yield Fact("count" if noun and noun[1] not in sentence_words() else "figure", value, is_low=is_listed)
    elif unit.name == "off":  # 八折 and 85折 say what is left
        yield Fact("percent", 100 - value * (10 if value < 10 else 1))
    elif found["after"] in KINDS and value <= FEW:
        yield Fact("count", value, is_low=ENUMERATES.search(text) is not None)
    elif unit.kind in ("count", "percent"):
        yield Fact(unit.kind, value * unit.size)
    elif unit.kind == "duration":
        is_least = any(one.lows.search(text, max(0, found.start() - LOOK_BACK), found.start()) for one in languages())
        yield Fact("duration", value * unit.size, unit.name, is_first_of_range or is_least)
    else:
        yield Fact(unit.kind, value * unit.size, unit.name)


def _unit(found: re.Match[str]) -> Unit | None:
    before, after = found["before"], found["after"]
    unit = units("before").get(before) if before else None
    if unit is not None and unit.name == "of":
        return Unit("count", "piece", Decimal(1))
    return unit or (units("after")[after] if after else None)


@cache
def _figure() -> re.Pattern[str]:
    before, after = either([*units("before")]), either([*units("after")])
    return re.compile(
        rf"(?:(?<![a-z])(?P<before>{before})\s?)?"
        r"(?P<figure>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<scale>\s?万|k(?![a-z]))?"
        rf"(?:[ -]?(?P<after>{after}))?"
    )
