"""The one ranking, whatever engine found the candidates: words, meaning and what was learned, each with its weight."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import msgspec

from bot.knowledge.passages import Kind
from bot.knowledge.searching.counts import Counts
from bot.knowledge.searching.engine import Asked, Entry, Rows
from bot.knowledge.searching.likeness import Question, Ways, WordWeights, ways
from bot.knowledge.searching.rows import features, is_code, words_of

LONGEST_QUERY = 1000  # characters; who pastes a book asks no question
COMPANY = 4.0
MOST_COMPANY = 5  # rows of one passage; who has more phrasings is not surer for it
COMPARED = 16  # candidates, by everything else; with all of some fifty the demo's questions come out the same
KEPT_PASSAGES = 5_000  # whose phrasings are weighed already


Signals = Literal["words", "words+learned", "words+meant", "words+meant+learned"]


class Weights(msgspec.Struct, frozen=True):
    """How much each view of a candidate says. `often` reaches 1 and more, the others seldom do."""

    like: float  # by words, to the ways in which it is asked for
    often: float
    covered: float
    meant: float = 0.0
    learned: float = 0.0


# Chosen together on some hundred development questions each of StackFAQ, ShoppingBench and BANKING77 (10 phrasings), so
# they are no proof there. What suits them differs: titles want words, questions want meaning; docs/evaluation.md has
# what came out beside each part alone.
WEIGHTS: dict[Signals, Weights] = {
    "words": Weights(like=0.32, often=0.52, covered=0.16),
    "words+learned": Weights(like=0.11, often=0.11, covered=0.11, learned=0.67),
    "words+meant": Weights(like=0.07, often=0.07, covered=0.16, meant=0.70),
    "words+meant+learned": Weights(like=0.09, often=0.06, covered=0.13, meant=0.55, learned=0.17),
}
VERBATIM = 0.3  # more for an entry with a known phrasing in the very words of the question
NAMED = 0.5  # more for a passage that holds a number that was asked for: it is about that very thing


@dataclass(frozen=True, slots=True)
class Ranked:
    entry: Entry
    evidence: float  # how surely it answers: what is ranked by, and what thresholds are fitted to
    named: bool  # it holds an article or order number of the question
    plain: float  # 0..1: half of it for how it is asked for, half for what it says; where nothing was fitted


class Ranking:
    """Weighs candidates against a question in the knowledge of one version."""

    def __init__(self, counts: dict[str, Counts]) -> None:
        self._weights = {language: WordWeights(one) for language, one in counts.items()}
        self._ways: dict[tuple[str, str], Ways] = {}

    @property
    def languages(self) -> list[str]:
        return list(self._weights)

    def ranked(self, asked: Asked, entries: Sequence[Entry]) -> list[Ranked]:
        """The best first."""
        if not entries or asked.language not in self._weights:
            return []
        question = Question(asked.words, self._weights[asked.language])
        weights = WEIGHTS[signals_of(asked)]
        near = sorted((_nearness(question, weights, asked, one) for one in entries), key=lambda one: -one.evidence)
        found = [self._compared(question, weights, one, asked.language) for one in near[:COMPARED]]
        return sorted(found, key=lambda one: -one.evidence) + near[COMPARED:]

    def _compared(self, question: Question, weights: Weights, near: Ranked, language: str) -> Ranked:
        """With the ways in which it is asked for, too; that takes longest."""
        known = self._ways_to(near.entry, language)
        like = question.likeness(known)
        more = weights.like * like + VERBATIM * question.is_one_of(known)
        return Ranked(near.entry, near.evidence + more, near.named, min(1.0, near.plain + like / 2))

    def _ways_to(self, entry: Entry, language: str) -> Ways:
        key = entry.passage.id, entry.passage.version
        if key not in self._ways:
            if len(self._ways) >= KEPT_PASSAGES:
                self._ways.clear()
            self._ways[key] = ways(entry.words.asked, self._weights[language])
        return self._ways[key]


def _nearness(question: Question, weights: Weights, asked: Asked, entry: Entry) -> Ranked:
    said = question.said_in(entry.words.whole)
    evidence = (
        weights.often * said.often
        + weights.covered * said.covered
        + weights.meant * _likeness(entry.meant, asked.meant)
        + weights.learned * _likeness(entry.learned, asked.learned)
    )
    return Ranked(entry, evidence + NAMED * said.named, said.named, said.covered / 2)


def _likeness(rows: Rows | None, asked: Rows | None) -> float:
    """The 4-norm of the cosines: the nearest row counts most, and company helps."""
    if rows is None or asked is None or not len(rows):
        return 0.0
    nearest = sorted((rows @ asked).tolist())[-MOST_COMPANY:]
    return math.pow(sum(cosine**COMPANY for cosine in nearest if cosine > 0), 1 / COMPANY)


@lru_cache(maxsize=64)
def asked_words(query: str) -> tuple[str, ...]:
    """One turn looks for the same words several times: among entries, policies and products."""
    return tuple(words_of(query[:LONGEST_QUERY]))


def has_code(query: str) -> bool:
    """Whether it asks for something by its number."""
    return any(map(is_code, asked_words(query)))


def signals_of(asked: Asked) -> Signals:
    """By what this question can be looked for: an embedder may be away, or not know its script."""
    if asked.meant is None:
        return "words" if asked.learned is None else "words+learned"
    return "words+meant" if asked.learned is None else "words+meant+learned"


def ask(query: str, language: str, kind: Kind | None, meant: Rows | None, learned: Rows | None) -> Asked:
    """What was learned from phrasings says nothing of products."""
    words = asked_words(query)
    return Asked(words, features(words), language, kind, meant, None if kind == "product" else learned)
