"""A shop in the format of tau2-bench: read, written, read again, and what is refused."""

import json
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.shop.applying import Applied
from bot.shop.database import open_database
from bot.shop.entries import ShopFileError
from bot.shop.profile_file import read_profile
from bot.shop.records import Order
from bot.shop.store import open_store
from bot.shop.tau2 import RULES_OF_THE_BENCHMARK
from bot.shop.tau2.reading import read_database
from bot.shop.tau2.writing import write_database
from tests.retail_shop import (
    ADA,
    BO,
    DELIVERED,
    NEW_HOME,
    PENDING,
    SMALL,
    TODAY,
    apply,
    cancelling,
    changed,
    exported,
    imported,
    line,
    said,
    swapping,
    url_of,
)  # fmt: skip

LANTERN, KETTLE = "1000000011", "1000000022"


@pytest.fixture
async def small(tmp_path: Path) -> Path:
    return await imported(SMALL, tmp_path / "small.sqlite")


async def changed_order(file: Path, wanted: dict[str, Any]) -> Order:
    (outcome,) = await apply(file, [wanted])
    assert isinstance(outcome, Applied) and outcome.order, outcome
    return outcome.order


async def test_a_database_is_the_same_after_it_was_read_and_written(store_url: str) -> None:
    async with open_store(store_url) as store:
        await store.replace(read_database(SMALL, read_profile(RULES_OF_THE_BENCHMARK), TODAY))
    async with open_database(store_url) as database:
        assert json.loads(await write_database(database)) == json.loads(SMALL.read_text())


async def test_without_dates_everything_counts_as_placed_on_the_day_of_the_import_in_the_order_of_the_file(
    small: Path,
) -> None:
    async with open_store(url_of(small)) as store:
        orders = await store.of(ADA).orders()
    assert [order.number for order in orders] == ["#W9000003", PENDING, DELIVERED]  # the newest first
    assert {order.placed.astimezone(UTC).date() for order in orders} == {TODAY}
    assert orders[2].fulfilments[0].delivered == orders[2].placed


async def test_what_is_done_to_an_order_is_written_as_the_benchmark_writes_it(small: Path) -> None:
    before = json.loads(SMALL.read_text())
    outcomes = await apply(
        small,
        [
            swapping(
                DELIVERED, ["1000000022", "1000000011"], ["1000000021", "1000000012"], "paypal_13", "exchange_items"
            ),
            swapping(PENDING, ["1000000011"], ["1000000012"], "gift_card_12"),
            line(BO, "modify_user_address", user_id=BO, **NEW_HOME),
        ],
    )
    assert said(outcomes) == ["", "", ""]
    rows = changed(before, await exported(small))
    assert set(rows) == {"orders", "users"} and set(rows["orders"]) == {PENDING, DELIVERED}
    exchanged, modified = rows["orders"][DELIVERED], rows["orders"][PENDING]
    assert exchanged["status"] == "exchange requested" and exchanged["items"] == before["orders"][DELIVERED]["items"]
    assert exchanged["exchange_items"] == ["1000000011", "1000000022"]
    assert exchanged["exchange_new_items"] == ["1000000012", "1000000021"]
    assert (exchanged["exchange_payment_method_id"], exchanged["exchange_price_difference"]) == ("paypal_13", 5.6)
    assert exchanged["return_items"] is exchanged["cancel_reason"] is None
    assert modified["status"] == "pending (item modified)"
    assert modified["payment_history"][1:] == [
        {"transaction_type": "payment", "amount": 5.25, "payment_method_id": "gift_card_12"}
    ]
    assert rows["users"][ADA]["payment_methods"]["gift_card_12"]["balance"] == 74.75
    assert rows["users"][BO]["address"] == NEW_HOME


