"""The channel in which staff have their desk: a thread for each handoff, begun at a message that names it."""

import contextlib
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from discord.http import Route

from adapters.complaints import Complaints
from adapters.desk_rooms import Called
from adapters.desk_rooms import Gone as ThreadGone
from adapters.desk_words import DeskButton
from adapters.discord.buttons import Component, desk_row
from adapters.discord.marks import Marks
from adapters.discord.outgoing import Message, in_pieces, nonce_of
from adapters.discord.payloads import Channel, ThreadState
from adapters.discord.posting import Closed, Gone, Posting, Refused
from adapters.discord.uploads import upload_of
from adapters.text import Rich, as_discord, bold, plain
from bot.channels import Handles, Unreachable
from bot.messages import Attachment

log = logging.getLogger(__name__)

_LONGEST = 1700  # of 2000: there must be room for whom it calls
_MOST_CALLED = 10
_NAME = 100  # characters of a thread's name
_SLEEPS_AFTER = 10080  # minutes without a message, until Discord puts it away
_HAS_ONE = 160004  # a message has its thread already
_NO_THREAD = {10003, 50083, 160005}  # it was deleted, or somebody has locked it
_NOT_THERE = {10003, 10004, 50001}  # of the channel: it was deleted, we are not on the server, or must not see it


