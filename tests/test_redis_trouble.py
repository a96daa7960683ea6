"""Redis is gone, slow, full or started anew under a desk at work: nothing accepted is lost, nothing is done twice, and
the desk goes on by itself."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest
from redis.asyncio import Redis
from redis.exceptions import TimeoutError as RedisTimeout

from bot.assembly import ShopDesk, open_desk_on
from bot.keys import GROUP, LEASE_SECONDS, Keys
from bot.messages import Incoming, Said
from bot.redis.connection import COMMAND_SECONDS, connect
from bot.settings import Settings
from serving.chaos.servers import Server, server
from serving.chaos.steady_load import Kept, Writer
from tests.redis_servers import binary_of
from tests.running import running
from tests.talking import Customer

BACK_SECONDS = 20.0  # it is back within five on a machine that has little else to do
WRITERS = 12
BOTH = pytest.mark.parametrize("which", ["6.2", "7"])


@pytest.fixture
def redis(which: str, tmp_path: Path) -> Iterator[Server]:
    """A server of this test's own."""
    with server(binary_of(which), tmp_path / "redis") as started:
        yield started


@asynccontextmanager
async def at_work(data: Path, redis: Server) -> AsyncIterator[ShopDesk]:
    async with open_desk_on(Settings(data_dir=data, burst_seconds=0), redis.url, alone=False) as desk:
        work = asyncio.create_task(desk.work())
        try:
            yield desk
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


async def gone(redis: Server) -> None:
    redis.kill()
    await asyncio.sleep(2)
    redis.start()


async def started_anew(redis: Server) -> None:
    with redis.client() as client:
        client.shutdown(save=False)
    assert redis.process
    redis.process.wait()
    redis.start()


async def slow(redis: Server) -> None:
    redis.stall()
    await asyncio.sleep(3)
    redis.resume()


async def very_slow(redis: Server) -> None:
    redis.stall()
    await asyncio.sleep(8)
    redis.resume()


@pytest.mark.parametrize(
    ("which", "trouble"), [("6.2", gone), ("7", gone), ("7", started_anew), ("6.2", slow), ("7", very_slow)]
)
async def test_under_load_nothing_is_lost_or_done_twice_and_the_desk_is_back_within_five_seconds(
    demo_data: Path, redis: Server, which: str, trouble: Callable[[Server], asyncio.Future[None]]
) -> None:
    async with at_work(demo_data, redis) as desk:
        postbox = desk.handles.postbox
        writers = [Writer(postbox, f"test:{number}", patient=number % 3 > 0) for number in range(WRITERS)]
        over = asyncio.Event()
        load = [asyncio.create_task(writer.write_until(over.is_set)) for writer in writers]
        await asyncio.sleep(1)
        await trouble(redis)
        back = time.monotonic()
        async with asyncio.timeout(40):
            while not all(is_back(writer, back) for writer in writers):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        waited = time.monotonic() - back
        over.set()
        await asyncio.gather(*load)
        kept = sum([await writer.kept() for writer in writers], Kept())
    refused = sum(writer.refusals for writer in writers)
    sys.stdout.write(
        f"\n{which} {trouble.__name__}: accepted and answered again {waited:.2f} s after; refused {refused}, {kept}\n"
    )
    assert kept.accepted > 2 * WRITERS
    assert (kept.lost, kept.unanswered, kept.duplicate, kept.out_of_order) == (0, 0, 0, 0)
    assert waited < BACK_SECONDS


def is_back(writer: Writer, since: float) -> bool:
    """Something was accepted since, and answered where that is waited for."""
    later = [moment for _, moment in writer.accepted if moment > since]
    return bool(later) and (not writer.patient or any(moment > since for moment in writer.answered))


@BOTH
async def test_a_full_redis_refuses_what_is_new_answers_what_it_has_and_goes_on_when_there_is_room(
    demo_data: Path, redis: Server
) -> None:
    async with at_work(demo_data, redis) as desk:
        await Customer(desk.handles.postbox).says("hello")
    async with open_desk_on(Settings(data_dir=demo_data, burst_seconds=0), redis.url, alone=False) as desk:
        waiting = [Customer(desk.handles.postbox) for _ in range(5)]
        accepted = [await customer.posts("How long does delivery take?") for customer in waiting]
        with redis.client() as client:
            client.config_set("maxmemory", 1)
        work = asyncio.create_task(desk.work())
        with pytest.raises(ConnectionError, match="not stored"):
            await Customer(desk.handles.postbox).posts("hello")
        async with asyncio.timeout(40):
            for customer, event in zip(waiting, accepted, strict=True):
                assert "working days" in (await customer.hears(event)).text
        with pytest.raises(ConnectionError, match="not stored"):
            await waiting[0].posts("thank you")
        with redis.client() as client:
            client.config_set("maxmemory", 0)
        async with asyncio.timeout(BACK_SECONDS):
            assert (await waiting[0].says("thank you")).text
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


@BOTH
async def test_one_that_is_full_in_the_middle_of_a_conversation_loses_nothing(demo_data: Path, redis: Server) -> None:
    async with at_work(demo_data, redis) as desk:
        customer = Customer(desk.handles.postbox)
        await customer.says("hello")
        event = await customer.posts("How long does delivery take?")
        with redis.client() as client:
            client.config_set("maxmemory", 1)
        async with asyncio.timeout(40):
            assert "working days" in (await customer.hears(event)).text
        with pytest.raises(ConnectionError, match="not stored"):
            await customer.posts("thank you")


