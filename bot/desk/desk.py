"""What staff do with conversations, the same from every desk: bot/desks/handoffs.py calls it a Desk."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Literal, TypeVar

import msgspec
from redis.exceptions import RedisError

from bot.channels import Postbox
from bot.desk.book import Book
from bot.desk.canned import unfilled
from bot.desk.line import Line
from bot.desk.mirrors import Mirrors
from bot.desk.news import DeskNews
from bot.desk.records import kept_note, read_note
from bot.desks import Handoff, Help, Member, Mirror, NoSuchConversation, NotAllowed, Note, NotFilledIn, NotYours
from bot.insights.facts import HandoffFact
from bot.keys import Keys
from bot.messages import CLOSE, RETURNED, STAFF, STAFF_TYPING, TOOK, Attachment, Incoming, Said
from bot.redis.connection import Connection, script

T = TypeVar("T")

ANYBODY = "*"
_typing = msgspec.json.encode(STAFF_TYPING)


class StaffDesk:
    """The real Desk. `book`: where every deed is written down."""

    def __init__(self, connection: Connection, keys: Keys, postbox: Postbox, news: DeskNews, book: Book) -> None:
        self._redis, self._keys, self._postbox, self._news, self._book = connection.commands, keys, postbox, news, book
        self._line = Line(connection, keys)
        self._mirrors = Mirrors(connection, keys, news, postbox)
        scripts = ("take_handoff", "end_handoff", "note_handoff", "pass_by")
        self._scripts = {name: script(self._redis, name) for name in scripts}

    async def handoffs(self) -> list[Handoff]:
        return await _explained(self._line.handoffs())

    async def handoff(self, conversation: str) -> Handoff | None:
        return await _explained(self._line.handoff(conversation))

    async def notes(self, conversation: str) -> list[Note]:
        return await _explained(self._line.notes(conversation))

    def changes(self) -> AsyncIterator[frozenset[str]]:
        return self._news.changes()

    def typing(self) -> AsyncIterator[str]:
        return self._news.typing()

    def writing(self) -> AsyncIterator[str]:
        return self._news.writing()

    async def mirror(self, reader: str, each: Callable[[Mirror], Awaitable[None]]) -> None:
        await self._mirrors.run(reader, each)

    async def take(self, member: Member, conversation: str) -> Handoff:
        return await self._given(conversation, member, by=member, taken_from="", what="took")

    async def assign(self, member: Member, conversation: str, to: Member) -> Handoff:
        if member.role != "lead":
            handoff = await self.handoff(conversation)
            if handoff is None or handoff.owner != member.login:
                raise NotAllowed("Only a lead gives away what another has.")
        taken_from = ANYBODY if member.role == "lead" else member.login
        return await self._given(conversation, to, by=member, taken_from=taken_from, what="assigned")

    async def _given(
        self, conversation: str, to: Member, by: Member, taken_from: str, what: Literal["took", "assigned"]
    ) -> Handoff:
        now = time.time()
        fact = HandoffFact(conversation, 0, now, what, "staff", now, "", by=to.login)
        note = kept_note(by.login, "" if what == "took" else to.login, what)
        letter, said = _heard(conversation, to, TOOK, now)
        answer: Any = await self._run(
            "take_handoff",
            conversation,
            [
                conversation,
                to.login,
                letter,
                now,
                self._keys.kept_seconds,
                self._keys.arrivals(self._keys.tag(conversation)),
                said,
                self._keys.desk_news(self._keys.tag(conversation)),
                taken_from,
                msgspec.json.encode(fact),
                note,
                *("reason", "staff", "channel", conversation.partition(":")[0]),
            ],
        )
        _found(conversation, answer)
        if answer[0] == "taken":
            await self._book.write(by.login, what, conversation, "" if what == "took" else to.login)
        handoff = await self.handoff(conversation)
        if handoff is None:
            raise NotYours(conversation, "")
        return handoff

    async def say(
        self,
        member: Member,
        conversation: str,
        text: str,
        message: str,
        attachments: tuple[Attachment, ...] = (),
        original: str = "",
    ) -> str:
        if place := unfilled(text):
            raise NotFilledIn(place)
        await self._has(member, conversation)
        event = await self._postbox.accept(
            Incoming(
                STAFF,
                conversation,
                message,
                text,
                author=member.login,
                attachments=attachments,
                name=member.name,
            )
        )
        if original and original != text:
            await self._noted(conversation, member.login, original, "original")
        await self._book.write(member.login, "said", conversation)
        return event

    async def note(self, member: Member, conversation: str, text: str) -> Note:
        note = await self._noted(conversation, member.login, text, "note")
        await self._book.write(member.login, "noted", conversation)
        return note

    async def give_back(self, member: Member, conversation: str) -> None:
        await self._end(member, conversation, "returned", "", RETURNED)

    async def close(self, member: Member, conversation: str, help: Help = "resolved") -> None:
        await self._end(member, conversation, "closed", help, CLOSE)

    async def _end(
        self, member: Member, conversation: str, what: Literal["returned", "closed"], help: str, press: str
    ) -> None:
        now = time.time()
        fact = HandoffFact(conversation, 0, now, what, "staff", now, "", by=member.login, help=help)
        letter, said = _heard(conversation, member, press, now)
        answer: Any = await self._run(
            "end_handoff",
            conversation,
            [
                conversation,
                ANYBODY if member.role == "lead" else member.login,
                letter,
                self._keys.kept_seconds,
                self._keys.arrivals(self._keys.tag(conversation)),
                said,
                self._keys.desk_news(self._keys.tag(conversation)),
                msgspec.json.encode(fact),
                kept_note(member.login, help, what),
                int(press == CLOSE),
            ],
        )
        _found(conversation, answer)
        if answer[0] == "over" and what == "returned":
            return
        await self._book.write(member.login, what, conversation, help)

    async def types(self, member: Member, conversation: str) -> None:
        handoff = await self.handoff(conversation)
        if handoff and handoff.owner == member.login:
            script_keys = [self._keys.events(conversation)]
            await _explained(self._scripts["pass_by"](keys=script_keys, args=[_typing]))
            await _explained(self._news.staff_type(conversation))

    async def customer_types(self, conversation: str) -> None:
        await _explained(self._news.customer_types(conversation))

    async def _has(self, member: Member, conversation: str) -> None:
        owner: Any = await _explained(self._redis.get(self._keys.staff(conversation)))
        if owner != member.login:
            raise NotYours(conversation, owner or "")

    async def _noted(self, conversation: str, by: str, text: str, kind: str) -> Note:
        note, tag = kept_note(by, text, kind), self._keys.tag(conversation)
        entry: Any = await _explained(
            self._scripts["note_handoff"](
                keys=[self._keys.events(conversation), self._keys.notes(conversation)],
                args=[note, self._keys.kept_seconds, self._keys.desk_news(tag), conversation],
            )
        )
        if entry is None:
            raise NoSuchConversation(f"There is no conversation {conversation}.")
        return read_note(entry, note.decode())

    async def _run(self, name: str, conversation: str, arguments: Sequence[object]) -> Any:
        keys, tag = self._keys, self._keys.tag(conversation)
        named = [
            keys.events(conversation),
            keys.staff(conversation),
            keys.waiting(tag),
            keys.handoff(conversation),
            keys.handoffs(tag),
            keys.clocks(tag),
            keys.notes(conversation),
            keys.facts(tag),
            keys.turn(conversation),
            keys.mailbox(conversation),
            keys.ready(tag),
            keys.delivery(conversation),
            keys.outbox(tag),
        ]
        return await _explained(self._scripts[name](keys=named, args=arguments))


def _heard(conversation: str, member: Member, press: str, when: float) -> tuple[bytes, bytes]:
    """How the conversation hears of a deed: the message, and what stands in the transcript."""
    message = f"{press}:{member.login}:{when}"
    letter = Incoming(STAFF, conversation, message, press=press, author=member.login, name=member.name)
    return msgspec.json.encode(letter), msgspec.json.encode(Said(STAFF, message, "", name=member.name))


def _found(conversation: str, answer: Sequence[str]) -> None:
    """Raises what the script has found to be in the way."""
    if answer[0] == "none":
        raise NoSuchConversation(f"There is no conversation {conversation}.")
    if answer[0] == "other":
        raise NotYours(conversation, answer[1])


async def _explained(asked: Awaitable[T]) -> T:
    """Raises ConnectionError where Redis does not answer."""
    try:
        return await asked
    except RedisError as error:
        raise ConnectionError(f"the desk cannot be reached: {error}") from error
