"""`shopdesk shop apply`: actions from a file, line by line, through the door that a customer's go through."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from bot.cli import main
from bot.shop.applying import Applied, Refused
from bot.shop.database import open_database
from bot.shop.own_actions import PROPOSAL_LASTS
from bot.shop.tables import audit, proposals
from tests.retail_shop import (
    ADA,
    BO,
    DELIVERED,
    NEW_HOME,
    PENDING,
    SMALL,
    apply,
    cancelling,
    copy_of,
    exported,
    imported,
    line,
    said,
    url_of,
)  # fmt: skip
from tests.running import command, environment

PROCESSED = "#W9000004"
ADDRESS = {"line1": "1 Main St", "line2": "", "city": "Austin", "region": "TX", "country": "USA", "postcode": "78701"}
LANTERN, LARGE, KETTLE, RED = "1000000011", "1000000012", "1000000022", "1000000021"


@pytest.fixture
async def small(tmp_path: Path) -> Path:
    return await imported(SMALL, tmp_path / "shop.sqlite")


def by_command(data: Path, lines: bytes, *options: str) -> Result:
    file = data / "lines.jsonl"
    file.write_bytes(lines)
    return CliRunner().invoke(main, ["shop", "apply", str(file), *options], env={"SHOPDESK_DATA_DIR": str(data)})


def written(*lines: dict[str, Any]) -> bytes:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines).encode()


BOTH_NAMES = {
    "cancel": (
        cancelling(),
        line(ADA, "cancel_order", order=PENDING, reason="no longer needed"),
    ),
    "address of an order": (
        line(ADA, "modify_pending_order_address", order_id=PENDING, **NEW_HOME),
        line(ADA, "change_address", order=PENDING, address=ADDRESS),
    ),
    "payment": (
        line(ADA, "modify_pending_order_payment", order_id=PENDING, payment_method_id="gift_card_12"),
        line(ADA, "change_payment", order="w9000001", method="gift_card_12"),
    ),
    "items": (
        line(
            ADA, "modify_pending_order_items", order_id=PENDING, item_ids=[LANTERN], new_item_ids=[LARGE],
            payment_method_id="credit_card_11",
        ),
        line(ADA, "change_items", order=PENDING, items=[LANTERN], new_items=[LARGE]),
    ),
    "return": (
        line(
            ADA, "return_delivered_order_items", order_id=DELIVERED, item_ids=[LANTERN, KETTLE],
            payment_method_id="credit_card_11",
        ),
        line(ADA, "return_items", order=DELIVERED, items=[LANTERN, KETTLE]),
    ),
    "exchange": (
        line(
            ADA, "exchange_delivered_order_items", order_id=DELIVERED, item_ids=[KETTLE], new_item_ids=[RED],
            payment_method_id="paypal_13",
        ),
        line(ADA, "exchange_items", order=DELIVERED, items=[KETTLE], new_items=[RED], method="paypal_13"),
    ),
    "address of an account": (
        line(ADA, "modify_user_address", user_id=ADA, **NEW_HOME),
        line(ADA, "change_default_address", address=ADDRESS),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BOTH_NAMES)
async def test_an_action_is_the_same_by_our_names_and_by_the_benchmarks(small: Path, tmp_path: Path, case: str) -> None:
    before, results = await exported(small), []
    for number, wanted in enumerate(BOTH_NAMES[case]):
        file = copy_of(small, tmp_path / f"{number}.sqlite")
        assert said(await apply(file, [wanted])) == [""]
        results.append(await exported(file))
    assert results[0] == results[1] != before


MALFORMED: dict[str, tuple[Any, str]] = {
    "no JSON": (b"cancel it", "JSON is malformed"),
    "nothing": (b"\n", "Line 1: it is empty"),
    "half a line": (b'{"customer": "ada', "Line 1"),
    "no object": (b"[1]", 'Expected an object in braces, got a list'),
    "not UTF-8": (b'{"customer": "\xff", "action": "handoff", "arguments": {}}', "Line 1"),
    "no customer": (b'{"action": "handoff", "arguments": {}}', '"customer"'),
    "no arguments": (b'{"customer": "x", "action": "cancel_order"}', '"arguments"'),
    "a field too many": (b'{"customer": "x", "action": "handoff", "arguments": {}, "sure": true}', '"sure"'),
    "a customer who is a number": (
        b'{"customer": 7, "action": "handoff", "arguments": {}}', "got a number (at customer)",
    ),
    "an unknown action": (line(ADA, "refund_everything", order=PENDING), '"refund_everything" is unknown'),
    "a missing argument": (line(ADA, "change_payment", order=PENDING), '"method" (or "payment_method_id") is missing'),
    "an empty method": (line(ADA, "return_items", order=DELIVERED, items=[KETTLE], method=""), '"method" is empty'),
    "the benchmark's action without a method": (
        line(ADA, "return_delivered_order_items", order_id=DELIVERED, item_ids=[KETTLE]), '"payment_method_id") is',
    ),
    "an unknown argument": (line(ADA, "cancel_order", order=PENDING, amount=5), '"amount" is not an argument'),
    "an argument of another action": (line(ADA, "cancel_order", order=PENDING, items=[]), '"items" is not an argument'),
    "one argument by two names": (
        line(ADA, "cancel_order", order=PENDING, order_id=DELIVERED), '"order_id" and "order" are the same',
    ),
    "a number for a text": (line(ADA, "cancel_order", order=9000001), "order: Expected a text, got a number"),
    "a text for a list": (line(ADA, "return_items", order=DELIVERED, items=KETTLE), "items: Expected a list"),
    "numbers in a list": (
        line(ADA, "return_items", order_id=DELIVERED, item_ids=[1]), "item_ids: Expected a text, got a number (at [0])",
    ),
    "half an address": (
        line(ADA, "change_address", order=PENDING, address={"line1": "1 Main St"}), '"address.city" (or "city")',
    ),
    "an address with a field too many": (
        line(ADA, "change_address", order=PENDING, address={**ADDRESS, "planet": "Earth"}), '"address.planet"',
    ),
    "an address that is a text": (line(ADA, "change_address", order=PENDING, address="1 Main St"), "address"),
}  # fmt: skip


@pytest.mark.parametrize("case", MALFORMED)
async def test_a_malformed_line_is_told_by_line_and_field_and_the_next_one_runs(small: Path, case: str) -> None:
    wrong, sentence = MALFORMED[case]
    first, second, third = await apply(small, [wrong, cancelling(), b"?"])
    assert isinstance(first, Refused) and first.rule == "malformed" and first.message.startswith("Line 1: ")
    assert sentence in first.message
    assert isinstance(second, Applied) and second.order and second.order.status == "cancelled"
    assert isinstance(third, Refused) and third.message.startswith("Line 3: ")


@pytest.mark.parametrize("action", ["handoff", "transfer_to_human_agents"])
async def test_a_handoff_is_all_right_and_writes_nothing(small: Path, action: str) -> None:
    before = await exported(small)
    assert await apply(small, [line(ADA, action, summary="She wants a person.")]) == [Applied(order=None)]
    assert await exported(small) == before


async def test_a_dry_run_says_what_would_be_and_changes_nothing(small: Path) -> None:
    before = await exported(small)
    lines = [cancelling(), cancelling("found it cheaper"), line(BO, "cancel_order", order=PROCESSED)]
    outcomes = await apply(small, lines, dry_run=True)
    assert said(outcomes) == ["", "cancel_reason", "open"]
    assert isinstance(outcomes[0], Applied) and outcomes[0].order and outcomes[0].order.status == "pending"
    assert await exported(small) == before
    async with open_database(url_of(small)) as database, database.reading() as connection:
        assert not (await connection.execute(select(proposals))).all()


async def test_an_order_that_does_not_exist_and_one_of_somebody_else_are_refused_alike(small: Path) -> None:
    wanted = [line(BO, "cancel_order", order=number, reason="no longer needed") for number in (PENDING, "#W0000000")]
    first, second = await apply(small, wanted)
    assert isinstance(first, Refused) and first == second and first.rule == "own_order"


async def test_a_customer_whom_the_shop_does_not_have_is_refused(small: Path) -> None:
    assert said(await apply(small, [line("nobody", "change_default_address", address=ADDRESS)])) == ["own_account"]


async def test_the_same_file_twice_does_everything_once(small: Path) -> None:
    lines = [cancelling(), line(ADA, "return_items", order=DELIVERED, items=[KETTLE])]
    assert said(await apply(small, lines)) == ["", ""]
    after = await exported(small)
    assert said(await apply(small, lines)) == ["open", "delivered"]
    assert await exported(small) == after


async def test_a_line_is_proposed_and_confirmed_in_a_later_message_and_audited_by_file_and_line(small: Path) -> None:
    await apply(small, [b"?", cancelling()])
    async with open_database(url_of(small)) as database, database.reading() as connection:
        (proposed,) = (await connection.execute(select(proposals))).all()
        (done,) = (await connection.execute(select(audit))).all()
    assert (proposed.state, proposed.conversation) == ("done", "apply:lines.jsonl:2")
    assert proposed.answered != proposed.asked and proposed.expires - proposed.created == PROPOSAL_LASTS
    assert (done.customer, done.conversation, done.confirmed) == (ADA, "apply:lines.jsonl:2", proposed.answered)
    assert proposed.created <= done.at < proposed.created + timedelta(minutes=1)


async def test_a_line_that_depends_on_the_one_before_finds_it_done(small: Path) -> None:
    paying = line(ADA, "change_payment", order=PENDING, method="gift_card_12")  # 80.00, the order is 70.15
    swapping = line(ADA, "change_items", order=PENDING, items=[LANTERN], new_items=[LARGE], method="gift_card_12")
    outcomes = await apply(small, [paying, swapping, cancelling()])
    assert said(outcomes) == ["", "", "items_changed"]
    assert (await exported(small))["users"][ADA]["payment_methods"]["gift_card_12"]["balance"] == 4.6


def test_the_command_ends_with_0_when_all_was_done_and_with_1_otherwise(small: Path) -> None:
    assert by_command(small.parent, written(cancelling()), "--dry-run").exit_code == 0
    assert by_command(small.parent, written(cancelling())).exit_code == 0
    again = by_command(small.parent, written(cancelling()))
    assert again.exit_code == 1
    assert json.loads(again.output)["rule"] == "open"


def test_a_refusal_is_told_in_the_sentence_that_a_customer_would_read(small: Path) -> None:
    answer = json.loads(by_command(small.parent, written(cancelling("found it cheaper"))).output)
    assert list(answer) == ["ok", "rule", "message"]
    assert (answer["ok"], answer["rule"]) == (False, "cancel_reason")
    assert "No longer needed" in answer["message"]


def test_an_order_comes_back_as_json_with_exact_amounts_and_a_mark_at_the_beginning_of_the_file_is_no_part_of_it(
    small: Path,
) -> None:
    answer = json.loads(by_command(small.parent, b"\xef\xbb\xbf" + written(cancelling())).output)
    assert answer["ok"] is True and answer["order"]["number"] == PENDING
    assert answer["order"]["payments"][1]["kind"] == "refund" and answer["order"]["payments"][1]["amount"] == "70.15"


def test_a_shop_that_is_empty_is_said_to_be(tmp_path: Path) -> None:
    done = by_command(tmp_path, written(cancelling()))
    assert done.exit_code == 1 and "import it first" in done.output


def test_each_answer_is_there_before_the_next_line_is_written(small: Path) -> None:
    """A program that writes line after line can go by the answers."""
    process = subprocess.Popen(
        command("shop", "apply", "-"),
        env=environment(small.parent),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin and process.stdout
        for wanted, ok in ((cancelling("none"), False), (cancelling(), True), (cancelling(), False)):
            process.stdin.write(json.dumps(wanted) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["ok"] is ok
        process.stdin.close()
        assert process.wait(timeout=30) == 1
    finally:
        process.kill()
        process.wait()
