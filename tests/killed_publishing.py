"""A program that publishes and kills itself, once at each point at which it touches the disk, Redis or the shelf.

python -m tests.killed_publishing FOLDER WORK [REDIS]: a line of JSON for each point, with what was found afterwards.
Each attempt is a fork, so that nothing of it is left but what it has written.
"""

import asyncio
import itertools
import logging
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bot.knowledge.sharing.machines import ManyMachines
from bot.redis.connection import connect
from tests.publishing_ground import ENTRIES, Machine, draft, edition, machine, own_shop, write_edition

TOUCHES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "shutil.rmtree", "shutil.copytree"}
REDIS_CALLS = ("hset", "expire", "sadd", "evalsha", "eval")
OLD, NEW, LAST = "The old edition.", "The new edition.", "The edition after all."


class Found(msgspec.Struct):
    """After a kill."""

    point: str  # what it was about to do; "" when it came to its end
    texts: list[str]  # that serve right after
    kept: list[str]  # that are kept with them
    elsewhere: list[str]  # that serve on another machine that looks then
    restarted: list[str]  # that serve here after the next start
    after: list[str]  # and after the next change
    left: list[str]  # what lies about then besides two versions


class Points:
    """Dies before the touch of this number."""

    def __init__(self, last: int, folder: Path, note: Path) -> None:
        self._last, self._folder, self._note, self._counted = last, str(folder), note, 0
        self._seen: set[tuple[str, str]] = set()
        self.on = False

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        path = str(arguments[0]) if arguments else ""
        writes = event == "open" and len(arguments) > 2 and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if self.on and (event in TOUCHES or writes) and self._folder in path and ".sqlite" not in path:
            inside = path.removeprefix(self._folder)
            one_of_many = (event, str(Path(inside).parent)) if inside.count("/") > 1 else (event, inside)
            if one_of_many not in self._seen:  # of files that are written one after the other, the first stands for all
                self._seen.add(one_of_many)
                self.reach(f"{event} {inside}")

    def reach(self, what: str) -> None:
        self._counted += 1
        if self._counted == self._last:
            self.on = False
            self._note.write_text(what)
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, client: Any) -> None:
        """Before and after what changes Redis."""
        for name in REDIS_CALLS:
            setattr(client, name, self._counting(name, getattr(client, name)))

    def _counting(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def counted(*arguments: Any, **options: Any) -> Any:
            if self.on:
                self.reach(f"before {name} {arguments[0]}")
            answer = await call(*arguments, **options)
            if self.on:
                self.reach(f"after {name} {arguments[0]}")
            return answer

        return counted


class Ground:
    """Two machines, or one, in a folder."""

    def __init__(self, folder: Path, redis: str) -> None:
        self.folder, self.redis = folder, redis

    async def open(self, name: str, opened: AsyncExitStack) -> Machine:
        return await opened.enter_async_context(machine(self.folder / name, self.folder / "shop.sqlite", self.redis))

    async def prepare(self) -> None:
        """Both serve the old edition; there is one before it."""
        async with AsyncExitStack() as opened:
            here = await self.open("here", opened)
            await here.publishing.import_shop(own_shop())
            await here.publishing.put([draft(name, "The first edition.") for name in ENTRIES])
            await here.publishing.put(edition(OLD))
            if self.redis:
                await (await self.open("there", opened)).place.prepare()

    async def begin(self) -> None:
        """Redis knows what they serve."""
        async with AsyncExitStack() as opened:
            await (await self.open("here", opened)).place.prepare()

    async def work(self, what: str, points: Points) -> None:
        async with AsyncExitStack() as opened:
            here = await self.open("here", opened)
            if what == "fetch":
                there = await self.open("there", opened)
                await there.publishing.put(edition(NEW))
            self._watch(here, points)
            points.on = True
            await WORKS[what](here, self.folder)
            points.on = False

    def _watch(self, here: Machine, points: Points) -> None:
        if isinstance(here.place, ManyMachines):
            points.around(here.place._register._redis)

    async def look(self, point: str) -> Found:
        async with AsyncExitStack() as opened:
            here = await self.open("here", opened)
            texts, kept = await here.texts(), list(here.kept().values())
            elsewhere: list[str] = []
            if self.redis:
                there = await self.open("there", opened)
                await there.place.prepare()
                elsewhere = await there.texts()
            await here.publishing.prepare(datetime(2026, 3, 31, tzinfo=UTC))
            restarted = await here.texts()
            await here.publishing.put(edition(LAST))
            left = [one.name for one in here.folder.iterdir() if one.name.startswith(".unfinished")]
            folders = [one.name for one in here.folder.iterdir() if one.is_dir()]
            return Found(point, texts, kept, elsewhere, restarted, await here.texts(), left + folders[2:])


async def _put(here: Machine, folder: Path) -> None:
    await here.publishing.put(edition(NEW))


async def _import(here: Machine, folder: Path) -> None:
    await here.publishing.import_knowledge(write_edition(folder / "texts", NEW))


async def _roll_back(here: Machine, folder: Path) -> None:
    await here.publishing.roll_back()


async def _catch_up(here: Machine, folder: Path) -> None:
    await here.place.prepare()


WORKS = {"put": _put, "import": _import, "rollback": _roll_back, "fetch": _catch_up, "put up again": _catch_up}


def forked(work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
    """Whether it came to its end."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    try:
        asyncio.run(work())
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        os._exit(1)
    os._exit(0)


def kills(folder: Path, what: str, redis: str) -> Iterator[Found]:
    """One by one, until the work comes to its end before it is killed."""
    first = Ground(folder / "first", redis)
    first.folder.mkdir(parents=True)
    _must(forked(first.prepare), "prepare")
    for number in itertools.count(1):
        ground = Ground(folder / f"attempt-{number}", redis)
        shutil.copytree(first.folder, ground.folder)
        note, result = ground.folder / "note", ground.folder / "found.json"
        points = Points(number, ground.folder / "here" / "knowledge", note)

        async def attempt(ground: Ground = ground, points: Points = points) -> None:
            sys.addaudithook(points.hear)
            await ground.work(what, points)

        async def look(ground: Ground = ground, note: Path = note, result: Path = result) -> None:
            _write(result, await ground.look(_read(note)))

        _must(forked(lambda: _forget(redis)), "forget")
        if redis and what != "put up again":
            _must(forked(ground.begin), "begin")
        ended = forked(attempt)
        _must(ended or note.exists(), what)
        _must(forked(look), f"the look after {_read(note)}")
        yield msgspec.json.decode(result.read_bytes(), type=Found)
        shutil.rmtree(ground.folder)
        if ended:
            return


def _read(note: Path) -> str:
    return note.read_text() if note.exists() else ""


def _write(result: Path, found: Found) -> None:
    result.write_bytes(msgspec.json.encode(found))


async def _forget(redis: str) -> None:
    """Redis begins each attempt empty: the machines put up again what they have."""
    if redis:
        async with connect(redis) as connection:
            await connection.commands.flushall()


def _must(done: bool, what: str) -> None:
    if not done:
        sys.exit(f"{what} failed")


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    for one in kills(Path(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""):
        sys.stdout.write(msgspec.json.encode(one).decode() + "\n")
        sys.stdout.flush()
