"""Customers who ask at the same time, and what it took to answer them: times, CPU, round trips to Redis."""

import asyncio
import cProfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from statistics import quantiles

import msgspec
from redis.asyncio import Redis

from serving.bench.questions import Question, conversations
from serving.bench.surroundings import Surroundings

WARM_UP_AT_ONCE = 64
WARM_UP_TURNS = 24  # or as many as there are customers: caches full, connections open
COUNTED_TURNS = 12
END_OF_COUNT = "bench:end"
INTRODUCTION = {"hello", "client"}  # what a new connection says once


class Answered(msgspec.Struct, frozen=True):
    first_text: float  # a reading of time.perf_counter(), when the first text was seen
    as_meant: bool = True  # by whom it should have been: not by the answerer that steps in for a model


Ask = Callable[[Question], Awaitable[Answered]]
Row = Callable[[Surroundings], AbstractAsyncContextManager[Ask]]


class Timed(msgspec.Struct, frozen=True):
    """Seconds."""

    first_text: float
    whole: float
    as_meant: bool


class Figures(msgspec.Struct, frozen=True):
    """One row of the table; milliseconds, and for CPU milliseconds per turn."""

    row: str
    at_once: int
    turns: int
    p50: float
    p95: float
    first_p50: float
    first_p95: float
    cpu: float
    redis_cpu: float
    model_cpu: float
    model_busy: float  # share of one core, 0..1
    per_second: float
    not_as_meant: int
    round_trips: float  # to Redis, per turn of a single customer
    commands: dict[str, float]  # the same, by command


async def measure(
    row: Row, name: str, at_once: int, turns: int, around: Surroundings, profile: Path | None = None
) -> Figures:
    async with row(around) as ask:
        await _play(ask, min(at_once, WARM_UP_AT_ONCE), max(at_once, WARM_UP_TURNS))
        profiler = cProfile.Profile()
        before, began = around.cpu(), time.perf_counter()
        if profile:
            profiler.enable()
        timed = await _play(ask, at_once, turns)
        profiler.disable()
        wall, after = time.perf_counter() - began, around.cpu()
        if profile:
            profiler.dump_stats(profile)
        commands = await _commands(ask, around.redis_url)
    whole, first = [one.whole for one in timed], [one.first_text for one in timed]
    return Figures(
        row=name,
        at_once=at_once,
        turns=turns,
        p50=_percentile(whole, 50) * 1000,
        p95=_percentile(whole, 95) * 1000,
        first_p50=_percentile(first, 50) * 1000,
        first_p95=_percentile(first, 95) * 1000,
        cpu=(after.own - before.own) / turns * 1000,
        redis_cpu=(after.redis - before.redis) / turns * 1000,
        model_cpu=(after.model - before.model) / turns * 1000,
        model_busy=(after.model - before.model) / wall,
        per_second=turns / wall,
        not_as_meant=sum(not one.as_meant for one in timed),
        round_trips=sum(commands.values()),
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
            timed.append(Timed(answered.first_text - began, time.perf_counter() - began, answered.as_meant))

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(customers())
    return timed


async def _commands(ask: Ask, redis_url: str) -> dict[str, float]:
    """What Redis is asked in a turn, by name; what scripts do inside of it is no round trip."""
    async with Redis.from_url(redis_url, decode_responses=True) as redis, redis.monitor() as monitor:
        await _play(ask, 1, COUNTED_TURNS)
        await redis.echo(END_OF_COUNT)
        counted: Counter[str] = Counter()
        async for command in monitor.listen():
            if END_OF_COUNT in command["command"]:
                break
            name = command["command"].split()[0].lower()
            if command["client_type"] != "lua" and name not in INTRODUCTION:
                counted[name] += 1
    return {name: count / COUNTED_TURNS for name, count in counted.items()}


def _percentile(values: list[float], percent: int) -> float:
    if len(values) < 2:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]
