"""`shopdesk eval retrieval`: the desk's own index over somebody's passages, asked somebody's questions."""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bot.evaluation import measures
from bot.evaluation.asking import Answer, Answers, Asked, ask_apart
from bot.evaluation.entries import Entries
from bot.evaluation.reading import QuestionRow
from bot.knowledge.building import publish
from bot.knowledge.embedding.choosing import choose_embedder
from bot.settings import Settings


class RetrievalFigures(msgspec.Struct, frozen=True):
    """Shares are from 0 to 1, times in milliseconds a question, on one thread."""

    passages: int
    answerable: int
    unanswerable: int
    hit_1: float | None = msgspec.field(name="hit@1")
    mrr_10: float | None = msgspec.field(name="mrr@10")
    recall_10: float | None = msgspec.field(name="recall@10")
    ndcg_10: float | None = msgspec.field(name="ndcg@10")
    auroc: float | None
    fpr95: float | None
    accepted: float | None
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    memory_mb: float | None
    publish_seconds: float
    embedder: str
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Ranking:
    """One question that has an answer, and which of the ten best units hold it."""

    hits: tuple[bool, ...]
    found: int  # relevant labels among the ten
    relevant: int  # labels


async def measure_retrieval(settings: Settings, entries: Entries, questions: Sequence[QuestionRow]) -> RetrievalFigures:
    """Published with the embedder of the settings, and with learning, as an import does it.

    Raises SettingsError where the embedder is not there, EmbedderFailed where it does not answer.
    """
    asked = [Asked(row.query, entries.language_of(row.query)) for row in questions]
    with tempfile.TemporaryDirectory(prefix="shopdesk-eval-") as folder:
        started = time.perf_counter()
        async with choose_embedder(settings) as embedder:
            await publish(Path(folder), entries.passages, embedder)
            name = embedder.name if embedder else "none"
        seconds = time.perf_counter() - started
        answers = await asyncio.to_thread(ask_apart, settings, Path(folder), asked)
    return figures(entries, questions, answers, seconds, name)


def figures(
    entries: Entries, questions: Sequence[QuestionRow], answers: Answers, seconds: float, embedder: str
) -> RetrievalFigures:
    """What was answered to each question, in order, as figures."""
    wanted = [frozenset(map(str, row.relevant)) for row in questions]
    both = list(zip(wanted, answers.each, strict=True))
    ranked = [ranking(entries, relevant, answer) for relevant, answer in both if relevant]
    inside = [_confidence(answer) for relevant, answer in both if relevant]
    outside = [_confidence(answer) for relevant, answer in both if not relevant]
    return RetrievalFigures(
        passages=len(entries.passages),
        answerable=len(inside),
        unanswerable=len(outside),
        hit_1=_mean([float(each.hits[:1] == (True,)) for each in ranked]),
        mrr_10=_mean([measures.reciprocal_rank(each.hits) for each in ranked]),
        recall_10=_mean([each.found / each.relevant for each in ranked]),
        ndcg_10=_mean([measures.ndcg(each.hits, each.relevant) for each in ranked]),
        auroc=_rounded(measures.auroc(inside, outside)),
        fpr95=_rounded(measures.false_positive_rate(inside, outside)),
        accepted=_rounded(measures.share([answer.accepted for relevant, answer in both if relevant]))
        if ranked
        else None,
        p50_ms=round(measures.percentile([each.milliseconds for each in answers.each], 0.5), 3),
        p95_ms=round(measures.percentile([each.milliseconds for each in answers.each], 0.95), 3),
        cpu_ms=round(measures.percentile([each.cpu_milliseconds for each in answers.each], 0.5), 3),
        memory_mb=None if answers.memory_megabytes is None else round(answers.memory_megabytes, 1),
        publish_seconds=round(seconds, 2),
        embedder=embedder,
        notes=_notes(entries, wanted),
    )


def ranking(entries: Entries, relevant: frozenset[str], answer: Answer) -> Ranking:
    """Over distinct units: a group counts once, at the place of its best passage."""
    units: dict[str, frozenset[str]] = {}
    for hit in answer.hits:
        unit = entries.unit(hit.passage, relevant)
        units[unit] = units.get(unit, frozenset()) | (entries.labels[hit.passage] & relevant)
    best = list(units.values())[: measures.CUT]
    return Ranking(tuple(bool(labels) for labels in best), len(frozenset().union(*best)), len(relevant))


def _confidence(answer: Answer) -> float:
    """The best passage's, which is what the desk acts on; 0 where nothing was found."""
    return answer.hits[0].confidence if answer.hits else 0.0


def _mean(numbers: Sequence[float]) -> float | None:
    return round(measures.mean(numbers), 4) if numbers else None


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def _notes(entries: Entries, wanted: Sequence[frozenset[str]]) -> list[str]:
    there = frozenset().union(*entries.labels.values())
    missing = sum(bool(relevant) and not relevant & there for relevant in wanted)
    said = (
        (missing, "questions name only ids or groups that no passage has: they count as missed"),
        (entries.unknown, "known phrasings name what no passage has: they were left out"),
    )
    return [f"{many} {what}" for many, what in said if many]
