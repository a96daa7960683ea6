"""The number of shards is part of every key's name: the first desk on a Redis settles it, the others have to agree."""

from typing import Any

from bot.keys import Keys
from bot.redis.connection import Connection
from bot.redis.trying_again import insist


async def settle_shards(connection: Connection, shards: int) -> None:
    """For a process that starts. Raises ValueError when the conversations here are spread otherwise."""
    # a Redis that has just come back reads its file first, and answers nothing meanwhile
    if await insist(lambda: connection.commands.get(Keys.spread())) is None:
        await connection.commands.set(Keys.spread(), shards, nx=True)
    await check_shards(connection, shards)


async def check_shards(connection: Connection, shards: int) -> None:
    """The same for one that only looks."""
    settled: Any = await connection.commands.get(Keys.spread())
    if settled is not None and int(settled) != shards:
        raise ValueError(
            f"SHOPDESK_SHARDS is {shards}, but this Redis has conversations in {settled}: set it to {settled}. "
            f"Only when they are not needed any more, delete the key {Keys.spread()!r} there."
        )
