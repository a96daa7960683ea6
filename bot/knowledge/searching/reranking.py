"""A second look at what was found, by a model that reads question and passage together: vLLM's POST /v1/rerank.

The protocol is Cohere's: a query and documents in, a score for each document out.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import aiohttp
import msgspec

from bot.knowledge.embedding.endpoint import Endpoint, EndpointFailed

log = logging.getLogger(__name__)

SECONDS = 1.0  # for all of it: a customer waits, and the order is good without it
LONGEST_TEXT = 2000  # characters


class Reranker(Protocol):
    name: str

    async def scores(self, question: str, texts: Sequence[str]) -> list[float] | None:
        """How well each text answers the question, comparable within this call; None: the order stays as it was."""


class _Request(msgspec.Struct, frozen=True, omit_defaults=True):
    model: str
    query: str
    documents: Sequence[str]
    truncate_prompt_tokens: int | None = None  # vLLM's own; -1: to the length that the model takes


class _Result(msgspec.Struct, frozen=True):
    index: int
    relevance_score: float


class _Ranked(msgspec.Struct, frozen=True):
    results: list[_Result]


@asynccontextmanager
async def open_reranker(url: str, model: str, key: str = "") -> AsyncIterator["ServedReranker"]:
    """Asks nothing yet. `url` with or without /v1."""
    async with aiohttp.ClientSession() as http:
        yield ServedReranker(Endpoint(http, url, model, key))


class ServedReranker:
    """A Reranker. Three failures in a row, and nobody waits for it for 5 s."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name, self._endpoint, self._cut = endpoint.model, endpoint, False

    async def scores(self, question: str, texts: Sequence[str]) -> list[float] | None:
        if not texts or self._endpoint.rests:
            return None
        try:
            return await self.asked(question, texts)
        except EndpointFailed as failure:
            log.info("the order stays as it was: %s", failure)
            return None

    async def asked(self, question: str, texts: Sequence[str]) -> list[float]:
        """As `scores`, but raises EndpointFailed with the reason."""
        try:
            answer = await self._answer(question, texts, self._cut)
        except EndpointFailed as failure:
            if failure.passing or self._cut:
                raise
            # a text may be longer than the model takes; vLLM cuts it where it is told to, others need not know how
            answer = await self._answer(question, texts, cut=True)
            self._cut = True
        try:
            found = {one.index: one.relevance_score for one in msgspec.json.decode(answer, type=_Ranked).results}
        except msgspec.DecodeError as error:
            raise EndpointFailed(f"{self._endpoint.url}/rerank does not answer with a ranking: {error}") from error
        if found.keys() != set(range(len(texts))):
            raise EndpointFailed(f"{self._endpoint.url}/rerank did not rank each of the {len(texts)} texts")
        return [found[place] for place in range(len(texts))]

    async def _answer(self, question: str, texts: Sequence[str], cut: bool) -> bytes:
        documents = [text[:LONGEST_TEXT] for text in texts]
        request = _Request(self._endpoint.model, question[:LONGEST_TEXT], documents, -1 if cut else None)
        return await self._endpoint.post("/rerank", request, SECONDS)
