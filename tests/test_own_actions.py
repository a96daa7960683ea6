"""What a customer may change, rule by rule, and that it happens whole, once, and by nobody else's word."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, text

from bot.shop.actions import (
    Action,
    CancelOrder,
    ChangeAddress,
    ChangeDefaultAddress,
    ChangeItems,
    ChangePayment,
    ExchangeItems,
    ReturnItems,
    name_of,
)
from bot.shop.effects import Effect
from bot.shop.identity import Proof
from bot.shop.order_status import OrderStatus
from bot.shop.own_actions import Actor, Done, OwnActions, Proposal
from bot.shop.records import Address, Order
from bot.shop.rule_settings import ACTIONS
from bot.shop.rules import RULES as TABLE
from bot.shop.rules import Refusal
from bot.shop.store import ShopStore, open_store
from bot.shop.tables import audit
from tests.action_shop import ANN, BEN, HOME, NEW_HOME, NOW, OFFICE, RULES, action_shop, money

ALL = ("cancel_order", "change_address", "change_payment", "change_items", "return_items", "exchange_items")


@pytest.fixture
async def doors(store_url: str) -> AsyncIterator[ShopStore]:
    async with open_store(store_url) as opened:
        await opened.replace(action_shop())
        yield opened


def acting(
    store: ShopStore,
    message: str = "1",
    customer: str = ANN,
    proof: Proof = Proof.CODE,
    conversation: str = "web:1",
    now: datetime = NOW,
) -> OwnActions:
    return store.acting(Actor(customer, conversation, message, proof), lambda: now)


async def proposed(store: ShopStore, action: Action, **who: Any) -> Proposal:
    outcome = await acting(store, **who).propose(action)
    assert isinstance(outcome, Proposal), outcome
    return outcome


async def done(store: ShopStore, action: Action, **who: Any) -> Done:
    proposal = await proposed(store, action, **who)
    outcome = await acting(store, **{**who, "message": "2"}).confirm(proposal.token)
    assert isinstance(outcome, Done), outcome
    return outcome


async def everything(store: ShopStore) -> list[Any]:
    """All that an action could have changed."""
    people = await store.customers()
    orders = [await store.of(person.id).orders(100) for person in people]
    return [people, orders, await store.products(), await audited(store)]


async def audited(store: ShopStore) -> list[Any]:
    async with store._database.reading() as connection:
        return list((await connection.execute(select(audit))).all())


async def stock(store: ShopStore, sku: str) -> int:
    found = await store.by_sku(sku)
    assert found
    return found[1].stock


async def balance(store: ShopStore) -> Decimal | None:
    customer = await store.of(ANN).customer()
    assert customer
    return next(method.balance for method in customer.payment_methods if method.id == "gift")


def paid(order: Order | None) -> list[tuple[str, str, Decimal]]:
    assert order
    return [(payment.kind, payment.method, payment.amount) for payment in order.payments]


MISTAKE, FAULTY = "mistake", "faulty"
REFUSED: tuple[tuple[str, Action, str], ...] = (
    ("unknown order", CancelOrder("A-NOWHERE", MISTAKE), "own_order"),
    ("somebody else's order", CancelOrder("B-PENDING", MISTAKE), "own_order"),
    ("somebody else's order to return", ReturnItems("B-DELIVERED", ("L-1",), "", FAULTY), "own_order"),
    ("cancel when processed", CancelOrder("A-PROCESSED", MISTAKE), "open"),
    ("cancel when shipped", CancelOrder("A-SHIPPED", MISTAKE), "open"),
    ("cancel when delivered", CancelOrder("A-DELIVERED", MISTAKE), "open"),
    ("cancel twice", CancelOrder("A-CANCELLED", MISTAKE), "open"),
    ("cancel what was returned", CancelOrder("A-RETURNED", MISTAKE), "open"),
    ("cancel after the items were changed", CancelOrder("A-CHANGED", MISTAKE), "items_changed"),
    ("cancel without a reason", CancelOrder("A-PENDING"), "cancel_reason"),
    ("cancel for another reason", CancelOrder("A-PENDING", "found it cheaper"), "cancel_reason"),
    ("cancel what costs too much", CancelOrder("A-DEAR", MISTAKE), "most_refund"),
    ("address when shipped", ChangeAddress("A-SHIPPED", NEW_HOME), "open"),
    ("address of a cancelled order", ChangeAddress("A-CANCELLED", NEW_HOME), "open"),
    ("address after the items were changed", ChangeAddress("A-CHANGED", NEW_HOME), "items_changed"),
    (
        "address without a city",
        ChangeAddress("A-PENDING", Address("", "7 Hill Road", "", "8000", "BE")),
        "whole_address",
    ),
    ("address without a street", ChangeAddress("A-PENDING", Address("", "", "Bruges", "8000", "BE")), "whole_address"),
    ("default address without a postcode", ChangeDefaultAddress(Address("", "x", "y", "", "BE")), "whole_address"),
    ("payment when processed", ChangePayment("A-PROCESSED", "wallet"), "open"),
    ("payment by the same method", ChangePayment("A-PENDING", "card"), "other_method"),
    ("payment by somebody else's method", ChangePayment("A-PENDING", "bens-card"), "own_method"),
    ("payment by a gift card with too little", ChangePayment("A-PENDING", "gift"), "gift_card_balance"),
    ("payment of what several methods paid", ChangePayment("A-MIXED", "wallet"), "one_payment"),
    ("items when processed", ChangeItems("A-PROCESSED", ("B-38",), ("B-39",)), "open"),
    ("items once more", ChangeItems("A-CHANGED", ("B-38",), ("B-39",)), "items_changed"),
    ("items: none", ChangeItems("A-PENDING", (), ()), "some_items"),
    ("items that are not in the order", ChangeItems("A-PENDING", ("B-41",), ("B-39",)), "items_of_order"),
    ("more pieces than there are", ChangeItems("A-PENDING", ("B-38", "B-38"), ("B-39", "B-41")), "items_of_order"),
    ("fewer new than old", ChangeItems("A-PENDING", ("B-38", "L-1"), ("B-39",)), "one_for_one"),
    ("more new than old", ChangeItems("A-PENDING", ("B-38",), ("B-39", "B-41")), "one_for_one"),
    ("another product", ChangeItems("A-PENDING", ("B-38",), ("L-1",)), "same_product"),
    ("a product that is not sold", ChangeItems("A-PENDING", ("B-38",), ("X-1",)), "same_product"),
    ("the same variant", ChangeItems("A-PENDING", ("B-38",), ("B-38",)), "other_variant"),
    ("a variant that is sold out", ChangeItems("A-PENDING", ("B-38",), ("B-40",)), "in_stock"),
    ("a dearer variant on a gift card", ChangeItems("A-PENDING", ("B-38",), ("B-45",), "gift"), "gift_card_balance"),
    ("a much dearer variant", ChangeItems("A-PENDING", ("B-38",), ("B-GOLD",)), "most_charge"),
    ("a refund of the difference elsewhere", ChangeItems("A-PENDING", ("B-38",), ("B-41",), "wallet"), "refund_target"),
    ("return before it is delivered", ReturnItems("A-SHIPPED", ("B-38",), "", FAULTY), "delivered"),
    ("return of a cancelled order", ReturnItems("A-CANCELLED", ("B-38",), "", FAULTY), "delivered"),
    ("return after a return", ReturnItems("A-RETURNED", ("L-1",), "", FAULTY), "delivered"),
    ("return after an exchange", ReturnItems("A-EXCHANGED", ("L-1",), "", FAULTY), "delivered"),
    ("return after the window", ReturnItems("A-OLD", ("B-38",), "", FAULTY), "return_window"),
    ("return of what came on an unknown day", ReturnItems("A-UNDATED", ("B-38",), "", FAULTY), "delivery_date"),
    ("exchange of what came on an unknown day", ExchangeItems("A-UNDATED", ("B-38",), ("B-39",)), "delivery_date"),
    ("a refund of more than was paid", ReturnItems("A-UNPAID", ("B-38",), "", FAULTY), "refund_target"),
    (
        "a refund of more than was paid, to a gift card",
        ReturnItems("A-UNPAID", ("B-38",), "gift", FAULTY),
        "refund_target",
    ),
    ("payment of what costs too much", ChangePayment("A-DEAR", "wallet"), "most_refund"),
    ("return of nothing", ReturnItems("A-DELIVERED", (), "", FAULTY), "some_items"),
    ("return of what was not bought", ReturnItems("A-DELIVERED", ("T-1",), "", FAULTY), "items_of_order"),
    ("return of three of two", ReturnItems("A-DELIVERED", ("L-1",) * 3, "", FAULTY), "items_of_order"),
    ("return without a reason", ReturnItems("A-DELIVERED", ("B-38",)), "return_reason"),
    ("refund to another card", ReturnItems("A-DELIVERED", ("B-38",), "wallet", FAULTY), "refund_target"),
    ("refund to somebody else", ReturnItems("A-DELIVERED", ("B-38",), "bens-card", FAULTY), "own_method"),
    ("exchange before it is delivered", ExchangeItems("A-PENDING", ("B-38",), ("B-39",)), "delivered"),
    ("exchange after the window", ExchangeItems("A-OLD", ("B-38",), ("B-39",)), "exchange_window"),
    ("exchange for another product", ExchangeItems("A-DELIVERED", ("B-38",), ("T-1",)), "same_product"),
    ("exchange for what is sold out", ExchangeItems("A-DELIVERED", ("B-38",), ("B-40",)), "in_stock"),
    ("exchange of two for the last one", ExchangeItems("A-TWICE", ("B-38", "B-38"), ("B-39", "B-39")), "in_stock"),
    (
        "exchange on a gift card with too little",
        ExchangeItems("A-DELIVERED", ("B-38",), ("B-45",), "gift"),
        "gift_card_balance",
    ),
)


@pytest.mark.parametrize(("action", "rule"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
async def test_what_the_rules_forbid_is_refused_by_that_rule(doors: ShopStore, action: Action, rule: str) -> None:
    before = await everything(doors)
    decided, outcome = await acting(doors).decide(action), await acting(doors).propose(action)
    assert isinstance(decided, Refusal) and decided.rule == rule
    assert isinstance(outcome, Refusal) and outcome.rule == rule
    assert await everything(doors) == before


def test_every_rule_of_the_table_is_tried_by_a_case() -> None:
    tried = {rule for _, _, rule in REFUSED} | {"offered", "proof", "own_account", "once"}
    assert tried == {rule.name for rule in TABLE}


PROOFS: tuple[tuple[Action, Proof], ...] = (
    (CancelOrder("A-PENDING", MISTAKE), Proof.ORDER),
    (ReturnItems("A-DELIVERED", ("B-38",), "", FAULTY), Proof.ORDER),
    (ReturnItems("A-DELIVERED", ("B-38",), "gift", FAULTY), Proof.CODE),
    (ChangeItems("A-PENDING", ("B-38",), ("B-39",)), Proof.ACCOUNT),
    (ChangeItems("A-PENDING", ("B-38",), ("B-41",), "gift"), Proof.CODE),
    (ExchangeItems("A-DELIVERED", ("B-38",), ("B-39",)), Proof.ACCOUNT),
    (ChangePayment("A-PENDING", "wallet"), Proof.CODE),
    (ChangeAddress("A-PENDING", NEW_HOME), Proof.CODE),
    (ChangeDefaultAddress(NEW_HOME), Proof.CODE),
)


@pytest.mark.parametrize(("action", "needed"), PROOFS, ids=[f"{name_of(a)} {p.name}" for a, p in PROOFS])
async def test_each_action_asks_for_its_proof_when_proposed_and_again_when_confirmed(
    doors: ShopStore, action: Action, needed: Proof
) -> None:
    for proof in Proof:
        outcome = await acting(doors, proof=proof).propose(action)
        if proof < needed:
            assert outcome == Refusal("proof", needs=needed, **_about(outcome))
        else:
            assert isinstance(outcome, Proposal)
    before = await everything(doors)
    proposal = await proposed(doors, action)
    outcome = await acting(doors, "2", proof=Proof(needed - 1)).confirm(proposal.token)
    assert isinstance(outcome, Refusal) and outcome.rule == "proof"
    assert await everything(doors) == before


def _about(outcome: object) -> dict[str, Any]:
    assert isinstance(outcome, Refusal)
    return {"order": outcome.order, "status": outcome.status, "until": outcome.until, "method": outcome.method}


@pytest.mark.parametrize("action", ACTIONS)
async def test_an_action_that_the_shop_keeps_to_itself_is_not_offered(store_url: str, action: str) -> None:
    rules = msgspec.structs.replace(RULES, actions=tuple(one for one in ACTIONS if one != action))
    example = next(one for one, _ in PROOFS if name_of(one) == action)
    async with open_store(store_url) as store:
        await store.replace(action_shop(rules))
        outcome = await acting(store).decide(example)
        assert isinstance(outcome, Refusal) and outcome.rule == "offered"


async def test_a_cancelled_order_gives_every_method_back_what_it_paid_and_the_shelf_what_it_holds(
    doors: ShopStore,
) -> None:
    outcome = await done(doors, CancelOrder("A-MIXED", MISTAKE))
    assert outcome.order and outcome.order.status is OrderStatus.CANCELLED
    assert paid(outcome.order)[2:] == [("refund", "gift", money("40.00")), ("refund", "card", money("100.00"))]
    assert [(move.method, move.refund, move.when) for move in outcome.proposal.effect.moves] == [
        ("gift", money("40.00"), "at_once"),
        ("card", money("100.00"), "in_days"),
    ]
    assert await balance(doors) == money("70.00")
    assert (await stock(doors, "B-38"), await stock(doors, "L-1")) == (6, 11)
    (change,) = outcome.order.changes
    assert (change.action, change.reason, change.refund, change.at) == ("cancel_order", MISTAKE, money("140.00"), NOW)


async def test_a_refund_of_a_refund_is_none(doors: ShopStore) -> None:
    """After another method was taken, a cancellation gives back what is really paid."""
    await done(doors, ChangePayment("A-GIFT", "card"))
    assert await balance(doors) == money("50.00")
    outcome = await done(doors, CancelOrder("A-GIFT", MISTAKE), conversation="web:2")
    assert paid(outcome.order)[3:] == [("refund", "card", money("20.00"))]
    assert await balance(doors) == money("50.00")


async def test_another_payment_method_is_charged_and_the_first_is_paid_back(doors: ShopStore) -> None:
    outcome = await done(doors, ChangePayment("A-PENDING", "wallet"))
    assert paid(outcome.order)[1:] == [("payment", "wallet", money("140.00")), ("refund", "card", money("140.00"))]
    again = await acting(doors, "3").propose(ChangePayment("A-PENDING", "card"))
    assert isinstance(again, Refusal) and again.rule == "once"


async def test_an_order_is_sent_to_its_new_address_and_the_account_keeps_its_own(doors: ShopStore) -> None:
    outcome = await done(doors, ChangeAddress("A-PROCESSED", NEW_HOME))
    assert outcome.order and outcome.order.address == NEW_HOME
    customer = await doors.of(ANN).customer()
    assert customer and customer.default_address == "home" and len(customer.addresses) == 2


async def test_an_address_that_is_the_same_already_is_no_change_for_the_shops_people(doors: ShopStore) -> None:
    outcome = await done(doors, ChangeAddress("A-PENDING", HOME))
    assert outcome.order and outcome.order.changes == ()
    assert len(await audited(doors)) == 1


@pytest.mark.parametrize(("address", "default", "saved"), [(NEW_HOME, "address-1", 3), (OFFICE, "office", 2)])
async def test_a_new_default_address_is_added_and_a_known_one_is_taken(
    doors: ShopStore, address: Address, default: str, saved: int
) -> None:
    outcome = await done(doors, ChangeDefaultAddress(msgspec.structs.replace(address, id="")))
    assert outcome.order is None
    customer = await doors.of(ANN).customer()
    assert customer and (customer.default_address, len(customer.addresses)) == (default, saved)


async def test_changed_items_stand_where_the_old_ones_stood_and_the_difference_is_booked(doors: ShopStore) -> None:
    outcome = await done(doors, ChangeItems("A-PENDING", ("B-38",), ("B-39",)))
    assert outcome.order and outcome.order.status is OrderStatus.PENDING
    assert [(i.sku, i.quantity, i.price) for i in outcome.order.items] == [
        ("B-39", 1, money("110.00")),
        ("L-1", 2, money("20.00")),
    ]
    assert paid(outcome.order)[1:] == [("payment", "card", money("10.00"))]
    assert (await stock(doors, "B-38"), await stock(doors, "B-39")) == (6, 0)


async def test_of_several_pieces_in_a_line_one_is_changed(doors: ShopStore) -> None:
    rules = msgspec.structs.replace(RULES, change_items_until=OrderStatus.DELIVERED)
    await doors.replace(action_shop(rules))
    outcome = await done(doors, ChangeItems("A-TWICE", ("B-38", "B-38"), ("B-41", "B-41"), "gift"))
    assert outcome.order
    assert [(i.sku, i.quantity, i.price) for i in outcome.order.items] == [
        ("B-41", 1, money("60.00")),
        ("B-38", 1, money("100.00")),
        ("B-41", 1, money("60.00")),
    ]
    assert paid(outcome.order)[1:] == [("refund", "gift", money("70.00"))]
    assert await balance(doors) == money("100.00")


async def test_a_return_is_registered_and_its_refund_waits_for_the_goods(doors: ShopStore) -> None:
    outcome = await done(doors, ReturnItems("A-DELIVERED", ("L-1", "L-1"), "gift", FAULTY))
    assert outcome.order and outcome.order.status is OrderStatus.RETURN_REQUESTED
    assert len(paid(outcome.order)) == 1 and await balance(doors) == money("30.00")
    (change,) = outcome.order.changes
    assert (change.items, change.method, change.refund) == (("L-1", "L-1"), "gift", money("40.00"))
    assert [move.when for move in outcome.proposal.effect.moves] == ["on_return"]
    assert await stock(doors, "L-1") == 9


async def test_an_exchange_takes_the_new_item_from_the_shelf_and_the_last_day_counts(doors: ShopStore) -> None:
    outcome = await done(doors, ExchangeItems("A-LAST-DAY", ("B-38",), ("B-39",)))
    assert outcome.order and outcome.order.status is OrderStatus.EXCHANGE_REQUESTED
    assert outcome.proposal.effect.refund == money("-10.00")
    assert (await stock(doors, "B-38"), await stock(doors, "B-39")) == (5, 0)
    assert len(paid(outcome.order)) == 1


async def test_where_others_keep_the_stock_it_is_left_alone(store_url: str) -> None:
    async with open_store(store_url) as store:
        await store.replace(action_shop(msgspec.structs.replace(RULES, counts_stock=False)))
        await done(store, ExchangeItems("A-TWICE", ("B-38", "B-38"), ("B-39", "B-39")))
        assert await stock(store, "B-39") == 1


async def test_an_audit_record_says_who_what_before_after_and_by_which_message(doors: ShopStore) -> None:
    outcome = await done(doors, ChangeAddress("A-PENDING", NEW_HOME))
    (record,) = await audited(doors)
    assert (record.customer, record.conversation, record.confirmed) == (ANN, "web:1", "2")
    assert (record.target, record.at, record.token) == ("A-PENDING", NOW, outcome.proposal.token)
    effect = msgspec.convert(record.effect, Effect)
    assert effect.address and (effect.address[0], effect.address[1]) == (outcome.proposal.effect.address[0], NEW_HOME)  # type: ignore[index]
    assert record.action["action"] == "change_address"


async def test_an_import_of_the_shop_keeps_the_audit(doors: ShopStore) -> None:
    await done(doors, ChangeAddress("A-PENDING", NEW_HOME))
    await doors.replace(action_shop())
    assert len(await audited(doors)) == 1


PENDING = CancelOrder("A-PENDING", MISTAKE)


async def refusal_of(store: ShopStore, token: str, **who: Any) -> str:
    """Confirm as somebody; nothing may change by it."""
    before = await everything(store)
    outcome = await acting(store, **{"message": "2", **who}).confirm(token)
    assert isinstance(outcome, Refusal), outcome
    assert await everything(store) == before
    return outcome.rule


async def test_nobody_but_the_customer_in_the_same_conversation_confirms(doors: ShopStore) -> None:
    token = (await proposed(doors, PENDING)).token
    assert await refusal_of(doors, token, customer=BEN) == "proposal_unknown"
    assert await refusal_of(doors, token, customer="") == "proposal_unknown"
    assert await refusal_of(doors, token, conversation="web:2") == "proposal_unknown"
    assert await refusal_of(doors, token + "x") == "proposal_unknown"
    assert await refusal_of(doors, token[:-1]) == "proposal_unknown"
    assert await refusal_of(doors, "") == "proposal_unknown"
    assert await refusal_of(doors, token.upper()) == "proposal_unknown"


async def test_the_message_that_asked_for_it_does_not_confirm_it(doors: ShopStore) -> None:
    assert await refusal_of(doors, (await proposed(doors, PENDING)).token, message="1") == "same_message"


@pytest.mark.parametrize(
    ("later", "rule"), [(timedelta(minutes=9, seconds=59), ""), (timedelta(minutes=10), "proposal_expired")]
)
async def test_a_proposal_stands_for_ten_minutes(doors: ShopStore, later: timedelta, rule: str) -> None:
    token = (await proposed(doors, PENDING)).token
    if rule:
        assert await refusal_of(doors, token, now=NOW + later) == rule
    else:
        assert isinstance(await acting(doors, "2", now=NOW + later).confirm(token), Done)


async def test_a_second_press_does_nothing_and_the_same_message_again_is_told_the_same(doors: ShopStore) -> None:
    token = (await proposed(doors, PENDING)).token
    first = await acting(doors, "2").confirm(token)
    assert isinstance(first, Done)
    before = await everything(doors)
    assert await acting(doors, "2").confirm(token) == first
    assert await everything(doors) == before
    assert await refusal_of(doors, token, message="3") == "already_done"


async def test_what_was_withdrawn_stays_withdrawn(doors: ShopStore) -> None:
    token = (await proposed(doors, PENDING)).token
    assert await acting(doors, "2", customer=BEN).withdraw(token) == Refusal("proposal_unknown")
    assert await acting(doors, "2").withdraw(token) is None
    assert await refusal_of(doors, token, message="3") == "proposal_withdrawn"


async def test_what_is_done_cannot_be_withdrawn(doors: ShopStore) -> None:
    outcome = await done(doors, PENDING)
    refusal = await acting(doors, "3").withdraw(outcome.proposal.token)
    assert refusal and refusal.rule == "already_done"


async def test_the_same_thing_proposed_twice_is_done_once(doors: ShopStore) -> None:
    action = ChangeAddress("A-PENDING", NEW_HOME)
    one, other = await proposed(doors, action), await proposed(doors, action, conversation="web:2")
    assert isinstance(await acting(doors, "2").confirm(one.token), Done)
    assert await refusal_of(doors, other.token, conversation="web:2") == "already_done"


async def test_the_same_thing_may_be_done_again_after_something_else(doors: ShopStore) -> None:
    there = ChangeDefaultAddress(msgspec.structs.replace(OFFICE, id=""))
    back = ChangeDefaultAddress(msgspec.structs.replace(NEW_HOME, id=""))
    for number, action in enumerate((there, back, there, back)):
        proposal = await proposed(doors, action, message=f"{number}a")
        assert isinstance(await acting(doors, f"{number}b").confirm(proposal.token), Done)
    assert len(await audited(doors)) == 4


CHANGES = {
    "the price": "UPDATE variants SET price = price + 100 WHERE sku = 'B-39'",
    "the gift card's balance": "UPDATE payment_methods SET balance = balance - 100 WHERE id = 'gift'",
    "the default payment": "UPDATE payments SET amount = amount + 1 WHERE owner = 'A-PENDING'",
}


@pytest.mark.parametrize(
    ("sql", "action"),
    [
        (CHANGES["the price"], ChangeItems("A-PENDING", ("B-38",), ("B-39",))),
        (CHANGES["the gift card's balance"], ChangePayment("A-GIFT", "gift")),
        (CHANGES["the default payment"], PENDING),
    ],
    ids=list(CHANGES),
)
async def test_what_changed_meanwhile_is_not_done_as_it_was_shown(doors: ShopStore, sql: str, action: Action) -> None:
    if isinstance(action, ChangePayment):
        await done(doors, ChangePayment("A-GIFT", "card"))
        await doors.replace(action_shop(msgspec.structs.replace(RULES, once=())))
        action = CancelOrder("A-GIFT", MISTAKE)
    token = (await proposed(doors, action)).token
    await execute(doors, sql)
    assert await refusal_of(doors, token) == "changed_meanwhile"


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("UPDATE orders SET status = 'processed' WHERE number = 'A-PENDING'", "open"),
        ("UPDATE variants SET stock = 0 WHERE sku = 'B-39'", "in_stock"),
        ("UPDATE orders SET customer = 'c-ben' WHERE number = 'A-PENDING'", "own_order"),
        ("DELETE FROM payment_methods WHERE id = 'card'", "own_method"),
    ],
)
async def test_the_rules_are_asked_again_when_it_is_confirmed(doors: ShopStore, sql: str, rule: str) -> None:
    token = (await proposed(doors, ChangeItems("A-PENDING", ("B-38",), ("B-39",), "card"))).token
    await execute(doors, sql)
    assert await refusal_of(doors, token) == rule


async def execute(store: ShopStore, sql: str) -> None:
    async with store._database.writing() as connection:
        await connection.execute(text(sql))


async def test_of_two_customers_who_want_the_last_item_one_gets_it_and_the_other_is_told(doors: ShopStore) -> None:
    anns = await proposed(doors, ChangeItems("A-PENDING", ("B-38",), ("B-39",)))
    bens = await proposed(doors, ExchangeItems("B-DELIVERED", ("B-38",), ("B-39",)), customer=BEN)
    outcomes = await asyncio.gather(
        acting(doors, "2").confirm(anns.token), acting(doors, "2", customer=BEN).confirm(bens.token)
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["Done", "Refusal"]
    assert [one.rule for one in outcomes if isinstance(one, Refusal)] == ["in_stock"]
    assert await stock(doors, "B-39") == 0


async def test_of_many_presses_at_once_one_does_it(doors: ShopStore) -> None:
    token = (await proposed(doors, PENDING)).token
    outcomes = await asyncio.gather(*(acting(doors, f"press {n}").confirm(token) for n in range(12)))
    assert sum(isinstance(one, Done) for one in outcomes) == 1
    assert {one.rule for one in outcomes if isinstance(one, Refusal)} == {"already_done"}
    assert len(await audited(doors)) == 1


async def test_of_several_proposals_about_one_order_only_the_last_can_be_confirmed(doors: ShopStore) -> None:
    first = await proposed(doors, PENDING)
    other = await proposed(doors, CancelOrder("A-GIFT", MISTAKE))
    elsewhere = await proposed(doors, PENDING, conversation="web:2")
    again = await proposed(doors, PENDING)
    assert await refusal_of(doors, first.token) == "proposal_withdrawn"
    assert isinstance(await acting(doors, "2").confirm(other.token), Done)
    assert isinstance(await acting(doors, "2").confirm(again.token), Done)
    assert await refusal_of(doors, elsewhere.token, conversation="web:2") == "already_done"


async def test_what_went_back_already_does_not_go_back_again(doors: ShopStore) -> None:
    """A cheaper item, its difference to a gift card, then a cancellation: in all no more than was paid."""
    await doors.replace(action_shop(msgspec.structs.replace(RULES, items_change_is_last=False)))
    await done(doors, ChangeItems("A-PENDING", ("B-38",), ("B-41",), "gift"))
    outcome = await done(doors, CancelOrder("A-PENDING", MISTAKE), conversation="web:2")
    assert paid(outcome.order)[1:] == [("refund", "gift", money("40.00")), ("refund", "card", money("100.00"))]


async def test_a_change_that_is_interrupted_leaves_no_lock_and_happens_once(doors: ShopStore) -> None:
    """Whoever writes on while a yes is carried out cancels that turn in the middle of a query."""
    for delay in [n / 1000 for n in range(0, 30, 2)]:
        await doors.replace(action_shop())
        token = (await proposed(doors, PENDING)).token
        running = asyncio.create_task(acting(doors, "2").confirm(token))
        await asyncio.sleep(delay)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        async with asyncio.timeout(20):
            assert isinstance(await acting(doors, "2").confirm(token), Done)
    assert len(await audited(doors)) == 15
