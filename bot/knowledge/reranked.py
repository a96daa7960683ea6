"""A Retriever with a second look: a reranker says which of the best answers, the search says how surely."""

from collections.abc import Sequence

import msgspec

from bot.knowledge.index import KnowledgeIndex
from bot.knowledge.passages import Found, Kind, Passage
from bot.knowledge.searching.engine import Rows
from bot.knowledge.searching.reranking import Reranker

CONSIDERED = 20  # of the best; each costs the reranker about as much as the question itself


class Reranked:
    def __init__(self, index: KnowledgeIndex, reranker: Reranker) -> None:
        self._index, self._reranker = index, reranker

    async def search(self, query: str, language: str, at_most: int = 5, kind: Kind | None = None) -> list[Found]:
        """The scores and confidences of the search, best first, on the passages in the reranker's order.

        Where the reranker is away or too slow, the order is that of the search.
        """
        found = await self._index.search(query, language, max(at_most, CONSIDERED), kind)
        texts = [f"{one.passage.title}\n{one.passage.text}" for one in found]
        scores = await self._reranker.scores(query, texts) if len(found) > 1 else None
        if scores is None:
            return found[:at_most]
        order = sorted(range(len(found)), key=lambda place: -scores[place])
        best_first = sorted(found, key=lambda one: -one.confidence)
        return [
            msgspec.structs.replace(found[place], score=like.score, confidence=like.confidence)
            for place, like in zip(order, best_first, strict=True)
        ][:at_most]

    async def passage(self, passage_id: str) -> Passage | None:
        return await self._index.passage(passage_id)

    async def all(self, kind: Kind, language: str) -> list[Passage]:
        return await self._index.all(kind, language)

    async def vectors(self, texts: Sequence[str]) -> Rows:
        return await self._index.vectors(texts)
