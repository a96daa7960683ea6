"""The desk as a group of staff in a chat app sees it: one thread for each handoff, kept up with it from its opening to
its end. Apps allow few messages a minute in a group, so what is new goes out in as few as it can."""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import msgspec

from adapters.desk_packing import News, latest, newest_event, packed
from adapters.desk_rooms import Called, Gone, Room
from adapters.desk_talk import Names, Talk
from adapters.desk_threads import Threads
from adapters.desk_words import DeskButton, buttons_of
from adapters.replies import note_of, progress
from adapters.text import Rich, joined, utf16
from adapters.typing_shown import show_typing
from bot.channels import Unreachable, Words
from bot.desks import Case, Handoff, Mirror, Note, StaffSide
from bot.messages import Attachment, Event, Said

log = logging.getLogger(__name__)

NAMES_SECONDS = 30.0  # how long it is believed who is called what
SUMMED_UP = 8  # lines that are read as quickly as their summary
FILES_SO_FAR = 5
THREAD, SHUT, HEAD, BUTTONS = "thread", "shut", "head", "buttons"  # what is kept of a handoff
CONTACT, NOTED = "contact", "noted"
NO_WORDS = Rich("")
OVER = "over"  # instead of the number of the handoff, in front of its head: it was said that it is over


@dataclass(frozen=True)
class _Piece:
    """One message of several that belong together."""

    page: Rich = NO_WORDS
    buttons: Sequence[DeskButton] = ()
    calls: Sequence[Called] = ()
    kept: Attachment | None = None  # shown with it


