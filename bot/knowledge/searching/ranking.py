"""The one ranking, whatever engine found the candidates: words, meaning and what was learned, each with its weight."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import msgspec
import numpy as np

from bot.knowledge.passages import Kind
from bot.knowledge.searching.counts import Counts
from bot.knowledge.searching.engine import Asked, Entry, Rows
from bot.knowledge.searching.likeness import COMPANY, Question, Said, Shares, WordWeights
from bot.knowledge.searching.price_limits import without_price_limits
from bot.knowledge.searching.rows import features, is_code, words_of

LONGEST_QUERY = 1000  # characters; who pastes a book asks no question
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
        self._of_phrasings: dict[tuple[str, str], Shares] = {}

    @property
    def languages(self) -> list[str]:
        return list(self._weights)

    def ranked(self, asked: Asked, entries: Sequence[Entry]) -> list[Ranked]:
        """The best first. The nearest by all else are compared with the ways in which they are asked for, too."""
        if not entries or asked.language not in self._weights:
            return []
        question = Question(asked.words, asked.features, self._weights[asked.language])
        weights, said = WEIGHTS[signals_of(asked)], question.said_in([one.terms for one in entries])
        evidence, plain = _nearness(weights, said, asked, entries), said.covered / 2
        near = np.argsort(-evidence, kind="stable")
        best = near[:COMPARED]
        compared = [entries[at] for at in best.tolist()]
        terms = [one.terms for one in compared]
        like = question.likeness(terms, self._weights_of(compared, asked.language))
        evidence[best] += weights.like * like + VERBATIM * np.array(question.is_one_of(terms))
        plain[best] = np.minimum(1.0, plain[best] + like / 2)
        best = best[np.argsort(-evidence[best], kind="stable")]
        order = [*best.tolist(), *near[COMPARED:].tolist()]
        values = zip(evidence.tolist(), said.named.tolist(), plain.tolist(), strict=True)
        every = [Ranked(one, *of_it) for one, of_it in zip(entries, values, strict=True)]
        return [every[at] for at in order]

    def _weights_of(self, entries: Sequence[Entry], language: str) -> list[Shares]:
        """Of the phrasings of each, reckoned once."""
        known = self._of_phrasings
        new = {key: one.terms for one in entries if (key := (one.passage.id, one.passage.version)) not in known}
        if len(known) >= KEPT_PASSAGES:
            known.clear()
            new = {(one.passage.id, one.passage.version): one.terms for one in entries}
        known.update(zip(new, self._weights[language].of_phrasings(list(new.values())), strict=True))
        return [known[one.passage.id, one.passage.version] for one in entries]


def _nearness(weights: Weights, said: Said, asked: Asked, entries: Sequence[Entry]) -> Shares:
    return (
        weights.often * said.often
        + weights.covered * said.covered
        + weights.meant * _likeness([one.meant for one in entries], asked.meant)
        + weights.learned * _likeness([one.learned for one in entries], asked.learned)
        + NAMED * said.named
    )


def _likeness(rows: Sequence[Rows | None], asked: Rows | None) -> Shares:
    """The 4-norm of each one's cosines: the nearest row counts most, and company helps."""
    counts = np.array([0 if one is None else len(one) for one in rows])
    if asked is None or not counts.any():
        return np.zeros(len(rows))
    cosines = np.concatenate([one for one in rows if one is not None and len(one)]) @ asked
    nearest = np.zeros((len(rows), max(MOST_COMPANY, int(counts.max()))))
    nearest[np.arange(nearest.shape[1]) < counts[:, None]] = np.maximum(cosines, 0.0)
    if nearest.shape[1] > MOST_COMPANY:
        nearest = np.partition(nearest, -MOST_COMPANY)[:, -MOST_COMPANY:]
    found: Shares = (nearest**COMPANY).sum(1) ** (1 / COMPANY)
    return found


@lru_cache(maxsize=64)
def asked_words(query: str) -> tuple[str, ...]:
    """One turn looks for the same words several times: among entries, policies and products."""
    return tuple(words_of(without_price_limits(query[:LONGEST_QUERY])))


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
