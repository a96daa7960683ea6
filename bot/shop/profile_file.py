"""The shop's profile from its shop.toml."""

import re
import tomllib
from pathlib import Path
from typing import Any

from bot.shop.entries import Entry, Fields, ShopFileError, optional_text, text, truth, words
from bot.shop.json_files import read_text
from bot.shop.records import ShopProfile, Words

AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")
FACT = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def read_profile(path: Path) -> ShopProfile:
    """Raises ShopFileError."""
    written = read_text(path)
    try:
        found = tomllib.loads(written)
    except tomllib.TOMLDecodeError as error:
        match = AT_LINE.search(str(error))
        line = int(match[1]) if match else written.count("\n") + 1
        raise ShopFileError(path, line, f"is not TOML: {AT_LINE.sub('', str(error)).strip()}") from None
    lines = written.splitlines()
    fields = Fields(_entry(path, lines, 0, "the file", found), ShopProfile.__struct_fields__)
    pattern = fields.must("order_number", _pattern)
    return ShopProfile(
        name=fields.must("name", words),
        currency=fields.must("currency", _currency),
        order_number=pattern,
        email=fields.must("email", text),
        order_number_example=fields.may("order_number_example", lambda entry: _example(entry, pattern), ""),
        phone=fields.may("phone", optional_text, ""),
        hours=fields.may("hours", words, {}),
        facts=fields.may("facts", _facts, {}),
        demo=fields.may("demo", truth, False),
    )


def _entry(path: Path, lines: list[str], after: int, name: str, value: Any) -> Entry:
    """TOML's reader gives no lines: a key is looked for from the line of its table on."""
    line = _line(lines, after, name)
    if isinstance(value, dict):
        return Entry(path, line, name, {key: _entry(path, lines, line, key, inner) for key, inner in value.items()})
    if isinstance(value, str | bool | int | float):
        return Entry(path, line, name, value)
    raise ShopFileError(path, line, f"{name} is neither a text nor a number")


def _line(lines: list[str], after: int, name: str) -> int:
    key = rf'\s*(\[\s*)?["\']?{re.escape(name)}["\']?\s*[\].=]'
    return next((at + 1 for at in range(after, len(lines)) if re.match(key, lines[at])), after or 1)


def _currency(entry: Entry) -> str:
    if not CURRENCY.fullmatch(text(entry)):
        raise entry.refuse_value("is not a currency such as USD")
    return text(entry)


def _pattern(entry: Entry) -> str:
    try:
        re.compile(text(entry))
    except re.error as error:
        raise entry.refuse_value(f"is not a regular expression: {error.msg}") from None
    return text(entry)


def _example(entry: Entry, pattern: str) -> str:
    if not re.fullmatch(pattern, text(entry)):
        raise entry.refuse_value(f"does not match order_number {pattern}")
    return text(entry)


def _facts(entry: Entry) -> Words:
    if not isinstance(entry.value, dict):
        raise entry.refuse_value("is not a table of names and texts")
    for name, field in entry.value.items():
        if not FACT.fullmatch(name):
            raise field.refuse(f'"{name}" is not a name such as refund_days')
    return {name: text(field) for name, field in entry.value.items()}
