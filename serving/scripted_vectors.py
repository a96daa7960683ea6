"""Embeddings and rankings of the scripted model: of words alone and always the same; like texts lie near each other.

OpenAI's POST /v1/embeddings and Cohere's POST /v1/rerank, in the words of vLLM's answers.
"""

import asyncio
import zlib
from collections import deque
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from serving.script import Script
from serving.wire import tokens

REMEMBERED = 1000  # requests


class WireEmbedding(msgspec.Struct):
    model: str
    input: str | list[str]
    encoding_format: str = "float"


class WireRanking(msgspec.Struct):
    model: str
    query: str
    documents: list[str]
    top_n: int = 0


Wire = TypeVar("Wire", WireEmbedding, WireRanking)


class ScriptedVectors:
    def __init__(self, script: Script) -> None:
        self._script, self._calls = script, 0
        self.asked: deque[str] = deque(maxlen=REMEMBERED)  # bodies, as they were sent

    def routes(self) -> list[web.RouteDef]:
        paths = ("/rerank", "/v1/rerank", "/v2/rerank")
        return [web.post("/v1/embeddings", self.embeddings), *(web.post(path, self.rerank) for path in paths)]

    async def embeddings(self, request: web.Request) -> web.Response:
        asked = await self._asked(request, WireEmbedding)
        if isinstance(asked, web.Response):
            return asked
        texts = [asked.input] if isinstance(asked.input, str) else asked.input
        data = [
            {"index": index, "object": "embedding", "embedding": embedding(text, self._script.vectors.dimensions)}
            for index, text in enumerate(texts)
        ][::-1]  # in any order: a client goes by the index
        return _json({"object": "list", "model": asked.model, "data": data, "usage": _usage(texts)})

    async def rerank(self, request: web.Request) -> web.Response:
        asked = await self._asked(request, WireRanking)
        if isinstance(asked, web.Response):
            return asked
        scores = [overlap(asked.query, text) for text in asked.documents]
        best = sorted(range(len(scores)), key=lambda index: -scores[index])[: asked.top_n or None]
        results = [
            {"index": index, "document": {"text": asked.documents[index]}, "relevance_score": scores[index]}
            for index in best
        ]
        usage = _usage([asked.query, *asked.documents])
        return _json({"id": "rerank-1", "model": asked.model, "usage": usage, "results": results})

    async def _asked(self, request: web.Request, kind: type[Wire]) -> Wire | web.Response:
        """What is asked, or the error or fault that answers it."""
        body = await request.read()
        self.asked.append(body.decode(errors="replace"))
        before, self._calls = self._calls, self._calls + 1
        await asyncio.sleep(self._script.vectors.after)
        if fault := await self._fault(before):
            return fault
        try:
            asked = msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            return _error(400, f"The request cannot be read: {error}")
        if asked.model != self._script.model:
            return _error(404, f"The model {asked.model} does not exist; this is {self._script.model}")
        return asked

    async def _fault(self, before: int) -> web.Response | None:
        play = self._script.vectors
        if play.fault is None or (play.calls_below is not None and before >= play.calls_below):
            return None
        if play.fault == "hang":
            await asyncio.Event().wait()
        if play.fault == "garbage":
            return web.Response(body=b'{"data": [{"index": 0, "embedd', content_type="application/json")
        return _error(int(play.fault), f"The script says {play.fault}")


def embedding(text: str, dimensions: int) -> list[float]:
    """Each word counts at a place, and with a sign, that its hash says; as long as it gets, as some models' are."""
    row = [0.0] * dimensions
    for word in _words(text):
        number = zlib.crc32(word.encode())
        row[number % dimensions] += 1 if number & 1 << 31 else -1
    return row


def overlap(query: str, text: str) -> float:
    """The share of the query's words that the text has."""
    asked, said = _words(query), set(_words(text))
    return sum(word in said for word in asked) / max(1, len(asked))


def _words(text: str) -> list[str]:
    return [word for token in tokens(text.lower()) if (word := token.strip(" \n\t.,?!:;。，？！：；"))]


def _usage(texts: Sequence[str]) -> dict[str, int]:
    count = sum(len(tokens(text)) for text in texts)
    return {"prompt_tokens": count, "total_tokens": count}


def _json(what: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(what), status=status, content_type="application/json")


def _error(status: int, message: str) -> web.Response:
    return _json({"error": {"message": message, "type": "scripted", "code": status}}, status)
