"""The engine for many machines: candidates from a collection of a Milvus server, which all of them share."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from bot.knowledge.passages import Kind, Passage
from bot.knowledge.searching.counts import Counts
from bot.knowledge.searching.engine import Asked, Entry, Rows
from bot.knowledge.searching.milvus_rows import Row, Sparse, entries_of, passage_of, rarities

CONNECT_SECONDS = 5.0
SECONDS = 2.0  # for a search; building may take longer
NEAREST = {"asked": 20, "whole": 10, "meant": 20, "learned": 20}  # passages by each, as on one machine
MARGIN = 3  # rows asked for where one passage is wanted; several may be of one passage
MOST_LISTED = 10_000  # passages of a kind that are listed at all; Milvus gives 16,384 at most
FRESH = 10.0  # seconds after a change in which reading waits for what was written; a cluster lags up to five


class MilvusServer:
    """Connects when it is first called; every failure is a ConnectionError that says what to look at."""

    def __init__(self, url: str, token: str = "", seconds: float = SECONDS) -> None:
        """`url`: http://host:19530, or a file that ends with .db: Milvus Lite, in this process, to try it out.

        A search may take so many seconds.
        """
        self.url, self._token, self._seconds = url, token, seconds
        self._client: Any = None
        self._failures: tuple[type[Exception], ...] = (OSError,)
        self._connecting = asyncio.Lock()

    async def call(self, name: str, *arguments: Any, seconds: float | None = None, **named: Any) -> Any:
        """A method of pymilvus' client, in a thread: its asynchronous one asks for what Milvus Lite does not have."""
        async with self._connecting:
            if self._client is None:
                await self._connect()
        limit = seconds or self._seconds
        return await self._guarded(limit, getattr(self._client, name), *arguments, timeout=limit, **named)

    async def _connect(self) -> None:
        pymilvus = await asyncio.to_thread(import_module, "pymilvus")  # it takes seconds, and only where one is set
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # every failure with its traceback; ours say enough
        self._failures = (pymilvus.MilvusException, OSError)
        connect = partial(pymilvus.MilvusClient, self.url, token=self._token, timeout=CONNECT_SECONDS)
        self._client = await self._guarded(CONNECT_SECONDS, connect)

    async def _guarded(self, seconds: float, asked: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        try:
            async with asyncio.timeout(seconds + 1):
                return await asyncio.to_thread(asked, *arguments, **named)
        except TimeoutError as error:
            raise self._trouble(f"no answer in {seconds:g} seconds") from error
        except self._failures as error:
            raise self._trouble(getattr(error, "message", "") or str(error)) from error

    def _trouble(self, what: str) -> ConnectionError:
        return ConnectionError(
            f"The Milvus server at {self.url} could not be used ({what}): "
            "start it, or correct SHOPDESK_MILVUS_URL and SHOPDESK_MILVUS_TOKEN."
        )

    async def close(self) -> None:
        if self._client is not None:
            await asyncio.to_thread(self._client.close)


class MilvusEngine:
    """Reads one collection: an Engine. What `counts` says of a word decides how much it weighs in a question."""

    def __init__(self, server: MilvusServer, collection: str, counts: Mapping[str, Counts]) -> None:
        self._server, self._collection, self._counts = server, collection, counts
        self._fresh_until = time.monotonic() + FRESH
        self._fields: set[str] | None = None

    def changed(self) -> None:
        """Tell it when an entry was changed, by whomever: for a while it reads what was written last."""
        self._fresh_until = time.monotonic() + FRESH

    async def candidates(self, asked: Asked) -> Sequence[Entry]:
        vectors = await self._vectors(asked)
        found = await asyncio.gather(*(self._nearest(name, vector, asked) for name, vector in vectors.items()))
        ids = list(dict.fromkeys(passage_id for some in found for passage_id in some))
        return entries_of(await self._rows(ids, await self._carried())) if ids else []

    async def passage(self, passage_id: str) -> Passage | None:
        rows = await self._query(f"passage_id == {quoted(passage_id)} and part == 0", ["passage"])
        return passage_of(rows[0]) if rows else None

    async def all(self, kind: Kind, language: str) -> list[Passage]:
        limits = f"kind == {quoted(kind)} and language == {quoted(language)} and part == 0"
        rows = await self._query(limits, ["place", "passage"])
        return [passage_of(row) for row in sorted(rows, key=lambda row: int(row["place"]))]

    async def _vectors(self, asked: Asked) -> dict[str, Sparse | Rows]:
        """By field; none of them empty."""
        known = self._counts.get(asked.language)
        found: dict[str, Sparse | Rows] = {}
        if known is not None:
            found["asked"] = rarities(asked.features, known.in_phrasings, known.phrasings)
            found["whole"] = rarities(asked.words, known.in_passages, known.passages)
        for name, vector in (("meant", asked.meant), ("learned", asked.learned)):
            if vector is not None and np.any(vector) and name in await self._carried():
                found[name] = vector
        return {name: vector for name, vector in found.items() if len(vector)}

    async def _nearest(self, field: str, vector: Sparse | Rows, asked: Asked) -> list[str]:
        limits = f"language == {quoted(asked.language)}"
        if asked.kind:
            limits += f" and kind == {quoted(asked.kind)}"
        (hits,) = await self._server.call(
            "search",
            self._collection,
            data=[vector],
            anns_field=field,
            filter=limits,
            limit=NEAREST[field] * MARGIN,
            output_fields=["passage_id"],
            search_params={"metric_type": "IP"},
            consistency_level=self._consistency(),
        )
        near = dict.fromkeys(hit["entity"]["passage_id"] for hit in hits if hit["distance"] > 0)
        return list(near)[: NEAREST[field]]

    async def _rows(self, ids: Sequence[str], vectors: set[str]) -> list[Row]:
        wanted = f"passage_id in [{', '.join(map(quoted, ids))}]"
        return await self._query(wanted, ["passage_id", "part", "passage", "kept", *sorted(vectors)])

    async def _query(self, limits: str, fields: list[str]) -> list[Row]:
        rows: list[Row] = await self._server.call(
            "query",
            self._collection,
            filter=limits,
            output_fields=fields,
            limit=MOST_LISTED,
            consistency_level=self._consistency(),
        )
        return rows

    async def _carried(self) -> set[str]:
        """Which kinds of vectors this collection has."""
        if self._fields is None:
            described = await self._server.call("describe_collection", self._collection)
            self._fields = {field["name"] for field in described["fields"]}
        return self._fields & {"meant", "learned"}

    def _consistency(self) -> str:
        return "Strong" if time.monotonic() < self._fresh_until else "Bounded"


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
