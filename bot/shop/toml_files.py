"""A TOML file as entries: every value with the line of its key, which Python's reader does not tell."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.shop.entries import Entry, ShopFileError, Value
from bot.shop.json_files import read_text

AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")
KEY = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
KEYS = rf"{KEY}(?:\s*\.\s*{KEY})*"
TABLE = re.compile(rf"\s*\[\s*({KEYS})\s*\]")
FIELD = re.compile(rf"\s*({KEYS})\s*=")

Place = tuple[str, ...]  # the keys that lead to a value


def read_toml(path: Path) -> Entry:
    """The whole file as one table. Raises ShopFileError."""
    written = read_text(path)
    try:
        found = tomllib.loads(written, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        match = AT_LINE.search(str(error))
        line = int(match[1]) if match else written.count("\n") + 1
        reason = AT_LINE.sub("", str(error)).strip()
        advice = "; a text stands in quotes" if reason == "Invalid value" else ""
        raise ShopFileError(path, line, f"is not TOML: {reason}{advice}") from None
    return _entry(path, _lines(written), (), found, 1)


def _entry(path: Path, lines: dict[Place, int], place: Place, found: Any, above: int) -> Entry:
    """What has no line of its own, as within braces, stands in the line of what holds it."""
    line, name = lines.get(place, above), place[-1] if place else "the file"
    value: Value
    if isinstance(found, dict):
        value = {key: _entry(path, lines, (*place, key), inner, line) for key, inner in found.items()}
    elif isinstance(found, list):
        value = [Entry(path, line, name, _plain(path, line, name, inner)) for inner in found]
    else:
        value = _plain(path, line, name, found)
    return Entry(path, line, name, value)


def _plain(path: Path, line: int, name: str, found: Any) -> str | bool | int | Decimal:
    if isinstance(found, str | bool | int | Decimal):
        return found
    raise ShopFileError(path, line, f"{name} is neither a text nor a number")


def _lines(written: str) -> dict[Place, int]:
    """The line at which each key stands first."""
    table: Place = ()
    found: dict[Place, int] = {}
    for number, line in enumerate(written.split("\n"), 1):
        if header := TABLE.match(line):
            place = table = _keys(header[1])
        elif field := FIELD.match(line):
            place = (*table, *_keys(field[1]))
        else:
            continue
        for depth in range(1, len(place) + 1):
            found.setdefault(place[:depth], number)
    return found


def _keys(written: str) -> Place:
    return tuple(key.strip("\"'") for key in re.findall(KEY, written))
