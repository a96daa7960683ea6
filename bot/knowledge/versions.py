"""The knowledge folder: versions side by side, one of them current, swapped in one step; the one before is kept."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CURRENT, PREVIOUS = "current", "previous"  # files with the name of a version: the one that serves, the one before
UNFINISHED = ".unfinished-"


def current(folder: Path) -> str:
    """ "" where nothing has been published."""
    return _named(folder / CURRENT)


def previous(folder: Path) -> str:
    """What a rollback would bring back; "" where there is none."""
    name = _named(folder / PREVIOUS)
    return name if name and (folder / name).is_dir() else ""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One publisher at a time; the lock goes with the process that holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def beside(folder: Path, version: str) -> Iterator[Path]:
    """An empty folder that becomes this version when the block is left without an error."""
    unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folder))
    try:
        yield unfinished
        _to_disk(unfinished)
        unfinished.chmod(0o755)
        unfinished.rename(folder / version)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def swap(folder: Path, version: str) -> None:
    """From now on this one serves, and what served before can be brought back; all others go."""
    last = current(folder)
    if last and last != version:
        _point(folder, PREVIOUS, last)
    _point(folder, CURRENT, version)
    _sweep(folder, keep={version, previous(folder)})


def _named(pointer: Path) -> str:
    try:
        return pointer.read_text().strip()
    except FileNotFoundError:
        return ""


def _point(folder: Path, name: str, version: str) -> None:
    unfinished = folder / f"{UNFINISHED}{name}"
    with unfinished.open("w") as pointer:
        pointer.write(version)
        pointer.flush()
        os.fsync(pointer.fileno())
    unfinished.replace(folder / name)


def _to_disk(folder: Path) -> None:
    """A version is made current right after it was written."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _sweep(folder: Path, keep: set[str]) -> None:
    """Drop versions older than the last one and whatever an interrupted publish left behind."""
    for found in folder.iterdir():
        if found.is_dir() and found.name not in keep:
            shutil.rmtree(found, ignore_errors=True)  # what somebody still writes to goes the next time
