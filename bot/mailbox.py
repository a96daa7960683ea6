"""The mailbox of a conversation: accepted durably, once, in order; and what happens in it, told to who listens."""

import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec
from redis.exceptions import RedisError

from bot.channels import TooMuch
from bot.insights.facts import HandoffFact
from bot.insights.noted import CORRECTION, KEPT_WORDS
from bot.keys import DEDUPE_SECONDS, GROUP, TAKEN_BACK, Keys
from bot.listening import Listener, Told
from bot.messages import DONE, STAFF, Busy, Event, Happening, Incoming, Said
from bot.observing import metrics
from bot.redis.connection import Connection, script

_EVENT = re.compile(r"\d{1,15}-\d{1,10}")
_happening = msgspec.json.Decoder(Happening)
_incoming = msgspec.json.Decoder(Incoming)

AFTER_ALL = "9999999999999-0"  # an event id that no event ever gets
EDITION = ":e"  # in the id of a message that is a new wording of another, behind the id of that
LOOK_BACK = 200  # events
PLACE = 7_777_777  # stands for the place in line, which the script fills in
_done = msgspec.json.encode(DONE)
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
        self._withdraw = script(self._redis, "withdraw")

    async def accept(self, incoming: Incoming, per_minute: int = 0, deliver: bool = False) -> str:
        """Store a message; returns the id of its event, the same for the same message id within a day; "" for a new
        wording that nobody needs. `deliver`: what happens in the conversation goes through the outbox.

        Raises TooMuch, or ConnectionError when Redis did not say that it is stored.
        """
        if not incoming.edits:
            return await self._stored(incoming, per_minute, deliver)
        try:
            if not await self._is_needed(incoming):
                return ""
            event = await self._stored(incoming, per_minute, deliver)
            first = self._keys.dedupe(incoming.conversation, incoming.edits)
            await self._redis.set(first, event, nx=True, ex=DEDUPE_SECONDS)  # it may come after its new wording
            await self._take_back(incoming.conversation, incoming.edits, stays=incoming.message)
        except RedisError as error:
            raise ConnectionError(f"the new wording was not stored: {error}") from error
        return event

    async def _is_needed(self, incoming: Incoming) -> bool:
        """The new wording of what waits for its answer, of what the customer said last, or of what never came."""
        where, first = incoming.conversation, incoming.edits
        if await self._redis.exists(self._keys.dedupe(where, incoming.message)):
            return True
        entries: Any = await self._redis.xrevrange(self._keys.events(where), count=LOOK_BACK)
        happened = [_happening.decode(fields["what"]) for _, fields in entries]
        said = [one.message for one in happened if isinstance(one, Said) and one.by != STAFF]
        if said and said[0].partition(EDITION)[0] == first:
            return True
        letters: Any = await self._redis.lrange(self._keys.mailbox(where), 0, -1)
        if any(_is_of(letter, first) for letter in letters):
            return True
        return first not in {one.partition(EDITION)[0] for one in said} and not await self._redis.exists(
            self._keys.dedupe(where, first)
        )

    async def withdraw(self, conversation: str, message: str) -> None:
        """The customer has deleted a message. Raises ConnectionError."""
        try:
            await self._take_back(conversation, message, stays="")
        except RedisError as error:
            raise ConnectionError(f"the message was not taken back: {error}") from error

    async def _take_back(self, conversation: str, message: str, stays: str) -> None:
        keys = self._keys
        tag = keys.tag(conversation)
        await self._withdraw(
            keys=[keys.mailbox(conversation), keys.events(conversation), keys.parked(tag), keys.forgotten(tag)],
            args=[message, keys.arrivals(tag), conversation, stays, time.time()],
        )

    async def happened(self, conversation: str, event: str) -> Happening | None:
        """What happened at this event id. Raises ConnectionError."""
        if not _EVENT.fullmatch(event):
            return None
        try:
            entries: Any = await self._redis.xrange(self._keys.events(conversation), event, event)
        except RedisError as error:
            raise ConnectionError(f"the conversation could not be read: {error}") from error
        return _happening.decode(entries[0][1]["what"]) if entries else None

    async def _stored(self, incoming: Incoming, per_minute: int, deliver: bool) -> str:
        keys, where = self._keys, incoming.conversation
        by = STAFF if incoming.channel == STAFF else "customer"
        said = Said(by, incoming.message, incoming.text, incoming.attachments, incoming.public, incoming.name)
        says = bool(incoming.text or incoming.attachments) and not incoming.message.startswith(CORRECTION)
        by_staff, wrote = by == STAFF, says or by != STAFF  # a press or a correction is no answer of theirs
        answer = HandoffFact(where, 0, time.time(), "answered", "asked", 0, "", by=incoming.author)
        tag = keys.tag(where)
        try:
            stored: Any = await self._accept(
                keys=[
                    keys.dedupe(where, incoming.message),
                    keys.mailbox(where),
                    keys.ready(tag),
                    keys.events(where),
                    keys.written(where),
                    keys.turn(where),
                    keys.delivery(where),
                    keys.outbox(tag),
                    keys.handoff(where),
                    keys.clocks(tag),
                    keys.facts(tag),
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
                    int(deliver),
                    keys.desk_news(tag),
                    time.time(),
                    by if wrote else "",
                    _words(incoming),
                    msgspec.json.encode(answer) if by_staff else "",
                ],
            )
        except RedisError as error:
            metrics.refused_total.labels("not_stored").inc()
            raise ConnectionError(f"the message was not stored: {error}") from error
        if isinstance(stored, str):
            metrics.accepted_total.labels(incoming.channel).inc()
            return stored
        what, wait = stored
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
                    keys.forgotten(tag),
                    keys.delivery(conversation),
                    keys.outbox(tag),
                    keys.handoff(conversation),
                    keys.handoffs(tag),
                    keys.clocks(tag),
                    keys.notes(conversation),
                    keys.facts(tag),
                ],
                args=[
                    conversation,
                    keys.arrivals(tag),
                    AFTER_ALL,
                    keys.kept_seconds,
                    time.time(),
                    _done,
                    keys.desk_news(tag),
                ],
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

    async def transcript(self, conversation: str, after: str = "", before: str = "", at_most: int = 0) -> list[Event]:
        return [_event(told) for told in await self._past(conversation, after, before, at_most)]

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

    async def _past(self, conversation: str, after: str, before: str = "", at_most: int = 0) -> list[Told]:
        start, end = f"({after}" if after else "-", f"({before}" if before else "+"
        entries: Any
        try:
            if at_most:
                entries = await self._redis.xrevrange(self._keys.events(conversation), end, start, at_most)
                entries.reverse()
            else:
                entries = await self._redis.xrange(self._keys.events(conversation), start, end)
        except RedisError as error:
            raise ConnectionError(f"the conversation could not be read: {error}") from error
        return [Told(entry, fields["what"], fields.get("answers", "")) for entry, fields in entries]


def _words(incoming: Incoming) -> str:
    """What staff see of it in the line; "" for a press, which says nothing to them."""
    if incoming.text or not incoming.attachments:
        return incoming.text[:KEPT_WORDS]
    return f"📎 {incoming.attachments[0].name or incoming.attachments[0].kind}"[:KEPT_WORDS]


def _is_of(letter: str, message: str) -> bool:
    """Whether a letter of the mailbox is this message, or a wording of it."""
    _, _, text = letter.partition(" ")
    if text == TAKEN_BACK:
        return False
    return _incoming.decode(text).message.partition(EDITION)[0] == message


def _event(told: Told) -> Event:
    return Event(id=told.id, what=_happening.decode(told.what), answers=told.answers)


def earlier(first: str, second: str) -> bool:
    """Whether the first event id comes before the second."""
    return _place(first) < _place(second)


def _place(event_id: str) -> tuple[int, int]:
    milliseconds, _, number = event_id.partition("-")
    return int(milliseconds), int(number or 0)
