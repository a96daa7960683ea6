"""The version that serves, as a Retriever: it follows when another is published, in this process or in any other."""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from bot.knowledge.building import SOURCE, publish, read_passages, recipe
from bot.knowledge.embedding.embedder import Embedder, EmbedderFailed
from bot.knowledge.learning.lessons import Learned, Lessons, read_lessons
from bot.knowledge.learning.thresholds import Thresholds
from bot.knowledge.passages import Found, Kind, Passage
from bot.knowledge.searching.confidence import ANSWER
from bot.knowledge.searching.counts import Counts, read_counts
from bot.knowledge.searching.engine import Asked, Entry, Rows
from bot.knowledge.searching.local import LocalEngine
from bot.knowledge.searching.ranking import LONGEST_QUERY, Ranked, Ranking, ask, has_code, signals_of
from bot.knowledge.versions import CURRENT, current

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
AGAIN_SECONDS = 2.0  # after a version could not be opened
KEPT_QUESTIONS = 256  # as vectors: one turn looks for the same words several times


class Finder(Protocol):
    async def candidates(self, asked: Asked) -> Sequence[Entry]: ...


Over = Callable[[str, Mapping[str, Counts], LocalEngine], Finder]  # searches a version elsewhere, or here after all


async def open_index(folder: Path, embedder: Embedder | None = None, over: Over | None = None) -> "KnowledgeIndex":
    """What another release has published is first built again.

    Raises FileNotFoundError where nothing has been, ValueError where it was published with another embedder.
    """
    version = current(folder)
    if version and not version.startswith(f"{recipe()}-"):
        source = folder / version / SOURCE
        passages = await asyncio.to_thread(read_passages, folder / version)
        await publish(folder, passages, embedder, source=source if source.is_dir() else None)
    index = KnowledgeIndex(folder, embedder, over)
    await index.open()
    return index


@dataclass(frozen=True, slots=True)
class _Serving:
    """One version, opened."""

    version: str
    engine: LocalEngine
    finder: Finder
    ranking: Ranking
    learned: Learned


