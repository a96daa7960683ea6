"""Unit rows in a faiss index of the kind that their number wants: searched on one thread, mapped from its file.

Measured on one thread with 384 dimensions: float16 takes 0.3 ms for 10,000 rows and 0.5 ms for 20,000 (numpy 0.3 and
1.9 ms over float32, and 7 and 13 ms where it has to widen float16 first), 8 bits take 3.6 ms for 100,000.
"""

import math
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from bot.knowledge.embedding.embedder import Vectors

EXACT = 20_000  # below so many rows float16, and every row is looked at
FLAT = 200_000  # below so many 8 bits, and every row is looked at; from there on the cells nearest to the question
TRAINED_ON = 40  # rows a cell; more make no better cells
BLOCK = 16_384  # rows widened at a time: what is handed in may be larger than the memory
RECALL, TRIED_ON = 0.975, 200  # of the ten nearest, tried with so many of the rows; 8 bits lose a hundredth beside
FEWEST_CELLS = 16  # questions lie less well between the rows than the rows do

AnyRows = NDArray[np.floating]  # float32 or float16, perhaps mapped from a file
Numbers = NDArray[np.int64]


def new_index(rows: AnyRows, order: Numbers) -> faiss.Index:
    """An index of the rows of these numbers, in this order; each is a unit vector, and there is at least one."""
    count, dimensions = len(order), rows.shape[1]
    cells = 2 ** round(math.log2(math.sqrt(count)))
    kind = "SQfp16" if count < EXACT else "SQ8" if count < FLAT else f"IVF{cells},SQ8"
    index = faiss.index_factory(dimensions, kind, faiss.METRIC_INNER_PRODUCT)
    faiss.omp_set_num_threads(1)
    index.train(_sample(rows, order, TRAINED_ON * cells if count >= FLAT else BLOCK))
    for start in range(0, count, BLOCK):
        index.add(_widened(rows, order[start : start + BLOCK]))
    if isinstance(index, faiss.IndexIVF):
        index.nprobe = _cells_to_look_at(index, _sample(rows, order, TRIED_ON))
        index.make_direct_map()
    return index


def read_index(file: Path) -> faiss.Index:
    """Mapped, not read, so that processes share its pages. Raises OSError when there is no such index."""
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing: publish the knowledge again")
    try:
        index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise OSError(f"{file} is damaged, publish the knowledge again: {error}") from error
    if isinstance(index, faiss.IndexIVF):
        index.make_direct_map()  # so that a row can be read by its number; milliseconds for a million
    return index


def parameters(index: faiss.Index, allowed: faiss.IDSelector | None, share: float) -> faiss.SearchParameters:
    """Of an allowed few, as many are looked at as of all."""
    if isinstance(index, faiss.IndexIVF):
        cells = min(index.nlist, math.ceil(index.nprobe / max(share, 1e-9)))
        return faiss.SearchParametersIVF(sel=allowed, nprobe=cells)  # type: ignore[call-arg]
    return faiss.SearchParameters(sel=allowed)  # type: ignore[call-arg]


def _widened(rows: AnyRows, numbers: Numbers) -> Vectors:
    return np.ascontiguousarray(rows[numbers], dtype=np.float32)


def _sample(rows: AnyRows, order: Numbers, at_most: int) -> Vectors:
    if len(order) > at_most:
        order = np.sort(np.random.default_rng(0).choice(order, at_most, replace=False))
    return _widened(rows, order)


def _cells_to_look_at(index: faiss.IndexIVF, asked: Vectors) -> int:
    """The fewest with which RECALL of the ten nearest rows are found, the row that asks not counted."""
    right = _nearest(index, asked, index.nlist)
    cells = FEWEST_CELLS
    while cells < index.nlist:
        found = zip(right, _nearest(index, asked, cells), strict=True)
        if sum(len(set(those) & set(these)) - 1 for those, these in found) >= RECALL * 10 * len(asked):
            return cells
        cells *= 2
    return int(index.nlist)


def _nearest(index: faiss.IndexIVF, asked: Vectors, cells: int) -> Numbers:
    found: Numbers = index.search(asked, 11, params=faiss.SearchParametersIVF(nprobe=cells))[1]  # type: ignore[call-arg]
    return found
