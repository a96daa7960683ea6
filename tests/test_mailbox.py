"""An accepted message is answered, in order, once, whoever dies meanwhile."""

import asyncio

import pytest

from bot.assembly import ShopDesk
from bot.batches import Ended, Token
from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.messages import FinalText, Incoming, Said
from bot.redis.connection import Connection
from bot.turns import TurnQueue
from tests.talking import Customer


@pytest.fixture
def connection(any_connection: Connection) -> Connection:
    """All of these run on every kind of Redis."""
    return any_connection


@pytest.fixture
def keys(any_keys: Keys) -> Keys:
    return any_keys


@pytest.fixture
def desk(any_desk: ShopDesk) -> ShopDesk:
    return any_desk


def message(number: int, conversation: str = "test:a") -> Incoming:
    return Incoming(channel="test", conversation=conversation, message=str(number), text=f"text {number}")


async def next_token(queue: TurnQueue, keys: Keys, conversation: str = "test:a") -> Token:
    (token,) = await queue.wait(keys.tag(conversation), 10)
    return token


async def test_messages_come_in_order_and_a_repeated_id_is_one_message(connection: Connection, keys: Keys) -> None:
    mailbox, queue = Mailbox(connection, keys, Listener(connection)), TurnQueue(connection, keys, "one")
    await queue.prepare()
    first = await mailbox.accept(message(1))
    await mailbox.accept(message(2))
    assert await mailbox.accept(message(1)) == first
    batch = await queue.take(await next_token(queue, keys))
    assert batch and [one.text for one in batch.messages] == ["text 1", "text 2"]


async def test_of_a_long_talk_the_newest_is_read_first_and_what_is_older_page_by_page(
    connection: Connection, keys: Keys
) -> None:
    mailbox = Mailbox(connection, keys, Listener(connection))
    for number in range(7):
        await mailbox.accept(message(number))
    whole = await mailbox.transcript("test:a")
    newest = await mailbox.transcript("test:a", at_most=3)
    older = await mailbox.transcript("test:a", before=newest[0].id, at_most=3)
    oldest = await mailbox.transcript("test:a", before=older[0].id, at_most=3)
    assert len(whole) == 7 and [*oldest, *older, *newest] == whole and len(oldest) == 1
    assert await mailbox.transcript("test:a", after=whole[1].id, before=whole[5].id) == whole[2:5]
    assert await mailbox.transcript("test:a", after=whole[1].id, before=whole[5].id, at_most=2) == whole[3:5]


async def test_a_committed_turn_saves_the_session_tells_the_reply_and_takes_the_mail_away(
    connection: Connection, keys: Keys
) -> None:
    async with Listener(connection).running() as listener:
        mailbox, queue = Mailbox(connection, keys, listener), TurnQueue(connection, keys, "one")
        await queue.prepare()
        await mailbox.accept(message(1))
        token = await next_token(queue, keys)
        batch = await queue.take(token)
        assert batch
        assert await queue.commit(batch, "the session", [FinalText("the reply")], True) is Ended.FINISHED
        told = [event.what for event in await mailbox.transcript("test:a")]
        assert told[:2] == [Said("customer", "1", "text 1"), FinalText("the reply")]
        await mailbox.accept(message(2))
        later = await queue.take(await next_token(queue, keys))
        assert later and later.session == "the session" and [one.message for one in later.messages] == ["2"]


async def test_what_only_passed_is_gone_from_the_transcript_after_the_turn(desk: ShopDesk, customer: Customer) -> None:
    heard = await customer.says("How long does delivery take?")
    assert heard.streamed in ("", heard.text)
    kinds = [type(event.what).__name__ for event in await customer.postbox.transcript(customer.conversation)]
    assert kinds == ["Said", "FinalText", "Sources", "Status"]


async def test_a_message_that_comes_during_the_turn_is_not_lost_and_not_answered_alone(
    connection: Connection, keys: Keys
) -> None:
    mailbox, queue = Mailbox(connection, keys, Listener(connection)), TurnQueue(connection, keys, "one")
    await queue.prepare()
    await mailbox.accept(message(1))
    token = await next_token(queue, keys)
    batch = await queue.take(token)
    assert batch
    await mailbox.accept(message(2))
    assert await queue.commit(batch, "s", [], True) is Ended.INTERRUPTED
    again = await queue.take(token)
    assert again and [one.message for one in again.messages] == ["1", "2"]
    await mailbox.accept(message(3))
    assert await queue.commit(again, "s", [], False) is Ended.MORE
    rest = await queue.take(token)
    assert rest and [one.message for one in rest.messages] == ["3"]
    assert await queue.commit(rest, "s", [], True) is Ended.FINISHED


