"""What every test may use: a real Redis, a prepared demo shop, and whole desks over them."""

import asyncio
import fcntl
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio

from bot.assembly import ShopDesk, open_desk_on
from bot.opening.knowledge import open_publishing
from bot.redis.connection import Connection, connect
from bot.redis.embedded import embedded_redis
from bot.settings import Settings
from tests.talking import Customer

# begun last, one of these would keep a single tester busy at the end while the others have nothing to do
LONGEST = ("test_hostile_model", "test_injection", "test_roles", "test_observing_secrets", "test_widget_demo",
           "test_discord_storms", "test_telegram_storms", "test_outbox_storms", "test_bench", "test_sharing",
           "test_soak", "test_observing_traces")  # fmt: skip
PREPARED = "prepared"  # lies in the folder when it is whole
COMPILED = Path(__file__).parent.parent / ".pytest_cache" / "compiled"

if sys.dont_write_bytecode:
    # the tests start hundreds of processes, and each would compile all that it imports anew
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(COMPILED)
    sys.dont_write_bytecode = False

# With it a process between fork and exec, a redis-server of a test, begins grpc's threads anew, and may die of it.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"

pytest_plugins = ("tests.shop_fixtures", "tests.redis_servers", "tests.discord_fixtures")


# What is found must not depend on whether MiniLM is installed: a test that wants it says so.
Settings.model_fields["embedder"].default = "none"
Settings.model_rebuild(force=True)


# Two files run at a time: how long one example takes says nothing.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in LONGEST)


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
def demo_copied_to(redis_url: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[Path], Path]:
    """Copies a data folder with the demo shop in it. The first that needs it makes it for all who test at the same
    time: ten seconds of learning. What is copied is shown to nobody, for who opened it would change it meanwhile."""
    ours = tmp_path_factory.getbasetemp()
    folder = (ours if worker_id == "master" else ours.parent) / "demo-data"
    with (folder.parent / "demo-data.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / PREPARED).exists():
            folder.mkdir(exist_ok=True)
            asyncio.run(_prepare(folder, redis_url))
            (folder / PREPARED).touch()
    return lambda target: Path(shutil.copytree(folder, target, copy_function=_copied))


async def _prepare(folder: Path, redis_url: str) -> None:
    async with open_desk_on(Settings(data_dir=folder), redis_url, alone=True):
        pass
    async with open_publishing(Settings(data_dir=folder)) as publishing:
        await publishing.learn()


@pytest.fixture
def demo_data(demo_copied_to: Callable[[Path], Path], tmp_path: Path) -> Path:
    """This test's own copy of the demo shop."""
    return demo_copied_to(tmp_path / "data")


def _copied(source: str, target: str) -> str:
    """What is written once and never changed is most of it: a second name will do."""
    if source.endswith((".npy", ".faiss")):
        os.link(source, target)
        return target
    return shutil.copy2(source, target)


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
