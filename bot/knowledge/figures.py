"""The figures that a text states: amounts, times, shares and dates, in digits or words, each with its unit."""

import re
import unicodedata
from collections.abc import Iterator

import msgspec

ENGLISH = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
ENGLISH_NUMBERS = {word: number for number, word in enumerate(ENGLISH, 1)} | {
    "twenty": 20, "thirty": 30, "forty": 40, "forty-five": 45, "sixty": 60, "ninety": 90,
}  # fmt: skip
DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2}
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
CURRENCIES = {
    "$": "$", "usd": "$", "dollar": "$", "dollars": "$", "美元": "$", "美金": "$", "us$": "$",
    "€": "€", "eur": "€", "euro": "€", "euros": "€", "欧元": "€", "£": "£", "gbp": "£", "pound": "£", "pounds": "£",
    "英镑": "£", "¥": "¥", "元": "¥", "块": "¥", "rmb": "¥", "cny": "¥", "人民币": "¥", "yuan": "¥",
}  # fmt: skip
# what a unit is counted in, and how many of it
UNITS = {
    "working day": ("working day", 1), "business day": ("working day", 1), "工作日": ("working day", 1),
    "day": ("day", 1), "calendar day": ("day", 1), "天": ("day", 1), "日": ("day", 1), "自然日": ("day", 1),
    "week": ("day", 7), "周": ("day", 7), "星期": ("day", 7), "month": ("month", 1), "月": ("month", 1),
    "year": ("month", 12), "年": ("month", 12), "hour": ("hour", 1), "小时": ("hour", 1),
    "minute": ("minute", 1), "分钟": ("minute", 1), "%": ("percent", 1), "percent": ("percent", 1),
}  # fmt: skip

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_RANGE = rf"(?P<low>{_NUMBER})(?:\s?(?:-|to|至|到|or|或)\s?(?:[$€£¥]\s?)?(?P<high>{_NUMBER}))?"
_SIGN = r"(?P<sign>us\$|[$€£¥])\s?"
_NAME = "|".join(sorted((re.escape(name) for name in CURRENCIES if name not in "$€£¥us$"), key=len, reverse=True))
_RANGE_2 = _RANGE.replace("low", "low2").replace("high", "high2")
MONEY = re.compile(rf"(?<![a-z0-9.])(?:{_SIGN}{_RANGE}|{_RANGE_2}\s?(?P<name>{_NAME})(?![a-z]))")
TIME = re.compile(
    rf"(?<![a-z0-9.$€£¥-]){_RANGE}[\s-]?(?:full\s|个)?(?P<unit>working day|business day|calendar day|day|week|month"
    r"|year|hour|minute|percent|%|工作日|自然日|天|日(?!期)|周(?!年)|星期|月(?!\d)|年(?!\d)|小时|分钟)s?(?![a-z])"
)
DISCOUNT = re.compile(r"(?<!\d)(?P<low>\d(?:\.\d)?|\d\d)折")
_MONTH = rf"(?P<month>{'|'.join(MONTHS)})[a-z]*\.?"
DATES = (
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}\b"),
    re.compile(rf"\b{_MONTH}\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b"),
    re.compile(r"\b\d{4}-(?P<month>\d\d)-(?P<day>\d\d)\b"),
    re.compile(r"(?P<month>\d{1,2})\s?月\s?(?P<day>\d{1,2})\s?[日号]"),
)
LEAST = re.compile(r"(?:at least|more than|over|from|above|after|beyond|minimum of|超过|满|至少|不少于|以上)\W*$")
LEAST_BEHIND = re.compile(r"^\W*(?:or more|or above|以上|及以上|后)")
_SIGNS = "零一二两三四五六七八九十百"
NUMERAL = re.compile(  # 下一个工作日 is the next one
    rf"(?<![下上每同第{_SIGNS}])[{_SIGNS}]+(?=\s?(?:个?(?:工作日|自然日|小时|月|星期)|[天日周年折元块]|分钟))"
)
_WORDS = "|".join(sorted(ENGLISH_NUMBERS, key=len, reverse=True))
_COUNTED = "working|business|calendar|day|week|month|year|hour|minute"
WORD_NUMBER = re.compile(rf"\b({_WORDS})\b(?=[\s-](?:to |or |\w+ ){{0,2}}?(?:{_COUNTED}))")
COUNTED = re.compile("[①-⓿❶-➓]")  # ⑤ counts points, and is no 5
LONGEST_MONTHS = 1200
SIGNS = str.maketrans("–—−’￥％", "---'¥%")


class Figure(msgspec.Struct, frozen=True):
    unit: str  # "day", "working day", "month", "hour", "minute", "percent", "$", "date"
    low: float
    high: float
    said: str  # as it is written
    least: bool = False  # "more than $500", not "up to"
    fact: str = ""  # the name that it is filled in from

    @property
    def value(self) -> tuple[float, float]:
        return self.low, self.high


def figures(text: str) -> list[Figure]:
    return [figure for figure, _ in placed_figures(plain(text))]


def placed_figures(text: str) -> Iterator[tuple[Figure, tuple[int, int]]]:
    """Of plain text, with where each begins and ends."""
    taken: list[tuple[int, int]] = []
    for unit, low, high, span in _found(text):
        if any(start < span[1] and span[0] < end for start, end in taken):
            continue
        taken.append(span)
        least = bool(LEAST.search(text[: span[0]]) or LEAST_BEHIND.search(text[span[1] :]))
        yield Figure(unit, low, high, text[slice(*span)].strip(), least), span


def _found(text: str) -> Iterator[tuple[str, float, float, tuple[int, int]]]:
    for pattern in DATES:
        for found in pattern.finditer(text):
            month = found["month"]
            date = (MONTHS.index(month[:3]) + 1 if month[:3] in MONTHS else int(month)) * 100 + int(found["day"])
            yield "date", date, date, found.span()
    for found in MONEY.finditer(text):
        unit = CURRENCIES[found["sign"] or found["name"]]
        low = _number(found["low"] or found["low2"])
        yield unit, low, _number(found["high"] or found["high2"] or "") or low, found.span()
    for found in TIME.finditer(text):
        unit, times = UNITS[found["unit"]]
        low = _number(found["low"]) * times
        if low < LONGEST_MONTHS or unit != "month":  # 2026年 is a year, not so many of them
            yield unit, low, _number(found["high"] or "") * times or low, found.span()
    for found in DISCOUNT.finditer(text):
        tenths = _number(found["low"])
        off = 100 - tenths * (10 if tenths < 10 else 1)
        yield "percent", off, off, found.span()


def _number(written: str) -> float:
    return float(written.replace(",", "")) if written else 0.0


def plain(text: str) -> str:
    """Lower case, one way to write each sign, numbers in digits."""
    lower = unicodedata.normalize("NFKC", COUNTED.sub(" ", text)).translate(SIGNS).lower().replace("**", "")
    lower = WORD_NUMBER.sub(lambda found: str(ENGLISH_NUMBERS[found[1]]), lower)
    return NUMERAL.sub(lambda found: _chinese_number(found.group()), lower)


def _chinese_number(written: str) -> str:
    if not any(power in written for power in "十百"):
        return "".join(str(DIGITS[sign]) for sign in written)
    total, digit = 0, 0
    for sign in written:
        if sign in DIGITS:
            digit = DIGITS[sign]
        else:
            total += (digit or 1) * {"十": 10, "百": 100}[sign]
            digit = 0
    return str(total + digit)
