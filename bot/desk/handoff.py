"""Who waits for staff, who of the staff has which conversation, and what staff write into it."""

import time
from typing import Any

import msgspec

from bot.channels import Postbox
from bot.keys import Keys
from bot.messages import CLOSE, STAFF, Happening, Incoming, Said
from bot.redis.connection import Connection

LOOK_BACK = 200  # events

_happening = msgspec.json.Decoder(Happening)


class Waiting(msgspec.Struct, frozen=True):
    conversation: str
    since: float  # seconds since the epoch
    public: bool = False  # others read along: what staff write there they write to all of them


class Handoff:
    """The line of customers who wait for a person."""

    def __init__(self, connection: Connection, keys: Keys, postbox: Postbox) -> None:
        self._redis = connection.commands
        self._keys = keys
        self._postbox = postbox

    async def is_waiting(self, conversation: str) -> bool:
        """Whether it is in the line. It gets there when a turn is committed whose reply says so."""
        line = self._keys.waiting(self._keys.tag(conversation))
        return await self._redis.zscore(line, conversation) is not None

    async def waiting(self) -> list[Waiting]:
        """The longest wait first."""
        found: list[Waiting] = []
        for number in range(self._keys.shards):
            line: Any = await self._redis.zrange(self._keys.waiting(self._keys.shard(number)), 0, -1, withscores=True)
            found += [Waiting(name, since, await self._is_public(name)) for name, since in line]
        return sorted(found, key=lambda one: one.since)

    async def _is_public(self, conversation: str) -> bool:
        entries: Any = await self._redis.xrevrange(self._keys.events(conversation), count=LOOK_BACK)
        return any(is_public(_happening.decode(fields["what"])) for _, fields in entries)

    async def take(self, conversation: str, who: str) -> None:
        """Give the conversation to one of the staff; from now on the bot is silent.

        Raises ValueError when there is no such conversation, or another has it.
        """
        if not await self._redis.exists(self._keys.events(conversation)):
            raise ValueError(f"There is no conversation {conversation}.")
        key = self._keys.staff(conversation)
        await self._redis.set(key, who, nx=True, ex=self._keys.kept_seconds)
        owner: Any = await self._redis.get(key)
        if owner != who:
            raise ValueError(f"{conversation} is taken by {owner}.")
        await self._redis.zrem(self._keys.waiting(self._keys.tag(conversation)), conversation)

    async def say(self, conversation: str, who: str, text: str) -> None:
        """What staff write goes the way of every message: stored, in order, once.

        Raises ValueError when they do not have the conversation.
        """
        if await self._redis.get(self._keys.staff(conversation)) != who:
            raise ValueError(f"Take {conversation} first: shopdesk desk take {conversation} --who {who}")
        message = f"{who}:{time.time_ns()}"
        await self._postbox.accept(Incoming(channel=STAFF, conversation=conversation, message=message, text=text))

    async def close(self, conversation: str, who: str) -> None:
        """Give the conversation back and end it: the customer is thanked, and asked how it was.

        Raises ValueError when another has it, or there is no such conversation.
        """
        if not await self._redis.exists(self._keys.events(conversation)):
            raise ValueError(f"There is no conversation {conversation}.")
        owner: Any = await self._redis.get(self._keys.staff(conversation))
        if owner not in (None, who):
            raise ValueError(f"{conversation} is taken by {owner}.")
        await self.give_back(conversation)
        await self._redis.zrem(self._keys.waiting(self._keys.tag(conversation)), conversation)
        message = f"{who}:close:{time.time_ns()}"
        await self._postbox.accept(Incoming(channel=STAFF, conversation=conversation, message=message, press=CLOSE))

    async def give_back(self, conversation: str) -> None:
        """The bot answers again."""
        await self._redis.delete(self._keys.staff(conversation))


def is_public(what: Happening) -> bool:
    """Whether it was written where others read along."""
    return isinstance(what, Said) and what.public
