"""One subscription for all who listen: whoever comes and goes, those who stay hear on after Redis was in trouble."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from bot.listening import Listener
from bot.redis import subscription
from bot.redis.connection import connect
from serving.chaos.servers import Server, server
from tests.redis_servers import binary_of

TIMES = 4
SILENCE = 0.2
PASSING = 40  # who listen for a moment, again and again
STAY = [f"stays:{number}" for number in range(20)]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Server]:
    with server(binary_of("6.2"), tmp_path / "redis") as started:
        yield started


async def kill(redis: Server) -> None:
    await asyncio.to_thread(redis.kill)
    await asyncio.to_thread(redis.start)


async def stall(redis: Server) -> None:
    redis.stall()
    await asyncio.sleep(4 * SILENCE)
    redis.resume()


@pytest.mark.parametrize("trouble", [kill, stall])
async def test_who_stays_hears_on_whatever_redis_does_while_others_come_and_go(
    redis: Server, trouble: Callable[[Server], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", SILENCE)
    heard: set[str] = set()

    async def pass_by(number: int) -> None:
        while True:
            async with listener.listen(f"passing:{number}"):
                await asyncio.sleep(0.001 * (1 + number % 7))

    async def stay(channel: str) -> None:
        async with listener.listen(channel) as present:
            async for told in present:
                if told:
                    heard.add(channel)

    async with (
        connect(redis.url) as connection,
        Listener(connection).running() as listener,
        asyncio.TaskGroup() as group,
    ):
        going = [group.create_task(pass_by(number)) for number in range(PASSING)]
        going += [group.create_task(stay(channel)) for channel in STAY]
        for _ in range(TIMES):
            await trouble(redis)
            heard.clear()
            async with asyncio.timeout(20):
                while len(heard) < len(STAY):
                    for channel in STAY:
                        with contextlib.suppress(RedisError):
                            await connection.commands.publish(channel, "1-0 - what is told")
                    await asyncio.sleep(0.1)
        for task in going:
            task.cancel()


async def test_who_comes_as_another_leaves_reads_the_past_before_anything_else(redis: Server) -> None:
    async with connect(redis.url) as connection, Listener(connection).running() as listener:
        async with listener.listen("talk") as present, asyncio.timeout(20):
            assert await anext(present) is None
            with redis.client() as elsewhere:
                assert elsewhere.publish("talk", "2-0 - the end of what the one who leaves has not heard") == 1
        async with listener.listen("talk") as present, asyncio.timeout(20):
            assert await anext(present) is None
