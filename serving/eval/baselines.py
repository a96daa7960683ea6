"""Rivals of the desk's search: BM25 over our tokens, one kind of vector, LangChain's BM25 as it comes."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi  # type: ignore[import-untyped]

from bot.evaluation.asking import DEPTH, Answer, Answers, Hit
from bot.evaluation.entries import Entries
from bot.knowledge.passages import Passage
from bot.knowledge.tokens import tokens

K1, B = 1.2, 0.75
Scores = NDArray[np.floating]
Ask = Callable[[str], Scores]


@dataclass(frozen=True, slots=True)
class Documents:
    """Texts, and the passage that each of them stands for."""

    texts: list[str]
    passages: list[str]

    @classmethod
    def of(cls, entries: Entries, texts_of: Callable[[Passage], Sequence[str]]) -> "Documents":
        both = [(text, one.id) for one in entries.passages for text in texts_of(one)]
        return cls([text for text, _ in both], [passage for _, passage in both])

    def answers(self, ask: Ask, queries: Sequence[str]) -> Answers:
        return Answers(tuple(self._answer(ask(query)) for query in queries), None)

    def _answer(self, scores: Scores) -> Answer:
        """The first documents of distinct passages; who scores nothing is not found."""
        best: dict[str, float] = {}
        for at in np.argsort(-scores, kind="stable"):
            if scores[at] <= 0 or len(best) >= DEPTH:
                break
            best.setdefault(self.passages[at], float(scores[at]))
        return Answer(tuple(Hit(passage, score) for passage, score in best.items()), 0.0, 0.0, False)


def said(passage: Passage) -> list[str]:
    """The passage whole, then each of its known phrasings as a document of its own."""
    return ["\n".join((passage.title, passage.text)), *passage.questions]


class Okapi:
    """BM25 with k1 1.2 and b .75 (Robertson & Zaragoza 2009), over our own tokens."""

    def __init__(self, texts: Sequence[str]) -> None:
        cut = [tokens(text) for text in texts]
        mean = sum(map(len, cut)) / max(1, len(cut)) or 1.0
        self._many = len(cut)
        found: dict[str, list[tuple[int, float]]] = {}
        for at, words in enumerate(cut):
            for word, times in Counter(words).items():
                weight = times * (K1 + 1) / (times + K1 * (1 - B + B * len(words) / mean))
                found.setdefault(word, []).append((at, weight))
        self._places = {word: np.array([at for at, _ in held]) for word, held in found.items()}
        self._weights = {
            word: np.array([weight for _, weight in held]) * self._rarity(len(held)) for word, held in found.items()
        }

    def __call__(self, query: str) -> Scores:
        scores = np.zeros(self._many)
        for word in tokens(query):
            if word in self._places:
                scores[self._places[word]] += self._weights[word]
        return scores

    def _rarity(self, holders: int) -> float:
        return math.log(1 + (self._many - holders + 0.5) / (holders + 0.5))


class AsLangChain:
    """LangChain's BM25Retriever without the package that is given up: BM25Okapi as it comes, cut at white space."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._known = BM25Okapi([text.split() for text in texts])

    def __call__(self, query: str) -> Scores:
        scores: Scores = self._known.get_scores(query.split())
        return scores


class Nearest:
    """By cosine alone."""

    def __init__(self, rows: NDArray[np.float32], encode: Callable[[str], NDArray[np.float32]]) -> None:
        self._rows, self._encode = rows, encode

    def __call__(self, query: str) -> Scores:
        scores: Scores = self._rows @ self._encode(query)
        return scores