@BOTH
async def test_a_message_that_a_stalled_redis_did_not_confirm_is_one_message_when_it_is_sent_again(
    demo_data: Path, redis: Server
) -> None:
    async with open_desk_on(Settings(data_dir=demo_data, burst_seconds=0), redis.url, alone=False) as desk:
        postbox = desk.handles.postbox
        said = Incoming("test", "test:a", "1", "hello")
        await postbox.accept(Incoming("test", "test:a", "0", "before"))
        redis.stall()
        with pytest.raises(ConnectionError, match="not stored"):
            await postbox.accept(said)
        redis.resume()
        event = await postbox.accept(said)
        stored = [one for one in await postbox.transcript("test:a") if isinstance(one.what, Said)]
        assert [one.what.message for one in stored if isinstance(one.what, Said)] == ["0", "1"]
        assert stored[1].id == event


@pytest.mark.parametrize("which", ["6.2"])
async def test_what_is_asked_together_is_given_up_as_well(redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.redis.connection.COMMAND_SECONDS", 0.2)
    async with connect(redis.url) as connection, connection.commands.pipeline(transaction=False) as together:
        redis.stall()
        async with asyncio.timeout(20):
            with pytest.raises(RedisTimeout):
                await together.hgetall("a").hgetall("b").execute()
        redis.resume()


@pytest.mark.parametrize("which", ["6.2"])
async def test_a_write_to_a_stalled_redis_is_written_once_where_the_driver_alone_writes_it_again(redis: Server) -> None:
    async with connect(redis.url) as connection, Redis(port=redis.port, socket_timeout=1) as stock:
        assert await stock.ping() and await connection.commands.ping()
        assert await is_doubtful_after(redis, connection.commands.xadd("ours", {"x": "1"}), COMMAND_SECONDS + 0.5)
        assert not await is_doubtful_after(redis, stock.xadd("theirs", {"x": "1"}), 1.5)
        assert await connection.commands.xlen("ours") == 1
        assert await connection.commands.xlen("theirs") == 2


async def is_doubtful_after(redis: Server, write: Awaitable[object], seconds: float) -> bool:
    """Whether the writer was told that it is not known to be written."""
    redis.stall()
    writing = asyncio.ensure_future(write)
    await asyncio.sleep(seconds)
    redis.resume()
    (answer,) = await asyncio.gather(writing, return_exceptions=True)
    return isinstance(answer, RedisTimeout)


@pytest.mark.parametrize("which", ["7"])
async def test_the_web_says_503_and_when_to_try_again_while_redis_is_gone(demo_data: Path, redis: Server) -> None:
    with running(demo_data, redis_url=redis.url) as shop:
        async with aiohttp.ClientSession(shop.url) as http:
            async with http.post("/v1/conversations", json={}) as answer:
                started = await answer.json()
            path = f"/v1/conversations/{started['conversation']}/messages"
            proof = {"Authorization": f"Bearer {started['token']}"}
            redis.kill()
            async with http.post(path, json={"id": "1", "text": "hello"}, headers=proof) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
            redis.start()
            async with asyncio.timeout(BACK_SECONDS):
                while (status := await posted(http, path, proof)) != 200:
                    assert status == 503
                    await asyncio.sleep(0.1)


async def posted(http: aiohttp.ClientSession, path: str, proof: dict[str, str]) -> int:
    async with http.post(path, json={"id": "1", "text": "hello"}, headers=proof) as answer:
        return answer.status


@BOTH
async def test_what_was_given_to_a_read_that_broke_off_is_served_as_soon_as_the_worker_reads_again(
    demo_data: Path, redis: Server
) -> None:
    keys, where = Keys(), "test:lost"
    ready, letter = keys.ready(keys.tag(where)), Incoming("test", where, "1", "How long does delivery take?")
    async with at_work(demo_data, redis) as desk:
        await Customer(desk.handles.postbox).says("hello")
        with redis.client() as client:
            (consumer,) = client.xinfo_consumers(ready, GROUP)
            with client.pipeline(transaction=True) as at_once:
                at_once.rpush(keys.mailbox(where), f"1-1 {msgspec.json.encode(letter).decode()}")
                at_once.xadd(ready, {"conversation": where})
                at_once.xreadgroup(GROUP, consumer["name"], {ready: ">"})
                at_once.execute()
            client.client_kill_filter(_type="normal", skipme=True)
        customer = Customer(desk.handles.postbox, conversation=where)
        async with asyncio.timeout(LEASE_SECONDS / 2):
            assert "working days" in await heard_at_last(customer, "1-1")


async def heard_at_last(customer: Customer, event: str) -> str:
    """Over connections that were all cut a moment ago."""
    while True:
        try:
            return (await customer.hears(event)).text
        except ConnectionError:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("which", ["7"])
async def test_a_shard_that_nobody_needs_costs_little(redis: Server, demo_data: Path) -> None:
    settings = Settings(data_dir=demo_data, shards=64, burst_seconds=0)
    async with open_desk_on(settings, redis.url, alone=False) as desk:
        work = asyncio.create_task(desk.work())
        assert (await Customer(desk.handles.postbox).says("hello")).text
        busy = 1.0
        for _ in range(3):  # the process may have other things to do in one of them
            before, began = time.process_time(), time.monotonic()
            await asyncio.sleep(2)
            busy = min(busy, (time.process_time() - before) / (time.monotonic() - began))
        sys.stdout.write(f"\nan idle worker of 64 shards: {busy:.1%} of a core\n")
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    assert busy < 0.15
