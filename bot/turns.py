"""The worker's side of the mailbox: lease a conversation, tell what passes, end the turn in one atomic step."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

import msgspec
from redis.asyncio.client import PubSub
from redis.exceptions import OutOfMemoryError, ResponseError

from bot.insights.noted import Noted
from bot.insights.told_texts import ToldTexts
from bot.keys import GROUP, LEASE_SECONDS, TAKEN_BACK, Keys
from bot.messages import DONE, RESTARTED, THINKING, WAITING_FOR_STAFF, Incoming, Part, TextDelta
from bot.redis.connection import Connection, heard, script

AT_MOST = 20  # messages of one turn
BLOCK_MILLISECONDS = 2000
LONGEST_WAIT_SECONDS = 7.0  # for the answer to a read that blocks for two

_incoming = msgspec.json.Decoder(Incoming)
_encode = msgspec.json.encode


class Token(msgspec.Struct, frozen=True):
    """The right to serve a conversation: one entry of the ready stream."""

    id: str
    conversation: str
    tag: str


class Batch(msgspec.Struct, frozen=True):
    """What a leased conversation brings to a turn."""

    token: Token
    fence: int
    messages: tuple[Incoming, ...]
    letters: int  # how many of the mailbox these are; what was taken back is among them, and no message
    last: str  # event id of the newest message in it
    waiting: int  # how many messages waited, these included
    tries: int  # how often a worker began on them and did not come back, this time included
    taken: str  # event id at which they were taken: the time by Redis' clock
    readable: bool  # whether all of them are; one that is not is empty
    session: str  # as it was saved, "" for a new conversation
    staff: str  # who of the staff has the conversation, "" for nobody


class Ended(Enum):
    """How a commit ended."""

    MORE = 1  # committed; more mail waits and the lease is kept
    FINISHED = 0  # committed; nothing waits
    STEPPED_BACK = 2  # committed; more mail waits in line again, the lease is given up
    TAKEN_OVER = -1  # another worker has the conversation: all of this turn is void
    STAFF_CHANGED = -2  # void: staff came or went while the reply was in the making
    INTERRUPTED = -3  # void: the customer wrote while the reply was in the making


class TurnQueue:
    """One worker process; its name must be unique."""

    def __init__(self, connection: Connection, keys: Keys, name: str) -> None:
        self._redis = connection.commands
        self._blocking = connection.blocking
        self._keys = keys
        self._name = name
        self._texts = ToldTexts(connection, keys)
        self._scripts = {n: script(self._redis, n) for n in ("take", "emit", "commit", "keep", "retire", "release")}

    async def prepare(self) -> None:
        for tag in self._tags():
            try:
                await self._redis.xgroup_create(self._keys.ready(tag), GROUP, id="0", mkstream=True)
            except ResponseError as error:
                # one that is full refuses before it looks; where there is no group yet, reading says so
                if "BUSYGROUP" not in str(error) and not isinstance(error, OutOfMemoryError):
                    raise

    def _tags(self) -> list[str]:
        return [self._keys.shard(number) for number in range(self._keys.shards)]

    async def wait(self, tag: str, at_most: int) -> list[Token]:
        """New tokens, waiting up to two seconds for the first. Raises TimeoutError when Redis has fallen silent."""
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            answer: Any = await self._blocking.xreadgroup(
                GROUP, self._name, {self._keys.ready(tag): ">"}, count=at_most, block=BLOCK_MILLISECONDS
            )
        return _tokens(answer[0][1], tag) if answer else []

    async def given(self, tag: str) -> list[Token]:
        """All tokens that this worker has: those it serves, and those that were lost on their way to it."""
        ready = self._keys.ready(tag)
        answer: Any = await self._redis.xreadgroup(GROUP, self._name, {ready: "0"})
        return _tokens(answer[0][1], tag) if answer else []

    async def abandoned(self, tag: str, idle_seconds: float, at_most: int) -> list[Token]:
        """Tokens whose worker has not been heard of for so long."""
        ready, place, found = self._keys.ready(tag), "0-0", list[Token]()
        while True:  # one answer may look only at those that are served
            answer: Any = await self._redis.xautoclaim(
                ready, GROUP, self._name, int(idle_seconds * 1000), place, count=at_most
            )
            place = answer[0]
            found += _tokens(answer[1], tag)
            if place == "0-0" or len(found) >= at_most:
                return found

    async def tries(self, token: Token) -> int:
        """How often a worker began on what waits there, and did not come back."""
        tried: Any = await self._redis.hget(self._keys.turn(token.conversation), "tries")
        return int(tried or 0)

    async def take(self, token: Token, steal: bool = False, again: bool = False) -> Batch | None:
        """Lease the token's conversation; None when another worker has it, or when it has no mail.

        `again`: this worker takes it once more of its own accord, which does not count as a try.
        """
        keys, where = self._keys, token.conversation
        answer: list[Any] = await self._scripts["take"](
            keys=[
                keys.lease(where),
                keys.mailbox(where),
                keys.turn(where),
                keys.session(where),
                keys.events(where),
                keys.staff(where),
                keys.ready(token.tag),
            ],
            args=[
                self._owner(token),
                int(LEASE_SECONDS * 1000),
                int(steal),
                _encode(THINKING),
                _encode(RESTARTED),
                AT_MOST,
                int(again),
                GROUP,
                self._name,
                token.id,
            ],
        )
        if answer[0] == -1:
            await self._scripts["retire"](
                keys=[keys.lease(where), keys.mailbox(where), keys.ready(token.tag)],
                args=[self._owner(token), GROUP, token.id, where],
            )
        if answer[0] <= 0:
            return None
        fence, session, staff, waiting, tries, taken, *mail = answer
        letters = [letter.partition(" ") for letter in mail]
        messages = [_message(event_id, text) for event_id, _, text in letters if text != TAKEN_BACK]
        return Batch(
            token=token,
            fence=fence,
            messages=tuple(one or Incoming("", token.conversation, "") for one in messages),
            readable=None not in messages,
            letters=len(letters),
            last=letters[-1][0],
            waiting=waiting,
            tries=tries,
            taken=taken,
            session=session,
            staff=staff,
        )

    async def emit(self, batch: Batch, part: Part) -> None:
        """Tell of something passing; nothing happens when the turn is no longer ours."""
        where = batch.token.conversation
        await self._scripts["emit"](
            keys=[self._keys.turn(where), self._keys.events(where)], args=[batch.fence, _encode(part), batch.last]
        )

    async def commit(
        self,
        batch: Batch,
        session: str,
        parts: Sequence[Part],
        interruptible: bool,
        step_back: bool = False,
        last_piece: str = "",
        noted: Noted | None = None,
    ) -> Ended:
        """End the turn: save the session, tell the lasting parts and `done`, take the answered mail away.

        A reply that says so puts the conversation into the line for staff. `step_back`: if more mail waits, others go
        first. `last_piece`: text that was not told in passing yet. `noted`: what was told, what was asked in vain, and
        whether everything before is to be forgotten.
        May be asked again when the answer was lost on the way: it happens once.
        """
        if noted:
            with contextlib.suppress(OutOfMemoryError):  # a full Redis still lets us answer what was accepted
                await self._texts.keep(noted.told)  # first: no text is told that is not kept
        notes = noted.encoded() if noted else ""
        return await self._end(batch, session, parts, interruptible, step_back, last_piece, notes, parked="")

    async def park(self, batch: Batch, session: str, parts: Sequence[Part], why: str) -> Ended:
        """End the turn without an answer: its mail is put aside for staff (bot/parking.py), `why` in a word."""
        return await self._end(batch, session, parts, False, False, "", "", parked=why)

    async def _end(
        self,
        batch: Batch,
        session: str,
        parts: Sequence[Part],
        interruptible: bool,
        step_back: bool,
        last_piece: str,
        notes: str,
        parked: str,
    ) -> Ended:
        keys, where = self._keys, batch.token.conversation
        return Ended(
            await self._scripts["commit"](
                keys=[
                    keys.turn(where),
                    keys.mailbox(where),
                    keys.session(where),
                    keys.events(where),
                    keys.lease(where),
                    keys.ready(batch.token.tag),
                    keys.staff(where),
                    keys.waiting(batch.token.tag),
                    keys.parked(batch.token.tag),
                    keys.told(where),
                    keys.tellings(batch.token.tag),
                    keys.tellings_by_time(batch.token.tag),
                    keys.missed(where),
                    keys.unanswered(batch.token.tag),
                    keys.forgotten(batch.token.tag),
                    keys.ratings(batch.token.tag),
                ],
                args=[
                    batch.fence,
                    batch.letters,
                    batch.waiting if interruptible else -1,
                    batch.staff,
                    session,
                    keys.kept_seconds,
                    batch.token.id,
                    GROUP,
                    batch.last,
                    time.time() if WAITING_FOR_STAFF in parts else "",
                    where,
                    parked,
                    time.time(),
                    int(step_back),
                    _encode(TextDelta(last_piece)) if last_piece else "",
                    notes,
                    *(_encode(part) for part in parts),
                    _encode(DONE),
                ],
            )
        )

    async def keep(self, tokens: Sequence[Token]) -> None:
        """Say that these conversations are still being served; what another worker has taken over stays theirs."""
        await asyncio.gather(*map(self._keep, tokens))

    async def _keep(self, token: Token) -> None:
        await self._scripts["keep"](
            keys=[self._keys.lease(token.conversation), self._keys.ready(token.tag)],
            args=[self._owner(token), int(LEASE_SECONDS * 1000), GROUP, self._name, token.id],
        )

    async def release(self, token: Token) -> None:
        """Let another worker have the conversation at once; what of its turn is not committed has not happened."""
        where = token.conversation
        named = (
            self._keys.lease(where),
            self._keys.ready(token.tag),
            self._keys.turn(where),
            self._keys.mailbox(where),
        )
        await self._scripts["release"](keys=named, args=[self._owner(token), GROUP, token.id, where])

    @asynccontextmanager
    async def arrivals(self) -> AsyncIterator[AsyncIterator[tuple[str, str]]]:
        """(event id, conversation) of each message as it is accepted: a hint to interrupt turns; may miss some."""
        pubsub = self._blocking.pubsub()
        await pubsub.subscribe(*(self._keys.arrivals(tag) for tag in self._tags()))
        try:
            yield _arrivals(pubsub)
        finally:
            await pubsub.aclose()  # type: ignore[no-untyped-call]

    def _owner(self, token: Token) -> str:
        return f"{self._name}:{token.id}"


def _message(event_id: str, text: str) -> Incoming | None:
    """With the id under which it was accepted; one that was parked keeps the id of its first time."""
    try:
        incoming = _incoming.decode(text)
    except msgspec.MsgspecError:  # written by another release
        return None
    return incoming if incoming.accepted else msgspec.structs.replace(incoming, accepted=event_id)


def _tokens(entries: list[Any], tag: str) -> list[Token]:
    # redis 6.2 answers (None, None) for a claimed entry that is gone
    return [Token(entry, fields["conversation"], tag) for entry, fields in entries if fields]


async def _arrivals(pubsub: PubSub) -> AsyncIterator[tuple[str, str]]:
    async for message in heard(pubsub):
        if message["type"] == "message":
            event_id, _, conversation = message["data"].partition(" ")
            yield event_id, conversation
