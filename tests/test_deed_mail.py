"""The letter about what was done: to the account's address, true, in the account's language, and never in the way."""

import logging
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from bot.answering.action_desk import CONFIRM_PRESS, WITHDRAW_PRESS
from bot.answering.ground import Ground
from bot.redis.connection import Connection
from bot.shop.actions import (
    Action,
    CancelOrder,
    ChangeAddress,
    ChangeDefaultAddress,
    ChangePayment,
    ExchangeItems,
    ReturnItems,
)
from tests.action_shop import BEN, NEW_HOME, action_shop
from tests.code_fixtures import Mailbox, all_due_is_sent, ground_over, open_mailbox, presses_of
from tests.deed_fixtures import Talk, two_customers
from tests.hostile_fixtures import as_of_today

CANCEL = CancelOrder("A-PENDING", "mistake")
RETURN = ReturnItems("A-DELIVERED", ("B-38",), "", "faulty")
EXCHANGE = ExchangeItems("A-DELIVERED", ("B-38",), ("B-39",), "card")
SENDING_BACK: tuple[Action, ...] = (RETURN, EXCHANGE)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with open_mailbox() as opened:
        yield opened


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> Path:
    await two_customers(tmp_path)
    return tmp_path


@pytest_asyncio.fixture
async def ground(shop: Path, connection: Connection, mailbox: Mailbox) -> AsyncIterator[Ground]:
    async with ground_over(shop, connection, mailbox) as opened:
        yield opened


@pytest_asyncio.fixture
async def mailless(shop: Path, connection: Connection) -> AsyncIterator[Ground]:
    async with ground_over(shop, connection, None) as opened:
        yield opened


def written(letter: EmailMessage) -> str:
    return str(letter.get_content())


async def test_what_was_done_is_mailed_to_the_account_before_and_after_with_the_money_and_where_to_object(
    ground: Ground, mailbox: Mailbox
) -> None:
    await Talk(ground).does(CANCEL)
    (letter,) = mailbox.letters
    assert (letter["To"], letter["Subject"]) == ("ann@example.com", "Two Doors: Cancel order A-PENDING")
    lines = written(letter).splitlines()
    assert any("pending → cancelled" in line for line in lines), lines
    assert any("€140.00 to Visa ending 4242, within" in line for line in lines), lines
    assert "Reason: ordered by mistake" in lines
    assert lines[-1] == "If this was not you, write to us at once: help@two.example"


@pytest.mark.parametrize("action", [ChangeAddress("A-PENDING", NEW_HOME), ChangeDefaultAddress(NEW_HOME)])
async def test_another_address_is_told_with_the_one_before(ground: Ground, mailbox: Mailbox, action: Action) -> None:
    await Talk(ground).does(action)
    (letter,) = mailbox.letters
    assert "1 Mill Lane, 9000 Ghent, Belgium → 7 Hill Road, 8000 Bruges, Belgium" in written(letter)


async def test_another_payment_method_is_told(ground: Ground, mailbox: Mailbox) -> None:
    await Talk(ground).does(ChangePayment("A-PENDING", "wallet"))
    (letter,) = mailbox.letters
    assert "€140.00 from PayPigeon" in written(letter) and "€140.00 to Visa ending 4242" in written(letter)


async def test_what_happens_next_stands_in_the_letter(ground: Ground, mailbox: Mailbox) -> None:
    await Talk(ground).does(ChangeDefaultAddress(NEW_HOME))
    (letter,) = mailbox.letters
    assert "\n\nOrders that are placed already keep their address.\n\nIf this" in written(letter).replace("\r", "")


@pytest.mark.parametrize("action", SENDING_BACK)
async def test_the_letter_keeps_what_the_chat_promises_of_sending_back(
    ground: Ground, mailbox: Mailbox, action: Action
) -> None:
    card, said = await Talk(ground).does(action)
    promise = "How to send it back goes to you by e-mail"
    assert promise in card and promise in said
    (letter,) = mailbox.letters
    assert "How to send it back: pack the items well" in written(letter)
    assert "order number A-DELIVERED" in written(letter) and "within 14 days" in written(letter)
    assert promise not in written(letter)


@pytest.mark.parametrize(("language", "never", "instead"), [("en", "mail", "ask for a person"), ("zh", "邮", "转人工")])
@pytest.mark.parametrize("action", SENDING_BACK)
async def test_without_mail_nothing_is_sent_and_none_is_promised(
    mailless: Ground, language: str, never: str, instead: str, action: Action
) -> None:
    card, said = await Talk(mailless, language=language).does(action)
    assert never not in card + said
    assert instead in card and instead in said


async def test_an_account_without_an_address_is_promised_no_mail(shop: Path, ground: Ground, mailbox: Mailbox) -> None:
    files = as_of_today(action_shop())
    nameless = tuple(msgspec.structs.replace(one, email="") for one in files.customers)
    await ground.store.replace(msgspec.structs.replace(files, customers=nameless))
    card, said = await Talk(ground).does(RETURN)
    assert "e-mail" not in card + said
    assert mailbox.letters == []


async def test_the_letter_is_in_the_language_of_the_account(ground: Ground, mailbox: Mailbox) -> None:
    returned = msgspec.structs.replace(RETURN, order="B-DELIVERED")
    _, said = await Talk(ground, BEN, "en").does(returned)
    assert said.startswith("Done: the return")
    (letter,) = mailbox.letters
    assert letter["To"] == "ben@example.com" and letter["Subject"] == "Two Doors：订单 B-DELIVERED 退货"
    assert "寄回方法" in written(letter) and "如果不是您本人操作" in written(letter) and "we " not in written(letter)


async def test_what_was_not_done_is_not_mailed(ground: Ground, mailbox: Mailbox) -> None:
    talk = Talk(ground)
    await talk.asks(CANCEL)
    token = talk.session.proposal
    await talk.presses(WITHDRAW_PRESS, token)
    await talk.presses(CONFIRM_PRESS, token)
    assert not presses_of(await talk.asks(CancelOrder("A-SHIPPED", "mistake")))
    await all_due_is_sent(ground)
    assert mailbox.letters == []


async def test_a_letter_that_cannot_be_sent_changes_nothing_of_the_reply_and_the_log_names_nobody(
    ground: Ground, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.broken = True
    with caplog.at_level(logging.DEBUG):
        _, said = await Talk(ground).does(CANCEL)
    assert said.startswith("Done: order A-PENDING is cancelled.")
    assert "a mail could not be sent: the server answered 451" in caplog.text
    ours = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("bot."))
    assert "ann@" not in ours and "A-PENDING" not in ours
