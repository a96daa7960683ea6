"""Small invented shops, and the two databases that a store must behave alike on: a file, and a real PostgreSQL."""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Engine, event

from bot.shop.files import ShopFiles, read_shop
from bot.shop.store import ShopStore, open_store
from serving.ports import free_port
from tests.wants import skip_for_want_of

DATA = Path(__file__).parent / "data"
SMALL_SHOP = DATA / "small_shop"
CSV_SHOP = DATA / "csv_shop"
TODAY = date(2026, 3, 31)
START_SECONDS = 30.0
PR_SET_PDEATHSIG = 1


@pytest.fixture
def small_shop() -> ShopFiles:
    return read_shop(SMALL_SHOP, TODAY)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL of our own, which ends with the tests."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not programs:
        skip_for_want_of("postgresql", "PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="shopdesk-postgresql-"))
    try:
        yield from _run_postgresql(programs[-1].parent, folder)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
async def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}"
    url: str = request.getfixturevalue("postgresql")
    connection = await asyncpg.connect(url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    return url.replace("postgresql://", "postgresql+asyncpg://")


@pytest.fixture
async def store(store_url: str, small_shop: ShopFiles) -> AsyncIterator[ShopStore]:
    """The small shop, imported."""
    async with open_store(store_url) as opened:
        await opened.replace(small_shop)
        yield opened


@pytest.fixture
def queries() -> Iterator[list[str]]:
    """Every SELECT that runs from here on; clear it before what is to be counted."""
    seen: list[str] = []

    def remember(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", remember)
    yield seen
    event.remove(Engine, "before_cursor_execute", remember)


def _run_postgresql(programs: Path, folder: Path) -> Iterator[str]:
    user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name  # it refuses to run as root
    if os.getuid() == 0:
        shutil.chown(folder, user)
    data, port = folder / "data", free_port()
    settings = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
    prepare = [programs / "initdb", "-D", data, "-A", "trust", "-U", "shop", "-E", "UTF8", "--no-sync"]
    run = [programs / "postgres", "-D", data, "-p", str(port), *settings]
    rights = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    with (folder / "log").open("wb") as log:
        subprocess.run(prepare, check=True, cwd=folder, stdout=log, stderr=log, timeout=60, **rights)
        server = subprocess.Popen(run, cwd=folder, stdout=log, stderr=log, preexec_fn=_end_with_tests, **rights)
    try:
        _wait(programs, port, server, folder / "log")
        yield f"postgresql://shop@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)


def _wait(programs: Path, port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    asking = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(asking, check=False).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"PostgreSQL did not start: {log.read_text()}")
        time.sleep(0.05)


def _end_with_tests() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
