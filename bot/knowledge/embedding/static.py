"""The static embedding: what a shop's own phrasings teach about which words mean the same, without any download.

A text is the sum of its features (words, pairs of words, groups of letters, Chinese characters and pairs of them), each
weighted by its rarity. A feature that no phrasing has taught stands in a direction of its own, so a question in
unknown words is far from everything, and an entry that came after the training is found by its own words.
"""

import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from bot.knowledge.embedding.contrast import Rows, move
from bot.knowledge.tokens import is_chinese, letter_groups, tokens

DIMENSIONS = 256
LEAST_ENTRIES = 8  # with two phrasings each; fewer do not teach what tells entries apart
ROWS, FEATURES = "static.npy", "static.json"
DIRECTIONS = 1 << 16


class Features(msgspec.Struct, frozen=True):
    """In how many of the texts each feature occurs. The taught come first, in the order of their rows."""

    texts: int
    times: dict[str, int]


class StaticEmbedding:
    """Makes rows of length one, so that the product of two is their cosine; of zeros where nothing was taught."""

    dimensions = DIMENSIONS

    def __init__(self, features: Features, rows: NDArray[np.float16]) -> None:
        self._features, self._rows = features, rows
        self._places = {feature: place for place, feature in enumerate(features.times)}
        self._weights = _weights(features)

    @classmethod
    def train(cls, phrasings: Sequence[tuple[str, str]], texts: Sequence[str] = (), seed: int = 0) -> "StaticEmbedding":
        """From (phrasing, entry) pairs of one or several languages; `texts` only count for how rare a feature is.

        An entry with one phrasing only counts, too. Where fewer than LEAST_ENTRIES have two, nothing is learned: the
        embedding is empty and every row it makes is of zeros. The same arguments give the same embedding.
        """
        entries = _with_company(phrasings)
        taught = [features_of(phrasing) for entry in entries for phrasing in entry]
        kept = {phrasing for entry in entries for phrasing in entry}
        alone = [phrasing for phrasing, _ in phrasings if phrasing not in kept]
        features = _count(taught, [features_of(text) for text in (*alone, *texts)] if entries else [])
        vocabulary = {feature: place for place, feature in enumerate(dict.fromkeys(f for bag in taught for f in bag))}
        rows = _directions(list(vocabulary))
        if entries:
            bags = [np.array([vocabulary[feature] for feature in bag], dtype=np.intp) for bag in taught]
            ends = np.cumsum([len(entry) for entry in entries])
            move(rows, _weights(features), bags, np.split(np.arange(len(bags)), ends[:-1]), seed)
        return cls(features, rows.astype(np.float16))

    @property
    def is_empty(self) -> bool:
        return len(self._rows) == 0

    def encode(self, texts: Sequence[str]) -> Rows:
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            self._encode(features_of(text), row)
        return rows

    def _encode(self, bag: list[str], row: Rows) -> None:
        unknown = len(self._weights) - 1
        places = np.array([self._places.get(feature, unknown) for feature in bag], dtype=np.intp)
        taught = places < len(self._rows)
        if not taught.any():
            return
        row += self._weights[places[taught]] @ self._rows[places[taught]].astype(np.float32)
        if not taught.all():
            new = [feature for feature, known in zip(bag, taught, strict=True) if not known]
            row += self._weights[places[~taught]] @ _directions(new)
        row /= np.linalg.norm(row)

    def save(self, folder: Path) -> None:
        """Two files into an existing folder; the same embedding writes the same bytes."""
        np.save(folder / ROWS, self._rows, allow_pickle=False)
        (folder / FEATURES).write_bytes(msgspec.json.encode(self._features))

    @classmethod
    def load(cls, folder: Path) -> "StaticEmbedding":
        """Raises OSError where nothing was saved, ValueError where it is damaged."""
        features = msgspec.json.decode((folder / FEATURES).read_bytes(), type=Features)
        rows = np.load(folder / ROWS, allow_pickle=False)
        if rows.shape[1:] != (DIMENSIONS,) or len(rows) > len(features.times):
            raise ValueError(f"{folder / ROWS} does not belong to {FEATURES} beside it; publish the knowledge anew")
        return cls(features, rows)


def features_of(text: str) -> list[str]:
    """As often as they occur."""
    words = tokens(text)
    pairs = [_pair(one, other) for one, other in pairwise(words)]
    return [*words, *filter(None, pairs), *(group for word in words for group in letter_groups(word))]


def _pair(one: str, other: str) -> str:
    """Two words beside each other, or two Chinese characters; a Chinese word is a feature already."""
    if not is_chinese(one) and not is_chinese(other):
        return f"{one} {other}"
    return one + other if len(one) == len(other) == 1 and is_chinese(one) and is_chinese(other) else ""


def _with_company(phrasings: Sequence[tuple[str, str]]) -> list[list[str]]:
    """The phrasings of each entry that has two or more; none where such entries are too few."""
    by_entry: defaultdict[str, list[str]] = defaultdict(list)
    for phrasing, entry in dict.fromkeys(phrasings):
        by_entry[entry].append(phrasing)
    found = [entry for entry in by_entry.values() if len(entry) > 1]
    return found if len(found) >= LEAST_ENTRIES else []


def _count(taught: Sequence[Sequence[str]], others: Sequence[Sequence[str]]) -> Features:
    times = Counter(feature for bag in (*taught, *others) for feature in dict.fromkeys(bag))
    return Features(len(taught) + len(others), dict(times))


def _weights(features: Features) -> Rows:
    """The rarity of each feature, and last that of one that occurs nowhere."""
    times = np.array([*features.times.values(), 0], dtype=np.float32)
    return np.log1p(features.texts / (1 + times)).astype(np.float32)


def _directions(features: Sequence[str]) -> Rows:
    """Where features point before they are taught: nearly at right angles, and the same wherever it is asked."""
    places = [zlib.crc32(feature.encode()) % DIRECTIONS for feature in features]
    return _all_directions()[np.array(places, dtype=np.intp)]


@cache
def _all_directions() -> Rows:
    """Overlapping windows of one row of random numbers."""
    chance = np.random.default_rng(0).standard_normal(DIRECTIONS + DIMENSIONS - 1, dtype=np.float32)
    return np.lib.stride_tricks.sliding_window_view(chance / np.float32(DIMENSIONS**0.5), DIMENSIONS)