class DiscordRoom:
    """The Room of adapters/desk_mirror.py. `channel`: id of the channel."""

    def __init__(self, posting: Posting, channel: str, marks: Marks, handles: Handles, language: str) -> None:
        self._posting, self._channel, self._marks = posting, channel, marks
        self._attachments, self._words, self._language = handles.attachments, handles.words, language
        self._complaints = Complaints(handles.announce)
        self._named = dict[str, str]()  # messages that name a thread which could not be opened yet

    @property
    def longest(self) -> int:
        return _LONGEST

    @property
    def longest_caption(self) -> int:
        return _LONGEST

    async def open(self, title: str, once: str) -> str:
        """The thread of a message has the message's id, so what a crash interrupts is found again."""
        with self._of_channel():
            for nonce in (nonce_of(self._channel, once), nonce_of(self._channel, once, str(time.time()))):
                thread = self._named.pop(once, "")
                if not thread:
                    thread = await self._posting.post(self._channel, Message(as_discord(bold(title)), nonce=nonce))
                try:
                    usable = await self._begin(thread, title) or await self._is_usable(thread)
                except Closed:
                    self._named[once] = thread
                    raise
                if usable:
                    await self._marks.see(thread, thread)
                    return thread
        raise ConnectionError("Discord opens no thread for staff")

    async def reopen(self, thread: str) -> None:
        """What a moderator has locked is left alone, and another opened."""
        with self._of_thread():
            state = await self._state(thread)
            if state is None or state.locked:
                raise ThreadGone
            if state.archived:
                await self._posting.ask(_thread("PATCH", thread), {"archived": False})

    async def shut(self, thread: str) -> None:
        """One that cannot be put away stays where it is."""
        try:
            await self._posting.ask(_thread("PATCH", thread), {"archived": True})
        except (Refused, Closed, Gone) as refused:
            log.warning("a thread of staff cannot be put away: %s", refused)

    async def remove(self, thread: str) -> None:
        """Also the message that it was opened at."""
        try:
            await self._posting.ask(_thread("DELETE", thread))
        except Closed as closed:
            if closed.code not in _NO_THREAD:
                self._complain("does not let the bot delete a thread: it needs Manage Threads there", closed)
                raise Unreachable(f"a thread of staff cannot be deleted: {closed}") from None
        with contextlib.suppress(Closed, Gone, Refused):
            await self._posting.delete(self._channel, thread)

    def cut(self, page: Rich) -> Sequence[Rich]:
        return in_pieces(page, _LONGEST)

    async def post(
        self,
        thread: str,
        page: Rich,
        once: str,
        buttons: Sequence[DeskButton] = (),
        calls: Sequence[Called] = (),
    ) -> str:
        called = tuple(one.id for one in calls[:_MOST_CALLED])
        words = "\n".join(filter(None, (" ".join(f"<@{one}>" for one in called), as_discord(page))))
        drawn = tuple(_drawn(buttons))
        return await self._post(thread, Message(words, drawn, nonce_of(thread, once), calls=called))

    async def show(self, thread: str, attachment: Attachment, page: Rich, once: str) -> None:
        """Where Discord does not take it, or it is not there any more, its name says so."""
        name, words, nonce = attachment.name or attachment.kind, as_discord(page), nonce_of(thread, once)
        try:
            upload = upload_of(attachment, await self._attachments.read(attachment.kept))
            with self._of_thread():
                await self._posting.post(thread, Message(words, nonce=nonce, files=(upload,)))
            return
        except FileNotFoundError:
            sentence = self._sentence("desk_not_kept", name)
        except Refused as refused:
            log.warning("a file is not shown to staff: %s", refused)
            sentence = self._sentence("desk_file_not_shown", name)
        told = "\n".join(filter(None, (words, sentence)))
        await self._post(thread, Message(told, nonce=nonce_of(thread, once, "words")))

    async def types(self, thread: str) -> None:
        with contextlib.suppress(Gone, Refused):
            await self._posting.typing_if_spare(thread)

    async def redraw(self, thread: str, message: str, buttons: Sequence[DeskButton]) -> None:
        for _ in range(2):
            try:
                with self._of_thread():
                    await self._posting.redraw(thread, message, _drawn(buttons))
                return
            except Gone:  # or the thread has gone to sleep
                await self.reopen(thread)
            except Refused as refused:
                log.warning("the buttons of staff cannot be changed: %s", refused)
                return

    async def _begin(self, message: str, title: str) -> bool:
        """False where the message has had its thread already."""
        where = Route("POST", "/channels/{channel_id}/messages/{message_id}/threads", channel_id=self._channel,
                      message_id=message)  # fmt: skip
        for name in (title, title.partition(":")[0]):  # what a customer wrote may be refused in a name
            try:
                wanted = {"name": name[:_NAME], "auto_archive_duration": _SLEEPS_AFTER}
                await self._posting.ask(where, wanted)
                return True
            except Refused as refused:
                if refused.code == _HAS_ONE:
                    return False
                log.warning("a thread for staff cannot be called as it should: %s", refused)
        return False

    async def _state(self, thread: str) -> ThreadState | None:
        return msgspec.convert(await self._posting.ask(_thread("GET", thread)), Channel).thread_metadata

    async def _is_usable(self, thread: str) -> bool:
        """It may have been deleted or locked since."""
        try:
            state = await self._state(thread)
        except Closed:
            return False
        return state is not None and not state.locked

    async def _post(self, thread: str, message: Message) -> str:
        """What Discord never takes is passed over: what follows would wait for it for ever."""
        with self._of_thread():
            try:
                return await self._posting.post(thread, message)
            except Refused as refused:
                log.error("a message for staff cannot be sent: %s", refused)
                return ""

    @contextmanager
    def _of_channel(self) -> Iterator[None]:
        """Nothing is lost while somebody puts it right: what is open is tried again."""
        try:
            yield
        except Gone as gone:
            raise ConnectionError(f"the channel of staff has lost a message: {gone}") from None
        except Closed as closed:
            raise self._told_apart(closed) from None

    @contextmanager
    def _of_thread(self) -> Iterator[None]:
        """A thread that is gone is opened anew; where only a permission is missing it waits for that."""
        try:
            yield
        except Closed as closed:
            raise (ThreadGone() if closed.code in _NO_THREAD else self._told_apart(closed)) from None

    def _told_apart(self, closed: Closed) -> Exception:
        if closed.code in _NOT_THERE:
            self._complain("is gone, or the bot cannot see it: name another in SHOPDESK_DISCORD_DESK", closed)
            return Unreachable(f"the channel of staff is not there for us: {closed}")
        self._complain("does not let the bot work: shopdesk doctor names the permission that it lacks", closed)
        return ConnectionError(f"the channel of staff is closed to us: {closed}")

    def _complain(self, advice: str, said: Exception) -> None:
        self._complaints.say(f"Discord: the channel of staff {self._channel} {advice}.", str(said))

    def _sentence(self, name: str, what: str) -> str:
        return as_discord(plain(self._words(self._language, name, what=what)))


def _thread(method: str, thread: str) -> Route:
    return Route(method, "/channels/{channel_id}", channel_id=thread)


def _drawn(buttons: Sequence[DeskButton]) -> list[Component]:
    return desk_row([(one.label, one.data, one.main) for one in buttons])
