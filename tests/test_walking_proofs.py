"""What a postcode opens while a customer is led through an action, and what is told of what is not possible.

A postcode stands on every parcel: it proves one order. Addresses, ways to pay and balances belong to the account.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest_asyncio

from bot.answering.extractive import Extractive
from bot.messages import Event, Incoming
from bot.sessions import Session
from bot.shop.identity import Level, Verified
from bot.shop.rule_settings import RuleSettings
from tests.action_shop import ANN, OFFICE, RULES, action_shop
from tests.hostile_fixtures import OpenedDesk, as_of_today, opened_desk
from tests.talking import Heard

OF_THE_ACCOUNT = (OFFICE.line1, "Visa", "4242", "PayPigeon", "7Q2M", "€30.00", "€50.00")
EMAIL = "ann@example.com"


@dataclass
class Talk:
    desk: OpenedDesk
    session: Session = field(default_factory=lambda: Session("web:1", language="en"))
    said: int = 0

    async def says(self, *said: str) -> Heard:
        """The reply to the last; what begins with a prefix of ours is pressed."""
        heard = Heard([])
        for one in said:
            self.said += 1
            pressed = one.startswith(("do:", "slot:", "confirm:", "withdraw:"))
            incoming = Incoming(
                "web",
                "web:1",
                str(self.said),
                text="" if pressed else one,
                press=one if pressed else "",
                customer=self.vouched,
            )
            parts = [part async for part in self.desk.manager.turn(self.session, [incoming], "")]
            heard = Heard([Event("", part) for part in parts])
        return heard

    @property
    def vouched(self) -> str:
        return self.session.customer if self.session.level is Level.SIGNED_IN else ""


def seen(heard: Heard) -> str:
    rows = [f"{label}: {value}" for card in heard.cards for label, value in card.rows]
    return "\n".join([heard.text, *rows, *(button.label for button in heard.buttons)])


def offered(heard: Heard) -> list[str]:
    return [button.id for button in heard.buttons]


Opens = Callable[[RuleSettings], Awaitable[OpenedDesk]]


@pytest_asyncio.fixture
async def opens(tmp_path: Path, redis_url: str) -> AsyncIterator[Opens]:
    async with AsyncExitStack() as opened:

        async def desk(rules: RuleSettings) -> OpenedDesk:
            shop = as_of_today(action_shop(rules))
            numbers = "|".join(one.number for one in shop.orders)  # "ann@example.com" begins with none of them
            shop = msgspec.structs.replace(shop, profile=msgspec.structs.replace(shop.profile, order_number=numbers))
            return await opened.enter_async_context(
                opened_desk(tmp_path, redis_url, shop, lambda ground, _: Extractive(ground))
            )

        yield desk


@pytest_asyncio.fixture
async def desk(opens: Opens) -> OpenedDesk:
    return await opens(RULES)


def by_postcode(desk: OpenedDesk, *orders: str) -> Talk:
    talk = Talk(desk)
    for order in orders:
        talk.session.verified(Verified(ANN, by_email=False), order, datetime.now(UTC))
    return talk


def signed_in(desk: OpenedDesk) -> Talk:
    talk = Talk(desk)
    talk.session.identify(ANN, Level.SIGNED_IN)
    return talk


async def test_a_postcode_shows_no_payment_method_and_no_balance(desk: OpenedDesk) -> None:
    talk = by_postcode(desk, "A-PENDING")
    asked = await talk.says("do:change_payment:A-PENDING")
    assert "e-mail" in asked.text and not any(word in seen(asked) for word in OF_THE_ACCOUNT)
    assert "e-mail" in (await talk.says("9000")).text, "the postcode again proves nothing new"
    assert {"slot:method:wallet", "slot:method:gift"} & set(offered(await talk.says(EMAIL)))


async def test_a_postcode_shows_none_of_the_saved_addresses(desk: OpenedDesk) -> None:
    talk = by_postcode(desk, "A-PENDING")
    for press in ("do:change_address:A-PENDING", "slot:address:office", "do:change_default_address"):
        heard = await talk.says(press)
        assert not heard.cards and not any(word in seen(heard) for word in OF_THE_ACCOUNT), press
    talk = by_postcode(desk, "A-PENDING")
    assert "slot:address:office" in offered(await talk.says("do:change_address:A-PENDING", EMAIL))


async def test_without_an_order_named_the_account_is_asked_for_with_the_one_that_is_proved(desk: OpenedDesk) -> None:
    talk = by_postcode(desk, "A-PENDING")
    assert "A-PENDING" in (await talk.says("do:change_payment")).text
    assert "slot:method:wallet" in offered(await talk.says(EMAIL))


async def test_a_postcode_cancels_and_the_card_names_no_gift_card_and_no_balance(desk: OpenedDesk) -> None:
    shown = await by_postcode(desk, "A-GIFT").says("do:cancel_order:A-GIFT", "slot:reason:mistake")
    assert shown.cards and "€20.00" in seen(shown)
    assert not any(word in seen(shown) for word in OF_THE_ACCOUNT)
    known = await signed_in(desk).says("do:cancel_order:A-GIFT", "slot:reason:mistake")
    assert "Gift card ending 7Q2M: €30.00 → €50.00" in seen(known), "who is known sees the balance"


async def test_a_postcode_is_enough_for_a_return_to_what_paid(desk: OpenedDesk) -> None:
    talk = by_postcode(desk, "A-DELIVERED")
    asked = await talk.says("do:return_items:A-DELIVERED", "slot:items:B-38", "slot:more:done")
    assert "slot:reason:faulty" in offered(asked)
    shown = await talk.says("slot:reason:faulty")
    assert shown.cards and "€100.00 to the payment method that paid" in seen(shown)


async def test_a_refund_to_the_gift_card_asks_for_the_account_and_is_not_forgotten(desk: OpenedDesk) -> None:
    talk = by_postcode(desk, "A-DELIVERED")
    asked = await talk.says("I want to return everything from A-DELIVERED to my gift card, faulty")
    assert "e-mail" in asked.text and not any(word in seen(asked) for word in OF_THE_ACCOUNT)
    await talk.says(EMAIL)
    assert talk.session.walk is None or talk.session.walk.method == "gift"
    assert not talk.session.wanted or getattr(talk.session.wanted[0], "method", "") == "gift"
    assert talk.session.walk or talk.session.wanted


async def test_a_cancellation_that_is_too_dear_is_refused_before_anything_is_asked(desk: OpenedDesk) -> None:
    question = await signed_in(desk).says("Can I cancel order A-DEAR?")
    assert "possible right now" not in question.text and "do:cancel_order:A-DEAR" not in offered(question)
    refused = await signed_in(desk).says("do:cancel_order:A-DEAR")
    assert "€400.00" in refused.text and "waiting_for_staff" in refused.statuses and "human" not in offered(refused)
    assert "waiting_for_staff" not in question.statuses, "to ask whether it can be done is no wish"
    choice = await signed_in(desk).says("do:cancel_order")
    assert "slot:order:A-PENDING" in offered(choice) and "slot:order:A-DEAR" not in offered(choice)


async def test_what_only_staff_can_do_asks_nothing_and_brings_a_person_in_even_if_more_goes_on(
    desk: OpenedDesk,
) -> None:
    for language in ("en", "zh"):
        for rule in ("rule_offered", "rule_most_refund", "rule_most_charge"):
            said = desk.ground.prompts.say(language, rule, amount="€1")
            assert not {"?", "？"} & set(said), said
    heard = await signed_in(desk).says("cancel A-DEAR and cancel A-PENDING")
    assert "€400.00" in heard.text and "slot:reason:mistake" in offered(heard)
    assert "waiting_for_staff" in heard.statuses


async def test_of_several_proved_orders_only_these_are_said_to_be_impossible(desk: OpenedDesk) -> None:
    talk = by_postcode(desk, "A-SHIPPED", "A-DELIVERED")
    heard = await talk.says("do:cancel_order")
    assert "A-SHIPPED" in heard.text and "A-DELIVERED" in heard.text and "None of your orders" not in heard.text
    assert "e-mail" in heard.text
    assert "slot:order:A-PENDING" in offered(await talk.says(EMAIL)), "with the e-mail the others are looked at"


async def test_a_change_of_items_is_said_to_be_the_last_only_where_it_is(opens: Opens) -> None:
    swap = ("do:change_items:A-PENDING", "slot:items:B-38", "slot:more:done", "slot:variant:B-39")
    for is_last in (True, False):
        desk = await opens(msgspec.structs.replace(RULES, items_change_is_last=is_last))
        shown = await signed_in(desk).says(*swap)
        assert shown.cards and ("nor cancelled" in seen(shown)) is is_last


async def test_a_card_that_is_shown_again_says_the_minutes_that_are_left(desk: OpenedDesk) -> None:
    talk = signed_in(desk)
    shown = await talk.says("do:cancel_order:A-PENDING", "slot:reason:mistake")
    assert "within 10 minutes" in shown.text
    for passed, left in ((7, "within 3 minutes"), (2.5, "within 1 minute;")):
        desk.database.grow_older(timedelta(minutes=passed))
        again = await talk.says("thanks", "yes")
        assert again.cards and left in again.text
