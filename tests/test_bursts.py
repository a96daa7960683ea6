"""Taking turns: a burst is answered as one, whoever writes on is heard first, and nobody keeps others waiting."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.assembly import ShopDesk, open_desk_on
from bot.keys import Keys
from bot.mailbox import Mailbox
from bot.messages import DONE, RESTARTED, FinalText, Said, Status, TextDelta
from bot.redis.connection import Connection
from bot.settings import Settings
from serving.script import Reply, Rule, Script
from serving.scripted_model import scripted_model
from tests.talking import Customer

KEYS = Keys(1)
SLOW = Script((Rule(Reply(text="Thank you for asking about this. " * 3, first_token=0.4, tokens_per_second=40)),))


@asynccontextmanager
async def working(settings: Settings, redis_url: str) -> AsyncIterator[ShopDesk]:
    async with open_desk_on(settings, redis_url, alone=True) as desk:
        work = asyncio.create_task(desk.work())
        try:
            yield desk
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


async def writes(customer: Customer, texts: Sequence[str], apart: float) -> str:
    """Returns the event id of the last."""
    event = ""
    for text in texts:
        event = await customer.posts(text)
        await asyncio.sleep(apart)
    return event


async def replies(customer: Customer, until: str) -> list[str]:
    """All final texts of the conversation, when the message with this event id is answered."""
    await customer.hears(until)
    happened = await customer.postbox.transcript(customer.conversation)
    return [event.what.text for event in happened if isinstance(event.what, FinalText)]


@pytest.mark.parametrize("apart", [0.0, 0.02, 0.2])
@pytest.mark.parametrize(
    "texts",
    [
        ("hi", "one question", "How long does delivery take?"),
        ("你好", "问一下", "送货需要多长时间？"),
    ],
    ids=["en", "zh"],
)
async def test_what_is_written_in_a_burst_gets_one_reply(
    demo_data: Path, redis_url: str, connection: Connection, texts: Sequence[str], apart: float
) -> None:
    async with working(Settings(data_dir=demo_data), redis_url) as desk:
        customer = Customer(desk.handles.postbox)
        assert len(await replies(customer, await writes(customer, texts, apart))) == 1


async def test_whole_questions_that_a_phone_sends_all_at_once_get_one_reply(
    demo_data: Path, redis_url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.turn_taking.SETTLE_SECONDS", 0.5)  # this machine may pause between two of them
    texts = ("How long does delivery take?", "Can I return a lamp?", "Do you have gift cards?")
    async with working(Settings(data_dir=demo_data), redis_url) as desk:
        customers = [Customer(desk.handles.postbox) for _ in range(5)]
        last = await asyncio.gather(*(writes(customer, texts, 0.01) for customer in customers))
        for customer, event in zip(customers, last, strict=True):
            assert len(await replies(customer, event)) == 1


async def test_a_message_during_the_reply_begins_it_anew_and_stops_the_model(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    async with scripted_model(SLOW) as url:
        settings = Settings(data_dir=demo_data, model_url=url, model_name="scripted")
        async with working(settings, redis_url) as desk:
            customer = Customer(desk.handles.postbox)
            first = await customer.posts("How long does delivery take?")
            seen = []
            async for event in desk.handles.postbox.reply(customer.conversation, first):
                seen.append(event.what)
                if isinstance(event.what, TextDelta) and customer.said == 1:
                    last = await customer.posts("To Norway, I mean.")
            assert RESTARTED in seen and seen[-1] == DONE
            assert len(await replies(customer, last)) == 1


async def test_who_never_stops_writing_is_answered_all_the_same(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    async with scripted_model(SLOW) as url:
        settings = Settings(data_dir=demo_data, model_url=url, model_name="scripted")
        async with working(settings, redis_url) as desk:
            customer = Customer(desk.handles.postbox)
            writing = asyncio.create_task(writes(customer, ["And how long does that take?"] * 40, 0.25))
            async with asyncio.timeout(60):
                async for event in desk.handles.postbox.events(customer.conversation):
                    if isinstance(event.what, FinalText):
                        break
            assert not writing.done()
            last = await writing
            texts = await replies(customer, last)
            assert 1 < len(texts) < 20


async def test_a_conversation_with_much_mail_lets_others_go_first(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    settings = Settings(data_dir=demo_data, burst_seconds=0, workers=1)
    async with open_desk_on(settings, redis_url, alone=True) as desk:
        talker, other = Customer(desk.handles.postbox), Customer(desk.handles.postbox)
        await asyncio.gather(*(talker.posts(f"How long does delivery take? {number}") for number in range(60)))
        event = await other.posts("How long does delivery take?")
        work = asyncio.create_task(desk.work())
        await other.hears(event)
        happened = await talker.postbox.transcript(talker.conversation)
        assert sum(one.what == DONE for one in happened) <= 1  # of three turns
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_what_is_erased_while_the_reply_is_made_stays_erased(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    async with scripted_model(SLOW) as url:
        settings = Settings(data_dir=demo_data, model_url=url, model_name="scripted")
        async with working(settings, redis_url) as desk:
            customer = Customer(desk.handles.postbox)
            await customer.posts("How long does delivery take?")
            async for event in desk.handles.postbox.events(customer.conversation):
                if isinstance(event.what, TextDelta):
                    break
            assert isinstance(desk.handles.postbox, Mailbox)
            await desk.handles.postbox.erase(customer.conversation)
            await asyncio.sleep(3)
            assert not await desk.handles.postbox.transcript(customer.conversation)
            left = [key async for key in connection.commands.scan_iter(f"*{customer.conversation}*")]
            assert all(key.startswith(("turn:", "dedupe:")) for key in left), left
            heard = await customer.says("Can I return a lamp?")
            assert heard.text


async def test_a_customer_in_a_long_line_is_told_their_place(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    settings = Settings(data_dir=demo_data, busy_after=3)
    async with open_desk_on(settings, redis_url, alone=True) as desk:
        customers = [Customer(desk.handles.postbox) for _ in range(6)]
        events = [await customer.posts("How long does delivery take?") for customer in customers]
        told = [await customer.postbox.transcript(customer.conversation) for customer in customers]
        places = [[getattr(one.what, "place", None) for one in each[1:]] for each in told]
        assert places == [[], [], [], [3], [4], [5]]
        work = asyncio.create_task(desk.work())
        for customer, event in zip(customers, events, strict=True):
            heard = await customer.hears(event)
            assert heard.sources and "restarted" not in heard.statuses
            kinds = [type(one.what) for one in await customer.postbox.transcript(customer.conversation)]
            assert kinds[0] is Said and kinds[-1] is Status and len(kinds) == 4  # nothing that passed is left
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
