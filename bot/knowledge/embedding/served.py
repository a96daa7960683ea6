"""Embeddings of a model server: OpenAI's POST /v1/embeddings, as vLLM serves it. Every language the model knows.

A question waits 1.5 s at most, and a search goes on without it; passages are worth waiting for. The server may be away
when the desk starts: it is asked again and again until it has said what it serves.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import aiohttp
import msgspec
import numpy as np

from bot.knowledge.embedding.embedder import EmbedderFailed, Vectors
from bot.knowledge.embedding.endpoint import Endpoint, EndpointFailed
from bot.knowledge.embedding.families import PLAIN, family_of

log = logging.getLogger(__name__)

AT_ONCE = 64  # texts to a request
FEW = 8  # questions; more at once are no customer's, who would be waiting for them
REQUESTS = 4  # of passages at the same time
LONGEST_TEXT = 8000  # characters; vLLM itself cuts a text to what its model takes, other servers may refuse it
FIRST_SECONDS, QUESTION_SECONDS, PASSAGES_SECONDS = 3.0, 1.5, 60.0
PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before each new try with passages
ASKED_AGAIN_SECONDS = 3.0  # while nobody is there


class _Request(msgspec.Struct, frozen=True, omit_defaults=True):
    model: str
    input: Sequence[str]
    encoding_format: str
    truncate_prompt_tokens: int | None = None  # vLLM's own; -1: to the length that the model takes


class _Vector(msgspec.Struct, frozen=True):
    index: int
    embedding: list[float]


class _Embeddings(msgspec.Struct, frozen=True):
    data: list[_Vector]


class _Model(msgspec.Struct, frozen=True):
    id: str
    root: str | None = None  # vLLM: what is served under that name
    owned_by: str = ""


class _Models(msgspec.Struct, frozen=True):
    data: list[_Model]


@asynccontextmanager
async def open_served(url: str, model: str, key: str = "") -> AsyncIterator["ServedEmbedder"]:
    """Asks the server at once; where it is away, the embedder fails until it has come. Never raises by itself."""
    async with aiohttp.ClientSession() as http:
        embedder = ServedEmbedder(Endpoint(http, url, model, key))
        trouble = await embedder.meet()
        if trouble:
            log.warning("the embedder is away, searches go without it: %s", trouble)
        meeting = asyncio.create_task(_meet_later(embedder)) if trouble else None
        try:
            yield embedder
        finally:
            if meeting:
                meeting.cancel()
                with suppress(asyncio.CancelledError):
                    await meeting


async def _meet_later(embedder: "ServedEmbedder") -> None:
    while embedder.trouble:
        await asyncio.sleep(ASKED_AGAIN_SECONDS)
        await embedder.meet()
    log.warning("the embedder has come: %s, %d dimensions", embedder.name, embedder.dimensions)


class ServedEmbedder:
    """An embedder; its dimensions are 0 until the server has been met."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name, self.dimensions = f"served {endpoint.model}", 0
        self.trouble = "nobody has asked it yet"  # why it cannot be used; "" where it can
        self.root = ""  # what the server itself calls the model
        self._endpoint, self._family, self._cut = endpoint, PLAIN, False
        self._places = asyncio.Semaphore(REQUESTS)

    def understands(self, text: str) -> bool:
        return True

    async def meet(self) -> str:
        """Asks what is served, and how long its vectors are. The trouble, "" for none."""
        try:
            served = await self._served()
            self.root = (served.root if served else None) or self._endpoint.model
            self._family = family_of(self._endpoint.model, self.root)
            self._cut = served is not None and served.owned_by == "vllm"
            self.dimensions = (await self._asked(["?"], FIRST_SECONDS)).shape[1]
            self.trouble = ""
        except _MayPass as failure:
            self.trouble = f"{failure}; start that server, or correct SHOPDESK_EMBEDDING_URL"
        except EmbedderFailed as failure:
            self.trouble = str(failure)
        return self.trouble

    async def of_questions(self, texts: Sequence[str]) -> Vectors:
        if not self.trouble and len(texts) <= FEW and self._endpoint.rests:
            raise EmbedderFailed(f"{self._endpoint.url} has just failed several times; nobody waits for it now")
        marked = [self._family.question + text[:LONGEST_TEXT] for text in texts]
        return await self._all(marked, patient=len(texts) > FEW)

    async def of_passages(self, texts: Sequence[str]) -> Vectors:
        marked = [self._family.passage + text[:LONGEST_TEXT] for text in texts]
        return await self._all(marked, patient=True)

    async def _all(self, texts: Sequence[str], patient: bool) -> Vectors:
        if self.trouble:
            raise EmbedderFailed(self.trouble)
        rows = np.zeros((len(texts), self.dimensions), np.float32)

        async def fill(start: int) -> None:
            batch = texts[start : start + AT_ONCE]
            asked = self._patiently(batch) if patient else self._asked(batch, QUESTION_SECONDS)
            rows[start : start + AT_ONCE] = await asked

        try:
            async with asyncio.TaskGroup() as group:
                for start in range(0, len(texts), AT_ONCE):
                    group.create_task(fill(start))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return rows

    async def _patiently(self, batch: Sequence[str]) -> Vectors:
        async with self._places:
            for pause in PAUSES:
                with suppress(_MayPass):
                    return await self._asked(batch, PASSAGES_SECONDS)
                await asyncio.sleep(pause)
            return await self._asked(batch, PASSAGES_SECONDS)

    async def _asked(self, batch: Sequence[str], seconds: float) -> Vectors:
        request = _Request(self._endpoint.model, batch, "float", -1 if self._cut else None)
        try:
            answer = await self._endpoint.post("/embeddings", request, seconds)
        except EndpointFailed as failure:
            raise (_MayPass if failure.passing else EmbedderFailed)(str(failure)) from failure
        return self._rows(answer, len(batch))

    def _rows(self, answer: bytes, count: int) -> Vectors:
        try:
            data = msgspec.json.decode(answer, type=_Embeddings).data
            rows: Vectors = np.array([one.embedding for one in sorted(data, key=lambda one: one.index)], np.float32)
        except (msgspec.DecodeError, ValueError) as error:
            raise EmbedderFailed(f"{self._endpoint.url} does not answer with embeddings: {error}") from error
        if rows.ndim != 2 or len(rows) != count or not rows.shape[1] or not np.isfinite(rows).all():
            raise EmbedderFailed(f"{self._endpoint.url} did not answer with one vector for each text")
        if self.dimensions not in (0, rows.shape[1]):
            raise EmbedderFailed(
                f"{self._endpoint.url} gives vectors of {rows.shape[1]} numbers, and gave {self.dimensions} before: "
                "another model is served under this name. Restart the desk and publish the knowledge anew."
            )
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        rows /= np.maximum(lengths, np.finfo(np.float32).tiny)
        return rows

    async def _served(self) -> _Model | None:
        """None where the server lists no models; not all that embed do. Raises EmbedderFailed."""
        try:
            answer = await self._endpoint.get("/models", FIRST_SECONDS)
            models = msgspec.json.decode(answer, type=_Models).data
        except EndpointFailed as failure:
            if failure.passing:
                raise _MayPass(str(failure)) from failure
            return None
        except msgspec.DecodeError:
            return None
        found = next((model for model in models if model.id == self._endpoint.model), None)
        if found is None and models:
            names = ", ".join(model.id for model in models)
            raise EmbedderFailed(f"{self._endpoint.url} serves {names}: set SHOPDESK_EMBEDDING_NAME to one of these")
        return found


class _MayPass(EmbedderFailed):
    """Worth another try."""
