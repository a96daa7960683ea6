"""The benchmark measures every way it names, and says what it found in one table. How fast it was is never asserted."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from serving.bench.figures import Figures, IdleSockets, Queueing
from serving.bench.rows import ROWS, TurnRow
from serving.bench.table import HEADINGS, table

TURNS, AT_ONCE = 6, 2
SOCKETS, OPEN = 40, 10
OF_TURNS = [name for name, row in ROWS.items() if isinstance(row, TurnRow)]
SHORTEST_AND_LONGEST = ["raw", "agent", "web + worker"]  # the others in `make tests-whole`
AT_THE_SOCKET = [name for name in OF_TURNS if name.startswith(("whole", "web"))]


def bench(*arguments: str, **environment: str) -> str:
    command = [sys.executable, "-m", "serving.bench", *arguments]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    return done.stdout


def figures(**changed: object) -> Figures:
    times = dict.fromkeys(
        ("p50", "p95", "first_p50", "first_p95", "cpu", "redis_cpu", "model_cpu", "per_second", "round_trips"), 1.0
    )
    known = {"row": "raw", "at_once": 1, "turns": 1, "model_busy": 0.0, "not_as_meant": 0, "commands": {}}
    return msgspec.convert({**times, **known, **changed}, Figures)


def measured(row: str, data: Path, size: int, *arguments: str) -> str:
    return bench("--row", row, "--data", str(data), "--size", str(size), "--json", *arguments)


@pytest.mark.parametrize("row", OF_TURNS if os.environ.get("SHOPDESK_TEST_EVERY_ROW") == "1" else SHORTEST_AND_LONGEST)
def test_each_row_answers_its_customers_and_has_figures(row: str, demo_data: Path) -> None:
    found = msgspec.json.decode(measured(row, demo_data, TURNS, "--concurrency", str(AT_ONCE)), type=Figures)
    assert (found.row, found.at_once, found.turns, found.not_as_meant) == (row, AT_ONCE, TURNS, 0)
    assert min(found.p50, found.p95, found.first_p50, found.first_p95, found.cpu, found.per_second) > 0
    assert found.first_p50 <= found.p95 and found.first_p95 <= found.p95
    through_the_mailbox = {"accept": 1, "take": 1, "commit": 1}
    expected = through_the_mailbox if row in ("extractive", "agent", *AT_THE_SOCKET) else {}
    assert {name: found.commands[name] for name in through_the_mailbox if name in found.commands} == expected


def test_idle_sockets_are_counted_in_the_memory_of_the_process_that_holds_them(demo_data: Path) -> None:
    found = msgspec.json.decode(measured("idle sockets", demo_data, SOCKETS), type=IdleSockets)
    assert found.sockets == SOCKETS
    assert 1 < found.kib_each < 2000, "a socket takes memory, and not that of a whole process"
    assert found.per_gib == pytest.approx(1024 * 1024 / found.kib_each)


def test_queueing_is_measured_from_accepted_to_taken_while_every_turn_takes_a_second(demo_data: Path) -> None:
    found = msgspec.json.decode(measured("queueing", demo_data, OPEN, "--seconds", "3"), type=Queueing)
    assert (found.open, found.active, found.not_answered) == (OPEN, 2, 0)
    assert found.turns >= 2
    assert 0 <= found.p50 <= found.p95 <= found.most


def test_one_row_prints_a_table_in_the_size_of_the_environment_and_writes_its_profile(
    demo_data: Path, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    printed = bench("--row", "raw", "--data", str(demo_data), "--profile", str(profile), BENCH_TURNS="3")
    heading, row, *_ = printed.splitlines()
    assert heading.split() == " ".join(HEADINGS).split()
    assert row.split()[:3] == ["raw", "1", "3"]
    assert profile.stat().st_size > 0


def test_rows_can_be_chosen_and_an_unknown_one_is_named_beside_those_there_are() -> None:
    command = [sys.executable, "-m", "serving.bench", "--rows", "raw, hole path"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "no row hole path" in done.stderr and "whole path" in done.stderr


def test_the_table_has_every_row_with_what_it_adds_to_the_raw_calls() -> None:
    printed = table([figures(first_p50=101.0), figures(row="whole path", first_p50=112.5), figures(row="stock")])
    heading, raw, whole, stock, *_ = printed.splitlines()
    assert [len(line) for line in (raw, whole, stock)] == [len(heading)] * 3
    assert "11.5" in whole and "112.5" in whole


@pytest.mark.parametrize(
    ("cpu", "verdict"),
    [
        (4.0, "4 ms; target at most 15 ms: met (aim 4 ms: reached)"),
        (15.0, "15 ms; target at most 15 ms: met (aim 4 ms: not reached)"),
        (15.1, "15.1 ms; target at most 15 ms: MISSED by 0.1 ms (aim 4 ms: not reached)"),
    ],
)
def test_the_table_says_whether_a_target_is_met_and_by_how_much_it_is_missed(cpu: float, verdict: str) -> None:
    assert f"CPU per turn, 1 at once: {verdict}" in table([figures(row="whole path", cpu=cpu)])


def test_turns_per_core_are_compared_with_stock_langchain_at_the_same_size() -> None:
    rows = [figures(row="whole path", at_once=at, cpu=4.0) for at in (1, 50)]
    printed = table([*rows, figures(row="stock", at_once=1, cpu=44.0), figures(row="stock", at_once=50, cpu=30.0)])
    assert "beside stock LangChain's, 1 at once: 11 x; target at least 10 x: met" in printed
    assert "beside stock LangChain's, 50 at once: 7.5 x; target at least 10 x: MISSED by 2.5 x" in printed


def test_every_target_stands_below_the_table_of_a_whole_run() -> None:
    rows = [figures(row=row) for row in ("raw", "extractive", "agent", "whole path", "stock")]
    waited = Queueing(
        1000, 200, 2, turns=500, per_second=50.0, p50=9.0, p95=251.0, most=300.0, not_answered=0, busy=0.5
    )
    printed = table([*rows, IdleSockets(4000, kib_each=32.0, cpu_share=0.01), waited])
    assert printed.count("; target at ") == 10
    assert "idle sockets per GiB: 32,768; target at least 30,000: met (aim 60,000: not reached)" in printed
    assert "1,000 open and 200 active on 2 workers: 251 ms; target at most 250 ms: MISSED by 1 ms" in printed


def test_the_table_says_where_its_figures_mean_less() -> None:
    waited = Queueing(1000, 200, 2, turns=500, per_second=50.0, p50=9.0, p95=90.0, most=99.0, not_answered=4, busy=0.97)
    printed = table([figures(row="agent", at_once=200, turns=50, model_busy=0.93, not_as_meant=3), waited])
    assert "the scripted model used 93% of a core" in printed
    assert "3 of 50 turns" in printed
    assert "97% of the machine was busy" in printed and "4 of 500 turns" in printed
