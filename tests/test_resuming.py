"""A line that is cut after any frame loses nothing, doubles nothing and shows no wrong word: resumed by event id.

TRIALS sets how many replies are cut: `make proof-resume` cuts 500, each several times.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.assembly import open_desk_on
from bot.redis.connection import Connection
from bot.settings import Settings
from serving.script import Reply, Rule, Script
from serving.scripted_model import scripted_model
from tests.resuming_clients import Client, Resumes
from tests.test_web_desk import RealShop, real_shop
from tests.web_callers import calling

TRIALS = int(os.environ.get("TRIALS", "40"))
AT_ONCE = 8
SECONDS = 60.0  # for one trial, on a machine that has other things to do
STORY = " ".join(
    f"The {animal} {deed}."
    for animal in ("owl", "otter", "badger", "heron", "hedgehog", "mole")
    for deed in ("set out", "met an old friend", "sat down and sang", "went home")
)
TELLS = Script((Rule(Reply(text=STORY, first_token=0.02, tokens_per_second=150)),))


@asynccontextmanager
async def storyteller(demo_data: Path, redis_url: str) -> AsyncIterator[RealShop]:
    async with scripted_model(TELLS) as model:
        settings = Settings(data_dir=demo_data, model_url=model, model_name="scripted", burst_seconds=0)
        async with open_desk_on(settings, redis_url, alone=True) as desk:
            work = asyncio.create_task(desk.work())
            try:
                async with real_shop(desk) as shop:
                    yield shop
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)


async def tried(shop: RealShop, seed: int, way: str, resumes: Resumes = "after the last") -> Client:
    """One reply, or two messages of which the second often restarts the reply to the first; cut again and again."""
    rng = random.Random(seed)
    async with calling(shop) as caller, asyncio.timeout(SECONDS):
        client = Client(caller, rng, resumes)
        messages = [f"m{number}" for number in range(rng.choice((1, 1, 2)))]
        await (client.over_sockets(messages) if way == "sockets" else client.over_streams(messages))
        await client.has_seen_everything()
        return client


@pytest.mark.parametrize("way", ["sockets", "streams"])
async def test_a_line_cut_at_random_shows_the_transcript_byte_by_byte(
    demo_data: Path, redis_url: str, connection: Connection, way: str
) -> None:
    async with storyteller(demo_data, redis_url) as shop:
        free = asyncio.Semaphore(AT_ONCE)

        async def one(seed: int) -> Client:
            async with free:
                return await tried(shop, seed, way)

        clients = await asyncio.gather(*(one(seed) for seed in range(max(1, TRIALS // 2))))
    cuts, deltas = sum(client.cuts for client in clients), sum(client.screen.deltas for client in clients)
    print(f"{len(clients)} trials over {way}: {cuts} cuts, {deltas} deltas")  # noqa: T201
    assert cuts > 2 * len(clients) and deltas > 5 * len(clients), "too few cuts to prove anything"


@pytest.mark.parametrize("way", ["sockets", "streams"])
@pytest.mark.parametrize("resumes", ["from the beginning", "one too late"])
async def test_a_client_that_resumes_elsewhere_is_caught(
    demo_data: Path, redis_url: str, connection: Connection, way: str, resumes: Resumes
) -> None:
    async with storyteller(demo_data, redis_url) as shop:
        with pytest.raises((AssertionError, TimeoutError)):
            for seed in range(3):
                await tried(shop, seed, way, resumes)
