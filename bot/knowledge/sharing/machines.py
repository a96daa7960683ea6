"""What serves on all machines of a desk serves here too; and what is published here, there."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from bot.knowledge.building import recipe
from bot.knowledge.embedding.embedder import Embedder, EmbedderFailed
from bot.knowledge.learning.lessons import read_borders
from bot.knowledge.sharing.fetching import fetch, in_our_words, shelve
from bot.knowledge.sharing.machine import Occupied, its_turn
from bot.knowledge.sharing.place import swap_alone
from bot.knowledge.sharing.serving import Register, Serving, Shelved
from bot.knowledge.sharing.shelf import NotOnShelf, Shelf
from bot.knowledge.versions import current, previous

log = logging.getLogger(__name__)

FOLLOWED = "followed.json"
LOOK_SECONDS = 0.25
TEND_SECONDS = 60.0  # between two looks whether everything still lies on the shelf
PAUSE_SECONDS = 2.0  # after trouble
TROUBLE = (OSError, ValueError, EmbedderFailed)


class Followed(msgspec.Struct, frozen=True):
    """Which change of the shared knowledge this folder is at."""

    number: int = 0
    version: str = ""  # as it is called on the shelf
    here: str = ""  # and in this folder: where another release has published it, it was built again


class ManyMachines:
    """A Place."""

    def __init__(self, folder: Path, register: Register, shelf: Shelf, embedder: Embedder | None) -> None:
        self.folder = folder
        self._register, self._shelf, self._embedder = register, shelf, embedder
        self._base: Serving | None = None
        self._before_here = ""
        self._tended = 0.0

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[None]:
        """Raises ConnectionError, ShelfFailed: nothing may be changed that has not been seen."""
        async with its_turn(self.folder):
            self._base, self._before_here = await self._catch_up(await self._register.read()), ""
            yield

    async def serve(self, version: str) -> bool:
        base = self._base
        before = base.before if base and base.version.version == version else base.version if base else None
        shelved = await self._shelved(version)
        number = (base.number if base else self._followed().number) + 1
        return await self._announce(base, Serving(number, shelved, before), version)

    async def before(self) -> str:
        if self._base is None or self._base.before is None:
            return ""
        self._before_here = await fetch(self._shelf, self.folder, self._base.before, self._embedder)
        return self._before_here

    async def prepare(self) -> bool:
        try:
            async with self.changing():
                return True
        except TROUBLE as error:
            if not current(self.folder):
                raise
            log.warning("this machine begins with the knowledge that it has: %s", error)
            return False

    async def follow(self) -> None:
        """Runs until cancelled. While the newest cannot be had, what was there before goes on serving."""
        told = ""
        while True:
            try:
                await self._look()
                told, pause = "", LOOK_SECONDS
            except TROUBLE as error:
                if str(error) != told:
                    log.warning("the knowledge on this machine stays as it was: %s", error)
                told, pause = str(error), PAUSE_SECONDS
            await asyncio.sleep(pause)

    async def _look(self) -> None:
        serving = await self._register.read()
        overdue = time.monotonic() - self._tended > TEND_SECONDS
        if self._is_here(serving) and not overdue:
            return
        try:
            async with its_turn(self.folder, wait=False):
                serving = await self._catch_up(serving, careful=True)
                if overdue:
                    self._tended = time.monotonic()
                    await self._tend(serving)
        except Occupied:
            return  # another process of this machine does it

    async def _catch_up(self, serving: Serving | None, careful: bool = False) -> Serving | None:
        """`careful`: not with what this process could not open."""
        if self._is_here(serving) and current(self.folder).startswith(f"{recipe()}-"):
            return serving
        if serving is None or serving.number < self._followed().number:
            return await self._put_up_again(serving)
        try:
            here = await fetch(self._shelf, self.folder, serving.version, self._embedder)
        except NotOnShelf:
            newer = await self._register.read()
            if newer == serving or newer is None:
                raise
            return await self._catch_up(newer, careful)
        if careful:
            self._refuse_other(here)
        await self._settle(serving, here)
        return serving

    async def _put_up_again(self, serving: Serving | None) -> Serving | None:
        """Redis has forgotten, or was never told, what is here; None where there is nothing either."""
        if not current(self.folder):
            return None
        here, before = await in_our_words(self.folder, current(self.folder), self._embedder), previous(self.folder)
        if self._followed().number:
            log.warning("Redis has forgotten which knowledge serves: putting up version %s again", here)
        shelved = await shelve(self._shelf, self.folder, here)
        kept = await shelve(self._shelf, self.folder, before) if before and before != here else None
        again = Serving(max(1, self._followed().number), shelved, kept)
        if await self._announce(serving, again, here):
            return again
        return await self._catch_up(await self._register.read())

    async def _tend(self, serving: Serving | None) -> None:
        """What has vanished from the shelf is put there again, by a machine that has it."""
        if serving is None or await self._shelf.keep(serving.number, serving.archives):
            return
        here, theirs = current(self.folder), serving.version.version
        log.warning("version %s is not on the shelf any more: putting it there again", theirs)
        again = await shelve(self._shelf, self.folder, theirs if (self.folder / theirs).is_dir() else here)
        kept = serving.before
        if kept:
            there = (self.folder / kept.version).is_dir()
            kept = await shelve(self._shelf, self.folder, kept.version) if there else None
        await self._announce(serving, Serving(serving.number + 1, again, kept), here)

    async def _shelved(self, version: str) -> Shelved:
        """What a rollback brings back lies there already."""
        if self._base and self._base.before and version == self._before_here:
            return self._base.before
        return await shelve(self._shelf, self.folder, version)

    async def _announce(self, last: Serving | None, serving: Serving, here: str) -> bool:
        if not await self._register.replace(last, serving):
            return False
        await self._settle(serving, here)
        await self._shelf.keep(serving.number, serving.archives)
        self._base = serving
        return True

    async def _settle(self, serving: Serving, here: str) -> None:
        """Killed between the two, the next look does it again."""
        if current(self.folder) != here:
            await asyncio.to_thread(swap_alone, self.folder, here)
        written = msgspec.json.encode(Followed(serving.number, serving.version.version, here))
        unfinished = self.folder / f".{FOLLOWED}"
        unfinished.write_bytes(written)
        unfinished.replace(self.folder / FOLLOWED)

    def _refuse_other(self, version: str) -> None:
        built_with = read_embedder(self.folder / version)
        have = self._embedder.name if self._embedder else ""
        if built_with != have:
            raise ValueError(
                f"version {version} was published with {built_with or 'no embedder'}, and this process has "
                f"{have or 'none'}: set SHOPDESK_EMBEDDER and SHOPDESK_EMBEDDING_URL the same on all machines"
            )

    def _is_here(self, serving: Serving | None) -> bool:
        followed = self._followed()
        if serving is None or (serving.number, serving.version.version) != (followed.number, followed.version):
            return False
        return current(self.folder) == followed.here

    def _followed(self) -> Followed:
        try:
            return msgspec.json.decode((self.folder / FOLLOWED).read_bytes(), type=Followed)
        except (FileNotFoundError, msgspec.DecodeError):
            return Followed()


def read_embedder(version: Path) -> str:
    """The name of the embedder that it was built with; "" for none."""
    return read_borders(version).embedder
