"""Dates, weekdays, days counted from today and times of day, however they are written."""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache

from bot.answering.checking.stating import Date, Fact, Stated
from bot.answering.checking.wording import Language, either, languages

_D, _TH = r"(?P<d>[0-3]?\d)(?!\d)", r"(?:st|nd|rd|th)?"
_HALF = r"(?:(?P<half>上午|早上|早|凌晨|中午|下午|晚上|晚)\s?)?"
AFTER_NOON = ("p", "下", "晚", "中")
TIMES = tuple(
    (re.compile(cue), re.compile(pattern))
    for cue, pattern in (
        (r"\d\s?[ap]\.?m", r"(?<![\d:.,/])(?P<h>[012]?\d)(?::(?P<m>[0-5]\d))?\s?(?P<half>[ap]\.?m)\b\.?"),
        (r"\d:\d", _HALF + r"(?<![\d:.,])(?P<h>[012]?\d):(?P<m>[0-5]\d)(?![\d:])"),
        (
            r"\d[点时]",
            _HALF + r"(?<!\d)(?P<h>[012]?\d)(?:点|时(?!间|候|效))(?P<m>[0-5]\d(?=分)|半)?(?:分|整)?",
        ),
    )
)
NOON = re.compile(r"\bnoon\b|\bmidday\b|正午")


def days(text: str) -> tuple[Stated, str]:
    """Of plain text; and the text without them."""
    found: Stated = {}
    for language in languages():
        if language.day_cues.search(text):
            text = _relatives(language, _weekdays(language, text, found), found)
    return found, text


def dates_and_times(text: str) -> tuple[Stated, str]:
    """Of plain text whose numbers are in digits; and the text without them."""
    found: Stated = {}
    for cue, one in (*_dates(), *TIMES):
        if cue.search(text) and one.search(text):
            for match in one.finditer(text):
                facts = [*(_times if "h" in one.groupindex else _days)(match)]
                found |= dict.fromkeys(facts, match.group().strip())
                if facts:
                    text = text[: match.start()] + _blank(match) + text[match.end() :]
    for match in NOON.finditer(text):
        found[Fact("time", 720)] = match.group()
    return found, text


def weekday_of(value: Date, year: int) -> int | None:
    """0 for Monday; None where no day is named. A date without a year is of this one."""
    if value[1] is None or value[2] is None:
        return None
    return date(value[0] or year, value[1], value[2]).weekday()


def _weekdays(language: Language, text: str, found: Stated) -> str:
    spans = _weekday_spans(language)
    for one in spans.finditer(text):
        first = language.weekdays[one["first"].removesuffix("s")]
        last = language.weekdays[one["last"].removesuffix("s")] if one["last"] else first
        between = range(first, last + 1) if first <= last else (first, last)
        found |= {Fact("weekday", day): one.group() for day in between}
    text = spans.sub(_blank, text)
    for pattern, of_it in ((language.weekend, (5, 6)), (language.week, range(5))):
        for one in re.finditer(pattern, text):
            found |= {Fact("weekday", day): one.group() for day in of_it}
    return text


@cache
def _weekday_spans(language: Language) -> re.Pattern[str]:
    """A short name counts only where a day or a time stands near it: "sun" and "wed" are words too."""
    names = [name for name in language.weekdays if len(name) > 4 or not name.isascii()]
    short = [name for name in language.weekdays if len(name) <= 4 and name.isascii()]
    name = f"(?:{'|'.join(names)})s?(?![a-z])"
    if short:
        name += rf"|(?:{either(short)})(?=[ .,]*(?:-|to\b|,|&|\d))|(?<=-)(?:{either(short)})"
    not_a_count = "" if names[0].isascii() else "(?<!每)(?<!\\d)(?<!一)(?<!两)(?<!几)"
    return re.compile(rf"(?<![a-z]){not_a_count}(?P<first>{name})(?:{language.through}(?P<last>{name}))?")


def _relatives(language: Language, text: str, found: Stated) -> str:
    for name, pattern in language.relative.items():
        for one in pattern.finditer(text):
            found[Fact("relative", name)] = one.group()
    return text


