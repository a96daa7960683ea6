"""One machine with a large catalogue: building, disk, memory and the time of a search, at 10,000 passages and more.

Each size is built in one process and searched in a fresh one, on one thread. The vectors are made up (no model could
embed a million texts here); everything else is what serves: publish, change, open_index, search.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]

from bot.knowledge.building import change, publish
from bot.knowledge.index import open_index
from bot.knowledge.passages import Passage
from bot.knowledge.searching.lexical import LexicalIndex
from bot.knowledge.searching.local import MEANT, NEAREST
from bot.knowledge.searching.ranking import ask
from bot.knowledge.searching.vectors import VectorRows
from serving.eval.large_catalogue import WordVectors, products, question

SIZES = (10_000, 100_000, 1_000_000)
QUESTIONS, WARMING = 300, 50
BARS = {10_000: (6.0, 10.0, 200), 100_000: (15.0, 25.0, 300)}  # ms p50, ms p95, MB; a MiniLM takes 4 ms of them
MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class Built:
    seconds: float
    cpu_seconds: float
    peak_mb: float
    disk_mb: float
    change_seconds: float  # until one changed entry is published


@dataclass(frozen=True, slots=True)
class Searched:
    open_seconds: float
    memory_mb: float  # added by opening it and by all searches
    clock_p50_ms: float
    p50_ms: float  # of the processor, here and below: on an idle machine there is no difference
    p95_ms: float
    words_p50_ms: float  # BM25 alone: candidates by words
    words_p95_ms: float
    vectors_p50_ms: float  # the nearest rows alone
    found: float  # share of questions whose product is among the first five


async def build(folder: Path, count: int) -> Built:
    passages = list(products(count))
    embedder = WordVectors()
    started, cpu = time.perf_counter(), time.process_time()
    await publish(folder, passages, embedder, learn=False)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    changed = _with_text(passages[count // 2], "It was changed.")
    del passages
    started = time.perf_counter()
    await change(folder, [changed], [], embedder)
    changing = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE
    disk = sum(path.stat().st_size for path in _newest(folder).rglob("*") if path.is_file()) / MEGABYTE
    return Built(seconds, cpu, peak, disk, changing)


async def search(folder: Path, count: int) -> Searched:
    embedder = WordVectors()
    asked = [question(number, count) for number in range(WARMING + QUESTIONS)]
    before = psutil.Process().memory_info().rss
    started = time.perf_counter()
    index = await open_index(folder, embedder)
    opening = time.perf_counter() - started
    hits, took, waited = 0, [], []
    for query, language, right in asked:
        began, clock = time.process_time(), time.perf_counter()
        found = await index.search(query, language)
        took.append(time.process_time() - began)
        waited.append(time.perf_counter() - clock)
        hits += right in [one.passage.id for one in found]
    memory = (psutil.Process().memory_info().rss - before) / MEGABYTE
    words, vectors = await _parts(_newest(folder), asked[WARMING:], embedder)
    (p50, p95), (words_p50, words_p95) = _percentiles(took[WARMING:]), _percentiles(words)
    share = hits / len(asked)
    return Searched(
        opening,
        memory,
        _percentiles(waited[WARMING:])[0],
        p50,
        p95,
        words_p50,
        words_p95,
        _percentiles(vectors)[0],
        share,
    )


async def _parts(
    version: Path, asked: Sequence[tuple[str, str, str]], embedder: WordVectors
) -> tuple[list[float], list[float]]:
    """Seconds for the words and for the vectors alone."""
    lexical, meant = LexicalIndex(version), VectorRows.open(version / MEANT)
    words, vectors = [], []
    for query, language, _ in asked:
        (row,) = await embedder.of_questions([query])
        words.append(_timed(lexical.nearest, ask(query, language, None, row, None)))
        vectors.append(_timed(meant.nearest, row, NEAREST))
    return words, vectors


def _timed(work: Callable[..., object], *given: object) -> float:
    started = time.process_time()
    work(*given)
    return time.process_time() - started


def _percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95])
    return float(p50), float(p95)


def _with_text(passage: Passage, text: str) -> Passage:
    return Passage(passage.id, passage.kind, passage.language, passage.title, text, passage.url, passage.questions)


def _newest(folder: Path) -> Path:
    return folder / (folder / "current").read_text().strip()


def _in_process(step: str, folder: Path, count: int) -> dict[str, float]:
    """Its figures; what else it says goes where ours goes."""
    command = [sys.executable, "-m", "serving.eval.large", "--step", step, "--folder", str(folder), "--at", str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode:
        raise SystemExit(f"{step} at {count:,} passages ended with {done.returncode}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _row(count: int, built: Built, searched: Searched) -> str:
    bar = BARS.get(count)
    held = ""
    if bar:
        good = searched.p50_ms + 4 <= bar[0] and searched.p95_ms + 4 <= bar[1] and searched.memory_mb <= bar[2]
        held = f"{'held' if good else 'MISSED'}: {bar[0]:g} / {bar[1]:g} ms with 4 ms of MiniLM, {bar[2]} MB"
    columns = (
        f"{count:>9,}",
        f"{built.seconds:>7.0f} s {built.cpu_seconds:>6.0f} s {built.peak_mb:>6.0f} MB {built.disk_mb:>6.0f} MB",
        f"{built.change_seconds:>6.2f} s {searched.open_seconds:>6.2f} s {searched.memory_mb:>5.0f} MB",
        f"{searched.clock_p50_ms:>6.1f}",
        f"{searched.p50_ms:>6.1f} / {searched.p95_ms:<6.1f}",
        f"{searched.words_p50_ms:>6.1f} / {searched.words_p95_ms:<6.1f}",
        f"{searched.vectors_p50_ms:>6.1f} {searched.found:>6.0%}",
        held,
    )
    return "  ".join(columns)


HEAD = (
    " passages      build      cpu      peak      disk    change     open   memory   clock   "
    "search p50/p95   words p50/p95  vectors  found"
)


def table(largest: int) -> None:
    sys.stdout.write(HEAD + "\n")
    for count in sorted({*(size for size in SIZES if size < largest), largest}):
        with tempfile.TemporaryDirectory(prefix="large-") as folder:
            built = Built(**_in_process("build", Path(folder), count))
            searched = Searched(**_in_process("search", Path(folder), count))
            sys.stdout.write(_row(count, built, searched) + "\n")
            sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=SIZES[-1])
    parser.add_argument("--step", choices=("build", "search"))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--at", type=int)
    chosen = parser.parse_args()
    if not chosen.step:
        table(chosen.passages)
        return
    done: Built | Searched = asyncio.run(_done(chosen.step, chosen.folder, chosen.at))
    sys.stdout.write(json.dumps(asdict(done)) + "\n")


async def _done(step: str, folder: Path, count: int) -> Built | Searched:
    return await (build(folder, count) if step == "build" else search(folder, count))


if __name__ == "__main__":
    main()
