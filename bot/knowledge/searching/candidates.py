"""Which of a few given texts answers a question: lines of a description, reviews, other customers' answers.

A weighted sum of what words, spelling, the property that is asked for, numbers and (where there is an embedder) meaning
say. The weights were fitted by a softmax over the candidates of each question on hetPQA and semiPQA (amazon-science/
contextual-product-qa, development parts) and checked on ePQA: docs/evaluation.md has the figures.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from bot.knowledge.embedding.embedder import Embedder
from bot.knowledge.searching.aspects import aspects
from bot.knowledge.tokens import letter_groups, tokens

K1, B = 1.2, 0.3  # of BM25; sentences are of much the same length, and .75 costs 2 points
LONGEST_NAME = 5  # words before the colon of "battery life: 10 hours"
LONGEST_MEANT = 500  # characters that are looked at for their meaning
NOTATION = re.compile(r"\b(?:normalized_value|standardized_values|value|unit)\s*:|[{}\[\]\";]")
NAMED = re.compile(r"\s*([^:：.!?]{1,60})[:：]")
ASKS_A_NUMBER = re.compile(
    r"\bhow (?:many|much|long|tall|big|wide|deep|high|heavy|large|thick|old|far)\b"
    r"|\bwhat(?:'s| is| are|s)?(?: the)? (?:size|length|width|height|weight|dimension|diameter|age|capacity|voltage)"
    r"|\bdimensions?\b|\bmeasurements?\b|多少|多[长高宽大重深厚远]|几[个件只岁天]|尺寸",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for one text; each is 0 where nothing does."""

    words: float  # BM25
    letters: float  # cosine of the letter groups: an inflected or misspelt word is still like the right one
    property: float  # share of the properties asked for that the text is about
    named: float  # share of the words of "battery life: ..." that the question has
    number: float  # 1 where a number is asked for and told, -1 where it is asked for and missing
    meaning: float  # cosine by the embedder


WITHOUT_MEANING = Evidence(words=0.13, letters=6.5, property=1.6, named=1.7, number=1.2, meaning=0.0)
WITH_MEANING = Evidence(words=0.11, letters=0.0, property=0.9, named=0.0, number=1.1, meaning=9.0)


@dataclass(frozen=True, slots=True)
class _Said:
    words: Counter[str]
    letters: frozenset[str]
    properties: frozenset[int]
    named: frozenset[str]
    has_number: bool


class CandidateRanking:
    """Knows how rare a word is from all texts that are ever ranked, or from many like them."""

    def __init__(self, texts: Iterable[str], embedder: Embedder | None = None) -> None:
        self._embedder = embedder
        said = [_said(text) for text in dict.fromkeys(texts)]
        self._many = len(said)
        self._length = sum(one.words.total() for one in said) / max(1, len(said)) or 1.0
        self._times = Counter(word for one in said for word in (*one.words, *one.letters))

    async def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """How well each answers, comparable within this call and, less surely, between questions.

        Raises EmbedderFailed.
        """
        meant = await self._meanings(question, texts)
        weights = astuple(WITHOUT_MEANING if meant is None else WITH_MEANING)
        found = self.evidence(question, texts, meant)
        return [sum(weight * part for weight, part in zip(weights, astuple(one), strict=True)) for one in found]

    def evidence(self, question: str, texts: Sequence[str], meant: Sequence[float] | None = None) -> list[Evidence]:
        asked, number = _said(question), ASKS_A_NUMBER.search(question) is not None
        meanings = meant if meant is not None else [0.0] * len(texts)
        return [
            self._evidence(asked, number, _said(text), meaning) for text, meaning in zip(texts, meanings, strict=True)
        ]

    def _evidence(self, asked: _Said, number: bool, said: _Said, meaning: float) -> Evidence:
        return Evidence(
            words=self._bm25(asked.words, said.words),
            letters=self._cosine(asked, said),
            property=_share(asked.properties & said.properties, asked.properties),
            named=_share(asked.words.keys() & said.named, said.named),
            number=(1.0 if said.has_number else -1.0) if number else 0.0,
            meaning=meaning,
        )

    def _bm25(self, asked: Counter[str], said: Counter[str]) -> float:
        spread = K1 * (1 - B + B * said.total() / self._length)
        return sum(self._rarity(word) * said[word] * (K1 + 1) / (said[word] + spread) for word in asked if word in said)

    def _cosine(self, asked: _Said, said: _Said) -> float:
        """Chinese words are spelt in no letters: they count themselves."""
        mine, theirs = (one.letters or frozenset(one.words) for one in (asked, said))
        lengths = self._weight(mine) * self._weight(theirs)
        return self._weight(mine & theirs) / math.sqrt(lengths) if lengths else 0.0

    def _weight(self, features: Iterable[str]) -> float:
        return sum(map(self._rarity, features))

    def _rarity(self, word: str) -> float:
        times = self._times[word]
        return math.log(1 + (self._many - times + 0.5) / (times + 0.5))

    async def _meanings(self, question: str, texts: Sequence[str]) -> list[float] | None:
        if self._embedder is None or not texts or not self._embedder.understands(question):
            return None
        asked = (await self._embedder.of_questions([question]))[0]
        rows = await self._embedder.of_passages([readable(text)[:LONGEST_MEANT] for text in texts])
        return [float(cosine) for cosine in np.asarray(rows) @ asked]


def readable(text: str) -> str:
    """A data field as a person would say it: 'age_range: { value:"3+ months" }' is "age range: 3+ months"."""
    name, colon, rest = text.partition(":")
    if not colon or "{" not in rest:
        return text
    return " ".join(f"{name.replace('_', ' ')}: {NOTATION.sub(' ', rest)}".split())


def _said(text: str) -> _Said:
    plain = readable(text)
    words = tokens(plain)
    found = NAMED.match(plain)
    named = tokens(found.group(1)) if found else []
    return _Said(
        Counter(words),
        frozenset(group for word in words for group in letter_groups(word)),
        aspects(words),
        frozenset(named if len(named) <= LONGEST_NAME else ()),
        any(sign.isdigit() for sign in plain),
    )


def _share(part: Collection[object], whole: Collection[object]) -> float:
    return len(part) / len(whole) if whole else 0.0
