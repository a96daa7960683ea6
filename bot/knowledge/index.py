"""The knowledge folder: versions of the index side by side, one of them current, swapped in one step."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from pathlib import Path

import msgspec

from bot.knowledge.fillers import FOLDER as FILLERS
from bot.knowledge.lexical import LexicalIndex, build, read_passages
from bot.knowledge.meanings import FOLDER as MEANINGS
from bot.knowledge.passages import Found, Kind, Passage

CURRENT = "current"  # a file with the name of the version that serves
UNFINISHED = ".unfinished-"
WORD_LISTS = (MEANINGS, FILLERS)
FORMAT = "2"  # raise it when something else is built from the same passages


def publish(folder: Path, passages: Sequence[Passage]) -> str:
    """Build a version beside the one that serves, then swap them; returns its name.

    Killed at any point, the old version goes on serving. The last version is kept.
    Raises ValueError for two passages with one id.
    """
    refuse_doubles(passages)
    stamped = [_stamped(passage) for passage in passages]
    version = f"{_recipe()}-{_hash([f'{passage.id} {passage.version}' for passage in stamped])}"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        last = _current(folder)
        if last == version:
            return version
        if not (folder / version).is_dir():
            _build_beside(folder, version, stamped)
        _point_to(folder, version)
        _sweep(folder, keep={version, last})
    return version


def open_index(folder: Path) -> "KnowledgeIndex":
    """What another release has published is first built again. Raises FileNotFoundError where nothing has been."""
    version = _current(folder)
    if version and not version.startswith(f"{_recipe()}-"):
        publish(folder, read_passages(folder / version))
    return KnowledgeIndex(folder)


class KnowledgeIndex:
    """The version that serves; a Retriever. Follows when another process publishes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = self._pointer()
        self.version, self._index = self._open()

    def search(self, query: str, language: str, at_most: int = 5, kind: Kind | None = None) -> list[Found]:
        return self._latest().search(query, language, at_most, kind)

    def passage(self, passage_id: str) -> Passage | None:
        return self._latest().passage(passage_id)

    def all(self, kind: Kind, language: str) -> list[Passage]:
        return self._latest().all(kind, language)

    def everything(self) -> list[Passage]:
        """In all languages, in the order in which they were published."""
        return list(self._latest().passages)

    def _latest(self) -> LexicalIndex:
        pointer = self._pointer()
        if pointer != self._seen:
            self.version, self._index = self._open()
            self._seen = pointer
        return self._index

    def _pointer(self) -> tuple[int, int]:
        try:
            found = (self._folder / CURRENT).stat()
        except FileNotFoundError:
            raise FileNotFoundError(
                f"no knowledge has been published in {self._folder}: run `shopdesk knowledge import PATH`"
            ) from None
        return found.st_ino, found.st_mtime_ns

    def _open(self) -> tuple[str, LexicalIndex]:
        version = _current(self._folder)
        return version, LexicalIndex(self._folder / version)


def refuse_doubles(passages: Sequence[Passage]) -> None:
    """Raises ValueError for two passages with one id."""
    seen: set[str] = set()
    for passage in passages:
        if passage.id in seen:
            raise ValueError(f"two passages have the id {passage.id}")
        seen.add(passage.id)


@cache
def _recipe() -> str:
    """Stands for everything that an index depends on besides its passages."""
    return _hash([FORMAT, *(file.read_text("utf-8") for folder in WORD_LISTS for file in sorted(folder.glob("*.txt")))])


def _stamped(passage: Passage) -> Passage:
    bare = msgspec.structs.replace(passage, version="")
    return msgspec.structs.replace(passage, version=_hash([msgspec.json.encode(bare).decode()]))


def _hash(parts: Sequence[str]) -> str:
    return blake2b("\n".join(parts).encode(), digest_size=6).hexdigest()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One publisher at a time; the lock goes with the process that holds it."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _current(folder: Path) -> str:
    pointer = folder / CURRENT
    return pointer.read_text().strip() if pointer.exists() else ""


def _build_beside(folder: Path, version: str, passages: Sequence[Passage]) -> None:
    unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folder))
    build(unfinished, passages)
    unfinished.rename(folder / version)


def _point_to(folder: Path, version: str) -> None:
    unfinished = folder / f"{UNFINISHED}{CURRENT}"
    with unfinished.open("w") as pointer:
        pointer.write(version)
        pointer.flush()
        os.fsync(pointer.fileno())
    unfinished.replace(folder / CURRENT)


def _sweep(folder: Path, keep: set[str]) -> None:
    """Drop versions older than the last one and whatever an interrupted publish left behind."""
    for found in folder.iterdir():
        if found.is_dir() and found.name not in keep:
            shutil.rmtree(found)
