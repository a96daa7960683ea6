"""What happened in a conversation reaches its customer, whoever dies meanwhile, and from one process alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from redis.exceptions import RedisError

from bot.assembly import ShopDesk, open_desk_on
from bot.bookmarks import RedisBookmarks
from bot.channels import Bucket, Delivery, NotNow, Unreachable
from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.messages import DONE, Event, FinalText, Incoming, Said, TextDelta
from bot.outbox import MOST_FAILURES
from bot.redis.connection import Connection
from bot.redis.held import Held
from bot.settings import Settings
from bot.turns import TurnQueue
from tests.members import member, staff_says
from tests.redis_servers import SHARDS

ACCOUNT = "post:1"
SECONDS = 20.0


@dataclass
class Customers:
    """A platform on which messages can be put; brings each turn's text as one message."""

    desk: ShopDesk
    got: dict[str, list[str]] = field(default_factory=dict)
    pieces: dict[str, str] = field(default_factory=dict)
    trouble: Callable[[str, str], Awaitable[None]] | None = None
    noted: list[str] = field(default_factory=list)
    said: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def says(self, where: str, text: str, deliver: bool = True) -> None:
        self.said += 1
        said = Incoming("post", f"{ACCOUNT}:{where}", str(self.said), text)
        await self.desk.handles.postbox.accept(said, deliver=deliver)

    async def bring(self, delivery: Delivery) -> None:
        where, text = delivery.conversation.removeprefix(f"{ACCOUNT}:"), ""
        async for event in delivery.events():
            match event.what:
                case TextDelta(piece):
                    self.pieces[where] = self.pieces.get(where, "") + piece
                case FinalText(whole):
                    text += whole
                case Said(by="staff", text=words):
                    await self._put(where, f"staff: {words}", delivery, event)
                case _ if event.what == DONE:
                    await self._put(where, text, delivery, event)
                    text = ""

    async def _put(self, where: str, text: str, delivery: Delivery, event: Event) -> None:
        self.noted.append(delivery.noted)
        await delivery.note(f"{event.id}:0")
        if self.trouble:
            await self.trouble(where, text)
        if text:
            self.got.setdefault(where, []).append(text)
            self.news.set()
        await delivery.delivered(event.id)

    async def hears(self, where: str, count: int) -> list[str]:
        async with asyncio.timeout(SECONDS):
            while len(self.got.get(where, [])) < count:
                self.news.clear()
                await self.news.wait()
        return self.got[where]


@pytest_asyncio.fixture
async def customers(desk: ShopDesk) -> AsyncIterator[Customers]:
    customers = Customers(desk)
    delivering = asyncio.create_task(desk.handles.outbox.deliver(ACCOUNT, customers.bring))
    yield customers
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)


@asynccontextmanager
async def full(connection: Connection) -> AsyncIterator[None]:
    """A Redis that refuses whatever needs more memory."""
    redis: Any = connection.commands
    await redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(RedisError, match="maxmemory"):
            await redis.set("more", "1")
        yield
    finally:
        await redis.config_set("maxmemory", "0")


async def outbox_is_empty(connection: Connection, shards: int = 1) -> None:
    keys, redis = Keys(shards), connection.commands
    async with asyncio.timeout(SECONDS):
        while True:
            if not any([await redis.zcard(keys.outbox(keys.shard(number))) for number in range(shards)]):
                return
            await asyncio.sleep(0.02)


async def test_a_reply_is_brought_piece_by_piece_and_whole_and_then_nothing_is_left_to_do(
    customers: Customers, connection: Connection
) -> None:
    await customers.says("ada", "How long does delivery take?")
    (reply,) = await customers.hears("ada", 1)
    assert "working days" in reply
    assert customers.pieces["ada"] == reply
    await outbox_is_empty(connection)
    await customers.says("ada", "Which payment methods do you accept?")
    assert "PayPigeon" in (await customers.hears("ada", 2))[1]


async def test_forty_customers_at_once_hear_their_own_answers_in_order(customers: Customers) -> None:
    answers = {"How long does delivery take?": "working days", "Which payment methods do you accept?": "PayPigeon"}
    asked = [list(answers), list(answers)[::-1]]
    for number in range(2):
        for one in range(40):
            await customers.says(str(one), asked[one % 2][number])
        for one in range(40):
            await customers.hears(str(one), number + 1)
    for one in range(40):
        first, second = customers.got[str(one)]
        assert answers[asked[one % 2][0]] in first and answers[asked[one % 2][1]] in second


async def test_what_staff_write_is_brought_too_also_when_nobody_asked_anything(
    desk: ShopDesk, customers: Customers, connection: Connection
) -> None:
    await customers.says("ada", "How long does delivery take?")
    await customers.hears("ada", 1)
    await outbox_is_empty(connection)
    await desk.staff.take(member(), f"{ACCOUNT}:ada")
    await staff_says(desk.staff, "mia", f"{ACCOUNT}:ada", "Hello, this is Mia.")
    assert "staff: Hello, this is Mia." in await customers.hears("ada", 4)  # before or after the word that she is here
    await outbox_is_empty(connection)


