"""The measures of retrieval, ranking and abstention, over places and scores; no file and no index is known here."""

import math
from collections.abc import Collection, Sequence

CUT = 10  # of mrr@10, recall@10 and ndcg@10


def reciprocal_rank(relevant: Sequence[bool], cut: int = CUT) -> float:
    """1 / the place of the first relevant one; 0 where none is among the first `cut`."""
    return next((1 / place for place, hit in enumerate(relevant[:cut], start=1) if hit), 0.0)


def ndcg(relevant: Sequence[bool], of: int, cut: int = CUT) -> float:
    """With a gain of 1 for each relevant one, of which there are `of` (Järvelin & Kekäläinen 2002)."""
    gained = sum(1 / math.log2(place + 1) for place, hit in enumerate(relevant[:cut], start=1) if hit)
    best = sum(1 / math.log2(place + 1) for place in range(1, min(of, cut) + 1))
    return min(1.0, gained / best) if best else 0.0


def average_precision(relevant: Sequence[bool]) -> float:
    """The mean of the precision at the place of each relevant one; 0 where there is none."""
    hits, total = 0, 0.0
    for place, hit in enumerate(relevant, start=1):
        if hit:
            hits += 1
            total += hits / place
    return total / hits if hits else 0.0


def auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> float | None:
    """The chance that one with an answer scores above one without, ties counting half; None without both kinds."""
    if not answerable or not unanswerable:
        return None
    ordered = sorted([(score, True) for score in answerable] + [(score, False) for score in unanswerable])
    ranks, at = 0.0, 0
    while at < len(ordered):
        end = at
        while end < len(ordered) and ordered[end][0] == ordered[at][0]:
            end += 1
        ranks += sum(with_answer for _, with_answer in ordered[at:end]) * (at + 1 + end) / 2
        at = end
    many = len(answerable)
    return (ranks - many * (many + 1) / 2) / (many * len(unanswerable))


def false_positive_rate(answerable: Sequence[float], unanswerable: Sequence[float], kept: float = 0.95) -> float | None:
    """The share without an answer that is let through by the highest threshold that keeps `kept` of the others."""
    if not answerable or not unanswerable:
        return None
    highest = sorted(answerable, reverse=True)[math.ceil(kept * len(answerable)) - 1]
    return share([score >= highest for score in unanswerable])


def share(those: Collection[bool]) -> float:
    return sum(those) / len(those) if those else 0.0


def mean(numbers: Collection[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def percentile(numbers: Sequence[float], part: float) -> float:
    """The smallest number that `part` of all lie at or below; 0 for none."""
    ordered = sorted(numbers)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else 0.0
