"""The benchmark: each row in a process of its own, one table of all.

python -m serving.bench                                   the whole table, some minutes; BENCH_TURNS, BENCH_IDLE and
                                                          BENCH_OPEN size it
python -m serving.bench --rows "whole path, stock"        only these
python -m serving.bench --row agent --concurrency 50      one row at one size; --json for a program to read
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from serving.bench.figures import Found
from serving.bench.rows import ROWS, Trial, run_row
from serving.bench.table import table

SIZES = {"idle sockets": ("BENCH_IDLE", 4000), "queueing": ("BENCH_OPEN", 1000)}
TURNS = ("BENCH_TURNS", 80)  # of a row with one customer; rows with many have more
MORE_TURNS = {1: 1, 50: 4, 200: 5}
ROW_SECONDS = 150.0


def run_rows(names: Sequence[str]) -> list[Found]:
    with TemporaryDirectory(prefix="shopdesk-bench-data-") as data:
        return [_apart(name, at_once, size, data) for name in names for at_once, size in _sizes(name)]


def _sizes(name: str) -> Iterator[tuple[int, int]]:
    """(how many at once, size) for each run of a row."""
    row, size = ROWS[name], _size(name)
    if isinstance(row, Trial):
        yield 1, size
        return
    yield from ((at_once, size * MORE_TURNS[at_once]) for at_once in row.at_once)


def _size(name: str) -> int:
    variable, usual = SIZES.get(name, TURNS)
    return int(os.environ.get(variable, usual))


def _apart(name: str, at_once: int, size: int, data: str) -> Found:
    arguments = ["--row", name, "--concurrency", str(at_once), "--size", str(size), "--data", data, "--json"]
    print(f"{name}, {at_once} at once ...".ljust(40), end="\r", file=sys.stderr, flush=True)  # noqa: T201
    with subprocess.Popen(
        [sys.executable, "-m", "serving.bench", *arguments], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            output, _ = process.communicate(timeout=ROW_SECONDS)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # with all that it started
            raise
    if process.returncode:
        raise SystemExit(f"The row {name} at {at_once} ended with code {process.returncode}; see above.")
    found: Found = msgspec.json.decode(output, type=Found)
    return found


def _named(rows: str) -> list[str]:
    names = [name.strip() for name in rows.split(",")] if rows else list(ROWS)
    if unknown := sorted({*names} - {*ROWS} - {""}):
        raise SystemExit(f"There is no row {', '.join(unknown)}; there are: {', '.join(ROWS)}.")
    return [name for name in names if name]


def main() -> None:
    os.environ |= {"LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false"}
    parser = argparse.ArgumentParser(description="What a turn costs, beside the bare model and stock LangChain.")
    parser.add_argument("--rows", default="", help="only these, with commas between them")
    parser.add_argument("--row", choices=ROWS)
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--size", type=int, help="turns, or sockets")
    parser.add_argument("--seconds", type=float, help="how long idle sockets or queueing are looked at")
    parser.add_argument("--data", type=Path, help="a folder with the demo shop, made where it is missing")
    parser.add_argument("--profile", type=Path, help="write where the row's CPU goes to this file, for pstats")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.row:
        print(f"{os.cpu_count()} cores; load before the first row {os.getloadavg()[0]:.1f}")  # noqa: T201
        print(table(run_rows(_named(options.rows))))  # noqa: T201
        return
    size = options.size or _size(options.row)
    with TemporaryDirectory(prefix="shopdesk-bench-data-") as data:
        folder = options.data or Path(data)
        found = run_row(options.row, options.concurrency, size, folder, options.profile, options.seconds)
    print(msgspec.json.encode(found).decode() if options.json else table([found]))  # noqa: T201


if __name__ == "__main__":
    main()
