"""One measurement: customers write at a steady pace, and every page and process is watched."""

import asyncio
import json
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from redis import Redis

from serving.bench.desk_processes import Desk
from serving.desk_bench.pages import Page
from serving.desk_bench.shop import WANTS, Customer, Shop

A_SECOND = 8  # words of customers
JOINS_EVERY = 16  # of these words one is somebody's first, who joins the line
SETTLES = 2.0  # seconds, after a measurement and before the next
AT_REST = 0.1  # of one core: a desk that starts with an empty folder learns first
LEARNS = 120.0  # seconds, at most


class Measured(msgspec.Struct, frozen=True):
    name: str
    words: int
    rows: list[float]
    talks: list[float]
    joins: list[float]
    opened: list[float]
    desk_cpu: float  # of one core
    redis_cpu: float
    page_bytes: float  # a second


async def measure(
    name: str, shop: Shop, redis: Redis, pages: Sequence[Page], taken: Sequence[Customer], seconds: float
) -> Measured:
    await _at_rest(shop.desk)
    opened = [await _open_anew(shop) for _ in range(5)]
    for page in pages:
        page.begin()
    desk_before, redis_before, began = shop.desk.cpu(), _redis_seconds(redis), time.perf_counter()
    words = await _write(shop, taken, seconds)
    took = time.perf_counter() - began
    desk, own = (shop.desk.cpu() - desk_before) / took, (_redis_seconds(redis) - redis_before) / took
    sent = sum(page.bytes for page in pages) / len(pages) / took
    await asyncio.sleep(SETTLES)
    rows, talks, joins = (
        _all(page.rows for page in pages),
        _all(page.talks for page in pages),
        _all(page.joins for page in pages),
    )
    if len(rows) < words * len(pages):
        print(f"{name}: {words * len(pages) - len(rows)} rows were told together with newer words.", file=sys.stderr)  # noqa: T201
    return Measured(name, words, rows, talks, joins, opened, desk, own, sent)


async def _write(shop: Shop, taken: Sequence[Customer], seconds: float) -> int:
    """At a steady pace, however long the answers take. Returns how many words of those whom staff have."""
    words = 0
    async with asyncio.TaskGroup() as group:
        began = time.perf_counter()
        for number in range(int(seconds * A_SECOND)):
            await asyncio.sleep(max(0.0, began + number / A_SECOND - time.perf_counter()))
            if number % JOINS_EVERY == JOINS_EVERY - 1:
                (new,) = shop.customers(1)
                shop.sent.joins[new.conversation] = time.perf_counter()
                group.create_task(shop.post(new, WANTS))
                continue
            customer, text = taken[number % len(taken)], f"word {time.monotonic_ns()}"
            shop.sent.words[customer.conversation, text] = time.perf_counter()
            group.create_task(shop.post(customer, text))
            words += 1
    return words


async def _open_anew(shop: Shop) -> float:
    began = time.perf_counter()
    async with shop.staff[0].socket() as socket:
        while json.loads(await socket.recv())["kind"] != "line":
            pass
        return time.perf_counter() - began


async def _at_rest(desk: Desk) -> None:
    async with asyncio.timeout(LEARNS):
        while True:
            before = desk.cpu()
            await asyncio.sleep(SETTLES)
            if (desk.cpu() - before) / SETTLES < AT_REST:
                return


def _redis_seconds(redis: Redis) -> float:
    spent: Any = redis.info("cpu")
    return float(spent["used_cpu_user"] + spent["used_cpu_sys"])


def _all(lists: Iterable[list[float]]) -> list[float]:
    return [one for each in lists for one in each]
