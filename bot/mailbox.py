"""The mailbox of a conversation: accepted durably, once, in order; and what happens in it, told to who listens."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec
from redis.exceptions import RedisError

from bot.connection import Connection, script
from bot.keys import DEDUPE_SECONDS, SESSION_SECONDS, Keys
from bot.listening import Listener, Told
from bot.messages import DONE, STAFF, Event, Happening, Incoming, Said

_happening = msgspec.json.Decoder(Happening)


class Mailbox:
    """The customer's side: what bot/channels.py calls a Postbox."""

    def __init__(self, connection: Connection, keys: Keys, listener: Listener) -> None:
        self._redis = connection.commands
        self._keys = keys
        self._listener = listener
        self._accept = script(self._redis, "accept")

    async def accept(self, incoming: Incoming) -> str:
        """Store a message; returns the id of its event, the same for the same message id within a day.

        Raises ConnectionError when Redis did not say that it is stored.
        """
        keys, where = self._keys, incoming.conversation
        said = Said(by=STAFF if incoming.channel == STAFF else "customer", message=incoming.message, text=incoming.text)
        tag = keys.tag(where)
        try:
            return str(
                await self._accept(
                    keys=[
                        keys.dedupe(where, incoming.message),
                        keys.mailbox(where),
                        keys.ready(tag),
                        keys.events(where),
                    ],
                    args=[
                        msgspec.json.encode(incoming),
                        msgspec.json.encode(said),
                        where,
                        keys.arrivals(tag),
                        DEDUPE_SECONDS,
                        SESSION_SECONDS,
                    ],
                )
            )
        except RedisError as error:
            raise ConnectionError(f"the message was not stored: {error}") from error

    async def events(self, conversation: str, after: str = "") -> AsyncIterator[Event]:
        """What happened after an event id ("" = from the beginning), then whatever happens. Never ends by itself."""
        async with aclosing(self._follow(conversation, after)) as follow:
            async for told in follow:
                yield _event(told)

    async def reply(self, conversation: str, to: str) -> AsyncIterator[Event]:
        """The events of the turn that answers the message with event id `to`; the last one is its `done` status."""
        async with aclosing(self._follow(conversation, to)) as follow:
            async for told in follow:
                event = _event(told)
                if not told.answers or earlier(told.answers, to):
                    continue  # said by a person, or told by an earlier turn
                yield event
                if event.what == DONE:
                    return

    async def transcript(self, conversation: str, after: str = "") -> list[Event]:
        return [_event(told) for told in await self._past(conversation, after)]

    async def _follow(self, conversation: str, after: str) -> AsyncGenerator[Told, None]:
        """Past and present without a gap: listen first, then read what was, then drop what came twice."""
        last = after
        async with self._listener.listen(self._keys.events(conversation)) as present:
            async for told in present:
                news = [told] if told else await self._past(conversation, last)
                for one in news:
                    if not last or earlier(last, one.id):
                        last = one.id
                        yield one

    async def _past(self, conversation: str, after: str) -> list[Told]:
        start = f"({after}" if after else "-"
        try:
            entries: Any = await self._redis.xrange(self._keys.events(conversation), start, "+")
        except RedisError as error:
            raise ConnectionError(f"the conversation could not be read: {error}") from error
        return [Told(entry, fields["what"], fields.get("answers", "")) for entry, fields in entries]


def _event(told: Told) -> Event:
    return Event(id=told.id, what=_happening.decode(told.what))


def earlier(first: str, second: str) -> bool:
    """Whether the first event id comes before the second."""
    return _place(first) < _place(second)


def _place(event_id: str) -> tuple[int, int]:
    milliseconds, _, number = event_id.partition("-")
    return int(milliseconds), int(number or 0)
