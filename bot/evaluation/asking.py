"""Every question put to a published index, by a process of its own: clean memory, and a clock on each question."""

import asyncio
import gc
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from bot.knowledge.embedding.choosing import choose_embedder
from bot.knowledge.embedding.embedder import Embedder
from bot.knowledge.index import KnowledgeIndex, open_index
from bot.knowledge.learning.lessons import Lessons
from bot.knowledge.passages import Found
from bot.knowledge.searching.confidence import ANSWER
from bot.settings import Settings

DEPTH = 50  # passages asked for: ten groups of several passages each may stand above the right one
WARMING = 20  # searches that are not counted
STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Hit:
    passage: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Answer:
    hits: tuple[Hit, ...]
    milliseconds: float
    cpu_milliseconds: float
    accepted: bool  # at the fitted threshold that 95 % of what has an answer should pass


@dataclass(frozen=True, slots=True)
class Asked:
    query: str
    language: str


@dataclass(frozen=True, slots=True)
class Answers:
    each: tuple[Answer, ...]
    memory_megabytes: float | None  # added by opening and searching; None where the system does not tell


def ask_apart(settings: Settings, folder: Path, asked: Sequence[Asked]) -> Answers:
    """In a process that starts afresh and ends with this."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        return apart.submit(_ask, settings, folder, asked).result()


def _ask(settings: Settings, folder: Path, asked: Sequence[Asked]) -> Answers:
    return asyncio.run(_ask_all(settings, folder, asked))


async def _ask_all(settings: Settings, folder: Path, asked: Sequence[Asked]) -> Answers:
    before = _resident()
    async with choose_embedder(settings) as embedder:
        index = await open_index(folder, embedder)
        await _warm_up(index, asked[0].language)
        answers = [await _answer(index, embedder, one) for one in asked]
        after = _resident()
    return Answers(tuple(answers), None if before is None or after is None else (after - before) / 2**20)


async def _warm_up(index: KnowledgeIndex, language: str) -> None:
    """What is loaded with the first search is no part of the time that one takes."""
    for passage in (await index.all("faq", language))[:WARMING]:
        await index.search(passage.title, language, DEPTH)
    gc.collect()
    gc.freeze()


async def _answer(index: KnowledgeIndex, embedder: Embedder | None, asked: Asked) -> Answer:
    started, busy = time.perf_counter(), time.process_time()
    found = await index.search(asked.query, asked.language, DEPTH)
    spent, worked = time.perf_counter() - started, time.process_time() - busy
    meant = embedder is not None and embedder.understands(asked.query)
    hits = tuple(Hit(each.passage.id, each.confidence) for each in found)
    return Answer(hits, spent * 1000, worked * 1000, bool(found) and _accepted(index.lessons, found[0], meant))


def _accepted(lessons: Lessons, best: Found, meant: bool) -> bool:
    """At the threshold that was fitted to questions of this kind; where none was, at the one for an answer."""
    fitted = [
        one for one in lessons.fitted if one.language == best.passage.language and ("meant" in one.signals) == meant
    ]
    if not fitted:
        return best.confidence >= ANSWER
    thresholds = max(fitted, key=lambda one: len(one.signals)).thresholds
    return best.confidence >= thresholds.confidence(thresholds.accept)


def _resident() -> int | None:
    """Bytes of memory of this process."""
    if not STATM.exists():
        return None
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
