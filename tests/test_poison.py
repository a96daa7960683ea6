"""A message that no turn gets through is put aside: the customer is told, staff are brought in, nobody else waits."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path

from bot.assembly import ShopDesk, open_desk_on
from bot.batches import Ended, Token
from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.messages import WAITING_FOR_STAFF, FinalText, Incoming
from bot.parking import Parking
from bot.redis.connection import Connection
from bot.service import MOST_TRIES
from bot.settings import Settings
from bot.turns import TurnQueue
from tests.running import environment, run_here
from tests.talking import Customer

KEYS = Keys(1)
QUESTION = "What is the status of order OT-20481931?"


@asynccontextmanager
async def while_so(data: Path, so: str, as_before: str) -> AsyncIterator[None]:
    """In a thread: the desk of this loop may be about to end a transaction of its own."""

    def written(statement: str) -> None:
        with closing(sqlite3.connect(data / "shop.sqlite", timeout=20, isolation_level=None)) as database:
            database.execute(statement)

    await asyncio.to_thread(written, so)
    try:
        yield
    finally:
        await asyncio.to_thread(written, as_before)


def broken_order(data: Path) -> AbstractAsyncContextManager[None]:
    """Whoever asks for the order meets a row that nobody can read."""
    status = "UPDATE orders SET status = '{}' WHERE number LIKE '%20481931'"
    return while_so(data, status.format("nonsense"), status.format("shipped"))


def missing_orders(data: Path) -> AbstractAsyncContextManager[None]:
    """The database is not what it should be, for everybody."""
    name = "ALTER TABLE {} RENAME TO {}"
    return while_so(data, name.format("orders", "orders_elsewhere"), name.format("orders_elsewhere", "orders"))


def ada(desk: ShopDesk) -> Customer:
    visitor = desk.handles.pages.demo_visitors[0]
    return Customer(desk.handles.postbox, customer_id=visitor.id)


async def died_over(connection: Connection, name: str, token: Token) -> None:
    """A worker takes the conversation and is killed; then its lease is over."""
    queue = TurnQueue(connection, KEYS, name)
    assert await queue.take(token)
    await connection.commands.delete(KEYS.lease(token.conversation))


async def test_what_cannot_be_answered_is_parked_told_and_handed_to_staff(
    desk: ShopDesk, demo_data: Path, connection: Connection
) -> None:
    customer = ada(desk)
    async with broken_order(demo_data):
        heard = await customer.says(QUESTION)
    assert "something went wrong" in heard.text and "line for our staff" in heard.text
    assert heard.statuses[-2:] == ["waiting_for_staff", "done"]
    assert [one.conversation for one in await desk.staff.handoffs()] == [customer.conversation]
    (parked,) = await Parking(connection, KEYS).parked()
    assert (parked.conversation, parked.message.text) == (customer.conversation, QUESTION)
    assert (await customer.says("How long does delivery take?")).sources  # the conversation goes on


async def test_neighbours_are_answered_meanwhile(desk: ShopDesk, demo_data: Path) -> None:
    async with broken_order(demo_data):
        poisoned = asyncio.create_task(ada(desk).says(QUESTION))
        heard = await Customer(desk.handles.postbox).says("How long does delivery take?")
        assert heard.sources and not poisoned.done()
        await poisoned


async def test_trouble_that_passes_is_not_noticed(desk: ShopDesk, demo_data: Path, connection: Connection) -> None:
    customer = ada(desk)
    async with broken_order(demo_data):
        event = await customer.posts(QUESTION)
        async with asyncio.timeout(30):
            while True:
                if await connection.commands.hget(KEYS.turn(customer.conversation), "tries") == "2":
                    break
                await asyncio.sleep(0.005)
    heard = await customer.hears(event)
    assert "OT-20481931" in heard.text and not await Parking(connection, KEYS).parked()


async def test_a_database_that_is_away_for_a_while_parks_nobody(
    desk: ShopDesk, demo_data: Path, connection: Connection
) -> None:
    customer = ada(desk)
    async with missing_orders(demo_data):
        event = await customer.posts(QUESTION)
        await asyncio.sleep(2.5)
    heard = await customer.hears(event)
    assert "OT-20481931" in heard.text and not await Parking(connection, KEYS).parked()


async def test_what_nobody_can_read_is_parked_and_the_conversation_goes_on(
    desk: ShopDesk, connection: Connection
) -> None:
    customer = Customer(desk.handles.postbox)
    await customer.says("hello")
    where = customer.conversation
    await connection.commands.rpush(KEYS.mailbox(where), '1-0 {"of another": "release"}')
    await connection.commands.xadd(KEYS.ready(KEYS.tag(where)), {"conversation": where})
    async with asyncio.timeout(30):
        async for event in desk.handles.postbox.events(where):
            if isinstance(event.what, FinalText) and "something went wrong" in event.what.text:
                break
    assert [one.why for one in await Parking(connection, KEYS).parked()] == ["unreadable"]
    assert (await customer.says("How long does delivery take?")).sources


async def test_neighbours_of_a_message_that_kills_workers_are_answered(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    """Two deaths take all of them along; then each is tried alone, and the third death is the poison's own."""
    async with Listener(connection).running() as listener:
        customers = [Customer(Mailbox(connection, KEYS, listener)) for _ in range(6)]
        queue = TurnQueue(connection, KEYS, "victim")
        await queue.prepare()
        events = [await customer.posts("How long does delivery take?") for customer in customers]
        tokens = await queue.wait(KEYS.shard(0), 10)
        for number in range(MOST_TRIES):
            for token in tokens if number < MOST_TRIES - 1 else tokens[:1]:
                await died_over(connection, f"victim-{number}", token)
        settings = Settings(data_dir=demo_data, burst_seconds=0)
        async with open_desk_on(settings, redis_url, alone=True) as desk:
            work = asyncio.create_task(desk.work())
            pairs = list(zip(customers, events, strict=True))
            heard = await asyncio.gather(*(customer.hears(event) for customer, event in pairs))
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
    assert ["something went wrong" in one.text for one in heard] == [True] + [False] * 5