async def test_a_worker_that_comes_back_from_the_dead_changes_nothing(connection: Connection, keys: Keys) -> None:
    mailbox = Mailbox(connection, keys, Listener(connection))
    dead, alive = TurnQueue(connection, keys, "dead"), TurnQueue(connection, keys, "alive")
    await dead.prepare()
    await mailbox.accept(message(1))
    token = await next_token(dead, keys)
    stale = await dead.take(token)
    assert stale
    assert await alive.take(token) is None  # leased
    (claimed,) = await alive.abandoned(token.tag, 0, 10)
    fresh = await alive.take(claimed, steal=True)
    assert fresh
    assert await dead.commit(stale, "old", [FinalText("old")], True) is Ended.TAKEN_OVER
    assert await alive.commit(fresh, "new", [FinalText("new")], True) is Ended.FINISHED
    texts = [e.what.text for e in await mailbox.transcript("test:a") if isinstance(e.what, FinalText)]
    assert texts == ["new"]


async def test_staff_who_take_the_conversation_stop_the_reply_in_the_making(connection: Connection, keys: Keys) -> None:
    mailbox, queue = Mailbox(connection, keys, Listener(connection)), TurnQueue(connection, keys, "one")
    await queue.prepare()
    await mailbox.accept(message(1))
    token = await next_token(queue, keys)
    batch = await queue.take(token)
    assert batch
    await connection.commands.set(keys.staff("test:a"), "Mia")
    assert await queue.commit(batch, "s", [FinalText("too late")], True) is Ended.STAFF_CHANGED
    again = await queue.take(token)
    assert again and again.staff == "Mia"


async def test_two_hundred_conversations_at_once_are_each_answered_once_and_in_order(desk: ShopDesk) -> None:
    customers = [Customer(desk.handles.postbox) for _ in range(200)]
    for text in ("hello", "How long does delivery take?", "thank you"):
        for heard in await asyncio.gather(*(customer.says(text) for customer in customers)):
            assert heard.text and heard.statuses[-1] == "done"
    for customer in customers:
        transcript = await customer.postbox.transcript(customer.conversation)
        said = [e.what.text for e in transcript if isinstance(e.what, Said)]
        replies = [e for e in transcript if isinstance(e.what, FinalText)]
        assert said == ["hello", "How long does delivery take?", "thank you"] and len(replies) == 3


async def test_a_listener_that_comes_late_or_comes_back_sees_everything_once(desk: ShopDesk) -> None:
    customer = Customer(desk.handles.postbox)
    await customer.says("hello")
    before = await customer.postbox.transcript(customer.conversation)
    seen = []
    async with asyncio.timeout(30):
        await customer.posts("thank you")
        async for event in customer.postbox.events(customer.conversation, after=before[1].id):
            seen.append(event)
            if sum(e.what == before[-1].what for e in seen) == 2:  # the second "done"
                break
    ids = [event.id for event in seen]
    assert len(ids) == len(set(ids)) and before[2].id in ids and before[1].id not in ids


async def test_the_same_message_id_in_another_conversation_is_another_message(
    connection: Connection, keys: Keys
) -> None:
    mailbox = Mailbox(connection, keys, Listener(connection))
    one = Incoming(channel="test", conversation="t:1", message="2:3", text="one")
    other = Incoming(channel="test", conversation="t:1:2", message="3", text="other")
    for incoming in (one, other):
        await mailbox.accept(incoming)
        (event,) = await mailbox.transcript(incoming.conversation)
        assert event.what == Said("customer", incoming.message, incoming.text)


async def test_a_worker_that_was_replaced_keeps_nothing_for_its_successor(connection: Connection) -> None:
    keys = Keys()
    late, successor = TurnQueue(connection, keys, "late"), TurnQueue(connection, keys, "successor")
    await late.prepare()
    await Mailbox(connection, keys, Listener(connection)).accept(message(1))
    token = await next_token(late, keys)
    assert await late.take(token)
    (claimed,) = await successor.abandoned(token.tag, 0, 10)
    assert await successor.take(claimed, steal=True)
    await connection.commands.pexpire(keys.lease("test:a"), 500)
    await late.keep([token])
    assert await connection.commands.pttl(keys.lease("test:a")) <= 500
    await successor.keep([claimed])
    assert await connection.commands.pttl(keys.lease("test:a")) > 500
