"""From the shelf into the folder: whole and checked, or not at all. What another release built is built anew."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.knowledge.building import SOURCE, publish, read_passages, recipe
from bot.knowledge.embedding.embedder import Embedder
from bot.knowledge.sharing.archive import Packed, pack, unpack
from bot.knowledge.sharing.serving import Shelved
from bot.knowledge.sharing.shelf import Shelf
from bot.knowledge.versions import UNFINISHED, alone, beside

ARCHIVE = ".archive"


async def fetch(shelf: Shelf, folder: Path, shelved: Shelved, embedder: Embedder | None) -> str:
    """Returns its name here. Raises ShelfFailed, ArchiveRefused, EmbedderFailed."""
    if not (folder / shelved.version).is_dir():
        with _archive(folder) as archive:
            await shelf.fetch(shelved.archive, archive, shelved.packed.size)
            await asyncio.to_thread(_unpack, archive, shelved, folder)
    return await in_our_words(folder, shelved.version, embedder)


async def shelve(shelf: Shelf, folder: Path, version: str) -> Shelved:
    """Under a name that nothing else has: what is half there is never taken for another's. Raises ShelfFailed."""
    with _archive(folder) as archive:
        packed: Packed = await asyncio.to_thread(pack, folder / version, archive)
        shelved = Shelved(version, f"{version}-{os.urandom(4).hex()}", packed)
        await shelf.put(shelved.archive, archive)
    return shelved


async def in_our_words(folder: Path, version: str, embedder: Embedder | None) -> str:
    """The same passages as this release builds them; that takes seconds, and once."""
    if version.startswith(f"{recipe()}-"):
        return version
    passages = await asyncio.to_thread(read_passages, folder / version)
    source = folder / version / SOURCE
    return await publish(folder, passages, embedder, source=source if source.is_dir() else None, serve=False)


def _unpack(archive: Path, shelved: Shelved, folder: Path) -> None:
    with alone(folder):
        if not (folder / shelved.version).is_dir():
            with beside(folder, shelved.version) as unfinished:
                unpack(archive, shelved.packed, unfinished)


@contextmanager
def _archive(folder: Path) -> Iterator[Path]:
    """Within `changing`: what a killed process left behind goes first."""
    for left in folder.glob(f"{UNFINISHED}*{ARCHIVE}"):
        left.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(prefix=UNFINISHED, suffix=ARCHIVE, dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
