"""One knowledge on several machines: data folders of their own over a real Redis, and everything that goes wrong."""

import asyncio
import io
import os
import shutil
import tarfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest

from bot.keys import Keys
from bot.knowledge.index import open_index
from bot.knowledge.sharing.archive import ArchiveRefused, Packed, digest_of, pack, unpack
from bot.knowledge.sharing.machines import ManyMachines
from bot.knowledge.sharing.object_shelf import ObjectShelf
from bot.knowledge.sharing.redis_shelf import MOST_BYTES
from bot.knowledge.sharing.serving import Serving
from bot.knowledge.versions import current
from bot.object_stores import open_store
from bot.redis.embedded import server_binary
from serving.chaos.servers import Server, server
from tests.killed_publishing import NEW, OLD
from tests.publishing_ground import Machine, draft, edition, machine, own_shop
from tests.running import environment, run_here, run_once, running, started, wait_until_ready
from tests.test_publishing import assert_whole, kills

DEADLINE_SECONDS = 60.0
SECRET = "s" * 32


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    binary = server_binary()
    assert binary
    with server(binary, tmp_path_factory.mktemp("sharing-redis")) as one:
        yield one


@pytest.fixture
def redis(shared: Server) -> Iterator[Server]:
    """Empty."""
    with shared.client() as client:
        client.flushall()
    yield shared


class Machines:
    """That have a Redis and a database in common, and nothing else."""

    def __init__(self, folder: Path, redis: str, opened: AsyncExitStack, shelf: str = "") -> None:
        self.folder, self.redis, self.shelf, self._opened = folder, redis, shelf, opened
        self._following: list[asyncio.Task[None]] = []

    async def add(self, name: str, follows: bool = False) -> Machine:
        one = await self._opened.enter_async_context(
            machine(self.folder / name / "data", self.folder / "shop.sqlite", self.redis, self.shelf)
        )
        await one.place.prepare()
        if follows:
            self.follow(one)
        return one

    def follow(self, one: Machine) -> None:
        assert isinstance(one.place, ManyMachines)
        task = asyncio.create_task(one.place.follow())
        self._opened.callback(task.cancel)


@asynccontextmanager
async def over(folder: Path, redis: str, shelf: str = "") -> AsyncIterator[Machines]:
    async with AsyncExitStack() as opened:
        yield Machines(folder, redis, opened, shelf)


@pytest.fixture(params=["redis", "file"])
async def machines(request: pytest.FixtureRequest, tmp_path: Path, redis: Server) -> AsyncIterator[Machines]:
    """Over each kind of shelf."""
    shelf = f"file://{tmp_path / 'share' / 'knowledge'}" if request.param == "file" else ""
    async with over(tmp_path, redis.url, shelf) as some:
        yield some


def visible_seconds() -> float:
    """A second, on a machine that has a core for each of its running programs."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


async def until(holds: Callable[[], bool], within: float = DEADLINE_SECONDS) -> float:
    """Seconds until then."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within, "it did not come about in time"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


async def published(machines: Machines) -> tuple[Machine, Machine]:
    here = await machines.add("here", follows=True)
    await here.publishing.import_shop(own_shop())
    await here.publishing.put(edition(OLD))
    return here, await machines.add("there", follows=True)


# --- one version everywhere ----------------------------------------------------------------------------------------


async def test_a_machine_that_starts_with_an_empty_folder_has_what_serves_elsewhere(machines: Machines) -> None:
    here, there = await published(machines)
    assert there.version == here.version
    assert await there.texts() == [OLD] * 3 and there.kept() == here.kept()


async def test_what_is_published_on_one_machine_serves_on_the_other_within_a_second(machines: Machines) -> None:
    here, there = await published(machines)
    index = await open_index(there.folder)
    following = asyncio.create_task(index.follow())
    took = []
    for number in range(3):
        began = time.monotonic()
        await here.publishing.put([draft("owls", f"Text {number}")])
        while not (found := await index.passage("faq:owls:en")) or found.text != f"Text {number}":
            assert time.monotonic() - began < DEADLINE_SECONDS
            await asyncio.sleep(0.01)
        took.append(time.monotonic() - began)
    assert min(took) < visible_seconds(), took
    following.cancel()


