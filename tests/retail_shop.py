"""Shops in the format of tau2-bench for the tests: read into an SQLite file, changed by lines, written out again."""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from bot.shop.applying import Applied, Applying, Refused
from bot.shop.database import open_database
from bot.shop.profile_file import read_profile
from bot.shop.rules import Refusal
from bot.shop.store import open_store
from bot.shop.tau2 import RULES_OF_THE_BENCHMARK
from bot.shop.tau2.reading import read_database
from bot.shop.tau2.writing import write_database

ROOT = Path(__file__).parent.parent
SMALL = ROOT / "tests" / "data" / "retail_small.json"
TODAY = date(2026, 3, 31)
Line = Mapping[str, Any]
Rows = dict[str, dict[str, Any]]

ADA, BO = "ada_wren_1001", "bo_finch_1002"
PENDING, DELIVERED = "#W9000001", "#W9000002"
NEW_HOME = {
    "address1": "1 Main St", "address2": "", "city": "Austin", "state": "TX", "country": "USA", "zip": "78701",
}  # fmt: skip


def url_of(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


async def imported(source: Path, file: Path, rules: Path = RULES_OF_THE_BENCHMARK) -> Path:
    async with open_store(url_of(file)) as store:
        await store.replace(read_database(source, read_profile(rules), TODAY))
    return file


def copy_of(prepared: Path, file: Path) -> Path:
    return Path(shutil.copy(prepared, file))


async def exported(file: Path) -> Any:
    async with open_database(url_of(file)) as database:
        return json.loads(await write_database(database))


async def apply(file: Path, lines: Sequence[Line | bytes], dry_run: bool = False) -> list[Applied | Refused]:
    """Refusals come with their rule's name for a message."""

    async def name(refusal: Refusal, _customer: str) -> str:
        return refusal.rule

    written = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    async with open_store(url_of(file)) as store:
        applying = Applying(store, "lines.jsonl", name, lambda: datetime.now(UTC))
        return [outcome async for outcome in applying.apply(written, dry_run)]


def said(outcomes: Sequence[Applied | Refused]) -> list[str]:
    """The rule of each that was refused, "" for what was done."""
    return [outcome.rule if isinstance(outcome, Refused) else "" for outcome in outcomes]


def changed(before: Mapping[str, Rows], after: Mapping[str, Rows]) -> dict[str, Rows]:
    """Whole rows of the second that are not so in the first, by table; amounts to the cent."""
    tables = {
        name: {key: to_the_cent(row) for key, row in rows.items() if row != before[name].get(key)}
        for name, rows in after.items()
    }
    return {name: rows for name, rows in tables.items() if rows}


def to_the_cent(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, dict):
        return {key: to_the_cent(inner) for key, inner in value.items()}
    return [to_the_cent(inner) for inner in value] if isinstance(value, list) else value


def line(customer: str, action: str, **arguments: object) -> dict[str, Any]:
    return {"customer": customer, "action": action, "arguments": arguments}


def cancelling(reason: str = "no longer needed") -> dict[str, Any]:
    return line(ADA, "cancel_pending_order", order_id=PENDING, reason=reason)


def swapping(order: str, old: Iterable[str], new: Iterable[str], method: str, action: str = "") -> dict[str, Any]:
    name = action or "modify_pending_order_items"
    items = {"item_ids": list(old), "new_item_ids": list(new)}
    return line(ADA, name, order_id=order, payment_method_id=method, **items)
