"""The shelf that needs nothing more than what every desk has: archives in Redis, in pieces, within bounds."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from bot.keys import Keys
from bot.knowledge.sharing.shelf import NotOnShelf, ShelfFailed
from bot.redis.connection import Connection, script

PIECE_BYTES = 1 << 20
MOST_BYTES = 64 << 20  # of one archive; Redis holds two of them in memory, for a moment three
UPLOAD_SECONDS = 60  # without a further piece: its publisher has died


class RedisShelf:
    """A hash for each archive: its pieces by number."""

    def __init__(self, connection: Connection) -> None:
        self._redis = connection.commands
        self._keep = script(connection.commands, "keep_knowledge")
        self._put = script(connection.commands, "put_piece")

    async def put(self, name: str, archive: Path) -> None:
        _refuse_large(archive)
        key = Keys.knowledge_archive(name)
        try:
            await self._redis.sadd(Keys.knowledge_archives(), key)
            sent = 0
            for number, piece in enumerate(_pieces(archive)):
                await self._put(keys=[key], args=[str(number), piece, UPLOAD_SECONDS])
                sent += 1
            there: Any = await self._redis.hlen(key)
        except RedisError as error:
            raise ShelfFailed(f"Redis does not take the knowledge: {error}") from error
        if there != sent:  # it expired half-way, or was dropped in the moment before it could
            raise ShelfFailed("Redis lost a part of the knowledge while it was put there: try again.")

    async def fetch(self, name: str, archive: Path, size: int) -> None:
        key, left, number = Keys.knowledge_archive(name), size, 0
        try:
            with archive.open("wb") as file:
                while left > 0:
                    piece = await self._piece(key, number)
                    if not piece or len(piece) > left:
                        raise NotOnShelf(f"The knowledge {name} does not lie in Redis as it was announced.")
                    file.write(piece)
                    left, number = left - len(piece), number + 1
        except RedisError as error:
            raise ShelfFailed(f"Redis does not give us the knowledge: {error}") from error

    async def keep(self, number: int, names: Collection[str]) -> bool:
        kept = {Keys.knowledge_archive(name) for name in names}
        try:
            listed: Any = await self._redis.smembers(Keys.knowledge_archives())
            archives = sorted({*kept, *listed})
            keys = [Keys.knowledge(), Keys.knowledge_archives(), *archives]
            return bool(await self._keep(keys, [number, *("keep" if one in kept else "" for one in archives)]))
        except RedisError as error:
            raise ShelfFailed(f"Redis does not answer about the knowledge: {error}") from error

    async def _piece(self, key: str, number: int) -> bytes:
        """As it is: everything else that we read from Redis is text."""
        redis: Any = self._redis
        return bytes(await redis.execute_command("HGET", key, str(number), NEVER_DECODE=True) or b"")


def _refuse_large(archive: Path) -> None:
    size = archive.stat().st_size
    if size > MOST_BYTES:
        raise ShelfFailed(
            f"The knowledge is {size >> 20} MB packed, and between machines Redis carries {MOST_BYTES >> 20} MB: "
            "set SHOPDESK_KNOWLEDGE_URL to s3://, gs://, az:// or, for a shared folder, file://."
        )


def _pieces(archive: Path) -> Iterator[bytes]:
    with archive.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece
