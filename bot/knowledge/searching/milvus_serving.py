"""Milvus beside the folder of versions: what serves is brought there, and whoever searches asks there once it is."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from bot.knowledge.learning.lessons import FILE as LESSONS
from bot.knowledge.searching.counts import FILE as COUNTS
from bot.knowledge.searching.counts import Counts, read_counts
from bot.knowledge.searching.engine import Asked, Entry, Rows
from bot.knowledge.searching.entry_book import EntryBook
from bot.knowledge.searching.local import LEARNED, MEANT, LocalEngine
from bot.knowledge.searching.milvus import MilvusEngine
from bot.knowledge.searching.milvus_versions import MilvusVersions, Placed
from bot.knowledge.searching.vectors import VectorRows
from bot.knowledge.versions import current, previous

log = logging.getLogger(__name__)

FEW = 2_000  # passages that differ: changed one by one; with more, a collection is built anew
AT_ONCE = 200  # passages read at a time
LOOK_SECONDS = 1.0  # between two looks whether Milvus has what serves, or is back


class MilvusFinder:
    """Finds candidates in Milvus, and on this machine while Milvus is away or has not got this version yet."""

    def __init__(self, versions: MilvusVersions, version: str, counts: Mapping[str, Counts], here: LocalEngine) -> None:
        self._alias, self._versions, self._here = versions.alias(version), versions, here
        self._there: MilvusEngine = versions.engine(version, counts)
        self._ready, self._look_at = False, 0.0
        self._looking: asyncio.Task[None] | None = None

    async def candidates(self, asked: Asked) -> Sequence[Entry]:
        self._look()
        if self._ready:
            try:
                return await self._there.candidates(asked)
            except ConnectionError as error:
                self._ready = False
                log.warning("searched on this machine: %s", error)
        return await self._here.candidates(asked)

    def _look(self) -> None:
        """Now and then, without keeping the customer waiting."""
        if not self._ready and self._looking is None and time.monotonic() >= self._look_at:
            self._looking = asyncio.create_task(self._arrived())

    async def _arrived(self) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                self._ready = self._alias in await self._versions.names()
            self._there.changed()
        finally:
            self._looking, self._look_at = None, time.monotonic() + LOOK_SECONDS


class MilvusKeeper:
    """Brings what serves in a folder to Milvus; in one process of a desk at a time."""

    def __init__(self, versions: MilvusVersions, folder: Path, few: int = FEW) -> None:
        self._versions, self._folder, self._few = versions, folder, few

    async def follow(self) -> None:
        """Without end. While Milvus is away, it tries again."""
        told = ""
        while True:
            try:
                await self.bring()
                told = ""
            except (ConnectionError, OSError, ValueError) as error:
                if str(error) != told:
                    log.warning("the knowledge was not brought to Milvus, and is searched on each machine: %s", error)
                told = str(error)
            await asyncio.sleep(LOOK_SECONDS)

    async def bring(self) -> None:
        """The version that serves, and the one before stays for as long as the folder keeps it.

        Raises ConnectionError, OSError for a folder that is not whole, ValueError for a passage that is too long.
        """
        version, names = current(self._folder), await self._versions.names()
        if not version or self._versions.alias(version) in names:
            return
        whole = [one for one in self._kept() if self._versions.alias(one) in names]
        changes = await asyncio.to_thread(self._changes, whole[0], version) if whole else None
        counts = await asyncio.to_thread(read_counts, self._folder / version)
        with closing(_Reader(self._folder / version)) as reader:
            if changes is not None:
                removed, added = changes
                await self._versions.change(whole[0], version, removed, list(reader.entries(added)), counts)
            else:
                await self._versions.build(version, reader.entries(), counts, reader.dimensions)
        await self._versions.keep([version, *self._kept()])

    def _changes(self, last: str, new: str) -> tuple[Collection[str], list[int]] | None:
        """The ids that are gone and the places that are new; none when they are many, or other things were learned."""
        before, after = self._folder / last, self._folder / new
        if any(_content(before / name) != _content(after / name) for name in (COUNTS, LESSONS)):
            return None
        with closing(EntryBook(after)) as book:
            added, gone = book.beside(before, self._few + 1)
        if max(len(gone), len(added)) > self._few:
            return None
        return set(gone.values()) - set(added.values()), list(added)

    def _kept(self) -> list[str]:
        return [name for name in (current(self._folder), previous(self._folder)) if name]


class _Reader:
    """Entries of one folder, as many as wanted without having them all in memory."""

    def __init__(self, folder: Path) -> None:
        self._book = EntryBook(folder)
        self._rows = {name: VectorRows.open(folder / name) for name in (MEANT, LEARNED) if (folder / name).is_dir()}
        self.dimensions = {name: rows.dimensions for name, rows in self._rows.items()}

    def entries(self, places: Sequence[int] | None = None) -> Iterator[Placed]:
        """Of these places, or all."""
        wanted = self._book.places().tolist() if places is None else places
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            vectors = {name: dict(zip(some, rows.rows_of(some), strict=True)) for name, rows in self._rows.items()}
            for place, (passage, terms) in self._book.read(some).items():
                meant, learned = (_rows(vectors, name, place) for name in (MEANT, LEARNED))
                yield place, Entry(passage, terms, meant, learned)

    def close(self) -> None:
        self._book.close()


def _rows(vectors: Mapping[str, Mapping[int, Rows]], name: str, place: int) -> Rows | None:
    rows = vectors.get(name, {}).get(place)
    return rows if rows is not None and len(rows) else None


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""
