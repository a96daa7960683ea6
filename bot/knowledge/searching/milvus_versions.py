"""The versions of the knowledge in Milvus: a collection each, beside one another; an alias says that one is whole."""

import asyncio
import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from bot.knowledge.searching.counts import Counts
from bot.knowledge.searching.engine import Entry
from bot.knowledge.searching.milvus import MilvusEngine, MilvusServer, quoted
from bot.knowledge.searching.milvus_rows import LONGEST, Row, lengths, rows_of

BATCH = 500  # rows sent at once
SECONDS = 60.0  # for one step
INDEXED_SECONDS = 3600.0  # until all rows of a build are indexed
LONGEST_ID = 512

Placed = tuple[int, Entry]  # its place in the order of publishing


class MilvusVersions:
    """Raises ConnectionError when the server is away. Only one at a time may build, change and keep."""

    def __init__(self, server: MilvusServer, name: str = "shopdesk") -> None:
        """Shops that share a server have a name each."""
        self._server, self._collections, self._aliases = server, f"{name}_built_", f"{name}_is_"

    async def names(self) -> set[str]:
        """Aliases of all versions that are whole."""
        return set(await self._whole())

    def alias(self, version: str) -> str:
        """It is there only while its collection holds this version and nothing else."""
        return self._aliases + re.sub(r"\W", "_", version, flags=re.ASCII)

    def engine(self, version: str, counts: Mapping[str, Counts]) -> MilvusEngine:
        return MilvusEngine(self._server, self.alias(version), counts)

    async def build(
        self, version: str, entries: Iterable[Placed], counts: Mapping[str, Counts], dimensions: Mapping[str, int]
    ) -> None:
        """A whole collection beside those that serve; `dimensions` of the vectors that there are."""
        collection, usual, sent = f"{self._collections}{time.time_ns()}", lengths(counts), 0
        await self._create(collection, dimensions)
        rows = (row for place, one in entries for row in rows_of(place, one, usual, dimensions))
        batches = _batches(rows)
        while batch := await asyncio.to_thread(next, batches, None):  # reading and packing take as long as sending
            await self._call("insert", collection, batch)
            sent += len(batch)
        await self._server.call("flush", collection, seconds=INDEXED_SECONDS)
        await self._server.call("load_collection", collection, seconds=INDEXED_SECONDS)
        await self._refuse_losses(collection, sent)
        await self._point(version, collection)

    async def change(
        self,
        last: str,
        version: str,
        removed: Collection[str],
        added: Sequence[Placed],
        counts: Mapping[str, Counts],
    ) -> None:
        """What held the version `last` holds this one afterwards; in between whoever asks for either is refused."""
        collection = (await self._whole())[self.alias(last)]
        dimensions, usual = await self._dimensions(collection), lengths(counts)
        rows = [row for place, one in added for row in rows_of(place, one, usual, dimensions)]
        await self._call("drop_alias", self.alias(last))
        wanted = f"passage_id in [{', '.join(map(quoted, [*removed, *(one.passage.id for _, one in added)]))}]"
        old = await self._call("query", collection, filter=wanted, output_fields=["key"], consistency_level="Strong")
        for batch in _batches(iter(rows)):
            await self._call("upsert", collection, batch)
        if surplus := {row["key"] for row in old} - {row["key"] for row in rows}:
            await self._call("delete", collection, ids=sorted(surplus))
        await self._point(version, collection)

    async def keep(self, versions: Collection[str]) -> None:
        """All other collections of this shop are dropped, what an interrupted build has left behind too."""
        wanted, whole = {self.alias(version) for version in versions}, await self._whole()
        for alias in set(whole) - wanted:
            await self._call("drop_alias", alias)
        kept = {collection for alias, collection in whole.items() if alias in wanted}
        for other in await self._call("list_collections"):
            if other.startswith(self._collections) and other not in kept:
                await self._call("drop_collection", other)

    async def _call(self, name: str, *arguments: Any, **named: Any) -> Any:
        return await self._server.call(name, *arguments, seconds=SECONDS, **named)

    async def _create(self, collection: str, dimensions: Mapping[str, int]) -> None:
        from pymilvus import DataType, MilvusClient  # type: ignore[import-untyped]

        schema, indexes = MilvusClient.create_schema(), MilvusClient.prepare_index_params()
        schema.add_field("key", DataType.VARCHAR, max_length=LONGEST_ID + 8, is_primary=True)
        for name, length in (("passage_id", LONGEST_ID), ("language", 16), ("kind", 16)):
            schema.add_field(name, DataType.VARCHAR, max_length=length)
            indexes.add_index(name, index_type="INVERTED")
        schema.add_field("part", DataType.INT32)
        schema.add_field("place", DataType.INT64)
        for name in ("passage", "kept"):
            schema.add_field(name, DataType.VARCHAR, max_length=LONGEST)
        for name in ("asked", "whole"):
            schema.add_field(name, DataType.SPARSE_FLOAT_VECTOR)
            indexes.add_index(name, index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
        for name, size in dimensions.items():
            schema.add_field(name, DataType.FLOAT_VECTOR, dim=size)
            indexes.add_index(name, index_type="AUTOINDEX", metric_type="IP")
        await self._call("create_collection", collection, schema=schema)
        await self._call("create_index", collection, indexes, sync=False)  # built while rows come in

    async def _refuse_losses(self, collection: str, sent: int) -> None:
        (found,) = await self._call("query", collection, output_fields=["count(*)"], consistency_level="Strong")
        if found["count(*)"] != sent:
            raise ConnectionError(f"Milvus at {self._server.url} kept {found['count(*)']} of {sent} rows.")

    async def _dimensions(self, collection: str) -> dict[str, int]:
        described = await self._call("describe_collection", collection)
        fields = {field["name"]: field.get("params", {}) for field in described["fields"]}
        return {name: int(fields[name]["dim"]) for name in ("meant", "learned") if name in fields}

    async def _whole(self) -> dict[str, str]:
        """The collections of this shop by alias."""
        found: dict[str, str] = {}
        for collection in await self._call("list_collections"):
            if collection.startswith(self._collections):
                aliases = (await self._call("list_aliases", collection))["aliases"]
                found |= {alias: collection for alias in aliases if alias.startswith(self._aliases)}
        return found

    async def _point(self, version: str, collection: str) -> None:
        known = self.alias(version) in await self._whole()
        await self._call("alter_alias" if known else "create_alias", collection, self.alias(version))


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
