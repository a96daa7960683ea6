"""The shop's profile from its shop.toml."""

import re
from pathlib import Path

from bot.desk.desk_settings import DeskSettings
from bot.shop.desk_file import read_desk
from bot.shop.entries import Entry, Fields, optional_text, text, truth, words
from bot.shop.order_numbers import as_typed
from bot.shop.records import ShopProfile, Words
from bot.shop.rule_facts import names
from bot.shop.rule_settings import RuleSettings
from bot.shop.rules_file import read_rules
from bot.shop.toml_files import read_toml

FACT = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def read_profile(path: Path) -> ShopProfile:
    """Raises ShopFileError."""
    fields = Fields(read_toml(path), ShopProfile.__struct_fields__)
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
        rules=fields.may("rules", read_rules, RuleSettings()),
        desk=fields.may("desk", read_desk, DeskSettings()),
        demo=fields.may("demo", truth, False),
    )


def _currency(entry: Entry) -> str:
    if not CURRENCY.fullmatch(text(entry)):
        raise entry.refuse_value("is not a currency such as USD")
    return text(entry)


def _pattern(entry: Entry) -> str:
    try:
        re.compile(text(entry))
    except re.error as error:
        raise entry.refuse_value(f"is not a regular expression: {error.msg}") from None
    try:
        finds_nothing = as_typed(text(entry)).fullmatch("")
    except re.error as error:
        raise entry.refuse_value(f"cannot be looked for inside a sentence: {error.msg}") from None
    if finds_nothing:
        raise entry.refuse_value("matches where there is no order number")
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
            raise field.refuse(f'"{name}" is not a name such as warranty_years')
        if name in names():
            raise field.refuse(f'"{name}" comes from [rules]; leave it out here')
    return {name: text(field) for name, field in entry.value.items()}
