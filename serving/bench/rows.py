"""What the benchmark has rows of, by name: a row's process loads only what that row needs."""

import asyncio
import pkgutil
from pathlib import Path

import msgspec

from serving.bench.figures import Found
from serving.bench.measuring import measure
from serving.bench.surroundings import SCRIPT, surroundings

AT_ONCE = (1, 50, 200)


class TurnRow(msgspec.Struct, frozen=True):
    """Customers who ask one question after the other, so many of them at once."""

    place: str
    at_once: tuple[int, ...] = AT_ONCE


class Trial(msgspec.Struct, frozen=True):
    """Measured in its own way, once; its size is a number of sockets."""

    place: str
    seconds: float
    script: Path = SCRIPT


ROWS: dict[str, TurnRow | Trial] = {
    "raw": TurnRow("serving.bench.raw_calls:raw_calls"),
    "extractive": TurnRow("serving.bench.whole_turns:extractive", (1, 50)),
    "agent alone": TurnRow("serving.bench.loop_alone:loop_alone", (1, 50)),
    "agent": TurnRow("serving.bench.whole_turns:agent", (1, 50)),
    "whole path": TurnRow("serving.bench.whole_path:one_process"),
    "web + worker": TurnRow("serving.bench.whole_path:one_worker", (50,)),
    "web + 2 workers": TurnRow("serving.bench.whole_path:two_workers", (50,)),
    "stock": TurnRow("serving.bench.stock:stock"),
    "idle sockets": Trial("serving.bench.idle_sockets:idle_sockets", 5.0),
    "queueing": Trial("serving.bench.queueing:queueing", 15.0, Path(__file__).parent / "slow_turns.toml"),
}


def run_row(
    name: str, at_once: int, size: int, data: Path, profile: Path | None = None, seconds: float | None = None
) -> Found:
    """`size`: turns, or for a trial sockets; `seconds`: how long a trial looks, where it is not as long as usual.

    `profile`: where to write on what the row's own process spends its CPU.
    """
    row = ROWS[name]
    measured = pkgutil.resolve_name(row.place)
    if isinstance(row, Trial):
        with surroundings(data, row.script) as around:
            found: Found = asyncio.run(measured(around, size, seconds or row.seconds))
            return found
    with surroundings(data) as around:
        return asyncio.run(measure(measured, name, at_once, size, around, profile))
