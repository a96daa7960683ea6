"""Weighing many passages at once comes to the same as weighing each by hand, word for word."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from bot.knowledge.fillers import fillers
from bot.knowledge.searching.counts import Tally, counted
from bot.knowledge.searching.engine import Words
from bot.knowledge.searching.likeness import Question, WordWeights
from bot.knowledge.searching.rows import features, is_code, words_of
from bot.knowledge.searching.terms import terms_of

PASSAGES = [
    (
        ("How long does delivery take?", "when will my parcel come"),
        "Delivery takes two to four days. Parcels to Norway.",
    ),
    (("Can I return the lantern ML01-GRN?",), "Within thirty days, thirty days, and the lantern ML01-GRN too."),
    (("什么时候到货", "到货要几天"), "一般两到四天到货。"),
    (("Size?",), ""),
]
WORDS = [Words([words_of(text) for text in asked], words_of("\n".join((*asked, said)))) for asked, said in PASSAGES]
COUNTS = counted(("en", one) for one in WORDS)["en"]
TERMS = [terms_of(one) for one in WORDS]
QUERIES = [
    "when does my parcel arrive",
    "return ML01-GRN please",
    "几天到货",
    "xyzzy",
    "the the of",
    "deliverry to Norway",
]


def question(query: str) -> Question:
    words = words_of(query)
    return Question(words, features(words), WordWeights(COUNTS))


def weight(word: str, holders: Sequence[set[str] | frozenset[str]]) -> float:
    times = sum(word in one for one in holders)
    rarity = math.log(1 + (len(holders) - times + 0.5) / (times + 0.5))
    if word in fillers() or word.startswith("="):
        return rarity / 2
    return rarity * 6 if times and is_code(word) else rarity


@pytest.mark.parametrize("query", ["Norway days zebra", "return the deliverry ML01-GRN", "四天"])
def test_what_is_said_and_asked_comes_to_what_it_does_by_hand(query: str) -> None:
    asked = words_of(query)
    bare = {word for word in asked if not word.startswith("=")}
    said, like = question(query).said_in(TERMS), likeness(query)
    whole, phrasings = [set(one.whole) for one in WORDS], [features(text) for one in WORDS for text in one.asked]
    usual = sum(map(len, whole)) / len(whole)
    total = sum(weight(word, whole) for word in bare)
    for at, one in enumerate(WORDS):
        times = Counter(word for word in one.whole if word in bare)
        flat = 1.2 * (0.25 + 0.75 * len(one.whole) / usual)
        often = sum(weight(word, whole) * n * 2.2 / (n + flat) for word, n in times.items())
        assert said.covered[at] == pytest.approx(sum(weight(word, whole) for word in times) / total)
        assert said.often[at] == pytest.approx(often / total)
        assert like[at] == pytest.approx(by_hand(features(asked), [features(text) for text in one.asked], phrasings))


def by_hand(mine: frozenset[str], theirs: Sequence[frozenset[str]], phrasings: Sequence[frozenset[str]]) -> float:
    def weights(words: frozenset[str]) -> float:
        return sum(weight(word, phrasings) for word in words)

    return math.pow(sum((2 * weights(mine & one) / (weights(mine) + weights(one))) ** 4 for one in theirs), 0.25)


def likeness(query: str) -> list[float]:
    found: list[float] = question(query).likeness(TERMS, WordWeights(COUNTS).of_phrasings(TERMS)).tolist()
    return found


@pytest.mark.parametrize("query", QUERIES)
def test_a_passage_is_weighed_alone_as_it_is_among_others(query: str) -> None:
    asked, weights = question(query), WordWeights(COUNTS)
    together = asked.said_in(TERMS)
    for at, one in enumerate(TERMS):
        alone = asked.said_in([one])
        assert (alone.covered[0], alone.named[0]) == (together.covered[at], together.named[at])
        assert alone.often[0] == pytest.approx(together.often[at])
        assert asked.likeness([one], weights.of_phrasings([one]))[0] == pytest.approx(likeness(query)[at])


def test_only_the_very_words_of_a_phrasing_are_verbatim() -> None:
    for asked, _ in PASSAGES:
        for text in asked:
            assert question(text.upper()).is_one_of(TERMS) == [text in ways for ways, _ in PASSAGES]
    assert question("when will my parcel").is_one_of(TERMS) == [False] * len(TERMS)


def test_a_number_that_was_asked_for_is_named_where_it_stands() -> None:
    assert question("is ml01grn in stock").said_in(TERMS).named.tolist() == [False, True, False, False]


def test_a_question_without_words_is_said_nowhere() -> None:
    said = question("?!").said_in(TERMS)
    assert not said.covered.any() and not said.often.any() and not said.named.any()


def test_a_tally_knows_how_often_each_word_was_counted() -> None:
    tally = Tally.of({"lantern": 3, "#<la": 7, "灯": 2})
    assert tally.times_of(["灯", "lantern", "candle", "#<la"]) == [2, 3, 0, 7]
    assert tally.times_of([]) == [] and tally.total == 12
    assert np.all(np.diff(np.frombuffer(tally.numbers, np.uint32).astype(np.int64)) > 0)
