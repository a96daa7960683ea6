"""Rows of vectors that do not change any more, some for each place, in one folder."""

import os
from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from bot.knowledge.embedding.embedder import Vectors
from bot.knowledge.searching.faiss_rows import AnyRows, new_index, parameters, read_index

Places = NDArray[np.int32]  # the place of each row
Mask = NDArray[np.bool_]

INDEX, ROWS = "index.faiss", "rows.npz"


class AllowedRows:
    """The rows of some places, as faiss wants them."""

    def __init__(self, mask: Mask, places: Places) -> None:
        rows = mask[places]
        self.share = float(rows.mean()) if len(rows) else 0.0
        self._bits = np.packbits(rows, bitorder="little")  # faiss only points to it
        self.selector = faiss.IDSelectorBitmap(self._bits)  # type: ignore[call-arg,arg-type]


class StoredRows:
    """In the order of their places. A row of zeros is kept, but not in the index: it is never found."""

    def __init__(self, dimensions: int, places: Places, known: Mask, index: faiss.Index | None) -> None:
        self.dimensions, self.places, self._known, self._index = dimensions, places, known, index
        self._found = places[known]  # the place of each row in the index
        self._numbers = np.cumsum(known, dtype=np.int32) - 1
        self._file: Path | None = None

    @classmethod
    def build(cls, rows: AnyRows, places: Places) -> "StoredRows":
        order = np.argsort(places, kind="stable")
        known = np.array([row.any() for row in rows], dtype=np.bool_)[order]
        index = new_index(rows, order[known]) if known.any() else None
        return cls(rows.shape[1], np.asarray(places, np.int32)[order], known, index)

    def allowing(self, mask: Mask) -> AllowedRows:
        return AllowedRows(mask, self._found)

    def nearest(self, question: Vectors, at_most: int, allowed: AllowedRows | None) -> list[tuple[int, float]]:
        """Places and cosines of so many rows, best first; fewer when there are no more."""
        if self._index is None or (allowed and not allowed.share) or not question.any():
            return []
        faiss.omp_set_num_threads(1)  # holds for the calling thread only
        selector = allowed.selector if allowed and allowed.share < 1 else None  # nothing is faster than one of all rows
        chosen = parameters(self._index, selector, allowed.share if allowed else 1.0)
        cosines, rows = self._index.search(question[None], min(at_most, len(self._found)), params=chosen)
        wanted = rows[0] >= 0
        return list(zip(self._found[rows[0][wanted]].tolist(), cosines[0][wanted].tolist(), strict=True))

    def rows_of(self, places: Sequence[int]) -> list[Vectors]:
        """One matrix for each place, without rows for a place that has none here."""
        asked = np.asarray(places, self.places.dtype)  # of another kind, all places would be made that kind first
        starts, after = (np.searchsorted(self.places, asked, side=side) for side in ("left", "right"))
        counts = after - starts
        ends = np.cumsum(counts)
        wanted = np.arange(counts.sum()) + np.repeat(starts - ends + counts, counts)
        known = self._known[wanted]
        if self._index is not None and known.all() and len(wanted):
            rows = self._index.reconstruct_batch(self._numbers[wanted].astype(np.int64))
        else:
            rows = np.zeros((len(wanted), self.dimensions), np.float32)
            if self._index is not None and known.any():
                rows[known] = self._index.reconstruct_batch(self._numbers[wanted[known]].astype(np.int64))
        return [rows[end - count : end] for end, count in zip(ends.tolist(), counts.tolist(), strict=True)]

    def save(self, folder: Path) -> None:
        """On the disk when it returns. An index that has its file already is linked, not written again."""
        folder.mkdir(parents=True)
        with (folder / ROWS).open("wb") as file:
            np.savez(file, places=self.places, known=self._known, dimensions=np.array(self.dimensions))
            file.flush()
            os.fsync(file.fileno())
        if self._index is not None and not (self._file and _linked(self._file, folder / INDEX)):
            faiss.write_index(self._index, str(folder / INDEX))
            with (folder / INDEX).open("rb") as file:
                os.fsync(file.fileno())

    @classmethod
    def open(cls, folder: Path) -> "StoredRows":
        """Raises OSError when the folder is not whole."""
        with np.load(folder / ROWS) as rows:
            places, known, dimensions = rows["places"], rows["known"], int(rows["dimensions"])
        stored = cls(dimensions, places, known, read_index(folder / INDEX) if known.any() else None)
        stored._file = folder / INDEX
        return stored


def _linked(old: Path, new: Path) -> bool:
    try:
        new.hardlink_to(old)
    except OSError:  # another disk, or the old version is gone
        return False
    return True
