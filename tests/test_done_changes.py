"""What the shop's people can see of what customers had changed: all of it, in order, by day and by order."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.shop.actions import Action, ChangeDefaultAddress, ExchangeItems, ReturnItems
from bot.shop.done_changes import DoneChange, read_done_changes
from bot.shop.identity import Proof
from bot.shop.order_status import OrderStatus
from bot.shop.own_actions import Actor, Done, Proposal
from bot.shop.store import ShopStore, open_store
from tests.action_shop import ANN, BEN, HOME, NEW_HOME, NOW, action_shop

RETURN = ReturnItems("A-DELIVERED", ("B-38",), "gift", "faulty")
EXCHANGE = ExchangeItems("B-DELIVERED", ("B-38",), ("B-39",))
DAY = timedelta(days=1)


@pytest.fixture
async def doors(store_url: str) -> AsyncIterator[ShopStore]:
    async with open_store(store_url) as opened:
        await opened.replace(action_shop())
        yield opened


async def done(store: ShopStore, action: Action, customer: str = ANN, days: int = 0) -> None:
    asking, confirming = (Actor(customer, "web:1", f"{days}-{n}", Proof.CODE) for n in (1, 2))
    proposal = await store.acting(asking, lambda: NOW + days * DAY).propose(action)
    assert isinstance(proposal, Proposal), proposal
    outcome = await store.acting(confirming, lambda: NOW + days * DAY).confirm(proposal.token)
    assert isinstance(outcome, Done), outcome


async def three_things(store: ShopStore) -> None:
    await done(store, ChangeDefaultAddress(NEW_HOME), days=2)
    await done(store, RETURN)
    await done(store, EXCHANGE, BEN, days=1)


async def read(store: ShopStore, **asked: object) -> list[DoneChange]:
    return await read_done_changes(store._database, **asked)  # type: ignore[arg-type]


async def test_everything_that_was_done_is_told_the_newest_last(doors: ShopStore) -> None:
    await three_things(doors)
    back, swap, home = await read(doors)
    assert [one.action for one in (back, swap, home)] == ["return_items", "exchange_items", "change_default_address"]
    assert (back.at, back.customer, back.order) == (NOW, ANN, "A-DELIVERED")
    assert (back.items, back.reason, back.method, back.refund) == (("B-38",), "faulty", "gift", Decimal("100.00"))
    assert (back.conversation, back.confirmed) == ("web:1", "0-2")
    assert back.effect.status == (OrderStatus.DELIVERED, OrderStatus.RETURN_REQUESTED)
    assert (swap.items, swap.new_items, swap.method) == (("B-38",), ("B-39",), "bens-card")
    assert swap.refund == Decimal("-10.00")
    assert home.order == "" and home.effect.address == (HOME, NEW_HOME)


async def test_only_what_was_done_since_a_day_is_told_its_first_moment_included(doors: ShopStore) -> None:
    await three_things(doors)
    assert [one.order for one in await read(doors, since=NOW + DAY)] == ["B-DELIVERED", ""]
    assert await read(doors, since=NOW + 3 * DAY) == []


@pytest.mark.parametrize("typed", ["A-DELIVERED", "a delivered"])
async def test_only_what_was_done_to_one_order_is_told_however_its_number_is_typed(
    doors: ShopStore, typed: str
) -> None:
    await three_things(doors)
    assert [one.order for one in await read(doors, order=typed)] == ["A-DELIVERED"]
    assert await read(doors, order="A-PENDING") == await read(doors, order=ANN) == []


async def test_an_import_that_leaves_the_order_out_leaves_its_record(doors: ShopStore) -> None:
    await done(doors, RETURN)
    files = action_shop()
    await doors.replace(type(files)(files.profile, files.products, files.customers, (), files.dated))
    assert [one.customer for one in await read(doors, order="A-DELIVERED")] == [ANN]


def changes(data: Path, *options: str, **setting: str) -> Result:
    return CliRunner().invoke(main, ["shop", "changes", *options], env={"SHOPDESK_DATA_DIR": str(data), **setting})


async def _with_changes(data: Path) -> None:
    async with open_store(f"sqlite+aiosqlite:///{data / 'shop.sqlite'}") as store:
        await store.replace(action_shop())
        await three_things(store)


def test_the_command_prints_a_line_of_json_for_each(tmp_path: Path) -> None:
    asyncio.run(_with_changes(tmp_path))
    lines = [json.loads(line) for line in changes(tmp_path).stdout.splitlines()]
    assert [line["action"] for line in lines] == ["return_items", "exchange_items", "change_default_address"]
    assert lines[0]["at"] == NOW.astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert (lines[0]["order"], lines[0]["refund"], lines[0]["items"]) == ("A-DELIVERED", "100.00", ["B-38"])
    assert lines[2]["effect"]["address"][1]["line1"] == "7 Hill Road"
    next_day = changes(tmp_path, "--since", (NOW + DAY).date().isoformat()).stdout.splitlines()
    assert [json.loads(line) for line in next_day] == lines[1:]
    of_one = changes(tmp_path, "--order", "b-delivered").stdout.splitlines()
    assert [json.loads(line) for line in of_one] == lines[1:2]


def test_where_nothing_was_changed_the_command_says_so_and_prints_no_line(tmp_path: Path) -> None:
    said = changes(tmp_path)
    assert (said.exit_code, said.stdout, said.stderr) == (0, "", "Customers had nothing changed.\n")


def test_a_database_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    said = changes(tmp_path / "nowhere")
    assert said.exit_code == 1 and said.stdout == ""
    assert said.stderr.startswith("shopdesk: SHOPDESK_DATABASE_URL: ") and said.stderr.count("\n") == 1


def test_a_day_that_is_none_is_named(tmp_path: Path) -> None:
    said = changes(tmp_path, "--since", "yesterday")
    assert said.exit_code == 2 and "yesterday" in said.stderr
