"""Where a version is put to serve: one folder, or all machines of a desk. Who changes it works on what serves now."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from bot.knowledge.embedding.embedder import Embedder
from bot.knowledge.sharing.fetching import in_our_words
from bot.knowledge.sharing.machine import its_turn
from bot.knowledge.versions import alone, current, previous, swap


class Place(Protocol):
    """Within `changing`, nobody else on this machine changes what serves, and the folder has the newest."""

    folder: Path

    def changing(self) -> AbstractAsyncContextManager[None]: ...

    async def prepare(self) -> bool:
        """For a process that starts. False where the newest cannot be had just now: what is in the folder has to do.

        Raises OSError or ValueError where nothing is.
        """

    async def serve(self, version: str) -> bool:
        """Lies beside in the folder, made from what serves. False when another machine was faster: begin anew."""

    async def before(self) -> str:
        """The version that a rollback brings back, in the folder; "" without one."""


class OneFolder:
    """For one data folder, and all processes that have it."""

    def __init__(self, folder: Path, embedder: Embedder | None) -> None:
        self.folder, self._embedder = folder, embedder

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[None]:
        async with its_turn(self.folder):
            if (last := current(self.folder)) and (
                here := await in_our_words(self.folder, last, self._embedder)
            ) != last:
                await asyncio.to_thread(swap_alone, self.folder, here)
            yield

    async def prepare(self) -> bool:
        async with self.changing():
            return True

    async def serve(self, version: str) -> bool:
        await asyncio.to_thread(swap_alone, self.folder, version)
        return True

    async def before(self) -> str:
        return previous(self.folder)


def swap_alone(folder: Path, version: str) -> None:
    with alone(folder):
        swap(folder, version)