async def test_a_rollback_on_one_machine_is_one_on_all(machines: Machines) -> None:
    here, there = await published(machines)
    await here.publishing.put(edition(NEW))
    await until(lambda: there.version == here.version)
    assert await there.texts() == [NEW] * 3
    await there.publishing.roll_back()
    await until(lambda: there.version == here.version)
    assert await here.texts() == [OLD] * 3 and set(here.kept().values()) == {OLD}


async def test_a_machine_that_came_later_can_roll_back_to_what_it_never_had(machines: Machines) -> None:
    here, _ = await published(machines)
    await here.publishing.put(edition(NEW))
    late = await machines.add("late")
    assert [one.name for one in late.folder.iterdir() if one.is_dir()] == [here.version]
    await late.publishing.roll_back()
    assert await late.texts() == [OLD] * 3


async def test_of_publishers_on_two_machines_neither_loses_anything(machines: Machines) -> None:
    here, there = await published(machines)
    names = [f"entry-{number}" for number in range(8)]
    await asyncio.gather(
        *((here, there)[at % 2].publishing.put([draft(name, name)]) for at, name in enumerate(names)),
    )
    await until(lambda: there.version == here.version)
    for one in (here, there):
        assert await one.texts(*names) == names and await one.texts() == [OLD] * 3


async def test_the_first_of_two_wins_and_the_second_is_told_to_begin_anew(machines: Machines) -> None:
    here, there = await published(machines)
    async with here.place.changing(), there.place.changing():
        mine, theirs = here.version, there.version
        assert mine == theirs
        shutil.copytree(here.folder / mine, here.folder / f"{mine}-a")
        shutil.copytree(there.folder / mine, there.folder / f"{mine}-b")
        assert await here.place.serve(f"{mine}-a")
        assert not await there.place.serve(f"{mine}-b")
        assert there.version == mine, "what was refused does not serve here either"


# --- trouble -------------------------------------------------------------------------------------------------------


async def test_a_redis_that_was_emptied_is_told_again_by_who_has_it(machines: Machines, redis: Server) -> None:
    here, there = await published(machines)
    await here.publishing.put(edition(NEW))
    await until(lambda: there.version == here.version)
    with redis.client() as client:
        client.flushall()
        await until(lambda: bool(client.exists(Keys.knowledge())))
    late = await machines.add("late")
    assert await late.texts() == [NEW] * 3
    await late.publishing.roll_back()
    assert await late.texts() == [OLD] * 3


async def test_an_empty_machine_on_an_emptied_redis_does_not_win_over_one_that_has_more(
    tmp_path: Path, redis: Server
) -> None:
    async with over(tmp_path, redis.url) as machines:
        here, _ = await published(machines)
    with redis.client() as client:
        client.flushall()
    async with over(tmp_path, redis.url) as machines:
        empty = await machines.add("empty", follows=True)
        await empty.publishing.put([draft("owls", "Alone.")])
        await machines.add("here")
        await until(lambda: empty.version == here.version)
        assert await empty.texts() == [OLD] * 3


async def test_what_vanished_from_the_shelf_is_put_there_again(tmp_path: Path, redis: Server) -> None:
    async with over(tmp_path, redis.url) as machines:
        await published(machines)
        with redis.client() as client:
            client.delete(*client.keys("knowledge:{knowledge}:archive:*"))
        late = await machines.add("here")  # looks after the shelf when it begins to follow
        machines.follow(late)
        with redis.client() as client:
            await until(lambda: bool(client.keys("knowledge:{knowledge}:archive:*")))
        assert await (await machines.add("late")).texts() == [OLD] * 3


