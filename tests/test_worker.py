"""The worker under what really happens: cancellation, silence, many messages, other workers, broken turns."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.assembly import ShopDesk, open_desk_on
from bot.keys import LEASE_SECONDS, Keys
from bot.messages import FinalText, Incoming
from bot.redis.connection import Connection
from bot.redis.embedded import embedded_redis
from bot.settings import Settings
from serving.script import Reply, Rule, Script
from serving.scripted_model import scripted_model
from tests.members import member, staff_says
from tests.talking import Customer


@asynccontextmanager
async def at_work(settings: Settings, redis_url: str, alone: bool = True) -> AsyncIterator[ShopDesk]:
    async with open_desk_on(settings, redis_url, alone=alone) as desk:
        work = asyncio.create_task(desk.work())
        try:
            yield desk
        finally:
            work.cancel()
            async with asyncio.timeout(30):
                await asyncio.gather(work, return_exceptions=True)


@pytest.mark.parametrize("steps", range(8))
async def test_a_command_that_is_cancelled_at_any_step_is_cancelled(connection: Connection, steps: int) -> None:
    async def command() -> None:
        await connection.commands.set("test", "x")

    task = asyncio.create_task(command())
    for _ in range(steps):
        await asyncio.sleep(0)
    was_done = task.done()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled() or was_done
    assert await connection.commands.ping()


async def test_a_desk_that_is_stopped_at_any_moment_after_its_start_stops(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    async with open_desk_on(Settings(data_dir=demo_data, burst_seconds=0), redis_url, alone=True) as desk:
        for steps in range(40):
            work = asyncio.create_task(desk.work())
            for _ in range(steps):
                await asyncio.sleep(0)
            work.cancel()
            async with asyncio.timeout(30):
                await asyncio.gather(work, return_exceptions=True)


async def test_twenty_five_waiting_messages_are_two_turns(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    async with open_desk_on(Settings(data_dir=demo_data, burst_seconds=0), redis_url, alone=True) as desk:
        customer = Customer(desk.handles.postbox)
        for number in range(24):
            await customer.posts(f"message {number}")
        last = await customer.posts("thank you")
        work = asyncio.create_task(desk.work())
        await customer.hears(last)
        texts = [e for e in await customer.postbox.transcript(customer.conversation) if isinstance(e.what, FinalText)]
        assert len(texts) == 2
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_a_worker_that_is_stopped_hands_its_conversations_to_the_next_at_once(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    slow = Script((Rule(Reply(text="Here you are.", first_token=30)),))
    async with scripted_model(slow) as url:
        settings = Settings(
            data_dir=demo_data, burst_seconds=0, model_url=url, model_name="scripted", model_first_token_seconds=60
        )
        async with at_work(settings, redis_url, alone=False) as stopped:
            customer = Customer(stopped.handles.postbox)
            event = await customer.posts("How long does delivery take?")
            while not await connection.commands.exists(Keys().lease(customer.conversation)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        async with at_work(Settings(data_dir=demo_data, burst_seconds=0), redis_url, alone=False) as other:
            customer.postbox = other.handles.postbox
            async with asyncio.timeout(LEASE_SECONDS * 0.6):
                assert "working days" in (await customer.hears(event)).text


async def test_a_session_that_cannot_be_used_any_more_is_answered(desk: ShopDesk, connection: Connection) -> None:
    customer = Customer(desk.handles.postbox)
    await customer.says("多久能送到？")
    key = Keys().session(customer.conversation)
    saved = str(await connection.commands.get(key))
    await connection.commands.set(key, saved.replace('"language":"zh"', '"language":"tlh"'))
    assert (await customer.says("ok")).text
    await connection.commands.set(key, "this is no session")
    assert "working days" in (await customer.says("How long does delivery take?")).text


async def test_an_emptied_redis_is_served_again(desk: ShopDesk, connection: Connection) -> None:
    await Customer(desk.handles.postbox).says("hello")
    await connection.commands.flushall()
    customer = Customer(desk.handles.postbox)
    assert (await customer.says("How long does delivery take?")).text


async def test_a_connection_that_falls_silent_is_noticed_and_replaced(demo_data: Path, tmp_path: Path) -> None:
    with embedded_redis(tmp_path / "redis") as redis:
        async with (
            silenceable(redis.url.removeprefix("unix://")) as (url, silence),
            at_work(Settings(data_dir=demo_data, burst_seconds=0), url) as desk,
        ):
            customer = Customer(desk.handles.postbox)
            await customer.says("hello")
            silence()
            async with asyncio.timeout(40):
                while True:
                    with contextlib.suppress(ConnectionError):
                        event = await customer.posts("How long does delivery take?")
                        break
                assert "working days" in (await customer.hears(event)).text


@asynccontextmanager
async def silenceable(path: str) -> AsyncIterator[tuple[str, Callable[[], None]]]:
    """A way to Redis whose open connections can be made to say nothing more; new ones work."""
    deaf: set[asyncio.Task[None]] = set()
    pumps: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if asyncio.current_task() in deaf:
                continue
            writer.write(data)
            await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(path)
        both = {asyncio.create_task(pump(reader, back)), asyncio.create_task(pump(there, writer))}
        pumps.update(both)
        await asyncio.wait(both)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield f"redis://127.0.0.1:{port}", lambda: deaf.update(pumps)
    for task in pumps:
        task.cancel()
    server.close()


async def test_whoever_asks_for_a_person_among_other_things_is_answered_and_told(desk: ShopDesk) -> None:
    customer = Customer(desk.handles.postbox)
    first = await customer.posts("I want to talk to a human")
    last = await customer.posts("How long does delivery take?")
    texts = (await customer.hears(first)).text, (await customer.hears(last)).text
    everything = "\n".join(texts)
    assert "I have put you in the line" in everything and "working days" in everything
    assert [one.conversation for one in await desk.staff.handoffs()] == [customer.conversation]


async def test_two_customers_of_one_conversation_are_told_apart(desk: ShopDesk) -> None:
    postbox, where = desk.handles.postbox, "test:shared"

    async def says(who: str, number: int) -> str:
        return await postbox.accept(Incoming("test", where, str(number), "What did I buy?", customer=who))

    for number, who in enumerate(("c-ada-holm", "c-lin-xiaoman", "", "c-nobody")):
        event = await says(who, number)
        said = "\n".join([e.what.text async for e in postbox.reply(where, event) if isinstance(e.what, FinalText)])
        assert ("Two Otter Tent" in said) == (who == "c-ada-holm"), (who, said)
        assert ("OT-20578850" in said) == (who == "c-lin-xiaoman"), (who, said)


async def test_staff_write_only_where_they_have_the_conversation(desk: ShopDesk) -> None:
    customer = Customer(desk.handles.postbox)
    await customer.says("hello")
    with pytest.raises(ValueError, match="no conversation"):
        await desk.staff.take(member(), "test:mistyped")
    with pytest.raises(ValueError, match=r"Take .* first"):
        await staff_says(desk.staff, "mia", customer.conversation, "Hello!")
    await desk.staff.take(member(), customer.conversation)
    with pytest.raises(ValueError, match="taken by mia"):
        await desk.staff.take(member("ben"), customer.conversation)