class KnowledgeIndex:
    """A Retriever."""

    def __init__(self, folder: Path, embedder: Embedder | None, over: Over | None = None) -> None:
        self._folder, self._embedder, self._over = folder, embedder, over
        self._opening = asyncio.Lock()
        self._seen: tuple[int, int] = (0, 0)
        self._serving: _Serving | None = None
        self._meant: OrderedDict[str, Rows] = OrderedDict()
        self._told = ""

    async def open(self) -> None:
        await self._latest()

    @property
    def version(self) -> str:
        return self._opened().version

    @property
    def lessons(self) -> Lessons:
        return self._opened().learned.lessons

    async def search(self, query: str, language: str, at_most: int = 5, kind: Kind | None = None) -> list[Found]:
        """From another language only what answers it, when nothing in the customer's own does."""
        serving = await self._latest()
        meant = await self._question(query, serving)
        learned = serving.learned.static.encode([query[:LONGEST_QUERY]])[0] if serving.learned.static else None
        found = await _found(serving, ask(query, language, kind, meant, learned), at_most)
        if not found or found[0].confidence < ANSWER or (has_code(query) and not found[0].named):
            others = [other for other in serving.ranking.languages if other != language]
            foreign = [
                each
                for other in others
                for each in await _found(serving, ask(query, other, kind, meant, learned), at_most)
            ]
            certain = [each for each in foreign if each.named or each.confidence >= ANSWER]
            first = [_in_language(language, each, serving) for each in sorted(certain, key=lambda each: -each.score)]
            found = list({each.passage.id: each for each in reversed([*first, *found])}.values())[::-1]
        return found[:at_most]

    async def passage(self, passage_id: str) -> Passage | None:
        return await (await self._latest()).engine.passage(passage_id)

    async def all(self, kind: Kind, language: str) -> list[Passage]:
        return await (await self._latest()).engine.all(kind, language)

    async def vectors(self, texts: Sequence[str]) -> Rows:
        """One unit row a text, to be compared with each other: by the embedder and by what was learned, side by side.

        Rows without columns where there is neither.
        """
        serving = await self._latest()
        sides = [serving.learned.static.encode(texts)] if serving.learned.static else []
        if self._embedder is not None:
            rows = np.zeros((len(texts), self._embedder.dimensions), np.float32)
            known = [at for at, text in enumerate(texts) if self._embedder.understands(text)]
            if known:
                rows[known] = await self._embedder.of_questions([texts[at] for at in known])
            sides.append(rows)
        if not sides:
            return np.zeros((len(texts), 0), np.float32)
        joined = np.concatenate(sides, axis=1)
        lengths = np.maximum(np.linalg.norm(joined, axis=1, keepdims=True), 1e-9)
        return np.asarray(joined / lengths, dtype=np.float32)

    def counted(self) -> dict[tuple[str, str], int]:
        """How many passages there are of each kind and language."""
        return self._opened().engine.book.counted()

    def everything(self) -> list[Passage]:
        """In all languages, in the order in which they were published."""
        return list(self._opened().engine.book.everything())

    async def _question(self, query: str, serving: _Serving) -> Rows | None:
        """None where there is no embedder, or it is away, or does not know the script: then the rest has to do."""
        if self._embedder is None or not query.strip() or not self._embedder.understands(query):
            return None
        query = query[:LONGEST_QUERY]
        row = self._meant.get(query)
        try:
            row = (await self._embedder.of_questions([query]))[0] if row is None else row
            _refuse_other_length(len(row), serving.engine.dimensions)
        except EmbedderFailed as failure:
            if str(failure) != self._told:
                log.warning("searched without the embedder: %s", failure)
            self._told = str(failure)
            return None
        self._meant[query] = row
        if len(self._meant) > KEPT_QUESTIONS:
            self._meant.popitem(last=False)
        return row

    def _opened(self) -> _Serving:
        if self._serving is None:
            raise RuntimeError("the index is not open yet")
        return self._serving

    async def follow(self) -> None:
        """Open each new version as soon as it is there, so that no question waits for it. Runs until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with contextlib.suppress(OSError):
                await self._latest()

    async def _latest(self) -> _Serving:
        """While a new version is being opened, and when it cannot be, the old one serves."""
        if self._moved() and not (self._serving and self._opening.locked()):
            async with self._opening:
                if (pointer := self._pointer()) != self._seen:
                    await self._open_it()
                    self._seen = pointer
        return self._opened()

    def _moved(self) -> bool:
        """What is open goes on serving while the folder cannot be seen."""
        try:
            return self._pointer() != self._seen
        except OSError:
            if self._serving is None:
                raise
            return False

    async def _open_it(self) -> None:
        try:
            self._serving = await asyncio.to_thread(self._open)
        except (OSError, ValueError) as error:
            if self._serving is None:
                raise
            if str(error) != self._told:
                log.warning("version %s goes on serving: %s", self._serving.version, error)
            self._told = str(error)
            if isinstance(error, OSError):  # this process may have had too many open files, or no memory left
                asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._seen = (0, 0)

    def _pointer(self) -> tuple[int, int]:
        try:
            found = (self._folder / CURRENT).stat()
        except FileNotFoundError:
            raise FileNotFoundError(
                f"no knowledge has been published in {self._folder}: run `shopdesk knowledge import PATH`"
            ) from None
        return found.st_ino, found.st_mtime_ns

    def _open(self) -> _Serving:
        version = current(self._folder)
        learned = read_lessons(self._folder / version)
        self._refuse_other(learned.lessons.embedder)
        counts, engine = read_counts(self._folder / version), LocalEngine(self._folder / version)
        finder = self._over(version, counts, engine) if self._over else engine
        return _Serving(version, engine, finder, Ranking(counts), learned)

    def _refuse_other(self, built_with: str) -> None:
        have = self._embedder.name if self._embedder else ""
        if built_with != have:
            raise ValueError(
                f"The knowledge was published with {_named(built_with)}, and this process has {_named(have)}: set "
                "SHOPDESK_EMBEDDER and SHOPDESK_EMBEDDING_URL as they were then, or publish it anew with "
                "`shopdesk knowledge publish`."
            )


def _refuse_other_length(length: int, built_with: int) -> None:
    if built_with not in (0, length):
        raise EmbedderFailed(
            f"its vectors have {length} numbers, and those of the knowledge {built_with}: another model is served "
            "under the same name; publish the knowledge anew with `shopdesk knowledge publish`"
        )


def _named(embedder: str) -> str:
    return f"the embedder {embedder}" if embedder else "no embedder"


def _in_language(language: str, found: Found, serving: _Serving) -> Found:
    """The same entry in the customer's own language, where there is one."""
    kind, entry, *rest = (*found.passage.id.split(":"), "", "")[:4]
    twin = serving.engine.book.passage(f"{kind}:{entry}:{language}") if rest == [found.passage.language, ""] else None
    return msgspec.structs.replace(found, passage=twin) if twin else found


async def _found(serving: _Serving, asked: Asked, at_most: int) -> list[Found]:
    if not asked.words:
        return []
    ranked = serving.ranking.ranked(asked, await serving.finder.candidates(asked))
    thresholds = serving.learned.lessons.thresholds(asked.language, signals_of(asked))
    return [_confident(one, asked, thresholds) for one in ranked[:at_most]]


def _confident(one: Ranked, asked: Asked, thresholds: Thresholds | None) -> Found:
    """Where nothing was fitted, as among products: by what the words cover; meaning is about as sure by itself."""
    unfitted = one.plain if asked.meant is None else min(1.0, one.evidence)
    confidence = thresholds.confidence(one.evidence) if thresholds else unfitted
    return Found(one.entry.passage, one.evidence, confidence, one.named)
