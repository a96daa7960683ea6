"""What staff write and press in their group goes to the desk: done first, and only then acknowledged."""

import contextlib

from telegram import Bot, Update, User
from telegram.error import TelegramError

from adapters.desk_deeds import Deeds
from adapters.desk_help import Help
from adapters.desk_threads import Threads
from adapters.desk_words import Asked, ForCustomer, read_word
from adapters.telegram.desk_incoming import FromStaff, StaffPressed, StaffWrote, to_staff_word
from adapters.telegram.desk_room import TelegramRoom
from adapters.telegram.files import Files
from bot.channels import Handles
from bot.desks import Member

ONCE_SECONDS = 24 * 3600  # how long somebody who is no staff is not told so again
MEGABYTE = 1_000_000  # as the setting counts


class StaffIntake:
    """One group. `reader`: what the desk knows it as."""

    def __init__(
        self, bot: Bot, me: User, room: TelegramRoom, threads: Threads, deeds: Deeds, help: Help, handles: Handles,
        reader: str,
    ) -> None:  # fmt: skip
        self._bot, self._me, self._room, self._threads, self._deeds, self._help = bot, me, room, threads, deeds, help
        self._handles, self._reader = handles, reader
        self._files = Files(bot, handles.attachments, handles.limiter)

    def read(self, update: Update) -> FromStaff | None:
        return to_staff_word(update, self._me)

    async def take(self, read: FromStaff) -> None:
        """Raises ConnectionError where it has to come again."""
        member = await self._handles.staff.people.on_platform("telegram", str(read.user)) if read.user else None
        match read:
            case StaffWrote():
                await self._wrote(read, member)
            case StaffPressed():
                await self._pressed(read, member)

    async def failed(self, read: FromStaff) -> None:
        """It cannot be done, and that is our fault: never in silence."""
        words = self._deeds.say(None, "desk_failed")
        if isinstance(read, StaffPressed):
            await self._answer(read, words)
        else:
            await self._room.answer(str(read.place.thread), read.message, words)

    async def _wrote(self, wrote: StaffWrote, member: Member | None) -> None:
        thread = str(wrote.place.thread)
        if member is None:
            await self._tell_stranger(wrote, thread)
            return
        conversation = await self._threads.conversation(thread)
        answer = await self._done(wrote, member, conversation) if conversation else ""
        if not conversation:
            answer = self._deeds.say(member, "desk_is_over")
        if answer:
            await self._room.answer(thread, wrote.message, answer)

    async def _done(self, wrote: StaffWrote, member: Member, conversation: str) -> str:
        word = read_word(wrote.text) if wrote.text else ForCustomer("")
        if wrote.edited:
            return self._deeds.say(member, "desk_edited") if isinstance(word, ForCustomer) else ""
        message = f"{self._reader}:{wrote.message}"
        if isinstance(word, Asked):
            await self._help.show(self._room, str(wrote.place.thread), member, conversation, word, message)
            return ""
        if wrote.attached is None or not isinstance(word, ForCustomer):  # what came with a note stays where it is
            return await self._deeds.do(member, conversation, word, message)
        if not wrote.attached.file:
            return self._deeds.say(member, "desk_only_files")
        kept = await self._files.keep(conversation, wrote.attached)
        if not kept.kept:
            size = self._handles.attachments.most_bytes // MEGABYTE
            return self._deeds.say(member, "desk_file_too_large", size=size)
        return await self._deeds.do(member, conversation, word, message, (kept,))

    async def _pressed(self, pressed: StaffPressed, member: Member | None) -> None:
        if member is None:
            await self._answer(pressed, self._stranger(pressed.user))
            return
        conversation = await self._threads.conversation(str(pressed.place.thread))
        if pressed.deed is None or not conversation:
            await self._answer(pressed, self._deeds.say(member, "desk_old_button"))
            return
        message = f"{self._reader}:cb:{pressed.query}"
        await self._answer(pressed, await self._deeds.do(member, conversation, pressed.deed, message))

    async def _tell_stranger(self, wrote: StaffWrote, thread: str) -> None:
        """Once: it is their group too, and they may have their reasons to write there."""
        who = f"{self._reader}:{wrote.user}"
        if not await self._handles.limiter.allow("telegram staff stranger", who, 1, ONCE_SECONDS):
            await self._room.answer(thread, wrote.message, self._stranger(wrote.user))

    def _stranger(self, user: int) -> str:
        return (
            self._deeds.say(None, "desk_stranger", id=f"telegram:{user}")
            if user
            else self._deeds.say(None, "desk_anonymous")
        )

    async def _answer(self, pressed: StaffPressed, words: str) -> None:
        """Ends the little clock on the button. One that is too old cannot be answered, and needs not be."""
        with contextlib.suppress(TelegramError):
            await self._bot.answer_callback_query(pressed.query, text=words[:200] or None, show_alert=bool(words))
