"""One subscription for all who listen: whoever comes and goes while Redis dies, those who stay hear what is told."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from bot.listening import Listener
from bot.redis.connection import connect
from serving.chaos.servers import Server, server
from tests.redis_servers import binary_of

DEATHS = 4
PASSING = 40  # who listen for a moment, again and again
STAY = [f"stays:{number}" for number in range(20)]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Server]:
    with server(binary_of("6.2"), tmp_path / "redis") as started:
        yield started


async def test_who_stays_hears_on_however_often_redis_dies_while_others_come_and_go(redis: Server) -> None:
    heard: set[str] = set()

    async def pass_by(number: int) -> None:
        while True:
            async with listener.listen(f"passing:{number}"):
                await asyncio.sleep(0.001 * (number % 7))

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
        for _ in range(DEATHS):
            await asyncio.to_thread(redis.kill)
            await asyncio.to_thread(redis.start)
            heard.clear()
            async with asyncio.timeout(20):
                while len(heard) < len(STAY):
                    for channel in STAY:
                        with contextlib.suppress(RedisError):
                            await connection.commands.publish(channel, "1-0 - what is told")
                    await asyncio.sleep(0.1)
        for task in going:
            task.cancel()