async def test_a_message_that_kills_its_worker_each_time_is_parked_by_the_next(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    async with Listener(connection).running() as listener:
        customer = Customer(Mailbox(connection, KEYS, listener))
        queue = TurnQueue(connection, KEYS, "victim")
        await queue.prepare()
        event = await customer.posts("How long does delivery take?")
        (token,) = await queue.wait(KEYS.shard(0), 1)
        for number in range(MOST_TRIES):
            await died_over(connection, f"victim-{number}", token)
        settings = Settings(data_dir=demo_data, burst_seconds=0)
        async with open_desk_on(settings, redis_url, alone=True) as desk:
            work = asyncio.create_task(desk.work())
            heard = await customer.hears(event)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
    assert "something went wrong" in heard.text
    (parked,) = await Parking(connection, KEYS).parked()
    assert parked.why == "crashed"


async def test_a_worker_that_hands_over_has_not_failed(connection: Connection) -> None:
    queue = TurnQueue(connection, KEYS, "one")
    await queue.prepare()
    await Mailbox(connection, KEYS, Listener(connection)).accept(Incoming("test", "test:a", "1", text="hello"))
    for _ in range(5):
        (token,) = await queue.wait(KEYS.shard(0), 1)
        batch = await queue.take(token)
        assert batch and batch.tries == 1
        await queue.release(token)


async def test_a_turn_that_begins_anew_is_no_new_try_and_a_new_message_begins_at_one(connection: Connection) -> None:
    mailbox, queue = Mailbox(connection, KEYS, Listener(connection)), TurnQueue(connection, KEYS, "one")
    await queue.prepare()
    await mailbox.accept(Incoming("test", "test:a", "1", text="hello"))
    (token,) = await queue.wait(KEYS.shard(0), 1)
    tries = [batch.tries for _ in range(3) if (batch := await queue.take(token, again=bool(_)))]
    assert tries == [1, 1, 1]
    batch = await queue.take(token)
    assert batch and batch.tries == 2
    assert await queue.commit(batch, "", [], True) is Ended.FINISHED
    await mailbox.accept(Incoming("test", "test:a", "2", text="hello"))
    (token,) = await queue.wait(KEYS.shard(0), 1)
    later = await queue.take(token)
    assert later and later.tries == 1


async def test_staff_see_what_is_parked_and_have_it_answered(desk: ShopDesk, demo_data: Path, redis_url: str) -> None:
    customer = ada(desk)
    async with broken_order(demo_data):
        await customer.says(QUESTION)
    env = environment(demo_data, redis_url=redis_url)
    listed = await asyncio.to_thread(run_here, "mailbox", "parked", env=env)
    assert customer.conversation in listed.stdout and "OT-20481931" in listed.stdout
    done = await asyncio.to_thread(run_here, "mailbox", "retry", customer.conversation, env=env)
    assert "will be answered now" in done.stdout, done.stderr
    async for event in desk.handles.postbox.events(customer.conversation):
        if isinstance(event.what, FinalText) and "something went wrong" not in event.what.text:
            assert "OT-20481931" in event.what.text
            break
    again = await asyncio.to_thread(run_here, "mailbox", "retry", "all", env=env)
    assert again.returncode == 1 and "nothing is parked under all" in again.stderr


async def test_what_is_dropped_is_gone(desk: ShopDesk, demo_data: Path, redis_url: str, connection: Connection) -> None:
    customer = ada(desk)
    async with broken_order(demo_data):
        await customer.says(QUESTION)
    (parked,) = await Parking(connection, KEYS).parked()
    env = environment(demo_data, redis_url=redis_url)
    done = await asyncio.to_thread(run_here, "mailbox", "drop", parked.event, env=env)
    assert "thrown away" in done.stdout, done.stderr
    assert "Nothing is parked." in (await asyncio.to_thread(run_here, "mailbox", "parked", env=env)).stdout


async def test_a_retried_yes_is_as_old_as_it_was(connection: Connection) -> None:
    """It must not confirm what was shown after it had been written."""
    mailbox, queue = Mailbox(connection, KEYS, Listener(connection)), TurnQueue(connection, KEYS, "one")
    await queue.prepare()
    event = await mailbox.accept(Incoming("test", "test:a", "1", text="yes"))
    (token,) = await queue.wait(KEYS.shard(0), 1)
    batch = await queue.take(token)
    assert batch
    await queue.park(batch, "", [FinalText("sorry"), WAITING_FOR_STAFF], "crashed")
    parking = Parking(connection, KEYS)
    (parked,) = await parking.parked()
    assert parked.event == event and await parking.retry(parked) and not await parking.retry(parked)
    (token,) = await queue.wait(KEYS.shard(0), 1)
    again = await queue.take(token)
    assert again and [one.accepted for one in again.messages] == [event] and again.last > event
