"""What stands in a shop's file and where: values with their line, read as what they should be or refused by line."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import msgspec

from bot.shop.records import Words

T = TypeVar("T")
Value = str | int | float | Decimal | bool | None | list["Entry"] | dict[str, "Entry"]

MONEY = re.compile(r"-?\d{1,9}([.,]\d{1,2})?", re.ASCII)  # 39,00 is what spreadsheets of many countries write
WHOLE = re.compile(r"-?\d{1,9}", re.ASCII)
RELATIVE = re.compile(r"([+-]\d{1,5})d (\d{1,2}):(\d{2})", re.ASCII)
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,8})?", re.ASCII)
UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # zero bytes, and halves of characters
LONGEST = 10_000
MOST_TOLD = 9  # mistakes in a file, after the first


class ShopFileError(ValueError):
    """A shop's file cannot be imported; the text gives file, line and reason, of several things a line each."""

    def __init__(self, path: Path, line: int, reason: str, others: Sequence["ShopFileError"] = ()) -> None:
        lines = [f"{path.name}:{line}: {reason}" if line else f"{path.name}: {reason}", *map(str, others[:MOST_TOLD])]
        more = [f"and {len(others) - MOST_TOLD} more"] if len(others) > MOST_TOLD else []
        super().__init__("\n".join([*lines, *more]))
        self.path, self.line, self.reason = path, line, reason


def each(found: Iterable["Entry"], read: Callable[["Entry"], T]) -> tuple[T, ...]:
    """Every one of them read. Raises one ShopFileError that tells of all that are wrong, each in a line of its own."""
    good, wrong = [], []
    for entry in found:
        try:
            good.append(read(entry))
        except ShopFileError as error:
            wrong.append(error)
    if wrong:
        raise ShopFileError(wrong[0].path, wrong[0].line, wrong[0].reason, wrong[1:])
    return tuple(good)


class Entry(msgspec.Struct, frozen=True):
    """A value of a file, with the key it stands under."""

    path: Path
    line: int
    name: str
    value: Value

    def refuse(self, reason: str) -> ShopFileError:
        return ShopFileError(self.path, self.line, reason)

    def refuse_value(self, reason: str) -> ShopFileError:
        """The same, beginning with the key and the value: price "abc" is ..."""
        shown = f'"{self.value}"' if isinstance(self.value, str) else _kind(self.value)
        return self.refuse(f"{self.name} {shown} {reason}")


class Fields:
    """The fields of an object, each taken once; what is missing and what nobody takes is refused."""

    def __init__(self, entry: Entry, known: Sequence[str]) -> None:
        if not isinstance(entry.value, dict):
            raise entry.refuse_value("is not an object in braces")
        self._entry, self._fields = entry, entry.value
        for name, field in entry.value.items():
            if name not in known:
                raise field.refuse(f'"{name}" is not a field here; there are {", ".join(known)}')

    def must(self, name: str, read: Callable[[Entry], T]) -> T:
        found = self.get(name)
        if found is None:
            raise self._entry.refuse(f'"{name}" is missing')
        return read(found)

    def may(self, name: str, read: Callable[[Entry], T], otherwise: T) -> T:
        found = self.get(name)
        return otherwise if found is None else read(found)

    def get(self, name: str) -> Entry | None:
        """The field as it stands there; None where it is left out or null."""
        found = self._fields.get(name)
        return None if found is None or found.value is None else found


def text(entry: Entry) -> str:
    if not isinstance(entry.value, str):
        raise entry.refuse_value("is not a text in quotes")
    words = entry.value.strip()
    if not words:
        raise entry.refuse(f"{entry.name} is empty")
    if len(words) > LONGEST:
        raise entry.refuse(f"{entry.name} is longer than {LONGEST} characters")
    if UNSTORABLE.search(words):
        raise entry.refuse(f"{entry.name} holds a zero byte or half a character")
    return words


def optional_text(entry: Entry) -> str:
    return "" if entry.value == "" else text(entry)


def words(entry: Entry) -> Words:
    """A text in several languages; a plain text counts as English."""
    if not isinstance(entry.value, dict):
        return {"en": text(entry)}
    for language, field in entry.value.items():
        if not LANGUAGE.fullmatch(language):
            raise field.refuse(f'"{language}" is not a language such as en or zh')
    if not entry.value:
        raise entry.refuse(f"{entry.name} is empty")
    return {language: text(field) for language, field in entry.value.items()}


def money(entry: Entry) -> Decimal:
    """An amount of zero or more, with two decimals at most."""
    amount = difference(entry)
    if amount < 0:
        raise entry.refuse_value("is negative")
    return amount


def difference(entry: Entry) -> Decimal:
    """The same, and it may be below zero."""
    amount = _number(entry, MONEY)
    if amount is None:
        raise entry.refuse_value("is not an amount of money such as 39.00")
    return amount.quantize(Decimal("0.01"))


def count(entry: Entry) -> int:
    """A whole number of zero or more."""
    number = _number(entry, WHOLE)
    if number is None:
        raise entry.refuse_value("is not a whole number")
    if number < 0:
        raise entry.refuse_value("is negative")
    return int(number)


def truth(entry: Entry) -> bool:
    if not isinstance(entry.value, bool):
        raise entry.refuse_value("is neither true nor false")
    return entry.value


def entries(entry: Entry) -> list[Entry]:
    if not isinstance(entry.value, list):
        raise entry.refuse_value("is not a list in brackets")
    return entry.value


def one_of(choices: Sequence[str]) -> Callable[[Entry], str]:
    def read(entry: Entry) -> str:
        if entry.value not in choices:
            raise entry.refuse_value(f"is none of {', '.join(choices)}")
        return str(entry.value)

    return read


def moment(today: date) -> Callable[[Entry], datetime]:
    """A time with its zone, or one counted in days from today (UTC): "-12d 14:30"."""

    def read(entry: Entry) -> datetime:
        written = text(entry)
        try:
            found = _relative(written, today) or datetime.fromisoformat(written)
        except (ValueError, OverflowError):
            raise entry.refuse_value("is not a time such as 2026-03-31T14:30:00Z or -12d 14:30") from None
        if found.tzinfo is None:
            raise entry.refuse_value("has no zone; write it as 2026-03-31T14:30:00Z")
        return found.astimezone(UTC)

    return read


def past(today: date) -> Callable[[Entry], datetime]:
    """A moment that is not later than today."""

    def read(entry: Entry) -> datetime:
        found = moment(today)(entry)
        if found.date() > today:
            raise entry.refuse_value("is in the future")
        return found

    return read


def _relative(written: str, today: date) -> datetime | None:
    match = RELATIVE.fullmatch(written)
    if not match:
        return None
    days, hour, minute = (int(group) for group in match.groups())
    return datetime.combine(today + timedelta(days=days), time(hour, minute), UTC)


def _number(entry: Entry, pattern: re.Pattern[str]) -> Decimal | None:
    if isinstance(entry.value, bool) or not isinstance(entry.value, str | int | Decimal):
        return None
    written = str(entry.value).strip()
    return Decimal(written.replace(",", ".")) if pattern.fullmatch(written) else None


def _kind(value: Value) -> str:
    if isinstance(value, dict):
        return "(an object)"
    if isinstance(value, list):
        return "(a list)"
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)
