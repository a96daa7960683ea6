"""Messages that no worker got through: put aside so that the conversation goes on, kept for staff to look into."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from bot.keys import Keys
from bot.messages import THINKING, Incoming
from bot.redis.connection import Connection, script

_incoming = msgspec.json.Decoder(Incoming)


class Parked(msgspec.Struct, frozen=True):
    conversation: str
    event: str  # the id under which it was accepted
    at: datetime  # when it was parked
    why: str  # "crashed", "slow", "unreadable", or the type of the error
    message: Incoming


class Parking:
    """What `shopdesk mailbox` works on. Its methods raise redis.exceptions.RedisError."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis, self._keys = connection.commands, keys
        self._unpark = script(self._redis, "unpark")

    async def parked(self) -> list[Parked]:
        """All that is put aside, the oldest first."""
        found: list[Parked] = []
        for number in range(self._keys.shards):
            kept: Any = await self._redis.hgetall(self._keys.parked(self._keys.shard(number)))
            found += [_read(field, value) for field, value in kept.items()]
        return sorted(found, key=lambda one: (one.at, one.event))

    async def retry(self, one: Parked) -> bool:
        """Give it back to the workers, as if it had been written now; False when it is parked no more."""
        keys, where = self._keys, one.conversation
        tag = keys.tag(where)
        put_back: Any = await self._unpark(
            keys=[
                keys.parked(tag),
                keys.mailbox(where),
                keys.ready(tag),
                keys.events(where),
                keys.turn(where),
                keys.delivery(where),
                keys.outbox(tag),
            ],
            args=[
                _field(one),
                msgspec.json.encode(msgspec.structs.replace(one.message, accepted=one.message.accepted or one.event)),
                where,
                keys.arrivals(tag),
                msgspec.json.encode(THINKING),
            ],
        )
        return bool(put_back)

    async def drop(self, one: Parked) -> bool:
        """Throw it away; False when it is parked no more."""
        removed: Any = await self._redis.hdel(self._keys.parked(self._keys.tag(one.conversation)), _field(one))
        return bool(removed)


def _field(one: Parked) -> str:
    return f"{one.conversation} {one.event}"


def _read(field: str, value: str) -> Parked:
    conversation, _, event = field.rpartition(" ")
    head, _, message = value.partition("\n")
    at, _, why = head.partition(" ")
    try:
        incoming = _incoming.decode(message)
    except msgspec.MsgspecError:
        incoming = Incoming("", conversation, event, text=message)  # to be looked at and dropped
    return Parked(conversation, event, datetime.fromtimestamp(float(at), UTC), why, incoming)