async def test_two_archives_are_kept_and_no_more(machines: Machines, redis: Server) -> None:
    here, there = await published(machines)
    for number in range(5):
        await here.publishing.put([draft("owls", f"Text {number}")])
    with redis.client() as client:
        stored = [key for key in client.keys("knowledge:{knowledge}:archive:*") if client.ttl(key) == -1]
    assert len(stored) == (0 if machines.shelf else 2)
    await until(lambda: there.version == here.version)
    for one in (here, there):
        await until(lambda one=one: sum(found.is_dir() for found in one.folder.iterdir()) == 2)
        await until(lambda one=one: not list(one.folder.glob(".unfinished*")))


async def test_a_damaged_archive_is_refused_and_the_old_version_goes_on_serving(
    tmp_path: Path, redis: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async with over(tmp_path, redis.url) as machines:
        here, there = await published(machines)
        late = await machines.add("late")
        await here.publishing.put(edition(NEW))
        await until(lambda: there.version == here.version)
        with redis.client() as client:
            for key in client.keys("knowledge:{knowledge}:archive:*"):
                size = client.hstrlen(key, "0")
                client.hset(key, "0", "x" * size)
        machines.follow(late)
        await until(lambda: "another hash" in caplog.text)
        assert late.version != here.version and await late.texts() == [OLD] * 3
        assert not list(late.folder.glob(".unfinished*"))


async def test_while_redis_is_away_the_old_version_serves_and_nothing_can_be_published(tmp_path: Path) -> None:
    binary = server_binary()
    assert binary
    with server(binary, tmp_path / "redis") as redis:
        async with over(tmp_path, redis.url) as machines:
            here, there = await published(machines)
            redis.kill()
            assert await there.texts() == [OLD] * 3
            with pytest.raises(OSError, match="Redis"):
                await there.publishing.put(edition(NEW))
            assert await there.texts() == [OLD] * 3
            redis.start()
            await here.publishing.put(edition(NEW))
            await until(lambda: there.version == here.version)
            assert await there.texts() == [NEW] * 3


async def test_a_record_of_another_kind_stops_nobody_from_serving(tmp_path: Path, redis: Server) -> None:
    async with over(tmp_path, redis.url) as machines:
        here, _ = await published(machines)
        with redis.client() as client:
            client.hset(Keys.knowledge(), "record", '{"number": 99, "version": {"version": "../../etc"}}')
        with pytest.raises(ValueError, match="no record of ours"):
            await here.publishing.put(edition(NEW))
        again = await machines.add("here")
        assert await again.texts() == [OLD] * 3


async def test_knowledge_that_is_too_large_for_redis_is_refused_with_what_to_do(tmp_path: Path, redis: Server) -> None:
    async with over(tmp_path, redis.url) as machines:
        here, _ = await published(machines)
        version = here.version
        async with here.place.changing():
            shutil.copytree(here.folder / version, here.folder / f"{version}-large")
            write_bytes(here.folder / f"{version}-large" / "noise", os.urandom(MOST_BYTES + 1))
            with pytest.raises(OSError, match="64 MB: set SHOPDESK_KNOWLEDGE_URL"):
                await here.place.serve(f"{version}-large")
        assert here.version == version and await here.texts() == [OLD] * 3


# --- archives ------------------------------------------------------------------------------------------------------


def write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def files_in(folder: Path) -> dict[Path, bytes]:
    return {one.relative_to(folder): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def hostile(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Packed:
    with tarfile.open(path, "w:gz") as tar:
        for header, content in members:
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    return Packed(digest_of(path), path.stat().st_size, sum(len(content) for _, content in members))


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.type, header.linkname = kind, target
    return header


@pytest.mark.parametrize(
    "members",
    [
        [(tarfile.TarInfo("../outside"), b"x")],
        [(tarfile.TarInfo("inside/../../outside"), b"x")],
        [(tarfile.TarInfo("/outside"), b"x")],
        [(link("way", ".."), b""), (tarfile.TarInfo("way/outside"), b"x")],
        [(link("hard", "/etc/hostname", tarfile.LNKTYPE), b"")],
        [(link("device", "", tarfile.CHRTYPE), b"")],
        [(tarfile.TarInfo("twice"), b"x"), (tarfile.TarInfo("twice"), b"y")],
    ],
)
def test_an_archive_that_reaches_outside_of_its_folder_is_refused(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    packed = hostile(tmp_path / "archive", *members)
    folder = tmp_path / "a" / "folder"
    folder.mkdir(parents=True)
    with pytest.raises(ArchiveRefused):
        unpack(tmp_path / "archive", packed, folder)
    assert {one.name for one in tmp_path.rglob("*")} <= {"archive", "a", "folder", "twice"}
    assert not any(one.is_symlink() for one in folder.rglob("*"))


def test_no_more_is_unpacked_than_was_announced(tmp_path: Path) -> None:
    packed = hostile(tmp_path / "archive", (tarfile.TarInfo("bomb"), bytes(50_000_000)))
    assert packed.size < 1_000_000
    (tmp_path / "folder").mkdir()
    with pytest.raises(ArchiveRefused, match="more in the archive"):
        unpack(tmp_path / "archive", Packed(packed.digest, packed.size, 1_000_000), tmp_path / "folder")
    assert not list((tmp_path / "folder").iterdir())


def test_a_folder_comes_out_as_it_went_in(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "deep" / "er").mkdir(parents=True)
    target.mkdir()
    for name, content in (("one", b"1"), ("deep/empty", b""), ("deep/er/还", bytes(range(256)) * 10_000)):
        (source / name).write_bytes(content)
    (source / "again").hardlink_to(source / "one")
    packed = pack(source, tmp_path / "archive")
    unpack(tmp_path / "archive", packed, target)
    read = [
        {one.relative_to(folder): one.read_bytes() for one in folder.rglob("*") if one.is_file()}
        for folder in (source, target)
    ]
    assert read[0] == read[1] and len(read[0]) == 4


# --- killed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "after"), [("put", NEW), ("fetch", NEW), ("rollback", "The first edition."), ("put up again", OLD)]
)
def test_killed_at_any_point_all_machines_have_one_whole_version(
    tmp_path: Path, redis: Server, what: str, after: str
) -> None:
    assert_whole(kills(tmp_path / "killed", what, redis.url), after)


# --- whole desks ---------------------------------------------------------------------------------------------------


def settings(redis: Server, folder: Path) -> dict[str, object]:
    return {
        "redis_url": redis.url,
        "database_url": f"sqlite+aiosqlite:///{folder / 'shop.sqlite'}",
        "secret": SECRET,
        "burst_seconds": 0,
        "embedder": "none",
        "conversations_per_minute": 100_000,
        "messages_per_minute": 10_000,
    }


async def ask(http: aiohttp.ClientSession, text: str) -> str:
    """In a conversation of its own."""
    async with http.post("/v1/conversations", json={"locale": "en"}) as answer:
        made = await answer.json()
    proof = {"Authorization": f"Bearer {made['token']}"}
    path = f"/v1/conversations/{made['conversation']}/messages"
    async with http.post(path, json={"id": "1", "text": text}, headers=proof) as answer:
        return await answer.text()


async def shows(http: aiohttp.ClientSession, page: str, status: int) -> None:
    until = time.monotonic() + DEADLINE_SECONDS
    while (await http.get(page)).status != status:
        assert time.monotonic() < until
        await asyncio.sleep(0.05)


async def test_three_desks_that_start_at_once_learn_once_and_a_worker_answers_a_new_entry_within_a_second(
    tmp_path: Path, redis: Server
) -> None:
    shared = settings(redis, tmp_path)
    names = ("one", "two", "three")
    for name in names:
        (tmp_path / name).mkdir()
    with (
        started(tmp_path / "one" / "data", "web", **shared) as web,
        started(tmp_path / "two" / "data", "worker", **shared) as worker,
        started(tmp_path / "three" / "data", "worker", log_level="INFO", **shared) as third,
    ):
        for process, role in ((web, "web"), (worker, "worker"), (third, "worker")):
            await asyncio.to_thread(wait_until_ready, process, role)
        folders = [tmp_path / name / "data" / "knowledge" for name in names]
        with redis.client() as client:
            await until(lambda: client.hget(Keys.knowledge(), "number") == "2", 120)
            record = msgspec.json.decode(client.hget(Keys.knowledge(), "record"), type=Serving)
            await until(lambda: {current(folder) for folder in folders} == {record.version.version})
            assert client.hget(Keys.knowledge(), "number") == "2", "the demo, and what was learned from it: once each"
        assert (await open_index(folders[1])).lessons.learned
        third.process.kill()
        async with (
            machine(tmp_path / "four" / "data", tmp_path / "shop.sqlite", redis.url) as four,
            aiohttp.ClientSession(web.url, timeout=aiohttp.ClientTimeout(DEADLINE_SECONDS)) as http,
        ):
            took = []
            for number in range(3):
                await four.publishing.put([draft("glimmerstones", f"Glimmerstone text {number}.")])
                began = time.monotonic()
                while f"Glimmerstone text {number}." not in await ask(http, "What about glimmerstones?"):
                    assert time.monotonic() - began < DEADLINE_SECONDS
                took.append(time.monotonic() - began)
        assert min(took) < visible_seconds(), took


async def test_the_commands_work_while_a_desk_is_running_and_on_another_machine(tmp_path: Path, redis: Server) -> None:
    shared = settings(redis, tmp_path)
    (tmp_path / "one").mkdir()
    page = tmp_path / "owls.md"
    page.write_text("---\nlanguage: en\nkind: faq\n---\n## Do you sell owls? {#owls}\n\nThey are not for sale.\n")
    with running(tmp_path / "one" / "data", "web", **shared) as web:
        env = environment(tmp_path / "two" / "data", **shared)
        put = await asyncio.to_thread(run_once, "knowledge", "put", str(page), env=env)
        assert put.stdout.startswith("+ faq:owls:en\n1 added"), put.stderr
        async with aiohttp.ClientSession(web.url) as http:
            await shows(http, "/en/help/owls", 200)
            back = await asyncio.to_thread(run_here, "knowledge", "rollback", env=env)
            assert back.stdout.startswith("- faq:owls:en\n1 removed"), back.stderr
            await shows(http, "/en/help/owls", 404)


def test_the_address_of_the_shelf_is_checked(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", knowledge_url="ftp://somewhere")
    ended = run_here("knowledge", "versions", env=env)
    assert ended.returncode == 1 and "SHOPDESK_KNOWLEDGE_URL: must begin with s3://" in ended.stderr


async def test_what_others_keep_where_the_shelf_is_stays(tmp_path: Path) -> None:
    folder, archive = tmp_path / "share", tmp_path / "archive"
    archive.write_bytes(b"a version")
    shelf = ObjectShelf(open_store(f"file://{folder}"), "the share")
    await shelf.put("old", archive)
    await shelf.put("new", archive)
    for other in ("backup.tar.gz", "more/shopdesk-knowledge-old.tar.gz"):
        (folder / other).parent.mkdir(exist_ok=True)
        (folder / other).write_bytes(b"theirs")
    for found in folder.rglob("*.tar.gz"):
        os.utime(found, (1, 1))
    assert await shelf.keep(1, ["new"])
    left = sorted(str(found.relative_to(folder)) for found in folder.rglob("*.tar.gz"))
    assert left == ["backup.tar.gz", "more/shopdesk-knowledge-old.tar.gz", "shopdesk-knowledge-new.tar.gz"]