@cache
def _dates() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """The fullest first, each with what it cannot do without."""
    name = either([word for language in languages() for word in language.months])
    alone = "|".join(one.bare_months.pattern for one in languages() if one.bare_months)
    until = r"(?:\s?(?:-|至|到|to|and)\s?(?P<d2>[0-3]?\d)(?!\d){})?"
    year = r"(?:,? (?P<y>20\d\d))?"
    return tuple(
        (re.compile(cue), re.compile(pattern))
        for cue, pattern in (
            ("20", rf"(?<![\d.])(?P<y>20\d\d)\s?[-/.年]\s?(?P<m>[01]?\d)\s?[-/.月]\s?{_D}\s?[日号]?"),
            ("月", rf"(?<!\d)(?P<m>[01]?\d)\s?月\s?{_D}\s?[日号]?" + until.format(r"\s?[日号]")),
            ("年", r"(?<!\d)(?P<y>20\d\d)\s?年(?:\s?(?P<m>[01]?\d)\s?月)?"),
            ("月", r"(?<![\d个.])(?P<m>[01]?\d)月(?:份|底|初|中旬|上旬|下旬)?"),
            (rf"\b(?:{name})\.? \d", rf"\b(?P<name>{name})\.? {_D}{_TH}{until.format(_TH)}{year}"),
            (
                rf"\d{_TH}(?: of)?[ -](?:{name})",
                r"(?<![\d.$])(?:(?P<d2>[0-3]?\d)" + rf"{_TH}\s?(?:-|to|and)\s?)?{_D}{_TH}(?: of)?[ -]"
                rf"(?P<name>{name})\b\.?{year}",
            ),
            (
                "/",
                r"(?<![\d/.-])(?!24/7)(?P<first>[0-3]?\d)/(?P<second>[0-3]?\d)(?:/(?P<y>(?:20)?\d\d))?(?![\d/%])",
            ),
            (r"\.20", r"(?<![\d/.-])(?P<d>[0-3]?\d)\.(?P<m>[01]?\d)\.(?P<y>20\d\d)(?!\d)"),
            (alone, rf"(?P<name>{alone})(?: (?P<y>20\d\d))?"),
            (
                r"\d\s?[日号]",
                r"(?<![\d.第])(?P<d>[0-3]?\d)\s?(?:日(?!内|之内|以内|后|之后|无理由|左右)|号(?!楼|线|码|店))",
            ),
            (r"\d(?:st|nd|rd|th)", r"(?<![\d.])(?P<d>[0-3]?\d)(?:st|nd|rd|th)\b"),
        )
    )


def _days(found: re.Match[str]) -> Iterator[Fact]:
    """Both days of a span; nothing where there is no such day."""
    given = found.groupdict()
    year, month = _whole(given.get("y")), _whole(given.get("m"))
    if year is not None and year < 100:
        year += 2000
    if name := given.get("name"):
        month = next(one.months[name.strip()] for one in languages() if name.strip() in one.months)
    day = _whole(given.get("d"))
    if given.get("first"):
        month, day = int(given["first"]), int(given["second"])
        month, day = (day, month) if month > 12 else (month, day)
    for of_span in (day, _whole(given.get("d2"))):
        if _is_possible(year, month, of_span) and (of_span is not None or day is None):
            yield Fact("date", (year, month, of_span))


def _is_possible(year: int | None, month: int | None, day: int | None) -> bool:
    try:
        date(year or 2024, 1 if month is None else month, 1 if day is None else day)
    except ValueError:
        return False
    return True


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group())


def _times(found: re.Match[str]) -> Iterator[Fact]:
    hour, half = int(found["h"]), found["half"] or ""
    minute = 30 if found["m"] == "半" else int(found["m"] or 0)
    if half.startswith(AFTER_NOON) and hour < 12 and not (half == "中午" and hour > 9):
        hour += 12
    if half.startswith("a") and hour == 12:
        hour = 0
    if hour <= 24:
        yield Fact("time", hour * 60 + minute, "" if half else "either")


def _whole(digits: str | None) -> int | None:
    return int(digits) if digits else None
