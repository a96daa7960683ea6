"""Removing what was kept: of a conversation that is forgotten at once, of one that has expired within hours.

Every process of the desk does so in its own store, for without SHOPDESK_ATTACHMENTS_URL each machine has one.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import obstore
from obstore.store import ObjectStore
from redis.exceptions import RedisError

from bot.attachments.naming import conversation_of, folder_of
from bot.keys import Keys
from bot.messages import Said
from bot.object_stores import TROUBLE
from bot.redis.connection import Connection

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
EXPIRE_SECONDS = 6 * 3600.0
FIRST_SECONDS = 600.0  # within so many after the start, each process at another moment
OVERLAP_SECONDS = 60.0  # clocks differ, and an entry may become visible after a later one
SAID = '"kind":"said"'

_said = msgspec.json.Decoder(Said)


class Sweeper:
    def __init__(self, store: ObjectStore, connection: Connection, keys: Keys) -> None:
        self._store, self._redis, self._keys = store, connection.commands, keys
        self._done: dict[str, float] = {}  # conversation or file -> when it was forgotten the last time
        self._since = 0.0

    async def run(self) -> None:
        """Until cancelled; trouble is told once and tried again."""
        due, told = time.monotonic() + random.uniform(0, FIRST_SECONDS), ""
        while True:
            try:
                await self.erase_forgotten()
                if time.monotonic() >= due:
                    await self.erase_expired(time.time())
                    due = time.monotonic() + EXPIRE_SECONDS
                told = ""
            except (*TROUBLE, RedisError) as error:
                if str(error) != told:
                    log.warning("attachments are not removed: %s", error)
                told = str(error)
            await asyncio.sleep(LOOK_SECONDS)

    async def erase_forgotten(self) -> None:
        """What was kept in a conversation before it was forgotten, and what came with a message before that was
        deleted; what came later stays, and what belongs to a message that is still there."""
        newest = self._since
        for number in range(self._keys.shards):
            key = self._keys.forgotten(self._keys.shard(number))
            found: Any = await self._redis.zrange(key, self._since, "+inf", byscore=True, withscores=True)
            for name, when in found:
                if self._done.get(name, 0.0) < when:
                    await self._erase(name, when)
                    self._done[name] = when
                newest = max(newest, when)
        self._since = max(self._since, newest - OVERLAP_SECONDS)
        self._done = {name: when for name, when in self._done.items() if when >= self._since}

    async def _erase(self, name: str, when: float) -> None:
        """The name of a file, or of a conversation: then all that it has."""
        conversation = conversation_of(name)
        try:
            folder = folder_of(conversation or name)
        except ValueError:
            return  # nothing can have been kept
        kept = [path async for path, written in self._kept(folder) if written <= when]
        meant = [path for path in kept if not conversation or path == name]
        needed = await self._needed(conversation or name) if meant else set()
        for path in meant:
            if path not in needed:
                await self._delete(path)

    async def _needed(self, conversation: str) -> set[str]:
        """What came with messages that are there: the clocks of the store and of Redis do not say which was first."""
        entries: Any = await self._redis.xrange(self._keys.events(conversation))
        said = [_said.decode(fields["what"]) for _, fields in entries if SAID in fields["what"]]
        return {attachment.kept for one in said for attachment in one.attachments}

    async def erase_expired(self, now: float) -> None:
        """As old as a conversation may become, and its conversation is gone: that lives on with every turn."""
        gone: dict[str, bool] = {}
        async for path, written in self._kept():
            conversation = conversation_of(path)
            if not conversation or written > now - self._keys.kept_seconds:
                continue
            if conversation not in gone:
                gone[conversation] = not await self._redis.exists(self._keys.events(conversation))
            if gone[conversation]:
                await self._delete(path)

    async def _kept(self, folder: str | None = None) -> AsyncIterator[tuple[str, float]]:
        """(name, seconds since the epoch at which it was put there) of all that is there."""
        async for page in obstore.list(self._store, folder):
            for one in page:
                yield one["path"], one["last_modified"].timestamp()

    async def _delete(self, path: str) -> None:
        try:
            await obstore.delete_async(self._store, path)
        except FileNotFoundError:
            log.debug("another process was faster: %s", path)