async def test_a_conversation_whose_customer_fetches_it_is_not_brought(
    customers: Customers, connection: Connection
) -> None:
    await customers.says("web", "How long does delivery take?", deliver=False)
    await customers.says("ada", "How long does delivery take?")
    await customers.hears("ada", 1)
    await outbox_is_empty(connection)
    assert set(customers.got) == {"ada"}


async def test_what_was_not_delivered_when_the_process_died_is_delivered_by_the_next(desk: ShopDesk) -> None:
    died = asyncio.Event()

    async def dies(where: str, text: str) -> None:
        died.set()
        await asyncio.Event().wait()

    first = Customers(desk, trouble=dies)
    delivering = asyncio.create_task(desk.handles.outbox.deliver(ACCOUNT, first.bring))
    await first.says("ada", "How long does delivery take?")
    await died.wait()
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)
    second = Customers(desk, said=10)
    delivering = asyncio.create_task(desk.handles.outbox.deliver(ACCOUNT, second.bring))
    await second.hears("ada", 1)
    assert second.noted[0].endswith(":0"), "how far the first had come is not known"
    await second.says("ada", "Which payment methods do you accept?")
    await second.hears("ada", 2)
    assert second.noted[1] == ""
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)


async def test_one_that_cannot_be_reached_now_holds_up_nobody_and_hears_it_later(customers: Customers) -> None:
    refusals = iter([NotNow(0.3), ConnectionError("away"), ValueError("a bug of the adapter")])

    async def refuses(where: str, text: str) -> None:
        if where == "ada" and (refusal := next(refusals, None)):
            raise refusal

    customers.trouble = refuses
    await customers.says("ada", "How long does delivery take?")
    await customers.says("ben", "How long does delivery take?")
    await customers.hears("ben", 1)
    assert "ada" not in customers.got
    assert len(await customers.hears("ada", 1)) == 1


async def test_who_has_left_is_not_written_to_any_more_until_they_write_again(
    customers: Customers, connection: Connection
) -> None:
    async def left(where: str, text: str) -> None:
        raise Unreachable

    customers.trouble = left
    await customers.says("ada", "How long does delivery take?")
    await outbox_is_empty(connection)
    customers.trouble = None
    await customers.says("ada", "Which payment methods do you accept?")
    (reply,) = await customers.hears("ada", 1)
    assert "PayPigeon" in reply


async def test_a_redis_that_is_full_keeps_no_reply_from_its_customer(desk: ShopDesk, connection: Connection) -> None:
    customers = Customers(desk)
    await customers.says("ada", "How long does delivery take?")
    async with full(connection):
        delivering = asyncio.create_task(desk.handles.outbox.deliver(ACCOUNT, customers.bring))
        (reply,) = await customers.hears("ada", 1)
        await outbox_is_empty(connection)
        assert await desk.handles.pace.take(ACCOUNT, [Bucket("all", 1, 1)]) == 0
        await desk.handles.pace.hold(ACCOUNT, "all", 30)
        assert await desk.handles.pace.take(ACCOUNT, [Bucket("all", 1, 1)]) > 29
    assert "working days" in reply
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)


async def test_what_was_brought_while_redis_was_away_is_not_brought_twice(
    customers: Customers, connection: Connection
) -> None:
    wrong = Keys().delivery(f"{ACCOUNT}:ada")
    redis: Any = connection.commands

    async def breaks(where: str, text: str) -> None:
        if not customers.got:  # after the note, before "delivered": what Redis is asked then, it does not do
            await redis.rename(wrong, "kept")
            await redis.set(wrong, "not a hash")

    customers.trouble = breaks
    await customers.says("ada", "How long does delivery take?")
    await customers.hears("ada", 1)
    await asyncio.sleep(1.0)  # it is tried again meanwhile
    await redis.rename("kept", wrong)
    await outbox_is_empty(connection)
    await customers.says("ada", "Which payment methods do you accept?")
    first, second = await customers.hears("ada", 2)
    assert "working days" in first and "PayPigeon" in second


async def test_one_reply_that_no_adapter_can_bring_is_given_up_and_the_next_is_brought(
    customers: Customers, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.outbox.LONGEST_PAUSE_SECONDS", 0.1)
    failed = 0

    async def fails(where: str, text: str) -> None:
        nonlocal failed
        if "working days" not in text:
            return
        failed += 1
        if failed == MOST_FAILURES:  # the next reply is there when the first is given up
            await customers.says("ada", "Which payment methods do you accept?")
            await asyncio.sleep(1.0)
        raise ValueError("a bug of the adapter")

    customers.trouble = fails
    await customers.says("ada", "How long does delivery take?")
    (reply,) = await customers.hears("ada", 1)
    assert "PayPigeon" in reply and failed == MOST_FAILURES
    await outbox_is_empty(connection)


async def test_what_is_erased_waits_for_no_delivery_and_what_comes_later_is_brought(
    desk: ShopDesk, connection: Connection
) -> None:
    before = Customers(desk)
    await before.says("ada", "How long does delivery take?")
    await Mailbox(connection, Keys(), Listener(connection)).erase(f"{ACCOUNT}:ada")
    await outbox_is_empty(connection)
    assert not await connection.commands.exists(Keys().delivery(f"{ACCOUNT}:ada"))
    customers = Customers(desk, said=10)
    delivering = asyncio.create_task(desk.handles.outbox.deliver(ACCOUNT, customers.bring))
    await customers.says("ada", "Which payment methods do you accept?")
    assert "PayPigeon" in (await customers.hears("ada", 1))[0]
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)


