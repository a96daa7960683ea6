"""Where versions lie for other machines to fetch, as archives with a name."""

from collections.abc import Collection
from pathlib import Path
from typing import Protocol


class ShelfFailed(OSError):
    """Nothing could be put there or fetched from there; the text says what to do."""


class NotOnShelf(ShelfFailed):
    """It is there no more, or not whole."""


class Shelf(Protocol):
    """What is put there goes by itself after a while unless it is kept. All raise ShelfFailed."""

    async def put(self, name: str, archive: Path) -> None: ...

    async def fetch(self, name: str, archive: Path, size: int) -> None:
        """Write it into a file; at most so many bytes. Raises NotOnShelf."""

    async def keep(self, number: int, names: Collection[str]) -> bool:
        """While this is the number of what serves: keep these, nothing else. False when one of them is not there."""