class DeskMirror:
    """One group. `reader`: what the desk knows it as; what staff wrote there has message ids that begin with it."""

    def __init__(
        self, staff: StaffSide, room: Room, threads: Threads, reader: str, words: Words, language: str, home: str = ""
    ) -> None:
        self._staff, self._room, self._threads, self._reader = staff, room, threads, reader
        self._words, self._talk = words, Talk(words, language, home)
        self._names, self._names_until = Names({}), 0.0

    async def run(self) -> None:
        """Until cancelled. Only inside `Outbox.only_here`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._staff.desk.mirror(self._reader, self.each))
            group.create_task(self._threads.sweep(self._room.remove))
            group.create_task(show_typing(self._staff.desk.typing(), self._customer_types))

    async def each(self, mirror: Mirror) -> None:
        """Raises ConnectionError, to be called again; Unreachable where the group is closed to us."""
        for _ in range(3):
            try:
                await self._bring(mirror)
                return
            except Gone:
                await self._forget(mirror)
        raise ConnectionError("a thread for staff is gone as soon as it is there")

    async def _customer_types(self, conversation: str) -> None:
        """Seen in their thread, as long as it is open."""
        thread = self._threads.thread(conversation)
        if thread and await self._staff.desk.handoff(conversation):
            with suppress(Gone):
                await self._room.types(thread)

    async def _bring(self, mirror: Mirror) -> None:
        handoff, thread = mirror.handoff, mirror.kept.get(THREAD, "")
        if handoff is None:
            await self._end(mirror, thread)
            return
        number, _, message = mirror.kept.get(HEAD, "").partition(":")
        if number != str(handoff.number):
            await self._begin(mirror, handoff, thread)
            return
        await self._tell_news(mirror, thread)
        if handoff.contact != mirror.kept.get(CONTACT, ""):
            left = [_Piece(self._talk.left(handoff.contact))] if handoff.contact else []
            await self._post(mirror, thread, f"contact-{handoff.contact}", left)
            await mirror.keep(CONTACT, handoff.contact)
        if mirror.kept.get(BUTTONS) != _look(handoff):
            await self._room.redraw(thread, message, buttons_of(handoff, self._words, self._talk.language))
            await mirror.keep(BUTTONS, _look(handoff))

    async def _begin(self, mirror: Mirror, handoff: Handoff, thread: str) -> None:
        """The thread, and its head with what was said so far."""
        if thread and await self._threads.is_forgotten(thread):
            with suppress(ConnectionError, Unreachable):  # nobody waits for that: the sweep goes on trying
                await self._room.remove(thread)
                await self._threads.remove(thread)
            await mirror.keep(THREAD, "")
            thread = ""
        news, case = await self._lines(mirror), await self._case(mirror.conversation)
        if not thread:
            thread = await self._room.open(self._talk.title(handoff, case), f"{mirror.conversation}:{handoff.number}")
            await mirror.keep(THREAD, thread)
        elif mirror.kept.get(SHUT):
            await self._room.reopen(thread)
        await mirror.keep(SHUT, "")
        await self._threads.add(thread, mirror.conversation, newest_event(news))
        lines = latest([line for _, line in news if line])
        if case and not case.by_model and len(lines) < SUMMED_UP:
            case = msgspec.structs.replace(case, summary="")  # it is made of what follows
        head = self._talk.head(handoff, case, time.time())
        *first, last = self._room.cut(joined([head, self._talk.before(lines), self._talk.hint()]))
        files = [kept for line in lines for kept in line.kept][-FILES_SO_FAR:]
        buttons = buttons_of(handoff, self._words, self._talk.language)
        pieces = [*self._pieces([], files), *map(_Piece, first), _Piece(last, buttons)]
        message = await self._post(mirror, thread, f"head-{handoff.number}", pieces)
        for one, _ in news:
            await mirror.shown(one)
        await mirror.keep(CONTACT, handoff.contact)
        await mirror.keep(BUTTONS, _look(handoff))
        await mirror.keep(HEAD, f"{handoff.number}:{message}")

    async def _end(self, mirror: Mirror, thread: str) -> None:
        """What is still to be told, and that it is over. Where there is no thread nobody needs to be told."""
        number, _, message = mirror.kept.get(HEAD, "").partition(":")
        if not thread or not number:
            for one in mirror.news():
                await mirror.shown(one)
            return
        if number != OVER:
            await self._tell_news(mirror, thread, closing=f"over-{number}")
            await mirror.keep(HEAD, f"{OVER}:{message}")
        await self._room.redraw(thread, message, ())
        await self._room.shut(thread)
        await mirror.keep(SHUT, "shut")
        await mirror.keep(HEAD, "")

    async def _tell_news(self, mirror: Mirror, thread: str, closing: str = "") -> None:
        """`closing`: that it is over is said with the last of it, or alone, under this name."""
        groups = packed(await self._lines(mirror), self._room.longest)
        for place, group in enumerate(groups, 1):
            lines = [line for _, line in group if line]
            end = [self._talk.over()] if closing and place == len(groups) else []
            texts = self._room.cut(joined([*(line.page for line in lines), *end], "\n"))
            called = await self._called(mirror.handoff) if any(line.calls for line in lines) else ()
            pieces = self._pieces(texts, [kept for line in lines for kept in line.kept])
            await self._post(mirror, thread, group[0][0].id, _calling(pieces, called))
            for one, _ in group:
                await mirror.shown(one)
        if closing and not groups:
            await self._post(mirror, thread, closing, [_Piece(self._talk.over())])

    def _pieces(self, texts: Sequence[Rich], files: Sequence[Attachment]) -> list[_Piece]:
        """What a photo or file is about stands with it, where there is room for it."""
        under = texts[-1] if texts and files and utf16(texts[-1].text) <= self._room.longest_caption else None
        alone = texts[:-1] if under else texts
        shown = [_Piece(under if under and not number else NO_WORDS, kept=one) for number, one in enumerate(files)]
        return [*map(_Piece, alone), *shown]

    async def _post(self, mirror: Mirror, thread: str, of: str, pieces: Sequence[_Piece]) -> str:
        """Returns the id of the last. Where it is broken off it goes on with what it is not known to have sent."""
        message = ""
        for number in range(progress(mirror.kept.get(NOTED, ""), of), len(pieces)):
            piece = pieces[number]
            if len(pieces) > 1:
                await mirror.keep(NOTED, note_of(of, number))
            once = f"{mirror.conversation}:{note_of(of, number)}"
            if piece.kept:
                await self._room.show(thread, piece.kept, piece.page, once)
            else:
                message = await self._room.post(thread, piece.page, once, piece.buttons, piece.calls)
        return message

    async def _called(self, handoff: Handoff | None) -> list[Called]:
        """Who has it, or else everybody."""
        linked = await self._staff.people.linked(self._reader.partition(":")[0])
        owner = handoff.owner if handoff else ""
        return [Called(id, member.name) for id, member in linked.items() if owner in ("", member.login)]

    async def _lines(self, mirror: Mirror) -> list[News]:
        names = await self._known_names()
        return [(one, None if self._is_ours(one) else self._talk.line(one, names)) for one in mirror.news()]

    def _is_ours(self, one: Event | Note) -> bool:
        """Written in this group, where it stands already."""
        what = one.what if isinstance(one, Event) else None
        return isinstance(what, Said) and what.by != "customer" and what.message.startswith(f"{self._reader}:")

    async def _case(self, conversation: str) -> Case | None:
        """Nobody waits longer because the summary fails."""
        try:
            return await self._staff.assistance.case(conversation, self._talk.language)
        except Exception:
            log.exception("a handoff is shown without its summary")
            return None

    async def _known_names(self) -> Names:
        if time.monotonic() >= self._names_until:
            self._names = Names({one.login: one.name for one in await self._staff.people.all()})
            self._names_until = time.monotonic() + NAMES_SECONDS
        return self._names

    async def _forget(self, mirror: Mirror) -> None:
        """Somebody has deleted the thread: the next one begins with its head."""
        await self._threads.remove(mirror.kept.get(THREAD, ""))
        await mirror.keep(HEAD, "")
        await mirror.keep(THREAD, "")


def _calling(pieces: Sequence[_Piece], called: Sequence[Called]) -> list[_Piece]:
    """What calls somebody has nothing with it that is shown."""
    return [replace(pieces[0], calls=called), *pieces[1:]] if called else list(pieces)


def _look(handoff: Handoff) -> str:
    return f"{handoff.number}:{handoff.state}"
