"""The retail domain of tau2-bench: its database in and out, and every action on it as the benchmark's own code has it.

The public part needs ../shared/data beside the project and is skipped where that is absent.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.retail_shop import (
    ADA,
    BO,
    DELIVERED,
    NEW_HOME,
    PENDING,
    ROOT,
    SMALL,
    apply,
    cancelling,
    changed,
    copy_of,
    exported,
    imported,
    line,
    said,
    swapping,
    to_the_cent,
)  # fmt: skip
from tests.running import command, environment

PUBLIC = ROOT.parent / "shared" / "data"
DATABASE = PUBLIC / "tau2_retail" / "db.json"
PROCESSES = 2
DEADLINE_SECONDS = 300.0


@pytest.fixture(scope="module")
def public() -> Path:
    if not DATABASE.exists():
        pytest.skip(f"the public data is not beside the project: {DATABASE.parent.parent.name}/tau2_retail")
    return PUBLIC


@pytest.fixture(scope="module")
def benchmark(public: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the benchmark's shop in it."""
    folder = tmp_path_factory.mktemp("retail")
    asyncio.run(imported(DATABASE, folder / "shop.sqlite"))
    return folder


@pytest.fixture
async def small(tmp_path: Path) -> Path:
    return await imported(SMALL, tmp_path / "small.sqlite")


async def test_the_benchmarks_database_is_the_same_after_it_was_read_and_written(benchmark: Path) -> None:
    assert await exported(benchmark / "shop.sqlite") == json.loads(DATABASE.read_text())


async def test_every_gold_action_changes_exactly_the_rows_that_it_changes_in_the_benchmark(
    public: Path, benchmark: Path, tmp_path: Path
) -> None:
    """74 tasks. Those of different customers run in one database, so that it is written out a few times only."""
    tasks = json.loads((public / "dev" / "tau2_retail_expected.json").read_text())
    fresh = json.loads(DATABASE.read_text())
    assert len(tasks) == 74
    for number, batch in enumerate(_apart(tasks, fresh)):
        file = copy_of(benchmark / "shop.sqlite", tmp_path / f"{number}.sqlite")
        for name in batch:
            lines = [line(_owner(write, fresh), write[0], **write[1]) for write in tasks[name]["writes"]]
            outcomes = await apply(file, lines)
            assert [one.ok for one in outcomes] == [write[2] is True for write in tasks[name]["writes"]], (
                name,
                outcomes,
            )
        left = changed(fresh, await exported(file))
        for name in batch:
            for table, rows in tasks[name]["diff"].items():
                for key, row in rows.items():
                    assert left[table].pop(key, None) == to_the_cent(row), (name, key)
        assert not any(left.values()), (batch, left)


def _owner(write: list[Any], fresh: dict[str, Any]) -> str:
    arguments = write[1]
    return str(arguments.get("user_id") or fresh["orders"][arguments["order_id"]]["user_id"])


def _apart(tasks: dict[str, Any], fresh: dict[str, Any]) -> Iterator[list[str]]:
    """Tasks in groups in which no customer occurs twice."""
    waiting = {name: {_owner(write, fresh) for write in task["writes"]} for name, task in tasks.items()}
    while waiting:
        seen: set[str] = set()
        batch = []
        for name, customers in waiting.items():
            if not customers & seen:
                seen |= customers
                batch.append(name)
        yield batch
        waiting = {name: customers for name, customers in waiting.items() if name not in batch}


async def test_each_of_the_benchmarks_single_actions_is_allowed_or_refused_as_there(
    public: Path, benchmark: Path, tmp_path: Path
) -> None:
    """All 5,433 through the command itself, in two processes."""
    with (public / "dev" / "tau2_retail_oracle.jsonl").open() as file:
        actions = [json.loads(one) for one in file]
    assert len(actions) == 5433
    data = copy_of(benchmark / "shop.sqlite", tmp_path / "shop.sqlite").parent
    parts = [actions[at::PROCESSES] for at in range(PROCESSES)]
    answers = await asyncio.gather(*(_dry_run(data, number, part) for number, part in enumerate(parts)))
    wrong = [
        (asked, answer)
        for part, answered in zip(parts, answers, strict=True)
        for asked, answer in zip(part, answered, strict=True)
        if answer["ok"] is not asked["allowed"]
    ]
    assert not wrong, f"{len(wrong)} are decided otherwise, as {wrong[:3]}"


async def _dry_run(data: Path, number: int, actions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    file = data / f"actions-{number}.jsonl"
    file.write_text(
        "".join(json.dumps(line(one["customer"], one["action"], **one["arguments"])) + "\n" for one in actions)
    )
    process = await asyncio.create_subprocess_exec(
        *command("shop", "apply", "--dry-run", str(file)), env=environment(data), stdout=asyncio.subprocess.PIPE
    )
    try:
        written, _ = await asyncio.wait_for(process.communicate(), DEADLINE_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 1  # some were refused
    return [json.loads(one) for one in written.splitlines()]


STRICTER = {  # where policy.md or common sense forbid what the benchmark's code would do
    "the order's address after its items were changed": (
        [
            swapping(PENDING, ["1000000011"], ["1000000012"], "paypal_13"),
            line(ADA, "modify_pending_order_address", order_id=PENDING, **NEW_HOME),
        ],
        ["", "items_changed"],
    ),
    "an exchange for the very same variant": (
        [swapping(DELIVERED, ["1000000022"], ["1000000022"], "paypal_13", "exchange_delivered_order_items")],
        ["other_variant"],
    ),
    "an exchange of nothing": (
        [swapping(DELIVERED, [], [], "paypal_13", "exchange_delivered_order_items")],
        ["some_items"],
    ),
    "a change of nothing": ([swapping(PENDING, [], [], "paypal_13")], ["some_items"]),
    "a return of nothing": (
        [line(ADA, "return_items", order=DELIVERED, items=[], method="credit_card_11")],
        ["some_items"],
    ),
    "an address without a city": (
        [line(ADA, "modify_pending_order_address", order_id=PENDING, **{**NEW_HOME, "city": ""})],
        ["whole_address"],
    ),
    "an order of another customer": (
        [line(BO, "cancel_pending_order", order_id=PENDING, reason="no longer needed")],
        ["own_order"],
    ),
    "the home of another customer": (
        [line(BO, "modify_user_address", user_id=ADA, **NEW_HOME)],
        ["own_account"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STRICTER)
async def test_where_the_policy_is_stricter_than_the_benchmarks_code_the_policy_holds(small: Path, case: str) -> None:
    lines, rules = STRICTER[case]
    assert said(await apply(small, lines)) == rules


async def test_a_cancellation_after_a_change_of_payment_pays_back_what_was_paid_and_no_more(small: Path) -> None:
    """The benchmark's code pays every line of the history back, the refund among them."""
    paying = line(ADA, "modify_pending_order_payment", order_id=PENDING, payment_method_id="gift_card_12")
    assert said(await apply(small, [paying, cancelling()])) == ["", ""]
    after = await exported(small)
    history = [tuple(entry.values()) for entry in after["orders"][PENDING]["payment_history"]]
    assert history == [
        ("payment", 70.15, "credit_card_11"),
        ("payment", 70.15, "gift_card_12"),
        ("refund", 70.15, "credit_card_11"),
        ("refund", 70.15, "gift_card_12"),
    ]
    assert after["users"][ADA]["payment_methods"]["gift_card_12"]["balance"] == 80.0
