"""Putting up a version: everything anew from all passages, or the one that serves with a few entries changed."""

import asyncio
import shutil
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path

import msgspec
import numpy as np

from bot.knowledge.embedding.embedder import Embedder
from bot.knowledge.fillers import FOLDER as FILLERS
from bot.knowledge.learning.lessons import Learned, learn_from, read_borders, read_lessons, untaught, write_lessons
from bot.knowledge.learning.made_up import LEADS
from bot.knowledge.meanings import FOLDER as MEANINGS
from bot.knowledge.passages import Passage
from bot.knowledge.searching.counts import write_counts
from bot.knowledge.searching.engine import Rows
from bot.knowledge.searching.entry_book import EntryBook
from bot.knowledge.searching.local import LocalEngine, Placeable, change_local, write_local
from bot.knowledge.searching.rows import learned_texts, meant_texts
from bot.knowledge.versions import alone, beside, current, swap

WORD_LISTS = (MEANINGS, FILLERS, LEADS)
FORMAT = "6"  # raise it when something else is built from the same passages
SOURCE = "source"  # a folder of what the passages were made from, carried along with the version


async def publish(
    folder: Path,
    passages: Sequence[Passage],
    embedder: Embedder | None = None,
    learn: bool = True,
    source: Path | None = None,
    serve: bool = True,
) -> str:
    """Build a version beside the one that serves, then swap them; returns its name.

    Killed at any point, the old version goes on serving, and it can be brought back afterwards. Without `learn` it is
    there much sooner, and searches by words (and meaning) alone. `source` is a folder that is kept in the version.
    Without `serve` it only lies there, for bot/knowledge/sharing to swap.
    Raises ValueError for two passages with one id, EmbedderFailed.
    """
    refuse_doubles(passages)
    stamped = await asyncio.to_thread(lambda: [_stamped(passage) for passage in passages])
    said = [f"{passage.id} {passage.version}" for passage in stamped]
    version = f"{name_for(embedder, learn)}-{_hash([*said, *_told(source)])}"
    if current(folder) == version:
        return version
    meant = await _meant_rows(folder, stamped, embedder)
    learned = await learn_from(stamped, meant, embedder) if learn else untaught(embedder)
    await asyncio.to_thread(_build, folder, version, stamped, meant, learned, source, serve)
    return version


async def change(
    folder: Path,
    put: Sequence[Passage],
    remove: Sequence[str] = (),
    embedder: Embedder | None = None,
    source: Path | None = None,
    serve: bool = True,
) -> str:
    """The version that serves, with a few passages put in, replaced by their id, or removed: quick at any size.

    What was learned stays as it was until the next publish. Raises ValueError where nothing was published, or with
    another embedder; EmbedderFailed.
    """
    stamped = [_stamped(passage) for passage in put]
    base = current(folder)
    if not base:
        raise ValueError("nothing has been published that could be changed")
    learned = await asyncio.to_thread(read_lessons, folder / base)
    if learned.lessons.embedder != (embedder.name if embedder else ""):
        raise ValueError("what serves was published with another embedder: publish everything anew")
    rows = await _embedded(stamped, embedder)
    changes = _hash([base, *(f"{one.id} {one.version}" for one in stamped), *remove, *_told(source)])
    version = f"{base.rpartition('-')[0]}-{changes}"
    items = _items(stamped, rows, learned)

    def build() -> None:
        with alone(folder):
            if current(folder) != base:
                raise ValueError("The knowledge was changed by somebody else just now: try again.")
            if not (folder / version).is_dir():
                with beside(folder, version) as unfinished:
                    change_local(folder / base, unfinished, remove, items)
                    _keep(source, unfinished)
            if serve:
                swap(folder, version)

    await asyncio.to_thread(build)
    return version


def name_for(embedder: Embedder | None, learned: bool) -> str:
    """What the name of a version begins with: another recipe, another embedder, another version."""
    by = f"{embedder.name} {embedder.dimensions}" if embedder else ""
    return f"{recipe()}-{_hash([by, 'learned' if learned else ''])[:6]}"


@cache
def recipe() -> str:
    """Stands for everything that an index depends on besides its passages and its embedder."""
    return _hash([FORMAT, *(file.read_text("utf-8") for folder in WORD_LISTS for file in sorted(folder.glob("*.txt")))])


