"""`shopdesk eval`: retrieval and ranking measured on questions of anybody's own."""

from collections.abc import MutableMapping
from pathlib import Path

import click
import msgspec

from bot.commands.playing import Environ, play, settings_of
from bot.evaluation.entries import entries_of
from bot.evaluation.ranking import RankFigures, measure_ranking
from bot.evaluation.reading import read_knowledge_rows, read_question_rows, read_rank_rows
from bot.evaluation.retrieval import RetrievalFigures, measure_retrieval
from bot.evaluation.table import listed
from bot.settings import Settings, SettingsError

EMBEDDERS = click.Choice(["auto", "none", "minilm", "served"])
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group("eval", help="Measure retrieval and ranking on questions of your own (docs/evaluation.md).")
def eval() -> None: ...


@eval.command("retrieval", help="Publish the passages into a folder of their own and ask the questions.")
@click.option("--knowledge", type=FILE, required=True, help='Lines {"id", "group"?, "title"?, "question"?, "text"}.')
@click.option("--questions", type=FILE, required=True, help='Lines {"query", "relevant": [ids or groups]}.')
@click.option("--train", type=FILE, help="Known phrasings, lines like the questions.")
@click.option("--embedder", type=EMBEDDERS, help="Instead of SHOPDESK_EMBEDDER.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many of the questions, the first ones.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.pass_obj
def retrieval(
    environ: MutableMapping[str, str],
    knowledge: Path,
    questions: Path,
    train: Path | None,
    embedder: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    environ["OMP_NUM_THREADS"] = "1"  # for the process that searches; this one publishes with all it has
    play(_retrieval(environ, knowledge, questions, train, embedder, limit, as_json))


async def _retrieval(
    environ: MutableMapping[str, str],
    knowledge: Path,
    questions: Path,
    train: Path | None,
    embedder: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    settings = _with_embedder(settings_of(environ), embedder)
    entries = entries_of(read_knowledge_rows(knowledge), read_question_rows(train) if train else ())
    found = await measure_retrieval(settings, entries, read_question_rows(questions)[:limit])
    click.echo(msgspec.json.encode(found) if as_json else _table(found))


@eval.command("rank", help="Rank the candidates of each question.")
@click.option("--questions", type=FILE, required=True, help='Lines {"query", "candidates": [{"text", "label"}]}.')
@click.option("--embedder", type=EMBEDDERS, help="Instead of SHOPDESK_EMBEDDER.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many of the questions, the first ones.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.pass_obj
def rank(environ: Environ, questions: Path, embedder: str | None, limit: int | None, as_json: bool) -> None:
    play(_rank(environ, questions, embedder, limit, as_json))


async def _rank(environ: Environ, questions: Path, embedder: str | None, limit: int | None, as_json: bool) -> None:
    settings = _with_embedder(settings_of(environ), embedder)
    found = await measure_ranking(settings, read_rank_rows(questions)[:limit])
    click.echo(msgspec.json.encode(found) if as_json else _rank_table(found))


def _with_embedder(settings: Settings, name: str | None) -> Settings:
    if name == "served" and not settings.embedding_url:
        raise SettingsError("SHOPDESK_EMBEDDING_URL is missing: --embedder is served, so say where.")
    return settings if name is None else settings.model_copy(update={"embedder": name})


def _table(found: RetrievalFigures) -> str:
    rows = [
        ("passages", found.passages, f"published in {found.publish_seconds:.1f} s, embedder: {found.embedder}"),
        ("questions", found.answerable + found.unanswerable, f"{found.unanswerable} of them without an answer"),
        ("hit@1", found.hit_1, "the best passage, or its group, is right"),
        ("mrr@10", found.mrr_10, "1 / place of the first right one, of distinct groups"),
        ("recall@10", found.recall_10, "of what is right, so much is among the first ten"),
        ("ndcg@10", found.ndcg_10, ""),
        ("auroc", found.auroc, "chance that a question with an answer has more confidence than one without"),
        ("fpr95", found.fpr95, "so many without an answer pass where 95 % of the others do"),
        ("accepted", found.accepted, "of the questions with an answer pass the fitted 95 % threshold"),
        ("p50_ms", found.p50_ms, "a question, on one thread"),
        ("p95_ms", found.p95_ms, ""),
        ("cpu_ms", found.cpu_ms, "of the processor, the median"),
        ("memory_mb", found.memory_mb, "added by opening the index and searching"),
    ]
    return "\n".join([listed(rows), *found.notes])


def _rank_table(found: RankFigures) -> str:
    rows = [
        ("questions", found.questions, f"with an answer among the candidates, embedder: {found.embedder}"),
        ("without_answer", found.without_answer, "left out of the next three"),
        ("map", found.map, "mean average precision"),
        ("mrr@5", found.mrr_5, "1 / place of the first right one, if it is among the first five"),
        ("p@1", found.p_1, "the best candidate is right"),
        ("auroc", found.auroc, "chance that the best candidate scores more where there is an answer"),
    ]
    return listed(rows)
