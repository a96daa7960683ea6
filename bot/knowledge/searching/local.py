"""The engine of one machine: words in tantivy, vectors in memory-mapped rows, passages in an SQLite file."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.passages import Kind, Passage
from bot.knowledge.searching.counts import Counting, Counts
from bot.knowledge.searching.engine import Asked, Entry, Rows
from bot.knowledge.searching.entry_book import BUILT, CHANGED, EntryBook, Placed, change_entries, write_entries
from bot.knowledge.searching.faiss_rows import AnyRows
from bot.knowledge.searching.lexical import TANTIVY, LexicalIndex, change_words, new_words
from bot.knowledge.searching.rows import words_of_passage
from bot.knowledge.searching.stored_rows import Places
from bot.knowledge.searching.vectors import Allowed, VectorRows

MEANT, LEARNED = "meant", "learned"  # folders with the rows of each kind
OWN = (MEANT, LEARNED, BUILT, CHANGED, TANTIVY)  # of each version, made by whoever knows them
NEAREST = 20  # places by each kind of vector


@dataclass(frozen=True, slots=True)
class Placeable:
    """A passage with its rows of vectors, ready to be put into an index."""

    passage: Passage
    meant: Rows | None
    learned: Rows | None


def write_local(folder: Path, items: Sequence[Placeable]) -> dict[str, Counts]:
    """A whole index in an existing folder; returns what was counted on the way."""
    counting = Counting()
    with new_words(folder) as adding:

        def passing() -> Iterator[Placed]:
            for one in _placed(items):
                adding.add(*one)
                counting.add(one[1].language, one[2])
                yield one

        write_entries(folder, passing())
    for name, rows in ((MEANT, [one.meant for one in items]), (LEARNED, [one.learned for one in items])):
        _write_rows(folder / name, rows)
    return counting.counts()


def change_local(source: Path, folder: Path, removed: Sequence[str], added: Sequence[Placeable]) -> None:
    """The index of `source` with some passages removed or put in (a known id is replaced), in an existing folder.

    What is large is shared by both.
    """
    shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*OWN))
    book = EntryBook(source)
    gone = list(book.places_of([*removed, *(one.passage.id for one in added)]).values())
    next_place = book.latest() + 1
    book.close()
    entries = list(_placed(added, next_place))
    change_entries(source, folder, gone, entries)
    change_words(source, folder, gone, entries)
    for name, rows in ((MEANT, [one.meant for one in added]), (LEARNED, [one.learned for one in added])):
        if (source / name).is_dir():
            before = VectorRows.open(source / name)
            changed, places = _stacked(rows, next_place, before.dimensions)
            before.with_changes(gone, changed, places).save(folder / name)
        else:
            _write_rows(folder / name, rows, next_place)


def _placed(items: Iterable[Placeable], first: int = 0) -> Iterator[Placed]:
    return ((place, one.passage, words_of_passage(one.passage)) for place, one in enumerate(items, first))


def _stacked(rows: Sequence[Rows | None], first: int, dimensions: int = 0) -> tuple[AnyRows, Places]:
    """All rows under each other in half the precision, which is what is kept; and the place of each."""
    counts = np.array([0 if one is None else len(one) for one in rows], np.int64)
    dimensions = next((one.shape[1] for one in rows if one is not None and len(one)), dimensions)
    stacked, at = np.empty((int(counts.sum()), dimensions), np.float16), 0
    for one in rows:
        if one is not None:
            stacked[at : at + len(one)] = one
            at += len(one)
    return stacked, np.repeat(np.arange(first, first + len(rows), dtype=np.int32), counts)


def _write_rows(folder: Path, rows: Sequence[Rows | None], first: int = 0) -> None:
    """Nothing where no passage has any."""
    stacked, places = _stacked(rows, first)
    if len(stacked):
        VectorRows.build(stacked, places).save(folder)


class LocalEngine:
    """Reads one index. Raises OSError or ValueError when it is not whole."""

    def __init__(self, folder: Path) -> None:
        self.book = EntryBook(folder)
        self._words = LexicalIndex(folder)
        self._meant, self._learned = _opened(folder / MEANT), _opened(folder / LEARNED)
        self._groups = _groups(self.book, self._meant, self._learned)
        self._listed: dict[tuple[str, str], list[Passage]] = {}

    async def candidates(self, asked: Asked) -> Sequence[Entry]:
        return self.find(asked)

    def find(self, asked: Asked) -> list[Entry]:
        group = self._groups.get((asked.kind or "", asked.language))
        if group is None:
            return []
        places = dict.fromkeys(self._words.nearest(asked))
        for rows, query, allowed in (
            (self._meant, asked.meant, group.meant),
            (self._learned, asked.learned, group.learned),
        ):
            if rows is not None and query is not None:
                places |= dict.fromkeys(place for place, _ in rows.nearest(query, NEAREST, allowed))
        return self._entries(list(places), asked)

    def _entries(self, places: list[int], asked: Asked) -> list[Entry]:
        meant = self._rows(self._meant, places if asked.meant is not None else [])
        learned = self._rows(self._learned, places if asked.learned is not None else [])
        return [
            Entry(passage, terms, meant.get(place), learned.get(place))
            for place, (passage, terms) in self.book.read(places).items()
        ]

    @staticmethod
    def _rows(rows: VectorRows | None, places: list[int]) -> dict[int, Rows]:
        return dict(zip(places, rows.rows_of(places), strict=True)) if rows is not None and places else {}

    async def passage(self, passage_id: str) -> Passage | None:
        return self.book.passage(passage_id)

    async def all(self, kind: Kind, language: str) -> list[Passage]:
        if (kind, language) not in self._listed:
            self._listed[kind, language] = self.book.all(kind, language)
        return self._listed[kind, language]

    def meant_rows(self, ids: Sequence[str]) -> dict[str, Rows | None]:
        """The embedder's vectors of these passages, by id: what did not change need not be embedded again."""
        places = self.book.places_of(ids)
        found = self._rows(self._meant, list(places.values()))
        return {passage_id: found[place] if len(found[place]) else None for passage_id, place in places.items()}

    @property
    def dimensions(self) -> int:
        """Of the embedder's vectors; 0 where no passage has any."""
        return self._meant.dimensions if self._meant is not None else 0

    def close(self) -> None:
        self.book.close()


@dataclass(frozen=True, slots=True)
class _Group:
    """The places of one kind and language."""

    meant: Allowed | None
    learned: Allowed | None


def _groups(book: EntryBook, meant: VectorRows | None, learned: VectorRows | None) -> dict[tuple[str, str], _Group]:
    """By (kind, language); the kind "" stands for all."""
    masks: dict[tuple[str, str], NDArray[np.bool_]] = {}
    size = book.latest() + 1
    for kind, language in book.counted():
        mask = np.zeros(size, np.bool_)
        mask[book.places(kind, language)] = True
        masks[kind, language] = mask
        masks["", language] = masks.get(("", language), False) | mask
    return {
        group: _Group(meant.allowing(mask) if meant else None, learned.allowing(mask) if learned else None)
        for group, mask in masks.items()
    }


def _opened(folder: Path) -> VectorRows | None:
    return VectorRows.open(folder) if folder.is_dir() else None