def refuse_doubles(passages: Sequence[Passage]) -> None:
    """Raises ValueError for two passages with one id."""
    seen: set[str] = set()
    for passage in passages:
        if passage.id in seen:
            raise ValueError(f"two passages have the id {passage.id}")
        seen.add(passage.id)


async def _meant_rows(folder: Path, passages: Sequence[Passage], embedder: Embedder | None) -> list[Rows | None]:
    """By passage; what the version that serves has of the same passages is taken from there."""
    before = await asyncio.to_thread(_rows_before, folder, passages, embedder)
    new = [passage for passage in passages if passage.id not in before]
    rows = dict(zip((passage.id for passage in new), await _embedded(new, embedder), strict=True))
    return [before[passage.id] if passage.id in before else rows[passage.id] for passage in passages]


def _rows_before(folder: Path, passages: Sequence[Passage], embedder: Embedder | None) -> dict[str, Rows | None]:
    last = current(folder)
    if embedder is None or not last.startswith(f"{recipe()}-") or not (folder / last).is_dir():
        return {}
    if read_borders(folder / last).embedder != embedder.name:
        return {}
    engine = LocalEngine(folder / last)
    versions = {passage.id: passage.version for passage in engine.book.everything()}
    same = {passage.id: passage for passage in passages if versions.get(passage.id) == passage.version}
    rows = engine.meant_rows(list(same)) if embedder.dimensions in (0, engine.dimensions) else {}
    engine.close()
    return rows


async def _embedded(passages: Sequence[Passage], embedder: Embedder | None) -> list[Rows | None]:
    """By passage a row for each text, of zeros for one that the embedder does not understand; None if all are."""
    if embedder is None:
        return [None] * len(passages)
    texts = await asyncio.to_thread(lambda: [meant_texts(passage) for passage in passages])
    flat = [text for some in texts for text in some]
    understood = [at for at, text in enumerate(flat) if embedder.understands(text)]
    rows = np.zeros((len(flat), embedder.dimensions), np.float32)
    if understood:
        rows[understood] = await embedder.of_passages([flat[at] for at in understood])
    ends = np.cumsum([len(some) for some in texts])
    each = [rows[end - len(some) : end] for some, end in zip(texts, ends, strict=True)]
    return [one if one.any() else None for one in each]


def _items(passages: Sequence[Passage], meant: Sequence[Rows | None], learned: Learned) -> list[Placeable]:
    texts = [learned_texts(passage) if learned.static else [] for passage in passages]
    encoded = learned.static.encode([text for some in texts for text in some]) if learned.static else None
    ends = np.cumsum([len(some) for some in texts])
    return [
        Placeable(passage, rows, encoded[end - len(some) : end] if encoded is not None and some else None)
        for passage, rows, some, end in zip(passages, meant, texts, ends, strict=True)
    ]


def _build(
    folder: Path,
    version: str,
    passages: Sequence[Passage],
    meant: Sequence[Rows | None],
    learned: Learned,
    source: Path | None,
    serve: bool,
) -> None:
    with alone(folder):
        if current(folder) == version:
            return
        if not (folder / version).is_dir():
            with beside(folder, version) as unfinished:
                write_counts(unfinished, write_local(unfinished, _items(passages, meant, learned)))
                write_lessons(unfinished, learned)
                _keep(source, unfinished)
        if serve:
            swap(folder, version)


def _told(source: Path | None) -> list[str]:
    """Stands for the texts that a version was made from, facts not yet filled in."""
    files = sorted(path for path in source.rglob("*") if path.is_file()) if source else []
    return [blake2b(path.read_bytes(), digest_size=6).hexdigest() for path in files]


def _keep(source: Path | None, version: Path) -> None:
    if source is not None:
        shutil.copytree(source, version / SOURCE, dirs_exist_ok=True)


def read_passages(version: Path) -> list[Passage]:
    """The passages that a version was built from, whatever release has built it. Raises OSError."""
    old = version / "passages.jsonl"  # before there was a book
    if old.exists():
        return msgspec.json.Decoder(Passage).decode_lines(old.read_bytes())
    book = EntryBook(version)
    passages = list(book.everything())
    book.close()
    return passages


def _stamped(passage: Passage) -> Passage:
    bare = msgspec.structs.replace(passage, version="")
    return msgspec.structs.replace(passage, version=_hash([msgspec.json.encode(bare).decode()]))


def _hash(parts: Sequence[str]) -> str:
    return blake2b("\n".join(parts).encode(), digest_size=6).hexdigest()
