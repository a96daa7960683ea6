"""The passages of one built index on the disk, with their terms: read one by one, so that a million need no memory.

Two files: what was built, and what was changed since. The first may be large, and is shared by all versions that
differ only in the second.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from bot.knowledge.linking import link_or_copy
from bot.knowledge.passages import Kind, Passage
from bot.knowledge.searching.engine import Terms, Words
from bot.knowledge.searching.terms import terms_of

BUILT, CHANGED = "entries.sqlite", "changed.sqlite"
MOST_LISTED = 10_000  # passages of a kind that are listed at all; more is no list but a catalogue to be searched
MOST_AT_ONCE = 500  # ids in one statement
SCHEMA = """
pragma journal_mode = off;
create table entries (place integer primary key, id text not null unique, kind text not null, language text not null,
    terms blob not null, passage blob not null);
create index by_kind on entries (kind, language, place);
create table gone (place integer primary key);
"""
VIEW = """
create temp view {name} as select * from {name}_built.entries where place not in (select place from {name}_changed.gone)
    union all select * from {name}_changed.entries;
"""

Placed = tuple[int, Passage, Words]


def write_entries(folder: Path, entries: Iterable[Placed]) -> None:
    """A new book in an existing folder."""
    for name, content in ((BUILT, entries), (CHANGED, ())):
        with closing(sqlite3.connect(folder / name)) as book:
            book.executescript(SCHEMA)
            _insert(book, content)


def change_entries(source: Path, folder: Path, removed: Sequence[int], added: Iterable[Placed]) -> None:
    """The book of `source` without some places and with others, in another existing folder."""
    link_or_copy(source / BUILT, folder / BUILT)
    (folder / CHANGED).write_bytes((source / CHANGED).read_bytes())
    with closing(sqlite3.connect(folder / CHANGED)) as book:
        places = [(place,) for place in removed]
        book.executemany("delete from entries where place = ?", places)
        book.executemany("insert or ignore into gone values (?)", places)
        _insert(book, added)


def _insert(book: sqlite3.Connection, entries: Iterable[Placed]) -> None:
    encode = msgspec.msgpack.Encoder().encode
    book.executemany(
        "insert into entries values (?, ?, ?, ?, ?, ?)",
        (
            (place, passage.id, passage.kind, passage.language, encode(terms_of(words)), encode(passage))
            for place, passage, words in entries
        ),
    )
    book.commit()


class EntryBook:
    """Reads one; it must not change while it is open. Raises OSError when it is not there."""

    def __init__(self, folder: Path) -> None:
        self._book = sqlite3.connect("file::memory:", uri=True, check_same_thread=False)
        _attach(self._book, folder, "entries")
        self._passage, self._terms = msgspec.msgpack.Decoder(Passage), msgspec.msgpack.Decoder(Terms)

    def read(self, places: Sequence[int]) -> dict[int, tuple[Passage, Terms]]:
        found = {}
        for at in range(0, len(places), MOST_AT_ONCE):
            some = places[at : at + MOST_AT_ONCE]
            asked = f"select place, passage, terms from entries where place in ({','.join('?' * len(some))})"
            for place, passage, terms in self._book.execute(asked, some):
                found[place] = (self._passage.decode(passage), self._terms.decode(terms))
        return found

    def places_of(self, ids: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for at in range(0, len(ids), MOST_AT_ONCE):
            some = ids[at : at + MOST_AT_ONCE]
            found.update(
                self._book.execute(f"select id, place from entries where id in ({','.join('?' * len(some))})", some)
            )
        return found

    def passage(self, passage_id: str) -> Passage | None:
        row = self._book.execute("select passage from entries where id = ?", (passage_id,)).fetchone()
        return self._passage.decode(row[0]) if row else None

    def all(self, kind: Kind, language: str) -> list[Passage]:
        """In the order in which they were published; at most MOST_LISTED."""
        rows = self._book.execute(
            "select passage from entries where kind = ? and language = ? order by place limit ?",
            (kind, language, MOST_LISTED),
        )
        return [self._passage.decode(passage) for (passage,) in rows]

    def everything(self) -> Iterator[Passage]:
        """In all languages, in the order in which they were published."""
        for (passage,) in self._book.execute("select passage from entries order by place"):
            yield self._passage.decode(passage)

    def places(self, kind: str | None = None, language: str | None = None) -> NDArray[np.int64]:
        """Of one kind and language, or all; in order."""
        limits = " where kind = ? and language = ?" if kind is not None else ""
        rows = self._book.execute(
            f"select place from entries{limits} order by place", (kind, language) if kind is not None else ()
        )
        return np.fromiter((place for (place,) in rows), np.int64)

    def latest(self) -> int:
        """The highest place that was ever given; -1 where there is none."""
        highest = "select max(place) from entries_built.entries union select max(place) from entries_changed.entries"
        gone = "select max(place) from entries_changed.gone"
        return max(place if place is not None else -1 for (place,) in self._book.execute(f"{highest} union {gone}"))

    def counted(self) -> dict[tuple[str, str], int]:
        """How many passages there are of each kind and language."""
        rows = self._book.execute("select kind, language, count(*) from entries group by kind, language")
        return {(kind, language): count for kind, language, count in rows}

    def beside(self, other: Path, at_most: int) -> tuple[dict[int, str], dict[int, str]]:
        """By place the ids of what is here and not in another book, and the other way round; so many of each."""
        _attach(self._book, other, "others")
        try:
            return self._missing("entries", "others", at_most), self._missing("others", "entries", at_most)
        finally:
            self._book.executescript("drop view others; detach others_built; detach others_changed;")

    def _missing(self, these: str, those: str, at_most: int) -> dict[int, str]:
        asked = (
            f"select place, id from {these} as one where not exists "
            f"(select 1 from {those} as other where other.place = one.place and other.passage = one.passage) limit ?"
        )
        return dict(self._book.execute(asked, (at_most,)))

    def close(self) -> None:
        self._book.close()


def _attach(book: sqlite3.Connection, folder: Path, name: str) -> None:
    for file, part in ((BUILT, "built"), (CHANGED, "changed")):
        if not (folder / file).exists():
            raise FileNotFoundError(f"{folder / file} is missing")
        # immutable: a version never changes, so nothing needs to be locked or watched
        book.execute(f"attach ? as {name}_{part}", (f"{(folder / file).resolve().as_uri()}?mode=ro&immutable=1",))
    try:
        book.executescript(VIEW.format(name=name))
    except sqlite3.DatabaseError as error:
        raise OSError(f"{folder / BUILT} is damaged, publish the knowledge again: {error}") from error
