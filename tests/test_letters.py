"""One deed, one letter: whatever becomes of the turn, of the worker, or of the mail server."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from bot.answering.action_desk import CONFIRM_PRESS
from bot.answering.code_desk import AGAIN_PRESS, CodeDesk
from bot.answering.deed_mail import LONGEST_TURN_SECONDS
from bot.answering.ground import Ground
from bot.keys import LEASE_SECONDS, Keys
from bot.letters.courier import DIED, PAUSES, Courier
from bot.letters.errands import ErrandBook
from bot.letters.mail import MOST_ON_THEIR_WAY, Smtp, smtp_server
from bot.listening import Listener
from bot.mailbox import Mailbox as Intake
from bot.messages import Incoming
from bot.redis.connection import Connection
from bot.shop.actions import CancelOrder, ChangeDefaultAddress, ReturnItems
from bot.shop.identity import Proof
from bot.shop.own_actions import Actor, Proposal
from bot.shop.store import open_store
from serving.ports import free_port
from tests.action_shop import ANN, HOME, NEW_HOME
from tests.code_fixtures import Mailbox, all_due_is_sent, courier_of, ground_over, open_mailbox, text_of, turn_of
from tests.deed_fixtures import Talk, two_customers
from tests.hostile_fixtures import Database
from tests.running import environment, run_here, running

CANCEL, RETURN = CancelOrder("A-PENDING", "mistake"), ReturnItems("A-DELIVERED", ("B-38",), "", "faulty")
LEASE, SECONDS = 0.4, 30.0


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with open_mailbox() as opened:
        yield opened


@pytest_asyncio.fixture
async def ground(tmp_path: Path, connection: Connection, mailbox: Mailbox) -> AsyncIterator[Ground]:
    await two_customers(tmp_path)
    async with ground_over(tmp_path, connection, mailbox) as opened:
        yield replace(opened, errands=ErrandBook(connection, LEASE))


async def is_empty(book: ErrandBook | None) -> None:
    """Everything noted was sent, or is not to be."""
    deadline = time.monotonic() + SECONDS
    while book and (left := await book.unsent()):
        assert time.monotonic() < deadline, left
        await asyncio.sleep(0.01)


async def killed(courier: Courier) -> None:
    """In the middle of what it does; it tells nobody."""
    await courier.finish(0)


async def test_a_turn_that_is_made_again_sends_no_second_letter(ground: Ground, mailbox: Mailbox) -> None:
    talk = Talk(ground)
    token = await talk.proposes(CANCEL)
    for _ in range(3):
        turn = talk.yes(token=token)
        assert text_of([part async for part in talk.desk.hear(turn)]).startswith("Done:")
    await all_due_is_sent(ground)
    assert (await talk.presses(CONFIRM_PRESS, token)).startswith("Done:")
    assert len(mailbox.letters) == 1


async def test_two_workers_that_make_the_same_turn_send_one_letter(ground: Ground, mailbox: Mailbox) -> None:
    talk, couriers = Talk(ground), [courier_of(ground) for _ in range(2)]
    token = await talk.proposes(CANCEL)
    for courier in couriers:
        courier.start()

    async def makes_it() -> str:
        return text_of([part async for part in talk.desk.hear(talk.yes(token=token))])

    said = await asyncio.gather(makes_it(), makes_it())
    assert all(one.startswith("Done:") for one in said)
    await asyncio.gather(*(courier.finish(SECONDS) for courier in couriers))
    assert len(mailbox.letters) == 1


async def test_a_turn_that_is_void_after_the_deed_does_not_take_the_letter_with_it(
    ground: Ground, mailbox: Mailbox
) -> None:
    """The customer writes on, and the two messages together are no yes any more."""
    talk = Talk(ground)
    await talk.proposes(CANCEL)
    async for part in talk.desk.hear(talk.yes()):
        assert "is cancelled" in text_of([part])
        break
    await all_due_is_sent(ground)
    assert [letter["Subject"] for letter in mailbox.letters] == ["Two Doors: Cancel order A-PENDING"]


class DiesAfterTheDeed(ErrandBook):
    async def note(self, key: str, language: str, wait_seconds: float = 0.0) -> None:
        if not wait_seconds:
            raise asyncio.CancelledError
        await super().note(key, language, wait_seconds)


async def test_a_worker_that_dies_right_after_the_deed_leaves_the_letter_to_another(
    ground: Ground, mailbox: Mailbox, connection: Connection
) -> None:
    """Even if the turn is never made again, as where the customer has everything erased."""
    talk = Talk(replace(ground, errands=DiesAfterTheDeed(connection)))
    token = await talk.proposes(CANCEL)
    with pytest.raises(asyncio.CancelledError):
        _ = [part async for part in talk.desk.hear(talk.yes())]
    due = await connection.commands.zscore(Keys.errands_due(), token)
    assert due and abs(due / 1000 - time.time() - LONGEST_TURN_SECONDS) < SECONDS
    await connection.commands.zadd(Keys.errands_due(), {token: 0})  # as if that time were over
    await all_due_is_sent(ground)
    assert len(mailbox.letters) == 1


async def test_what_was_about_to_be_done_and_was_not_is_not_told_and_not_kept(
    ground: Ground, mailbox: Mailbox, connection: Connection
) -> None:
    talk = Talk(ground)
    await talk.proposes(CANCEL)
    await ground.store.acting(Actor(ANN, "web:1", "3", Proof.CODE), lambda: datetime.now(UTC)).withdraw(
        talk.session.proposal
    )
    token = talk.session.proposal
    assert "Done" not in text_of([part async for part in talk.desk.hear(talk.yes())])
    await connection.commands.zadd(Keys.errands_due(), {token: 0})
    await all_due_is_sent(ground)
    await is_empty(ground.errands)
    assert mailbox.letters == []


async def test_a_letter_whose_sender_was_killed_is_sent_by_another_within_its_lease(
    ground: Ground, mailbox: Mailbox
) -> None:
    mailbox.goes_on.clear()
    await Talk(ground).deed(CANCEL)
    victim, other = courier_of(ground), courier_of(ground)
    victim.start()
    await mailbox.is_busy()
    await killed(victim)
    mailbox.broken = True
    mailbox.goes_on.set()  # what the victim was about to hand over is not taken
    await asyncio.sleep(1)
    mailbox.broken, began = False, time.monotonic()
    other.start()
    await mailbox.has(1)
    assert time.monotonic() - began < 2 * LEASE + 20
    await other.finish(SECONDS)
    assert len(mailbox.letters) == 1 and mailbox.begun == 2


async def test_a_letter_that_was_handed_over_just_before_the_crash_is_known_again_by_its_message_id(
    ground: Ground, mailbox: Mailbox
) -> None:
    await Talk(ground).deed(CANCEL)
    mailbox.goes_on.clear()
    victim = courier_of(ground)
    victim.start()
    await mailbox.is_busy()
    await killed(victim)
    mailbox.goes_on.set()
    await mailbox.has(1)
    other = courier_of(ground)
    other.start()
    await mailbox.has(2)
    await other.finish(SECONDS)
    first, again = mailbox.letters
    assert first["Message-ID"] == again["Message-ID"] and first["Message-ID"].endswith("@shop.example>")


async def test_a_slow_server_is_waited_for_and_no_other_worker_sends_the_same_meanwhile(
    ground: Ground, mailbox: Mailbox
) -> None:
    mailbox.goes_on.clear()
    couriers = [courier_of(ground) for _ in range(2)]
    await Talk(ground).deed(CANCEL)
    for courier in couriers:
        courier.start()
    await mailbox.is_busy()
    await asyncio.sleep(3 * LEASE)
    mailbox.goes_on.set()
    await is_empty(ground.errands)
    await asyncio.gather(*(courier.finish(SECONDS) for courier in couriers))
    assert len(mailbox.letters) == mailbox.begun == 1


async def test_while_the_mail_server_is_away_the_letter_waits_and_goes_out_once_when_it_is_back(
    ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    away = Smtp(smtp_server(f"smtp://127.0.0.1:{port}"), "desk@shop.example")
    couriers = [courier_of(ground, away, [0.2] * 40) for _ in range(2)]
    await Talk(ground).deed(CANCEL)
    for courier in couriers:
        courier.start()
    deadline = time.monotonic() + SECONDS
    while ground.errands and (await ground.errands.unsent())[0].tries < 3:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    assert "a mail could not be sent: the server cannot be reached" in caplog.text
    with open_mailbox(port) as back:
        await back.has(1)
        await is_empty(ground.errands)
        await asyncio.gather(*(courier.finish(SECONDS) for courier in couriers))
        assert len(back.letters) == 1


def test_a_letter_is_tried_eight_times_over_some_hours_with_growing_pauses() -> None:
    assert len(PAUSES) == 7 and list(PAUSES) == sorted(PAUSES) and 3 < sum(PAUSES) / 3600 < 12


async def test_a_letter_that_cannot_be_sent_at_all_is_listed_and_sent_when_staff_say_so(
    ground: Ground, mailbox: Mailbox, tmp_path: Path, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.broken = True
    await Talk(ground).deed(CANCEL)
    courier = courier_of(ground, pauses=[0.0])
    courier.start()
    await courier.finish(SECONDS)
    given_up = [one for one in caplog.records if one.levelno == logging.ERROR and "given up" in one.getMessage()]
    assert len(given_up) == 1 and mailbox.begun == 2
    mailbox.broken = False
    await all_due_is_sent(ground)
    assert mailbox.letters == []
    env = environment(tmp_path, redis_url=redis_url)
    listed = await asyncio.to_thread(run_here, "letters", "unsent", env=env)
    assert listed.stdout.split("  ")[:4] == ["cancel_order", "A-PENDING", ANN, "given up"], listed.stderr
    assert "the server answered 451" in listed.stdout
    told = await asyncio.to_thread(run_here, "letters", "again", "A-PENDING", env=env)
    assert "will be sent now" in told.stdout, told.stderr
    await all_due_is_sent(ground)
    assert len(mailbox.letters) == 1
    nothing = await asyncio.to_thread(run_here, "letters", "drop", "all", env=env)
    assert nothing.returncode == 1 and "no letter waits under all" in nothing.stderr


async def test_a_letter_that_kills_each_worker_is_given_up_and_not_tried_for_ever(
    ground: Ground, mailbox: Mailbox
) -> None:
    await Talk(ground).deed(CANCEL)
    assert ground.errands
    for _ in range(2):
        await ground.errands.take()
        await asyncio.sleep(LEASE)
    courier = courier_of(ground, pauses=[0.0])
    courier.start()
    await courier.finish(SECONDS)
    (unsent,) = await ground.errands.unsent()
    assert unsent.given_up and unsent.why == DIED and mailbox.begun == 0


async def test_the_same_thing_done_again_later_is_another_letter(ground: Ground, mailbox: Mailbox) -> None:
    for address in (NEW_HOME, HOME, NEW_HOME):
        await Talk(ground).does(ChangeDefaultAddress(address))
    assert len({letter["Message-ID"] for letter in mailbox.letters}) == len(mailbox.letters) == 3


async def test_a_worker_that_is_told_to_stop_sends_what_is_noted_and_leaves_the_rest_to_the_next(
    ground: Ground, mailbox: Mailbox
) -> None:
    talk, courier = Talk(ground), courier_of(ground)
    courier.start()
    await talk.deed(CANCEL)
    await talk.deed(RETURN)
    await courier.finish(SECONDS)
    assert len(mailbox.letters) == 2
    mailbox.goes_on.clear()
    slow = courier_of(ground)
    slow.start()
    await talk.deed(ChangeDefaultAddress(NEW_HOME))
    began = time.monotonic()
    await slow.finish(0.2)
    assert time.monotonic() - began < 20
    assert ground.errands and len(await ground.errands.unsent()) == 1


async def test_a_worker_that_has_no_letter_to_send_stops_at_once(ground: Ground, connection: Connection) -> None:
    courier = courier_of(ground, book=ErrandBook(connection))
    courier.start()
    await asyncio.sleep(0.3)  # it looks, and waits for the next time to look
    began = time.monotonic()
    await courier.finish(SECONDS)
    assert time.monotonic() - began < 20


async def test_redis_holds_no_address_and_nothing_of_the_letter(ground: Ground, connection: Connection) -> None:
    token = await Talk(ground).deed(CANCEL)
    redis = connection.commands
    assert set(await redis.keys("errands:*")) == {Keys.errands(), Keys.errands_due()}
    assert await redis.hgetall(Keys.errands()) == {token: "0 en"}


async def test_beyond_a_hundred_mails_on_their_way_a_code_is_not_sent_and_may_be_asked_for_again_at_once(
    ground: Ground, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    postroom, all_go = ground.postroom, asyncio.Event()
    assert postroom

    async def waits() -> None:
        await all_go.wait()

    assert all(postroom.soon(waits()) for _ in range(MOST_ON_THEIR_WAY))
    talk, desk = Talk(ground), CodeDesk(ground)
    said = text_of([part async for part in desk.ask(turn_of(talk.session, "my code"))])
    assert "mailed a code" in said and "a mail was not sent: 100 are on their way already" in caplog.text
    all_go.set()
    await postroom.finish()
    assert mailbox.letters == []
    await desk.answer(turn_of(talk.session, press=AGAIN_PRESS))
    await mailbox.code()


async def proposed(data: Path, conversation: str) -> Proposal:
    """A card that Ann was shown before."""
    async with open_store(f"sqlite+aiosqlite:///{data / 'shop.sqlite'}") as store:
        made = await store.acting(Actor(ANN, conversation, "0", Proof.CODE), lambda: datetime.now(UTC)).propose(CANCEL)
    assert isinstance(made, Proposal)
    return made


async def test_a_worker_process_that_is_killed_over_the_letter_leaves_it_to_the_next(
    tmp_path: Path, connection: Connection, redis_url: str, mailbox: Mailbox
) -> None:
    await two_customers(tmp_path)
    assert mailbox.mailer
    smtp = f"smtp://127.0.0.1:{mailbox.mailer._server.port}"
    started = {"redis_url": redis_url, "smtp_url": smtp, "mail_from": "desk@shop.example", "burst_seconds": 0}
    proposal = await proposed(tmp_path, "test:killed")
    press = Incoming("test", "test:killed", "1", press=CONFIRM_PRESS + proposal.token, customer=ANN)
    mailbox.goes_on.clear()
    with running(tmp_path, "worker", **started) as victim:
        await Intake(connection, Keys(1), Listener(connection)).accept(press)
        await mailbox.is_busy()
        victim.process.kill()
        victim.process.wait()
    assert len(Database(tmp_path / "shop.sqlite").audit()) == 1
    mailbox.broken = True
    mailbox.goes_on.set()
    await asyncio.sleep(1)
    mailbox.broken = False
    with running(tmp_path, "worker", **started):
        await mailbox.has(1, within=LEASE_SECONDS + SECONDS)
        await is_empty(ErrandBook(connection))
    assert len(mailbox.letters) == 1
    assert mailbox.letters[0]["Subject"] == "Two Doors: Cancel order A-PENDING"