async def test_a_return_lists_its_items_sorted_and_pays_nothing_back_yet(small: Path) -> None:
    items = ["1000000022", "1000000011", "1000000011"]
    wanted = {"order_id": DELIVERED, "item_ids": items, "payment_method_id": "gift_card_12"}
    assert said(await apply(small, [line(ADA, "return_delivered_order_items", **wanted)])) == [""]
    row = (await exported(small))["orders"][DELIVERED]
    assert (row["status"], row["return_items"]) == ("return requested", sorted(items))
    assert row["return_payment_method_id"] == "gift_card_12" and len(row["payment_history"]) == 1


async def test_a_slip_of_the_benchmark_is_in_the_file_and_neither_in_the_shop_nor_in_what_is_read_again(
    small: Path, tmp_path: Path
) -> None:
    """Its code gives all changed items price and options of the last; the difference that is paid is right."""
    (done,) = await apply(
        small, [swapping(PENDING, ["1000000021", "1000000011"], ["1000000022", "1000000012"], "paypal_13")]
    )
    assert done.ok and done.order  # type: ignore[union-attr]
    assert [item.price for item in done.order.items] == [Decimal("45.35"), Decimal("29.70")]  # type: ignore[union-attr]
    written = await exported(small)
    row = written["orders"][PENDING]
    assert [item["item_id"] for item in row["items"]] == ["1000000012", "1000000022"]
    assert [item["price"] for item in row["items"]] == [45.35, 45.35]
    assert row["items"][1]["options"] == {"color": "moss", "size": "large"}
    assert row["payment_history"][1]["amount"] == 4.9
    (tmp_path / "again.json").write_text(json.dumps(written))
    again = await imported(tmp_path / "again.json", tmp_path / "again.sqlite")
    async with open_store(url_of(again)) as store:
        read = await store.of(ADA).order(PENDING)
    assert read and [item.price for item in read.items] == [Decimal("45.35"), Decimal("29.70")]


async def test_a_change_for_the_same_price_is_booked_as_a_refund_of_nothing_in_the_file(small: Path) -> None:
    order = await changed_order(small, swapping(PENDING, ["1000000011"], ["1000000013"], "paypal_13"))
    assert len(order.payments) == 1
    row = (await exported(small))["orders"][PENDING]
    assert row["payment_history"][1] == {"transaction_type": "refund", "amount": 0.0, "payment_method_id": "paypal_13"}


