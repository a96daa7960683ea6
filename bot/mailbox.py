"""The mailbox of a conversation: accepted durably, once, in order; and what happens in it, told to who listens."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec
from redis.exceptions import RedisError

from bot.channels import TooMuch
from bot.keys import DEDUPE_SECONDS, GROUP, Keys
from bot.listening import Listener, Told
from bot.messages import DONE, STAFF, Busy, Event, Happening, Incoming, Said
from bot.observing import metrics
from bot.redis.connection import Connection, script

_happening = msgspec.json.Decoder(Happening)

AFTER_ALL = "9999999999999-0"  # an event id that no event ever gets
PLACE = 7_777_777  # stands for the place in line, which the script fills in
_busy = msgspec.json.encode(Busy(PLACE)).decode().replace(str(PLACE), "%d")


class Bounds(msgspec.Struct, frozen=True):
    """How much may wait."""

    unanswered: int = 100  # messages of one conversation
    line: int = 10_000  # conversations of the whole desk
    told: int = 200  # so many conversations before one's own, and the customer is told


class Mailbox:
    """The customer's side: what bot/channels.py calls a Postbox."""

    def __init__(self, connection: Connection, keys: Keys, listener: Listener, bounds: Bounds | None = None) -> None:
        self._redis = connection.commands
        self._keys = keys
        self._listener = listener
        self._bounds = bounds or Bounds()
        self._accept, self._erase = script(self._redis, "accept"), script(self._redis, "erase")

    async def accept(self, incoming: Incoming, per_minute: int = 0) -> str:
        """Store a message; returns the id of its event, the same for the same message id within a day.

        Raises TooMuch, or ConnectionError when Redis did not say that it is stored.
        """
        keys, where = self._keys, incoming.conversation
        said = Said(by=STAFF if incoming.channel == STAFF else "customer", message=incoming.message, text=incoming.text)
        tag = keys.tag(where)
        try:
            answer: Any = await self._accept(
                keys=[
                    keys.dedupe(where, incoming.message),
                    keys.mailbox(where),
                    keys.ready(tag),
                    keys.events(where),
                    keys.written(where),
                    keys.turn(where),
                ],
                args=[
                    msgspec.json.encode(msgspec.structs.replace(incoming, accepted="")),
                    msgspec.json.encode(said),
                    where,
                    keys.arrivals(tag),
                    DEDUPE_SECONDS,
                    keys.kept_seconds,
                    per_minute,
                    self._bounds.unanswered,
                    max(1, self._bounds.line // keys.shards),
                    max(1, self._bounds.told // keys.shards),
                    GROUP,
                    _busy,
                    keys.shards,
                ],
            )
        except RedisError as error:
            metrics.refused_total.labels("not_stored").inc()
            raise ConnectionError(f"the message was not stored: {error}") from error
        if isinstance(answer, str):
            metrics.accepted_total.labels(incoming.channel).inc()
            return answer
        what, wait = answer
        metrics.refused_total.labels(what).inc()
        raise TooMuch(what, int(wait))

    async def erase(self, conversation: str) -> None:
        """Forget the conversation: what was said, the session, its place in line, what is noted of it; a reply in the
        making is void.

        Raises ConnectionError when Redis did not say that it is done.
        """
        keys = self._keys
        tag = keys.tag(conversation)
        named = (keys.mailbox, keys.session, keys.events, keys.turn, keys.lease, keys.staff)
        try:
            await self._erase(
                keys=[
                    *(name(conversation) for name in named),
                    keys.waiting(tag),
                    keys.parked(tag),
                    keys.written(conversation),
                    keys.told(conversation),
                    keys.tellings(tag),
                    keys.tellings_by_time(tag),
                    keys.missed(conversation),
                    keys.unanswered(tag),
                ],
                args=[conversation, keys.arrivals(tag), AFTER_ALL, keys.kept_seconds],
            )
        except RedisError as error:
            raise ConnectionError(f"the conversation was not erased: {error}") from error

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
    return Event(id=told.id, what=_happening.decode(told.what), answers=told.answers)


def earlier(first: str, second: str) -> bool:
    """Whether the first event id comes before the second."""
    return _place(first) < _place(second)


def _place(event_id: str) -> tuple[int, int]:
    milliseconds, _, number = event_id.partition("-")
    return int(milliseconds), int(number or 0)
