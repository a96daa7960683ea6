"""Platforms' limits are kept over all processes: so many at once, so many a second, and the rest is told to wait."""

import asyncio
import time

from bot.channels import Bucket
from bot.pace import RedisPace
from bot.redis.connection import Connection

CHAT = Bucket("chat:7", per_second=10, at_once=3)
SLOW = Bucket("chat:8", per_second=0.1, at_once=3)
ALL = Bucket("all", per_second=1000, at_once=1000)


async def test_so_many_at_once_and_then_one_after_the_other(connection: Connection) -> None:
    pace = RedisPace(connection)
    waits = [await pace.take("here:1", [SLOW, ALL]) for _ in range(4)]
    assert waits[:3] == [0, 0, 0]
    assert 0 < waits[3] <= 10


async def test_who_waits_as_long_as_told_may_go_on_and_the_average_is_kept(connection: Connection) -> None:
    pace, began, taken = RedisPace(connection), time.monotonic(), 0
    while taken < 13:
        if wait := await pace.take("here:1", [CHAT]):
            await asyncio.sleep(wait)
        else:
            taken += 1
    assert time.monotonic() - began >= (13 - 3) / 10 - 0.02


async def test_one_that_is_empty_takes_nothing_out_of_the_others(connection: Connection) -> None:
    pace, few = RedisPace(connection), Bucket("few", per_second=0.1, at_once=2)
    for _ in range(3):
        await pace.take("here:1", [SLOW])
    assert await pace.take("here:1", [few, SLOW]) > 0
    assert [await pace.take("here:1", [few]) for _ in range(3)][:2] == [0, 0]


async def test_what_can_be_shed_leaves_a_share_for_what_cannot(connection: Connection) -> None:
    pace, slow = RedisPace(connection), Bucket("slow", per_second=0.01, at_once=10)
    shed = [await pace.take("here:1", [slow], spare=0.5) for _ in range(7)]
    assert [wait == 0 for wait in shed] == [True] * 5 + [False] * 2
    assert [await pace.take("here:1", [slow]) == 0 for _ in range(6)] == [True] * 5 + [False]


async def test_a_bucket_that_the_platform_closed_stays_closed_for_that_long_and_no_other(
    connection: Connection,
) -> None:
    pace = RedisPace(connection)
    await pace.hold("here:1", CHAT.name, 30)
    assert 29 < await pace.take("here:1", [ALL, CHAT]) <= 30
    assert await pace.take("here:1", [ALL]) == 0
    assert await pace.take("here:2", [CHAT]) == 0
    await pace.hold("here:1", CHAT.name, 0.01)
    await asyncio.sleep(0.05)
    assert await pace.take("here:1", [CHAT]) == 0


async def test_two_processes_share_one_bucket(connection: Connection) -> None:
    one, two = RedisPace(connection), RedisPace(connection)
    waits = await asyncio.gather(*(pace.take("here:1", [SLOW]) for pace in (one, two) * 4))
    assert sum(wait == 0 for wait in waits) == 3
