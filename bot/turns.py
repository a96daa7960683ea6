"""The worker's side of the mailbox: lease a conversation, tell what passes, end the turn in one atomic step."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec
from redis.exceptions import OutOfMemoryError, ResponseError

from bot.batches import Batch, Ended, Token
from bot.insights.noted import KEPT_WORDS, Noted, Opening
from bot.insights.told_texts import ToldTexts
from bot.keys import GROUP, LEASE_SECONDS, TAKEN_BACK, Keys
from bot.messages import DONE, LEFT_THE_LINE, RESTARTED, THINKING, WAITING_FOR_STAFF, Incoming, Part, TextDelta
from bot.redis.connection import Connection, script
from bot.redis.subscription import Heard, Subscription

AT_MOST = 20  # messages of one turn
BLOCK_MILLISECONDS = 2000
LONGEST_WAIT_SECONDS = 7.0  # for the answer to a read that blocks for two

_incoming = msgspec.json.Decoder(Incoming)
_encode = msgspec.json.encode


class TurnQueue:
    """One worker process; its name must be unique."""

    def __init__(self, connection: Connection, keys: Keys, name: str) -> None:
        self._connection = connection
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
        fence, session, staff, staffed, waiting, tries, taken, *mail = answer
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
            staffed=staffed,
        )

    async def emit(self, batch: Batch, part: Part) -> None:
        """Tell of something passing; nothing happens when the turn is no longer ours."""
        where = batch.token.conversation
        await self._scripts["emit"](
            keys=[self._keys.turn(where), self._keys.events(where)],
            args=[batch.fence, _encode(part), batch.last, batch.staffed],
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
        if noted and noted.told:
            with contextlib.suppress(OutOfMemoryError):  # a full Redis still lets us answer what was accepted
                await self._texts.keep(noted.told)  # first: no text is told that is not kept
        return await self._end(batch, session, parts, interruptible, step_back, last_piece, noted or Noted(), parked="")

    async def park(
        self, batch: Batch, session: str, parts: Sequence[Part], why: str, noted: Noted | None = None
    ) -> Ended:
        """End the turn without an answer: its mail is put aside for staff (bot/parking.py), `why` in a word."""
        noted = noted or Noted()
        if noted.handoff is None and batch.messages:
            newest = batch.messages[-1]
            words, public = newest.text[:KEPT_WORDS], "1" if newest.public else ""
            noted.handoff = Opening("parked", newest.channel, "", words, public)
        return await self._end(batch, session, parts, False, False, "", noted, parked=why)

    async def _end(
        self,
        batch: Batch,
        session: str,
        parts: Sequence[Part],
        interruptible: bool,
        step_back: bool,
        last_piece: str,
        noted: Noted,
        parked: str,
    ) -> Ended:
        keys, where, now = self._keys, batch.token.conversation, time.time()
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
                    keys.handoff(where),
                    keys.handoffs(batch.token.tag),
                    keys.clocks(batch.token.tag),
                    keys.facts(batch.token.tag),
                    keys.notes(where),
                ],
                args=[
                    batch.fence,
                    batch.letters,
                    batch.waiting if interruptible else -1,
                    f"{batch.staff} {batch.staffed}",
                    session,
                    keys.kept_seconds,
                    batch.token.id,
                    GROUP,
                    batch.last,
                    now if _joins_line(parts) else "",
                    where,
                    parked,
                    now,
                    int(step_back),
                    _encode(TextDelta(last_piece)) if last_piece else "",
                    noted.encoded(now, LEFT_THE_LINE in parts),
                    keys.desk_news(batch.token.tag),
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
        channels = [self._keys.arrivals(tag) for tag in self._tags()]
        async with aclosing(Subscription(self._connection).heard(lambda: channels)) as heard:
            yield _arrivals(heard)

    def _owner(self, token: Token) -> str:
        return f"{self._name}:{token.id}"


def _joins_line(parts: Sequence[Part]) -> bool:
    """Of several messages that are answered together the last counts."""
    told = [part for part in parts if part in (WAITING_FOR_STAFF, LEFT_THE_LINE)]
    return bool(told) and told[-1] == WAITING_FOR_STAFF


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


async def _arrivals(heard: AsyncIterator[Heard]) -> AsyncIterator[tuple[str, str]]:
    async for told in heard:
        if told.kind == "message":
            event_id, _, conversation = told.what.partition(" ")
            yield event_id, conversation
