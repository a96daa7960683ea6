"""Customers who ask at the same time, and what it took to answer them: times, CPU, round trips to Redis."""

import asyncio
import cProfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from hashlib import sha1
from pathlib import Path

import msgspec
from redis.asyncio import Redis

from bot.redis.connection import SCRIPTS, script_text
from serving.bench.figures import Figures, percentile
from serving.bench.questions import Question, conversations
from serving.bench.surroundings import Surroundings

WARM_UP_AT_ONCE = 64
WARM_UP_TURNS = 24  # or as many as there are customers: caches full, connections open
COUNTED_TURNS = 12
END_OF_COUNT = "bench:end"
INTRODUCTION = {"hello", "client"}  # what a new connection says once
# said by the clock, however many turns there are: leases kept, abandoned mail looked for, queues watched
BY_THE_CLOCK = {
    "take_errand",
    "sign_with",
    "xautoclaim",
    "pexpire",
    "xclaim",
    "ping",
    "info",
    "xlen",
    "xinfo",
    "xpending",
    "zcard",
    "zrange",
    "hold",  # roles of which one process has each
    "keep",  # leases of those that are served
    "hget",  # the knowledge that serves, and the secret
    "take_clock",
    "zmscore",  # facts of turns are written into the database together, once a second
    "xdel",
}
AT_THE_DOOR = {"subscribe", "unsubscribe", "xrange"}  # when a chat at the WebSocket is opened or closed
BLOCKING = "xreadgroup"  # one of them that came back empty waited for no turn


class Answered(msgspec.Struct, frozen=True):
    first_text: float  # a reading of time.perf_counter(), when the first text was seen
    as_meant: bool = True  # by whom it should have been: not by the answerer that steps in for a model
    asked: float = 0.0  # another reading: when it was sent, where something had to be done before


Ask = Callable[[Question], Awaitable[Answered]]
Row = Callable[[Surroundings], AbstractAsyncContextManager[Ask]]


class Timed(msgspec.Struct, frozen=True):
    """Seconds."""

    first_text: float
    whole: float
    as_meant: bool


async def measure(
    row: Row, name: str, at_once: int, turns: int, around: Surroundings, profile: Path | None = None
) -> Figures:
    async with row(around) as ask:
        await _play(ask, min(at_once, WARM_UP_AT_ONCE), max(at_once, WARM_UP_TURNS))
        profiler = cProfile.Profile(time.thread_time)  # not the time in which others had the core
        before, began = around.cpu(), time.perf_counter()
        if profile:
            profiler.enable()
        timed = await _play(ask, at_once, turns)
        profiler.disable()
        wall, after = time.perf_counter() - began, around.cpu()
        if profile:
            profiler.dump_stats(profile)
        commands = await _commands(ask, around.redis_url)
        of_a_chat = AT_THE_DOOR if around.measured else set()
    whole, first = [one.whole for one in timed], [one.first_text for one in timed]
    return Figures(
        row=name,
        at_once=at_once,
        turns=turns,
        p50=percentile(whole, 50) * 1000,
        p95=percentile(whole, 95) * 1000,
        first_p50=percentile(first, 50) * 1000,
        first_p95=percentile(first, 95) * 1000,
        cpu=(after.own - before.own) / turns * 1000,
        redis_cpu=(after.redis - before.redis) / turns * 1000,
        model_cpu=(after.model - before.model) / turns * 1000,
        model_busy=(after.model - before.model) / wall,
        per_second=turns / wall,
        not_as_meant=sum(not one.as_meant for one in timed),
        round_trips=sum(count for name, count in commands.items() if name not in of_a_chat),
        commands=commands,
    )


async def _play(ask: Ask, at_once: int, turns: int) -> list[Timed]:
    timed: list[Timed] = []
    left, coming = iter(range(turns)), conversations()

    async def customers() -> None:
        """One after the other; each waits for a reply before the next question."""
        asking: Iterator[Question] = iter(())
        for _ in left:
            question = next(asking, None)
            if question is None:
                asking = next(coming)
                question = next(asking)
            began = time.perf_counter()
            answered = await ask(question)
            began = answered.asked or began
            timed.append(Timed(answered.first_text - began, time.perf_counter() - began, answered.as_meant))

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(customers())
    return timed


async def _commands(ask: Ask, redis_url: str) -> dict[str, float]:
    """What Redis is asked in a turn, by name; what scripts do inside of it is no round trip."""
    scripts = {sha1(script_text(one.stem).encode()).hexdigest(): one.stem for one in SCRIPTS.glob("*.lua")}
    async with Redis.from_url(redis_url, decode_responses=True) as redis, redis.monitor() as monitor:
        await _play(ask, 1, COUNTED_TURNS)
        await redis.echo(END_OF_COUNT)
        counted: Counter[str] = Counter()
        async for command in monitor.listen():
            if END_OF_COUNT in command["command"]:
                break
            name, _, rest = command["command"].partition(" ")
            name = scripts.get(rest.partition(" ")[0], name.lower())
            if command["client_type"] != "lua" and name not in INTRODUCTION | BY_THE_CLOCK:
                counted[name] += 1
    counted[BLOCKING] = min(counted[BLOCKING], COUNTED_TURNS)
    return {name: count / COUNTED_TURNS for name, count in counted.items() if count}