AFTER = {
    "changed items": (
        [swapping(PENDING, ["1000000011"], ["1000000012"], "paypal_13")], cancelling(), "items_changed",
    ),
    "a change of payment": (
        [line(ADA, "change_payment", order=PENDING, method="paypal_13")],
        line(ADA, "change_payment", order=PENDING, method="gift_card_12"),
        "once",
    ),
    "a cancellation": ([cancelling("ordered by mistake")], cancelling(), "open"),
    "a return": (
        [line(ADA, "return_items", order=DELIVERED, items=["1000000022"])],
        line(ADA, "return_items", order=DELIVERED, items=["1000000011"]),
        "delivered",
    ),
    "an exchange": (
        [swapping(DELIVERED, ["1000000022"], ["1000000021"], "paypal_13", "exchange_items")],
        line(ADA, "return_items", order=DELIVERED, items=["1000000011"]),
        "delivered",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", AFTER)
async def test_a_file_that_is_read_again_knows_what_was_done_before(small: Path, tmp_path: Path, case: str) -> None:
    first, then, rule = AFTER[case]
    assert said(await apply(small, first)) == [""]
    written = tmp_path / "written.json"
    written.write_text(json.dumps(await exported(small)))
    again = await imported(written, tmp_path / "again.sqlite")
    assert said(await apply(again, [then])) == [rule]


async def test_the_rules_are_a_settings_file(small: Path, tmp_path: Path) -> None:
    assert said(await apply(small, [cancelling("found it cheaper")], dry_run=True)) == ["cancel_reason"]
    settings = tmp_path / "mine.toml"
    text = RULES_OF_THE_BENCHMARK.read_text(encoding="utf-8")
    settings.write_text(text + '"found it cheaper" = "Found it cheaper"\n', encoding="utf-8")
    own = await imported(SMALL, tmp_path / "own.sqlite", settings)
    assert said(await apply(own, [cancelling("found it cheaper")], dry_run=True)) == [""]


WRONG: dict[str, tuple[Any, str]] = {
    "no JSON": ("{", "truncated"),
    "an unknown field": ('{"products": {}, "users": {}, "orders": {}, "more": 1}', "unknown field `more`"),
    "a missing field": ('{"products": {}, "users": {}}', "missing required field `orders`"),
    "an order of nobody": (("orders", PENDING, "user_id", "nobody"), "#W9000001 is of user nobody"),
    "an unknown status": (("orders", PENDING, "status", "lost"), '#W9000001 has the status "lost"'),
    "an order number of another form": (("orders", PENDING, "order_id", "W1"), "calls itself W1"),
    "an order that its user does not list": (("users", ADA, "orders", []), f"listed with user {ADA}"),
    "a whole card number": (
        ("users", ADA, "payment_methods", "credit_card_11", "last_four", "4242424242424242"), "credit_card_11",
    ),
    "an amount of three decimals": (("orders", PENDING, "items", 0, "price", 9.995), "more than two decimals"),
    "an unknown item": (("orders", PENDING, "items", 0, "item_id", "5"), "has item 5"),
    "a text for a number": (("orders", PENDING, "items", 0, "price", "9.99"), "Expected `float`"),
    "an unknown payment method": (
        ("orders", PENDING, "payment_history", 0, "payment_method_id", "cash"), "paid by cash",
    ),
    "a sign that cannot be stored": (("users", ADA, "email", "a\0b"), "cannot be stored"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_database_with_a_mistake_is_refused_with_a_sentence_that_names_it(tmp_path: Path, case: str) -> None:
    what, sentence = WRONG[case]
    file = tmp_path / "db.json"
    file.write_text(what if isinstance(what, str) else _small_but(what))
    with pytest.raises(ShopFileError, match=r"^db\.json: ") as refused:
        read_database(file, read_profile(RULES_OF_THE_BENCHMARK), TODAY)
    assert sentence in str(refused.value)


def _small_but(change: tuple[Any, ...]) -> str:
    *path, last, value = change
    found = json.loads(SMALL.read_text())
    within = found
    for key in path:
        within = within[key]
    within[last] = value
    return json.dumps(found)


def test_the_commands_import_apply_and_export_a_database(tmp_path: Path) -> None:
    data, lines, written = tmp_path / "data", tmp_path / "lines.jsonl", tmp_path / "out.json"
    lines.write_text(json.dumps(cancelling()) + "\n")
    said = ran(data, "import", "--format", "tau2", str(SMALL))
    assert "3 customers and 4 orders" in said and str(RULES_OF_THE_BENCHMARK) in said
    assert json.loads(ran(data, "apply", str(lines)))["order"]["status"] == "cancelled"
    assert str(written) in ran(data, "export", "--format", "tau2", str(written))
    assert json.loads(written.read_text())["orders"][PENDING]["cancel_reason"] == "no longer needed"
    assert json.loads(ran(data, "export", "--format", "tau2")) == json.loads(written.read_text())


def ran(data: Path, *arguments: str) -> str:
    done = CliRunner().invoke(main, ["shop", *arguments], env={"SHOPDESK_DATA_DIR": str(data)})
    assert done.exit_code == 0, done.output
    return done.output


def test_a_settings_file_is_for_this_format_alone_and_an_empty_shop_cannot_be_written(tmp_path: Path) -> None:
    arguments = ["import", str(tmp_path), "--settings", str(RULES_OF_THE_BENCHMARK)]
    for command, sentence in ((arguments, "folder has its own"), (["export", "--format", "tau2"], "shop is empty")):
        (tmp_path / "data").mkdir(exist_ok=True)
        done = CliRunner().invoke(main, ["shop", *command], env={"SHOPDESK_DATA_DIR": str(tmp_path / "data")})
        assert done.exit_code and sentence in done.output
