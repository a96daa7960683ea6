"""`make eval`: one table of every set and every way to search it, then every bar, met or missed."""

import argparse
import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import click
import msgspec

from bot.evaluation.entries import entries_of
from bot.evaluation.reading import read_knowledge_rows, read_question_rows
from bot.knowledge.embedding.embedder import Embedder, EmbedderFailed
from bot.knowledge.embedding.minilm import MiniLm, minilm_folder
from serving.eval import desk
from serving.eval.bars import MINILM, NONE, Row, judged
from serving.eval.files import SearchSet, write_rows, written
from serving.eval.latency import SIZES, of_many
from serving.eval.parts import parts
from serving.eval.rank_sets import RANK_SETS
from serving.eval.sets import SEARCH_SETS

DATA = Path(__file__).parents[3] / "shared" / "data"
SHOWN = ("hit@1", "mrr@10", "recall@10", "ndcg@10", "auroc", "fpr95", "accepted", "p50_ms", "p95_ms", "cpu_ms",
         "memory_mb", "map", "mrr@5", "p@1")  # fmt: skip
LANGCHAIN_IS = (
    "LangChain BM25: rank_bm25's BM25Okapi over text cut at white space, as BM25Retriever of langchain_community "
    "does it; that package is given up and not installed."
)


def main() -> None:
    known = [*SEARCH_SETS, *RANK_SETS]
    parser = argparse.ArgumentParser(prog="make eval", description=__doc__)
    parser.add_argument("--sets", default=" ".join(known), help="names with spaces; large: the latency at 10k and 100k")
    parser.add_argument("--limit", type=int, default=1500, help="questions a set; 0 for all of them")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the public sets")
    options = parser.parse_args()
    asked = options.sets.split()
    if unknown := set(asked) - {*known, "large"}:
        parser.error(f"there is no set {', '.join(sorted(unknown))}; there are {', '.join(known)}, large")
    asyncio.run(_compare(asked, options.limit or None, options.data))


async def _compare(names: Sequence[str], limit: int | None, data: Path) -> None:
    embedder = _minilm()
    embedders = [NONE, *([MINILM] if embedder else [])]
    if not embedder:
        click.echo("MiniLM is not installed (`make minilm` does it): its rows are left out")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="shopdesk-eval-") as folder:
        _head()
        for name in names:
            try:
                if name in SEARCH_SETS:
                    for found in SEARCH_SETS[name](data):
                        rows += _shown(_desk_rows(found, Path(folder), embedders, limit))
                        rows += _shown(iter(await _part_rows(found, Path(folder), embedder, limit)))
                elif name in RANK_SETS:
                    rows += _shown(_rank_rows(name, data, Path(folder), embedders, limit))
                else:
                    rows += _shown(_large_rows(Path(folder), embedders))
            except FileNotFoundError as absent:
                click.echo(f"{name}: skipped, {absent.filename} is absent")
    click.echo("\n".join(["", LANGCHAIN_IS, "", *judged(rows)]))


def _minilm() -> Embedder | None:
    with suppress(EmbedderFailed):
        return MiniLm(minilm_folder())
    return None


def _desk_rows(found: SearchSet, folder: Path, embedders: Sequence[str], limit: int | None) -> Iterator[Row]:
    files = dict(written(folder, found))
    for embedder in embedders:
        yield Row(found.name, f"desk, {embedder}", desk.retrieval(files, embedder, limit))


async def _part_rows(found: SearchSet, folder: Path, embedder: Embedder | None, limit: int | None) -> list[Row]:
    files = written(folder, found)
    known = read_question_rows(files["train"]) if "train" in files else ()
    entries = entries_of(read_knowledge_rows(files["knowledge"]), known)
    figures = await parts(entries, read_question_rows(files["questions"])[:limit], embedder)
    quality = SHOWN[: SHOWN.index("accepted")]
    return [
        Row(
            found.name,
            one.embedder,
            {name: value for name, value in msgspec.to_builtins(one).items() if name in quality},
        )
        for one in figures
    ]


def _rank_rows(name: str, data: Path, folder: Path, embedders: Sequence[str], limit: int | None) -> Iterator[Row]:
    questions = write_rows(folder / f"{name}.jsonl", RANK_SETS[name](data).questions)
    for embedder in embedders:
        yield Row(name, f"desk, {embedder}", desk.ranking(questions, embedder, limit))


def _large_rows(folder: Path, embedders: Sequence[str]) -> Iterator[Row]:
    for size in SIZES:
        found = of_many(size)
        files = dict(written(folder, found))
        for embedder in embedders:
            figures = desk.retrieval(files, embedder, None)
            kept = {name: figures[name] for name in ("p50_ms", "p95_ms", "cpu_ms", "memory_mb")}
            yield Row(found.name, f"desk, {embedder}", kept)


def _head() -> None:
    click.echo(f"{'set':<16} {'way':<16}" + "".join(f"{name:>10}" for name in SHOWN))


def _shown(rows: Iterator[Row]) -> list[Row]:
    """As soon as each is measured, for all of them take minutes."""
    found = []
    for row in rows:
        values = [row.figure(name) for name in SHOWN]
        cells = "".join(f"{'-' if value is None else f'{value:.3f}':>10}" for value in values)
        click.echo(f"{row.set:<16} {row.way:<16}{cells}")
        found.append(row)
    return found


if __name__ == "__main__":
    main()