async def test_a_delivery_that_waits_for_a_reply_ends_when_the_conversation_is_erased(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    where, began, ended = f"{ACCOUNT}:ada", asyncio.Event(), asyncio.Event()

    async def bring(delivery: Delivery) -> None:
        async for event in delivery.events():
            began.set()
            if event.what == DONE:
                await delivery.delivered(event.id)
        ended.set()

    async with open_desk_on(Settings(data_dir=demo_data), redis_url, alone=True) as desk:  # without a worker
        delivering = asyncio.create_task(desk.handles.outbox.deliver(ACCOUNT, bring))
        await desk.handles.postbox.accept(Incoming("post", where, "1", "hello"), deliver=True)
        queue = TurnQueue(connection, Keys(), "thinking")
        await queue.prepare()
        for token in await queue.wait(Keys().tag(where), 1):
            assert await queue.take(token)
        async with asyncio.timeout(SECONDS):
            await began.wait()
            await Mailbox(connection, Keys(), Listener(connection)).erase(where)
            await ended.wait()
        await outbox_is_empty(connection)
        assert not await connection.commands.exists(Keys().delivery(where), Keys().events(where))
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)


async def test_every_kind_of_redis_brings_what_happens(
    any_desk: ShopDesk, any_connection: Connection, kind: str
) -> None:
    customers = Customers(any_desk)
    delivering = asyncio.create_task(any_desk.handles.outbox.deliver(ACCOUNT, customers.bring))
    for one in range(12):
        await customers.says(str(one), "How long does delivery take?")
    for one in range(12):
        assert "working days" in (await customers.hears(str(one), 1))[0]
        assert await any_desk.handles.pace.take(ACCOUNT, [Bucket(f"chat:{one}", 1, 1), Bucket("all", 50, 50)]) == 0
    await outbox_is_empty(any_connection, SHARDS[kind])
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)


async def test_accounts_have_their_own_conversations(desk: ShopDesk, customers: Customers) -> None:
    other = Incoming("post", "post:12:ada", "1", "How long does delivery take?")
    await desk.handles.postbox.accept(other, deliver=True)
    await customers.says("ben", "How long does delivery take?")
    await customers.hears("ben", 1)
    assert set(customers.got) == {"ben"}


async def test_an_account_is_served_by_one_process_and_by_the_next_when_that_ends(connection: Connection) -> None:
    serving: list[str] = []

    async def serve(name: str) -> None:
        serving.append(name)
        try:
            await asyncio.Event().wait()
        finally:
            serving.append(f"{name} no more")

    async def until(*happened: str) -> None:
        async with asyncio.timeout(SECONDS):
            while True:
                if serving == list(happened):
                    return
                await asyncio.sleep(0.02)

    first = asyncio.create_task(Held(connection, "account:a").run(lambda: serve("first")))
    await until("first")
    second = asyncio.create_task(Held(connection, "account:a").run(lambda: serve("second")))
    await asyncio.sleep(1.2)
    assert serving == ["first"]
    first.cancel()
    await until("first", "first no more", "second")
    await connection.commands.set("account:a", "somebody else")  # as after a Redis that was away
    await until("first", "first no more", "second", "second no more")
    await connection.commands.delete("account:a")
    await until("first", "first no more", "second", "second no more", "second")
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)


async def test_what_an_account_serves_may_end_and_may_fail(connection: Connection, desk: ShopDesk) -> None:
    async def ends() -> None:
        return

    async def fails() -> None:
        raise OSError("the token is wrong")

    await desk.handles.outbox.only_here("post:1", ends)
    with pytest.raises(OSError, match="the token is wrong"):
        await desk.handles.outbox.only_here("post:1", fails)


async def test_bookmarks_are_kept_by_account_and_numbers_only_grow(connection: Connection) -> None:
    bookmarks = RedisBookmarks(connection)
    await bookmarks.advance("post:1", "seen", 998)
    await bookmarks.advance("post:1", "seen", 1002)
    await bookmarks.advance("post:1", "seen", 1001)
    await bookmarks.write("post:1", "thread", "abc")
    assert await bookmarks.read("post:1") == {"seen": "1002", "thread": "abc"}
    assert await bookmarks.read("post:2") == {}
    await bookmarks.write("post:1", "thread", "")
    assert await bookmarks.read("post:1") == {"seen": "1002"}
