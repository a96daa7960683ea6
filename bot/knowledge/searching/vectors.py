"""The vectors of an index: some rows for each passage, the nearest found fast, a few changed without a rebuild."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.knowledge.embedding.embedder import Vectors
from bot.knowledge.searching.faiss_rows import AnyRows
from bot.knowledge.searching.stored_rows import AllowedRows, Mask, Places, StoredRows

BUILT, ADDED, GONE = "built", "added", "gone.npy"
MARGIN = 3  # rows looked for, for each place wanted; several may be of one passage


@dataclass(frozen=True, slots=True)
class Allowed:
    """The places that a search may find, for one VectorRows. It costs up to 2 ms for a million rows: keep it."""

    built: AllowedRows
    added: AllowedRows


class VectorRows:
    """Unit rows by place; a place is the number of a passage. It does not change: a change makes another.

    Most rows lie in `built`. What was changed since is small and lies in `added`, and `gone` are the places whose rows
    in `built` do not count any more; the file of `built` is shared by all versions until the next import.
    """

    def __init__(self, built: StoredRows, added: StoredRows, gone: frozenset[int]) -> None:
        self._built, self._added, self._gone = built, added, gone
        self.dimensions = built.dimensions

    @classmethod
    def build(cls, rows: AnyRows, places: Sequence[int] | Places) -> "VectorRows":
        """Row by row its place, in any order; the rows, of float32 or float16, may be mapped from a file."""
        return cls(StoredRows.build(rows, np.asarray(places, np.int32)), _none(rows.shape[1]), frozenset())

    def allowing(self, mask: Mask) -> Allowed:
        """A mask has one value for each place of the index, the last included."""
        return Allowed(self._built.allowing(mask), self._added.allowing(mask))

    def nearest(
        self, question: Vectors, at_most: int, allowed: Allowed | Mask | None = None
    ) -> list[tuple[int, float]]:
        """Distinct places with the cosine of their nearest row, best first. A question of zeros finds nothing."""
        if isinstance(allowed, np.ndarray):
            allowed = self.allowing(allowed)
        asked = at_most * MARGIN
        while True:
            built = self._built.nearest(question, asked, allowed.built if allowed else None)
            added = self._added.nearest(question, asked, allowed.added if allowed else None)
            standing = [near for near in built if near[0] not in self._gone] + added
            best: dict[int, float] = {}
            for place, cosine in sorted(standing, key=lambda near: -near[1]):
                best.setdefault(place, cosine)
            if len(best) >= at_most or max(len(built), len(added)) < asked:
                return list(best.items())[:at_most]
            asked *= 4

    def rows_of(self, places: Sequence[int]) -> list[Vectors]:
        """Of each place its rows as stored, in the order in which they were given; no row where it has none."""
        built, added = self._built.rows_of(places), self._added.rows_of(places)
        return [
            new if place in self._gone else old if not len(new) else np.concatenate([old, new])
            for place, old, new in zip(places, built, added, strict=True)
        ]

    def with_changes(self, removed: Collection[int], rows: AnyRows, places: Sequence[int] | Places) -> "VectorRows":
        """Without any rows of the removed places, and then with these; all others keep their places."""
        kept = [place for place in np.unique(self._added.places).tolist() if place not in set(removed)]
        old = self._added.rows_of(kept)
        all_rows = np.concatenate([np.zeros((0, self.dimensions), np.float32), *old, rows], dtype=np.float32)
        all_places = np.concatenate([np.repeat(kept, [len(each) for each in old]), places]).astype(np.int32)
        added = StoredRows.build(all_rows, all_places)
        return VectorRows(self._built, added, self._gone | frozenset(removed))

    def save(self, folder: Path) -> None:
        """Into a new folder; on the disk when it returns."""
        folder.mkdir(parents=True)
        self._built.save(folder / BUILT)
        self._added.save(folder / ADDED)
        with (folder / GONE).open("wb") as file:
            np.save(file, np.array(sorted(self._gone), np.int32))
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def open(cls, folder: Path) -> "VectorRows":
        """Mapped, so that it is there at once. Raises OSError when the folder is not whole."""
        gone = frozenset(np.load(folder / GONE).tolist())
        return cls(StoredRows.open(folder / BUILT), StoredRows.open(folder / ADDED), gone)


def _none(dimensions: int) -> StoredRows:
    return StoredRows.build(np.zeros((0, dimensions), np.float32), np.zeros(0, np.int32))
