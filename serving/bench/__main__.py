"""The benchmark: each row in a process of its own, one table of all. Its size is BENCH_TURNS.

python -m serving.bench                                   the whole table, a few minutes
python -m serving.bench --row agent --concurrency 50      one row; --json for a program to read
"""

import argparse
import asyncio
import os
import pkgutil
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from serving.bench.measuring import Figures, measure
from serving.bench.surroundings import surroundings
from serving.bench.table import table

# by name, so that a row's process loads only what that row needs
ROWS = {
    "extractive": "serving.bench.whole_turns:extractive",
    "raw": "serving.bench.raw_calls:raw_calls",
    "agent": "serving.bench.whole_turns:agent",
    "agent alone": "serving.bench.loop_alone:loop_alone",
    "stock": "serving.bench.stock:stock",
}
AT_ONCE = (1, 50, 200)
TURNS = 80  # of a row with one customer; rows with many have more
MORE_TURNS = {1: 1, 50: 3, 200: 5}
ROW_SECONDS = 120.0


def run_row(name: str, at_once: int, turns: int, data: Path, profile: Path | None = None) -> Figures:
    row = pkgutil.resolve_name(ROWS[name])
    with surroundings(data) as around:
        return asyncio.run(measure(row, name, at_once, turns, around, profile))


def run_all(turns: int) -> list[Figures]:
    with TemporaryDirectory(prefix="shopdesk-bench-data-") as data:
        return [_apart(name, at_once, turns * MORE_TURNS[at_once], data) for name in ROWS for at_once in AT_ONCE]


def _apart(name: str, at_once: int, turns: int, data: str) -> Figures:
    arguments = ["--row", name, "--concurrency", str(at_once), "--turns", str(turns), "--data", data, "--json"]
    print(f"{name}, {at_once} at once ...", end="\r", file=sys.stderr, flush=True)  # noqa: T201
    with subprocess.Popen(
        [sys.executable, "-m", "serving.bench", *arguments], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            output, _ = process.communicate(timeout=ROW_SECONDS)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # with the model server that it started
            raise
    if process.returncode:
        raise SystemExit(f"The row {name} at {at_once} ended with code {process.returncode}; see above.")
    return msgspec.json.decode(output, type=Figures)


def main() -> None:
    os.environ |= {"LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false"}
    parser = argparse.ArgumentParser(description="What a turn costs, beside the bare model and stock LangChain.")
    parser.add_argument("--row", choices=ROWS)
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--turns", type=int, default=int(os.environ.get("BENCH_TURNS", TURNS)))
    parser.add_argument("--data", type=Path, help="a folder with the demo shop, made where it is missing")
    parser.add_argument("--profile", type=Path, help="write where the CPU goes to this file, for pstats")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.row:
        print(f"{os.cpu_count()} cores; load before the first row {os.getloadavg()[0]:.1f}")  # noqa: T201
        print(table(run_all(options.turns)))  # noqa: T201
        return
    with TemporaryDirectory(prefix="shopdesk-bench-data-") as data:
        figures = run_row(options.row, options.concurrency, options.turns, options.data or Path(data), options.profile)
    print(msgspec.json.encode(figures).decode() if options.json else table([figures]))  # noqa: T201


if __name__ == "__main__":
    main()
