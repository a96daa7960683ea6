"""A customer rewrites or deletes a message: what is not answered yet is answered as it stands now, or not at all."""

import asyncio
from typing import Any

import msgspec

from bot.assembly import ShopDesk
from bot.batches import Ended
from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import Bounds, Mailbox
from bot.messages import Attachment, FinalText, Incoming, Said
from bot.parking import Parking
from bot.redis.connection import Connection
from bot.turns import TurnQueue
from tests.talking import Customer

KEYS = Keys()
WHERE = "test:a"


def message(number: int, text: str) -> Incoming:
    return Incoming("test", WHERE, str(number), text)


def edited(number: int, text: str, time: int = 1) -> Incoming:
    return Incoming("test", WHERE, f"{number}:e{time}", text, edits=str(number))


async def waiting(connection: Connection) -> tuple[list[str], TurnQueue]:
    queue = TurnQueue(connection, KEYS, "one")
    await queue.prepare()
    (token,) = await queue.wait(KEYS.tag(WHERE), 10)
    batch = await queue.take(token)
    assert batch
    return [one.text for one in batch.messages], queue


async def said(mailbox: Mailbox) -> list[str]:
    return [event.what.text for event in await mailbox.transcript(WHERE) if isinstance(event.what, Said)]


async def test_a_message_that_waits_is_answered_as_it_is_worded_now(connection: Connection) -> None:
    mailbox = Mailbox(connection, KEYS, Listener(connection))
    await mailbox.accept(message(1, "Where is my oder?"))
    await mailbox.accept(edited(1, "Where is my order?"))
    await mailbox.accept(edited(1, "Where is my order?"))
    await mailbox.accept(edited(1, "Where is my order OT-1?", time=2))
    texts, _ = await waiting(connection)
    assert texts == ["Where is my order OT-1?"]
    assert await said(mailbox) == ["Where is my order OT-1?"]


async def test_the_last_message_is_answered_anew_when_it_is_reworded_and_an_earlier_one_is_not(
    desk: ShopDesk, customer: Customer
) -> None:
    await customer.says("How long does delivery take?")
    reworded = Incoming("test", customer.conversation, "1:e5", "Which payment methods do you accept?", edits="1")
    heard = await customer.hears(await desk.handles.postbox.accept(reworded))
    assert "PayPigeon" in heard.text
    await customer.says("thanks")
    again = msgspec.structs.replace(reworded, message="1:e6", text="Do you ship abroad?")
    assert await desk.handles.postbox.accept(again) == ""


async def test_a_new_wording_that_comes_before_the_message_stands_for_it(connection: Connection) -> None:
    mailbox = Mailbox(connection, KEYS, Listener(connection))
    event = await mailbox.accept(edited(1, "the new words"))
    assert await mailbox.accept(message(1, "the old words")) == event
    texts, _ = await waiting(connection)
    assert texts == ["the new words"]


async def test_a_deleted_message_is_neither_shown_nor_answered(desk: ShopDesk, connection: Connection) -> None:
    mailbox = Mailbox(connection, KEYS, Listener(connection))
    await mailbox.accept(message(1, "my card number is ..."))
    await mailbox.accept(message(2, "Which payment methods do you accept?"))
    await mailbox.withdraw(WHERE, "1")
    await mailbox.withdraw(WHERE, "1")
    assert await said(mailbox) == ["Which payment methods do you accept?"]


async def test_a_message_of_long_ago_is_deleted_too_with_the_photo_that_came_with_it(connection: Connection) -> None:
    mailbox = Mailbox(connection, KEYS, Listener(connection), Bounds(unanswered=1000))
    mine, both = Attachment("photo", kept="a/mine.jpg"), Attachment("photo", kept="a/both.jpg")
    await mailbox.accept(msgspec.structs.replace(message(1, "look"), attachments=(mine, both)))
    await mailbox.accept(msgspec.structs.replace(message(2, "again"), attachments=(both,)))
    for number in range(3, 700):
        await mailbox.accept(message(number, "and then?"))
    await mailbox.withdraw(WHERE, "1")
    assert (await said(mailbox))[:2] == ["again", "and then?"]
    forgotten: Any = await connection.commands.zrange(KEYS.forgotten(KEYS.tag(WHERE)), 0, -1)
    assert forgotten == ["a/mine.jpg"]


async def test_a_deleted_message_that_was_parked_is_not_answered_later(connection: Connection) -> None:
    mailbox, queue = Mailbox(connection, KEYS, Listener(connection)), TurnQueue(connection, KEYS, "one")
    parking = Parking(connection, KEYS)
    await queue.prepare()
    await mailbox.accept(message(1, "my card number is ..."))
    await mailbox.accept(message(2, "Which payment methods do you accept?"))
    (token,) = await queue.wait(KEYS.tag(WHERE), 10)
    batch = await queue.take(token)
    assert batch and await queue.park(batch, "", [FinalText("sorry")], "crashed") is Ended.FINISHED
    assert len(await parking.parked()) == 2
    await mailbox.withdraw(WHERE, "1")
    assert [one.message.message for one in await parking.parked()] == ["2"]


async def test_a_message_is_deleted_from_a_redis_that_is_full(connection: Connection) -> None:
    mailbox, redis = Mailbox(connection, KEYS, Listener(connection)), connection.commands
    await mailbox.accept(message(1, "my card number is ..."))
    await redis.config_set("maxmemory", "1")
    try:
        await mailbox.withdraw(WHERE, "1")
    finally:
        await redis.config_set("maxmemory", "0")
    assert await said(mailbox) == []


async def test_a_reply_in_the_making_to_a_deleted_message_is_void(connection: Connection) -> None:
    mailbox, queue = Mailbox(connection, KEYS, Listener(connection)), TurnQueue(connection, KEYS, "one")
    await queue.prepare()
    await mailbox.accept(message(1, "never mind"))
    (token,) = await queue.wait(KEYS.tag(WHERE), 10)
    batch = await queue.take(token)
    assert batch
    await mailbox.withdraw(WHERE, "1")
    assert await queue.commit(batch, "", [FinalText("the reply")], True) is Ended.INTERRUPTED
    again = await queue.take(token, again=True)
    assert again and again.messages == () and again.readable
    assert await queue.commit(again, again.session, [], False) is Ended.FINISHED
    assert await queue.take(token) is None


async def test_who_takes_everything_back_hears_nothing_and_what_comes_next_is_answered(
    desk: ShopDesk, customer: Customer
) -> None:
    for number in range(5):
        event = await customer.posts("How long does delivery take?")
        await desk.handles.postbox.withdraw(customer.conversation, str(customer.said))
        heard = await asyncio.wait_for(customer.hears(event), 20) if number == 4 else None
    assert heard and heard.statuses[-1] == "done" and heard.text == ""
    assert "PayPigeon" in (await customer.says("Which payment methods do you accept?")).text


async def test_what_happened_is_found_by_its_event_and_nothing_else_is(customer: Customer) -> None:
    await customer.says("gift card")
    postbox, where = customer.postbox, customer.conversation
    for event in await postbox.transcript(where):
        assert await postbox.happened(where, event.id) == event.what
    assert await postbox.happened(where, "1-0") is None
    assert await postbox.happened(where, "(1") is None
    assert await postbox.happened("test:else", event.id) is None
