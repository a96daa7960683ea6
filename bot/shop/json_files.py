"""A JSON file as entries: every value with the line it stands in, which Python's reader does not tell."""

import json
import re
from bisect import bisect_left
from decimal import Decimal
from pathlib import Path

from bot.shop.entries import Entry, ShopFileError, Value, entries

SPACE = re.compile(r"[ \t\r\n]*")


def read_text(path: Path) -> str:
    """The whole file, which is UTF-8. Raises ShopFileError."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ShopFileError(path, 0, f"is missing in {path.parent}") from None
    except OSError as error:
        raise ShopFileError(path, 0, f"cannot be read: {error.strerror}") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ShopFileError(path, line, "is not UTF-8; save the file as UTF-8") from None


def read_json(path: Path) -> list[Entry]:
    """The elements of the list that the file is. Raises ShopFileError."""
    written = read_text(path)
    try:
        json.loads(written)
    except json.JSONDecodeError as error:
        raise ShopFileError(path, error.lineno, f"is not JSON: {error.msg} (column {error.colno})") from None
    except (RecursionError, ValueError):
        raise ShopFileError(path, 1, "is nested too deeply or holds a number that is too long") from None
    return entries(_Scanner(path, written).whole())


class _Scanner:
    """Walks over a text that is known to be JSON."""

    def __init__(self, path: Path, written: str) -> None:
        self._path, self._written = path, written
        self._decoder = json.JSONDecoder(parse_float=Decimal)
        self._breaks = [match.start() for match in re.finditer("\n", written)]

    def whole(self) -> Entry:
        return self._value(self._skip(0), "the file")[0]

    def _skip(self, at: int) -> int:
        match = SPACE.match(self._written, at)
        return match.end() if match else at

    def _line(self, at: int) -> int:
        return bisect_left(self._breaks, at) + 1

    def _value(self, at: int, name: str) -> tuple[Entry, int]:
        found: Value
        if self._written[at] == "{":
            found, end = self._object(at)
        elif self._written[at] == "[":
            found, end = self._list(at, name)
        else:
            found, end = self._decoder.raw_decode(self._written, at)
        return Entry(self._path, self._line(at), name, found), end

    def _object(self, at: int) -> tuple[dict[str, Entry], int]:
        found: dict[str, Entry] = {}
        at = self._skip(at + 1)
        while self._written[at] != "}":
            line = self._line(at)
            name, at = self._decoder.raw_decode(self._written, at)
            if name in found:
                raise ShopFileError(self._path, line, f'"{name}" is given twice')
            colon = self._skip(at)
            found[name], at = self._value(self._skip(colon + 1), name)
            at = self._after_comma(at)
        return found, at + 1

    def _list(self, at: int, name: str) -> tuple[list[Entry], int]:
        found: list[Entry] = []
        at = self._skip(at + 1)
        while self._written[at] != "]":
            entry, at = self._value(at, name)
            found.append(entry)
            at = self._after_comma(at)
        return found, at + 1

    def _after_comma(self, at: int) -> int:
        at = self._skip(at)
        return self._skip(at + 1) if self._written[at] == "," else at
