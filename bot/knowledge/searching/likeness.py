"""How well the words of passages cover what was asked: near 1 for all of it, and the same in every index.

Three views of it, weighed by the ranking. How like it is to the ways in which customers ask for the passage: the Dice
overlap of words and letter groups, weighted by rarity, over all known phrasings (their 4-norm, so that the nearest
counts most and company helps). What share of the question's weight the passage says anywhere; a word that no passage
knows weighs most. And the same by BM25, for which a word that is said often in little text says more.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.searching.counts import CODE, FILLER, MEANING, PLAIN, Counts, Tally
from bot.knowledge.searching.engine import Terms
from bot.knowledge.searching.rows import is_code
from bot.knowledge.searching.terms import Numbers, number, verbatim
from bot.knowledge.tokens import is_meaning

COMPANY = 4.0  # the norm: 1 would add all phrasings up, infinity would take the nearest alone
# Words that mean the same help a question to its phrasing, and mislead it among product names: in a passage's text they
# count nothing (2 there costs 16 points on ShoppingBench's titles and 6 on StackFAQ), in phrasings little.
MEANING_WEIGHT = 0.5
FILLER_WEIGHT = 0.5  # 1 costs 3 points on StackFAQ and 5 on ShoppingBench
CODE_WEIGHT = 6.0  # less, and the single characters of a Chinese question outvote the order number in it
SATURATION, BY_LENGTH = 1.2, 0.75  # BM25's k1 and b

Shares = NDArray[np.float64]  # one a passage, a phrasing or a word
WEIGHT_OF = {PLAIN: 1.0, FILLER: FILLER_WEIGHT, MEANING: MEANING_WEIGHT, CODE: CODE_WEIGHT}


@dataclass(frozen=True, slots=True)
class Said:
    """What passages say of a question; one value for each."""

    covered: Shares  # 0..1
    often: Shares  # BM25 by what one mention of every word in a passage of usual length would reach
    named: NDArray[np.bool_]  # an article or order number that was asked for


class Rarity:
    """The weights of words: the rarer, the more. A code that is known at all weighs more still."""

    def __init__(self, known: Tally, of: int) -> None:
        self._numbers = np.frombuffer(known.numbers, np.uint32)
        times = np.frombuffer(known.times, np.uint32).astype(np.float64)
        by_sort = np.array([WEIGHT_OF[sort] for sort in sorted(WEIGHT_OF)])
        self._weights = np.log1p((of - times + 0.5) / (times + 0.5)) * by_sort[np.frombuffer(known.sorts, np.uint8)]
        self._of_unknown = math.log1p((of + 0.5) / 0.5)

    def of_numbers(self, numbers: Numbers) -> Shares:
        places = np.minimum(np.searchsorted(self._numbers, numbers), len(self._numbers) - 1)
        found: Shares = np.where(self._numbers[places] == numbers, self._weights[places], self._of_unknown)
        return found


class WordWeights:
    """Of the words of one language, in phrasings and in whole passages."""

    def __init__(self, counts: Counts) -> None:
        self.in_phrasings = Rarity(counts.in_phrasings, counts.phrasings)
        self.in_passages = Rarity(counts.in_passages, counts.passages)
        self.usual_length = counts.in_passages.total / max(1, counts.passages) or 1.0

    def of_phrasings(self, passages: Sequence[Terms]) -> list[Shares]:
        """For each passage the weight of each of its phrasings that is compared."""
        numbers = np.frombuffer(b"".join([one.asked for one in passages]), np.uint32)
        sizes = np.frombuffer(b"".join([one.sizes for one in passages]), np.uint32)
        whose = np.repeat(np.arange(len(sizes)), sizes)
        found: Shares = np.bincount(whose, self.in_phrasings.of_numbers(numbers), len(sizes)).astype(np.float64)
        ends = accumulate(len(one.sizes) // 4 for one in passages)
        return [found[end - len(one.sizes) // 4 : end] for one, end in zip(passages, ends, strict=True)]


class _Words:
    """Of a question, each with its weight."""

    def __init__(self, words: Iterable[str], rarity: Rarity) -> None:
        named = {number(word): word for word in words}
        numbers = sorted(named)
        self.numbers, self.words = np.array(numbers, np.uint32), [named[one] for one in numbers]
        self.weights = rarity.of_numbers(self.numbers)
        self.weight = float(self.weights.sum())

    def found_in(self, numbers: Numbers) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Where in the numbers there is one of these words, and which it is."""
        if not len(self.numbers):
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        places = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        where = np.flatnonzero(self.numbers[places] == numbers)
        return where, places[where]


class Question:
    """A question weighed against the knowledge of one language."""

    def __init__(self, words: Iterable[str], features: Iterable[str], weights: WordWeights) -> None:
        self._features = _Words(features, weights.in_phrasings)
        self._words = _Words((word for word in words if not is_meaning(word)), weights.in_passages)
        self._said_weight = self._words.weight or 1.0
        self._is_code = np.array([is_code(word) for word in self._words.words], np.bool_)
        self._verbatim = verbatim(self._features.numbers)
        self._usual_length = weights.usual_length

    def said_in(self, passages: Sequence[Terms]) -> Said:
        count = len(passages)
        said = np.frombuffer(b"".join([one.said for one in passages]), np.uint32)
        times = np.frombuffer(b"".join([one.times for one in passages]), np.uint16)
        whose = np.repeat(np.arange(count), [len(one.said) // 4 for one in passages])
        where, which = self._words.found_in(said)
        whose, weights, n = whose[where], self._words.weights[which], times[where]
        lengths = np.array([one.length for one in passages]) / self._usual_length
        flat = SATURATION * (1 - BY_LENGTH + BY_LENGTH * lengths)
        often = np.bincount(whose, weights * n * (SATURATION + 1) / (n + flat[whose]), count)
        covered = np.bincount(whose, weights, count)
        named = np.bincount(whose[self._is_code[which]], minlength=count) > 0
        return Said(covered / self._said_weight, often / self._said_weight, named)

    def likeness(self, passages: Sequence[Terms], weights: Sequence[Shares]) -> Shares:
        """To the phrasings of each passage, whose weights are given."""
        numbers = np.frombuffer(b"".join([one.asked for one in passages]), np.uint32)
        sizes = np.frombuffer(b"".join([one.sizes for one in passages]), np.uint32)
        where, which = self._features.found_in(numbers)
        phrasing = np.repeat(np.arange(len(sizes)), sizes)[where]
        shared = np.bincount(phrasing, self._features.weights[which], len(sizes))
        alike = np.power(2 * shared / (self._features.weight + np.concatenate(weights)), COMPANY)
        passage = np.repeat(np.arange(len(passages)), [len(one) for one in weights])
        found: Shares = np.power(np.bincount(passage, alike, len(passages)), 1 / COMPANY)
        return found

    def is_one_of(self, passages: Sequence[Terms]) -> list[bool]:
        """Whether it is asked in the very words of a phrasing of each passage."""
        return [_holds(one.verbatim, self._verbatim) for one in passages]


def _holds(row: bytes, eight: bytes) -> bool:
    at = row.find(eight)
    while at > 0 and at % 8:  # across two of them
        at = row.find(eight, at + 1)
    return at >= 0
