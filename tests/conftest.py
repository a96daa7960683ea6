"""What every test may use: a real Redis, a prepared demo shop, and whole desks over them."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.assembly import ShopDesk, open_desk_on
from bot.opening.knowledge import open_publishing
from bot.redis.connection import Connection, connect
from bot.redis.embedded import embedded_redis
from bot.settings import Settings
from tests.talking import Customer

pytest_plugins = ("tests.shop_fixtures", "tests.redis_servers", "tests.discord_fixtures")


# What is found must not depend on whether MiniLM is installed: a test that wants it says so.
Settings.model_fields["embedder"].default = "none"
Settings.model_rebuild(force=True)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with embedded_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest_asyncio.fixture
async def connection(redis_url: str) -> AsyncIterator[Connection]:
    """An empty Redis."""
    async with connect(redis_url) as opened:
        await opened.commands.flushall()
        yield opened


@pytest.fixture(scope="session")
def prepared_data(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the demo shop in it; copy it rather than change it."""
    folder = tmp_path_factory.mktemp("demo-data")

    async def prepare() -> None:
        async with open_desk_on(Settings(data_dir=folder), redis_url, alone=True):
            pass
        async with open_publishing(Settings(data_dir=folder)) as publishing:
            await publishing.learn()

    asyncio.run(prepare())
    return folder


@pytest.fixture
def demo_data(prepared_data: Path, tmp_path: Path) -> Path:
    """This test's own copy of the demo shop."""
    return Path(shutil.copytree(prepared_data, tmp_path / "data"))


@pytest_asyncio.fixture
async def desk(demo_data: Path, redis_url: str, connection: Connection) -> AsyncIterator[ShopDesk]:
    """A desk without a model, at work."""
    async with open_desk_on(Settings(data_dir=demo_data, burst_seconds=0), redis_url, alone=True) as opened:
        work = asyncio.create_task(opened.work())
        yield opened
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


@pytest.fixture
def customer(desk: ShopDesk) -> Customer:
    return Customer(desk.handles.postbox)
