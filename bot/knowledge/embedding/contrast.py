"""Moving features so that the phrasings of one entry lie near each other and far from those of the others.

Supervised contrastive learning (Khosla and others, 2020) of a bag of features, with the lazy Adam of sparse rows.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
Places = NDArray[np.intp]

# Measured on BANKING77 (10 phrasings an intent, three draws) and CLINC150. A temperature of 0.07 costs 0.7 points on
# BANKING77, 0.2 wins 0.4 there and loses as much on CLINC150; twice as many steps gain nothing, half cost 1.5 points;
# 128 dimensions cost 0.4 points.
TEMPERATURE = 0.1
FORGOTTEN = 0.3  # of a phrasing's features, at random each time it is seen
RATE = 0.02  # falls to nothing in equal steps
PAIRS = 256  # entries a step, two phrasings of each
EPOCHS, LEAST_STEPS, MOST_STEPS = 12, 40, 400
FIRST_MOMENT, SECOND_MOMENT = 0.9, 0.999
TINY = 1e-8


def move(rows: Rows, weights: Rows, bags: Sequence[Places], entries: Sequence[Places], seed: int) -> None:
    """Move `rows` (of features) in place. `bags`: the features of each phrasing; `entries`: the phrasings of each."""
    chance = np.random.default_rng(seed)
    first, second = np.zeros_like(rows), np.zeros_like(rows)
    phrasings = sum(len(entry) for entry in entries)
    steps = min(MOST_STEPS, max(LEAST_STEPS, EPOCHS * phrasings // (2 * min(PAIRS, len(entries)))))
    for step in range(steps):
        pairs = [chance.choice(entries[at], 2, replace=False) for at in chance.permutation(len(entries))[:PAIRS]]
        seen = [bags[at] for at in np.concatenate(list(zip(*pairs, strict=True)))]
        touched, slope = _slope(rows, weights, _forget(seen, chance))
        moment = FIRST_MOMENT * first[touched] + (1 - FIRST_MOMENT) * slope
        spread = SECOND_MOMENT * second[touched] + (1 - SECOND_MOMENT) * slope * slope
        first[touched], second[touched] = moment, spread
        moment /= 1 - FIRST_MOMENT ** (step + 1)
        spread /= 1 - SECOND_MOMENT ** (step + 1)
        rows[touched] -= RATE * (1 - step / steps) * moment / (np.sqrt(spread) + TINY)


def _forget(bags: Sequence[Places], chance: np.random.Generator) -> list[Places]:
    """So that no phrasing is known by one rare feature alone."""
    left = [bag[chance.random(len(bag)) >= FORGOTTEN] for bag in bags]
    return [some if len(some) else bag for some, bag in zip(left, bags, strict=True)]


def _slope(rows: Rows, weights: Rows, bags: Sequence[Places]) -> tuple[Places, Rows]:
    """Of the loss, by row: the rows that are in the bags, and which way each must not go."""
    sums = np.stack([weights[bag] @ rows[bag] for bag in bags])
    lengths = np.linalg.norm(sums, axis=1, keepdims=True) + TINY
    units = sums / lengths
    one, other = np.split(units, 2)
    error = _error(one @ other.T / TEMPERATURE) / TEMPERATURE
    slope = np.concatenate([error @ other, error.T @ one])
    slope = (slope - units * (units * slope).sum(axis=1, keepdims=True)) / lengths
    features = np.concatenate(bags)
    of_bag = np.repeat(np.arange(len(bags)), [len(bag) for bag in bags])
    return _sum_by(features, slope[of_bag] * weights[features][:, None])


def _error(logits: Rows) -> Rows:
    """The slope of the mean cross-entropy, over rows and over columns, of each pair being the nearest."""
    by_row = np.exp(logits - logits.max(axis=1, keepdims=True))
    by_column = np.exp(logits - logits.max(axis=0, keepdims=True))
    found = by_row / by_row.sum(axis=1, keepdims=True) + by_column / by_column.sum(axis=0, keepdims=True)
    found[np.diag_indices_from(found)] -= 2
    return np.asarray(found / (2 * len(logits)), dtype=np.float32)


def _sum_by(keys: Places, values: Rows) -> tuple[Places, Rows]:
    """The distinct keys, and the sum of the values of each; much faster than numpy's own ways where most are few."""
    order = np.argsort(keys, kind="stable")
    distinct, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
    often = np.argsort(-counts, kind="stable")
    distinct, starts, counts = distinct[often], starts[often], counts[often]
    values = values[order]
    sums = values[starts]
    for more, reached in _levels(counts):
        sums[:reached] += values[starts[:reached] + more]
    return distinct, sums


def _levels(counts: Places) -> Iterator[tuple[int, int]]:
    """For each further value: how many of the keys, the most frequent first, have so many."""
    for more in range(1, int(counts[0])):
        yield more, int(np.searchsorted(-counts, -more, side="left"))
