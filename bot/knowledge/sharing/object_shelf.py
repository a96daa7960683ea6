"""The shelf for large knowledge: an object store (S3, Google, Azure) or a folder that all machines see."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
from obstore.store import ObjectStore

from bot.knowledge.sharing.shelf import NotOnShelf, ShelfFailed
from bot.object_stores import TROUBLE

BEGINNING, ENDING = "shopdesk-knowledge-", ".tar.gz"
PIECE_BYTES = 8 << 20
LEFTOVER = timedelta(minutes=30)  # nobody uploads so long, or fetches what was dropped so long ago


class ObjectShelf:
    """An object for each archive, below the prefix of the address."""

    def __init__(self, store: ObjectStore, shown: str) -> None:
        """`shown`: the address, for people to read."""
        self._store, self._shown = store, shown

    async def put(self, name: str, archive: Path) -> None:
        """Appears there whole, or not at all."""
        try:
            await obstore.put_async(self._store, _called(name), archive)
        except TROUBLE as error:
            raise ShelfFailed(
                f"{self._shown} does not take the knowledge ({error}): see SHOPDESK_KNOWLEDGE_URL."
            ) from error

    async def fetch(self, name: str, archive: Path, size: int) -> None:
        left = size
        try:
            found = await obstore.get_async(self._store, _called(name))
            with archive.open("wb") as file:
                async for piece in found.stream(PIECE_BYTES):
                    left -= len(piece)
                    if left < 0:
                        break
                    file.write(piece)
        except FileNotFoundError:
            raise NotOnShelf(f"The knowledge {name} is not in {self._shown}.") from None
        except TROUBLE as error:
            raise ShelfFailed(f"{self._shown} does not give us the knowledge ({error}).") from error
        if left:
            raise NotOnShelf(f"The knowledge {name} is not in {self._shown} as it was announced.")

    async def keep(self, number: int, names: Collection[str]) -> bool:
        """What is dropped goes half an hour later: no object is young and not needed, and old and still needed.

        Whatever else lies there stays.
        """
        kept, there = {_called(name) for name in names}, set[str]()
        try:
            async for page in obstore.list(self._store):
                there.update(one["path"] for one in page)
                old = [one["path"] for one in page if one["last_modified"] < datetime.now(UTC) - LEFTOVER]
                for path in old:
                    if path.startswith(BEGINNING) and path.endswith(ENDING) and path not in kept:
                        await obstore.delete_async(self._store, path)
        except TROUBLE as error:
            raise ShelfFailed(f"{self._shown} does not answer ({error}).") from error
        return kept <= there


def _called(name: str) -> str:
    return f"{BEGINNING}{name}{ENDING}"
