"""What histories of a mailbox are played on: a real Redis whose scripts may be spoilt, and all of it seen at a look."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import Bounds, Mailbox
from bot.parking import Parking
from bot.redis.connection import Connection, Script
from bot.turns import TurnQueue
from tests.mailbox_model import BOUNDS

Result = TypeVar("Result")
CONVERSATIONS = ("test:ada", "test:ben")
LOOK = """
local found = {redis.call('XRANGE', KEYS[1], '-', '+'), redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000),
  redis.call('HGETALL', KEYS[2])}
for i = 1, #ARGV - 1 do
  local at = i * 4 - 1
  found[#found + 1] = {redis.call('LRANGE', KEYS[at], 0, -1), redis.call('GET', KEYS[at + 1]) or '',
    redis.call('EXISTS', KEYS[at + 2]), redis.call('XRANGE', KEYS[at + 3], '-', '+'),
    redis.call('ZSCORE', KEYS[#KEYS], ARGV[i + 1]) and 1 or 0}
end
return found
"""

NOTES = """
local found = {redis.call('ZRANGE', KEYS[1], 0, -1), redis.call('ZRANGE', KEYS[2], 0, -1),
  redis.call('ZRANGE', KEYS[3], 0, -1)}
for i = 4, #KEYS, 2 do
  found[#found + 1] = {redis.call('HGETALL', KEYS[i]), redis.call('LRANGE', KEYS[i + 1], 0, -1)}
end
return found
"""


class Spoiling:
    """A client whose scripts are read through `spoil`, and which lets something happen after the next of them."""

    def __init__(self, redis: Redis, spoil: Callable[[str], str]) -> None:
        self._redis, self._spoil = redis, spoil
        self._digests: dict[str, str] = {}  # of each text that was run: what its spoilt one is known by
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._redis, name)

    async def evalsha(self, digest: str, *given: Any) -> Any:
        if digest not in self._digests:
            raise NoScriptError
        return await self._and_then(await self._redis.evalsha(self._digests[digest], *given))

    async def eval(self, text: str, *given: Any) -> Any:
        spoilt = self._spoil(text)
        self._digests[_digest(text)] = _digest(spoilt)
        return await self._and_then(await self._redis.eval(spoilt, *given))

    async def _and_then(self, answer: Any) -> Any:
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        return answer


def _digest(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Ground:
    """What histories are played on: a Redis that is emptied before each, and the loop that its clients live in."""

    def __init__(
        self, runner: asyncio.Runner, connection: Connection, keys: Keys, spoil: Callable[[str], str] = str
    ) -> None:
        self._runner, self.keys, self.redis = runner, keys, connection.commands
        connection.commands = self.scripts = Spoiling(connection.commands, spoil)  # type: ignore[assignment]
        self.connection = connection
        bounds = Bounds(BOUNDS.unanswered, BOUNDS.line * keys.shards, BOUNDS.told * keys.shards)
        self.mailbox = Mailbox(connection, keys, Listener(connection), bounds)
        self.parking = Parking(connection, keys)
        self.look, self.look_at_notes = Script(self.redis, LOOK), Script(self.redis, NOTES)
        self.tags = sorted({keys.tag(name) for name in CONVERSATIONS})

    def run(self, step: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(step)

    async def empty(self) -> None:
        await self.redis.flushall()
        await TurnQueue(self.connection, self.keys, "porter").prepare()
