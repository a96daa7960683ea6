"""Whose turn it is on this machine to change what its knowledge folder serves: one process at a time."""

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

LOCK = ".changing"
LOOK_SECONDS = 0.05


class Occupied(Exception):
    """Another process of this machine is at it."""


def _opened(folder: Path) -> IO[str]:
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / LOCK).open("w")


@asynccontextmanager
async def its_turn(folder: Path, wait: bool = True) -> AsyncIterator[None]:
    """The lock goes with the process that holds it. Raises Occupied where we are not to wait."""
    with _opened(folder) as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not wait:
                    raise Occupied from None
            await asyncio.sleep(LOOK_SECONDS)
        yield
