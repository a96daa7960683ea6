"""`shopdesk eval rank`: the desk's choice among a few given texts, on somebody's questions."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from bot.evaluation.measures import auroc, average_precision, mean, reciprocal_rank, share
from bot.evaluation.reading import RankRow
from bot.knowledge.embedding.choosing import choose_embedder
from bot.knowledge.searching.candidates import CandidateRanking
from bot.settings import Settings

CUT = 5  # of mrr@5


class RankFigures(msgspec.Struct, frozen=True):
    """Shares from 0 to 1, over the questions with a candidate that answers them."""

    questions: int
    without_answer: int  # left out of map, mrr@5 and p@1
    map: float | None
    mrr_5: float | None = msgspec.field(name="mrr@5")
    p_1: float | None = msgspec.field(name="p@1")
    auroc: float | None
    embedder: str


@dataclass(frozen=True, slots=True)
class Ranked:
    relevant: tuple[bool, ...]  # best first
    best: float


async def measure_ranking(settings: Settings, rows: Sequence[RankRow]) -> RankFigures:
    """Raises SettingsError where the embedder is not there, EmbedderFailed where it does not answer."""
    async with choose_embedder(settings) as embedder:
        ranking = CandidateRanking((one.text for row in rows for one in row.candidates), embedder)
        ranked = [await _ranked(ranking, row, seed) for seed, row in enumerate(rows)]
        name = embedder.name if embedder else "none"
    return figures(ranked, name)


def figures(ranked: Sequence[Ranked], embedder: str) -> RankFigures:
    answered = [one for one in ranked if any(one.relevant)]
    others = [one for one in ranked if not any(one.relevant)]
    outside = auroc([one.best for one in answered], [one.best for one in others])
    return RankFigures(
        questions=len(answered),
        without_answer=len(others),
        map=_mean([average_precision(one.relevant) for one in answered]),
        mrr_5=_mean([reciprocal_rank(one.relevant, CUT) for one in answered]),
        p_1=round(share([one.relevant[0] for one in answered]), 4) if answered else None,
        auroc=None if outside is None else round(outside, 4),
        embedder=embedder,
    )


async def _ranked(ranking: CandidateRanking, row: RankRow, seed: int) -> Ranked:
    """Shuffled first: a file that has the right ones in front must not win by its ties."""
    candidates = list(row.candidates)
    random.Random(seed).shuffle(candidates)
    scores = await ranking.scores(row.query, [one.text for one in candidates])
    best_first = sorted(range(len(candidates)), key=lambda at: -scores[at])
    return Ranked(tuple(float(candidates[at].label) > 0 for at in best_first), max(scores))


def _mean(numbers: Sequence[float]) -> float | None:
    return round(mean(numbers), 4) if numbers else None
