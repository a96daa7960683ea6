"""The benchmark measures every way it names, and says what it found in one table. How fast it was is never asserted."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from serving.bench.__main__ import ROWS
from serving.bench.measuring import Figures
from serving.bench.table import HEADINGS, table

TURNS, AT_ONCE = 6, 2


def bench(*arguments: str, **environment: str) -> str:
    command = [sys.executable, "-m", "serving.bench", *arguments]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    return done.stdout


def figures(**changed: object) -> Figures:
    times = dict.fromkeys(
        ("p50", "p95", "first_p50", "first_p95", "cpu", "redis_cpu", "model_cpu", "per_second", "round_trips"), 1.0
    )
    known = {"row": "raw", "at_once": 1, "turns": 1, "model_busy": 0.0, "not_as_meant": 0, "commands": {}}
    return msgspec.convert({**times, **known, **changed}, Figures)


@pytest.mark.parametrize("row", ROWS)
def test_each_row_answers_its_customers_and_has_figures(row: str, prepared_data: Path) -> None:
    options = ["--concurrency", str(AT_ONCE), "--turns", str(TURNS), "--data", str(prepared_data), "--json"]
    found = msgspec.json.decode(bench("--row", row, *options), type=Figures)
    assert (found.row, found.at_once, found.turns, found.not_as_meant) == (row, AT_ONCE, TURNS, 0)
    assert min(found.p50, found.p95, found.first_p50, found.first_p95, found.cpu, found.per_second) > 0
    assert found.first_p50 <= found.p95 and found.first_p95 <= found.p95
    through_the_mailbox = row in ("extractive", "agent")
    assert (found.commands.get("evalsha", 0) >= 4) == through_the_mailbox


def test_one_row_prints_a_table_in_the_size_of_the_environment_and_writes_its_profile(
    prepared_data: Path, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    printed = bench("--row", "raw", "--data", str(prepared_data), "--profile", str(profile), BENCH_TURNS="3")
    heading, row, *_ = printed.splitlines()
    assert heading.split() == " ".join(HEADINGS).split()
    assert row.split()[:3] == ["raw", "1", "3"]
    assert profile.stat().st_size > 0


def test_the_table_has_every_row_with_what_it_adds_to_the_raw_calls() -> None:
    printed = table([figures(first_p50=101.0), figures(row="agent", first_p50=112.5), figures(row="stock", cpu=4.0)])
    heading, raw, agent, stock, *_ = printed.splitlines()
    assert [len(line) for line in (raw, agent, stock)] == [len(heading)] * 3
    assert "11.5" in agent and "112.5" in agent
    assert "stock LangChain spends 4.0 times the CPU" in printed


@pytest.mark.parametrize(("cpu", "verdict"), [(15.0, "met"), (15.1, "MISSED")])
def test_the_table_says_whether_an_aim_is_met(cpu: float, verdict: str) -> None:
    assert f"the aim is at most 15 ms: {verdict}" in table([figures(row="agent", cpu=cpu)])


def test_the_table_says_where_its_figures_mean_less() -> None:
    printed = table([figures(row="agent", at_once=200, turns=50, model_busy=0.93, not_as_meant=3)])
    assert "the scripted model used 93% of a core" in printed
    assert "3 of 50 turns" in printed
