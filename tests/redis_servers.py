"""Every kind of Redis that the desk promises to run on: 6.2 as our wheel carries it, 7 of the system, and a cluster."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from bot.assembly import ShopDesk, open_desk_on
from bot.keys import Keys
from bot.redis.connection import Connection, connect
from bot.redis.embedded import server_binary
from bot.settings import Settings
from serving.chaos.servers import cluster, server, system_redis
from tests.wants import skip_for_want_of

KINDS = ("6.2", "7", "cluster")
SHARDS = {"6.2": 1, "7": 4, "cluster": 8}


def binary_of(kind: str) -> str:
    """Skips, naming the package, where there is none."""
    found = server_binary() if kind == "6.2" else system_redis()
    if found is None:
        skip_for_want_of("redis-server", "redis-server")
    return found


class Servers:
    """Started when they are first asked for, and kept for all tests of the process."""

    def __init__(self, started: ExitStack, folder: Path) -> None:
        self._started, self._folder = started, folder
        self._urls: dict[str, str] = {}

    def url(self, kind: str) -> str:
        if kind not in self._urls:
            self._urls[kind] = self._start(kind)
        return self._urls[kind]

    def _start(self, kind: str) -> str:
        folder = self._folder / kind
        if kind == "cluster":
            return self._started.enter_context(cluster(binary_of(kind), folder)).url
        return self._started.enter_context(server(binary_of(kind), folder)).url


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with ExitStack() as started:
        yield Servers(started, tmp_path_factory.mktemp("servers"))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """A test that asks for it runs on each kind of Redis."""
    return str(request.param)


@pytest.fixture
def any_url(servers: Servers, kind: str) -> str:
    return servers.url(kind)


@pytest.fixture
def any_keys(kind: str) -> Keys:
    return Keys(SHARDS[kind])


@pytest_asyncio.fixture
async def any_connection(any_url: str) -> AsyncIterator[Connection]:
    """An empty Redis of each kind."""
    async with connect(any_url) as opened:
        await opened.commands.flushall()
        yield opened


@pytest_asyncio.fixture
async def any_desk(
    demo_data: Path, any_url: str, any_keys: Keys, any_connection: Connection
) -> AsyncIterator[ShopDesk]:
    """A desk without a model at work on each kind."""
    settings = Settings(data_dir=demo_data, shards=any_keys.shards, burst_seconds=0)
    async with open_desk_on(settings, any_url, alone=True) as opened:
        work = asyncio.create_task(opened.work())
        yield opened
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
