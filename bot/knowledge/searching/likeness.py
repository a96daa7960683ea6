"""How well the words of a passage cover what was asked: near 1 for all of it, and the same in every index.

Three views of it, weighed by the ranking. How like it is to the ways in which customers ask for the passage: the Dice
overlap of words and letter groups, weighted by rarity, over all known phrasings (their 4-norm, so that the nearest
counts most and company helps). What share of the question's weight the passage says anywhere; a word that no passage
knows weighs most. And the same by BM25, for which a word that is said often in little text says more.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from bot.knowledge.fillers import fillers
from bot.knowledge.searching.counts import Counts
from bot.knowledge.searching.rows import features, is_code
from bot.knowledge.tokens import is_meaning

COMPANY = 4.0  # the norm: 1 would add all phrasings up, infinity would take the nearest alone
# Words that mean the same help a question to its phrasing, and mislead it among product names: in a passage's text they
# count nothing (2 there costs 16 points on ShoppingBench's titles and 6 on StackFAQ), in phrasings little.
MEANING_WEIGHT = 0.5
FILLER_WEIGHT = 0.5  # 1 costs 3 points on StackFAQ and 5 on ShoppingBench
CODE_WEIGHT = 6.0  # less, and the single characters of a Chinese question outvote the order number in it
MOST_COMPARED = 20  # phrasings of one entry; with 100 a question on CLINC150 took twice as long and found no more
KEPT_WEIGHTS = 200_000  # words of one language
SATURATION, BY_LENGTH = 1.2, 0.75  # BM25's k1 and b


class Phrasing(msgspec.Struct, frozen=True):
    features: frozenset[str]
    weight: float


class Ways(msgspec.Struct, frozen=True):
    """In which an entry is asked for."""

    compared: list[Phrasing]
    verbatim: frozenset[frozenset[str]]  # the features of all of them


class Said(msgspec.Struct, frozen=True):
    """What a passage says of a question."""

    covered: float  # 0..1
    often: float  # BM25 by what one mention of every word in a passage of usual length would reach
    named: bool  # an article or order number that was asked for


class Rarity:
    """The weights of words, each reckoned once: the rarer, the more. A code that is known at all weighs more still."""

    def __init__(self, known: Mapping[str, int], of: int) -> None:
        self._known, self._of = known, of
        self._weights: dict[str, float] = {}

    def __call__(self, word: str) -> float:
        weight = self._weights.get(word)
        if weight is None:
            if len(self._weights) >= KEPT_WEIGHTS:
                self._weights.clear()
            weight = self._weights[word] = self._reckoned(word)
        return weight

    def _reckoned(self, word: str) -> float:
        times = self._known.get(word, 0)
        weight = math.log(1 + (self._of - times + 0.5) / (times + 0.5))
        if word in fillers():
            return weight * FILLER_WEIGHT
        if is_meaning(word):
            return weight * MEANING_WEIGHT
        return weight * CODE_WEIGHT if times and is_code(word) else weight


class WordWeights:
    """Of the words of one language, in phrasings and in whole passages."""

    def __init__(self, counts: Counts) -> None:
        self.in_phrasings = Rarity(counts.in_phrasings, counts.phrasings)
        self.in_passages = Rarity(counts.in_passages, counts.passages)
        self.usual_length = sum(counts.in_passages.values()) / max(1, counts.passages) or 1.0


def ways(phrasings: Sequence[Sequence[str]], weights: WordWeights) -> Ways:
    """Of an entry with very many phrasings, those at even distances are compared."""
    found = [features(words) for words in phrasings]
    compared = found[:: 1 + (len(found) - 1) // MOST_COMPARED]
    return Ways([Phrasing(one, sum(map(weights.in_phrasings, one))) for one in compared], frozenset(found))


class Question:
    """A question weighed against the knowledge of one language."""

    def __init__(self, words: Sequence[str], weights: WordWeights) -> None:
        self._features = {feature: weights.in_phrasings(feature) for feature in features(words)}
        bare = {word for word in words if not is_meaning(word)}
        self._words = {word: weights.in_passages(word) for word in bare}
        self._codes = {word for word in bare if is_code(word)}
        self._asked = frozenset(self._features)
        self._asked_weight = sum(self._features.values())
        self._said_weight = sum(self._words.values()) or 1.0
        self._usual_length = weights.usual_length

    def likeness(self, ways: Ways) -> float:
        return math.pow(sum(self._like(known) ** COMPANY for known in ways.compared), 1 / COMPANY)

    def is_one_of(self, ways: Ways) -> bool:
        """Whether it is asked in the very words of one of them."""
        return self._asked in ways.verbatim

    def said_in(self, words: Sequence[str]) -> Said:
        times = Counter(word for word in words if word in self._words)
        flat = SATURATION * (1 - BY_LENGTH + BY_LENGTH * len(words) / self._usual_length)
        often = sum(self._words[word] * n * (SATURATION + 1) / (n + flat) for word, n in times.items())
        covered = sum(self._words[word] for word in times)
        named = not self._codes.isdisjoint(times)
        return Said(covered / self._said_weight, often / self._said_weight, named)

    def _like(self, known: Phrasing) -> float:
        shared = sum(map(self._features.__getitem__, self._asked & known.features))
        return 2 * shared / (self._asked_weight + known.weight)
