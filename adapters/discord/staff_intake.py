"""What staff write and press in the threads of their desk: it goes to the customer, stays a note, or is done."""

import asyncio
import logging

from discord.http import HTTPClient

from adapters.desk_deeds import Deeds
from adapters.desk_help import Help
from adapters.desk_threads import Threads
from adapters.desk_words import Asked, Deed, ForCustomer, NotUnderstood, ProposalSaid, read_desk_press, read_word
from adapters.discord.acknowledging import SAY, SEEN, acknowledge, add
from adapters.discord.desk_room import DiscordRoom
from adapters.discord.files import Files
from adapters.discord.incoming import attachments_of, files_of, is_edited, is_written, text_of
from adapters.discord.marks import Marks
from adapters.discord.outgoing import Message as Sent
from adapters.discord.outgoing import ephemeral, nonce_of, notice
from adapters.discord.payloads import Interaction, Message, Typing
from adapters.discord.posting import Gone, Posting, Refused
from adapters.discord.rooms import Room
from bot.channels import Handles, Unreachable
from bot.desks import Member

log = logging.getLogger(__name__)

PLATFORM = "discord"
_STRANGER_SECONDS = 86_400  # who is no member is told so once a day
_EDITED_SECONDS = 600
_MEGABYTE = 1_000_000  # as the setting counts
_PATIENCE = 1.5  # seconds that a deed may take before Discord is told that the press was seen


class StaffIntake:
    """`reader`: what the channel is called at the desk. Only who is linked to a member does anything here."""

    def __init__(
        self, http: HTTPClient, reader: str, handles: Handles, desk_room: DiscordRoom, threads: Threads, deeds: Deeds,
        help: Help, files: Files, posting: Posting, marks: Marks,
    ) -> None:  # fmt: skip
        self._http, self._reader, self._handles, self._threads, self._deeds = http, reader, handles, threads, deeds
        self._desk_room, self._help = desk_room, help
        self._files, self._posting, self._marks = files, posting, marks
        self._bot = reader.split(":")[1]

    async def take(self, message: Message, room: Room) -> None:
        """When this returns it needs not come again. Raises ConnectionError where it has to."""
        if not is_written(message) or not self._is_ours(room):
            return
        member = await self._member(message.author.id)
        if member is None:
            await self._tell_stranger(message)
        elif sentence := await self._done_or_failed(member, message):
            await self._tell(message, sentence)
        await self._marks.see(room.id, message.id)

    async def take_edited(self, message: Message, room: Room) -> None:
        """What has gone out cannot be changed any more. Raises ConnectionError."""
        if not (is_written(message) and is_edited(message) and self._is_ours(room)):
            return
        member = await self._member(message.author.id)
        if (
            member
            and isinstance(read_word(text_of(message, self._bot)), ForCustomer)
            and await self._threads.conversation(room.id)
            and not await self._handles.limiter.allow("discord desk edited", room.id, 1, _EDITED_SECONDS)
        ):
            await self._tell(message, self._deeds.say(member, "desk_edited"))

    async def press(self, asked: Interaction) -> None:
        """A button under the head of a thread; anything else is told what can be done there."""
        doing = asyncio.create_task(self._pressed(asked))
        try:
            done, _ = await asyncio.wait({doing}, timeout=_PATIENCE)
            if not done:
                await acknowledge(self._http, asked, SEEN, {})
            sentence = await doing
            if done and not sentence:
                await acknowledge(self._http, asked, SEEN, {})
            elif done:
                await acknowledge(self._http, asked, SAY, ephemeral(sentence))
            elif sentence:
                await add(self._http, self._bot, asked, ephemeral(sentence))
        finally:
            doing.cancel()

    async def types(self, typing: Typing) -> None:
        """The customer sees it. Raises ConnectionError."""
        conversation = await self._threads.conversation(typing.channel_id)
        member = await self._member(typing.user_id) if conversation else None
        if member:
            await self._handles.staff.desk.types(member, conversation)

    def _is_ours(self, room: Room) -> bool:
        """In threads that they open themselves, and in the channel, staff are among themselves."""
        return room.kind == "thread" and room.owner == self._bot

    async def _member(self, user: str) -> Member | None:
        return await self._handles.staff.people.on_platform(PLATFORM, user)

    async def _done_or_failed(self, member: Member, message: Message) -> str:
        """What did not go out through a fault of ours is never passed over in silence."""
        try:
            return await self._done(member, message)
        except ConnectionError:
            raise
        except Exception:
            log.exception("what staff wrote could not be done")
            return self._deeds.say(member, "desk_failed")

    async def _done(self, member: Member, message: Message) -> str:
        """Returns what is to be told of it, "" for nothing."""
        conversation = await self._threads.conversation(message.channel_id)
        word = read_word(text_of(message, self._bot))
        if not conversation:
            return self._deeds.say(member, "desk_is_over")
        if isinstance(word, Asked):
            once = f"{self._reader}:{message.id}"
            await self._help.show(self._desk_room, message.channel_id, member, conversation, word, once)
            return ""
        files = files_of(message) if isinstance(word, ForCustomer) else ()
        if isinstance(word, ForCustomer) and not word.text.strip() and not files:
            return self._deeds.say(member, "desk_only_files")
        kept = await self._files.keep(conversation, files)
        if any(not kept.get(one.id) for one in files):
            size = self._handles.attachments.most_bytes // _MEGABYTE
            return self._deeds.say(member, "desk_file_too_large", size=size)
        attachments = tuple(one for one in attachments_of(message, kept) if one.kept)
        return await self._deeds.do(member, conversation, word, f"{self._reader}:{message.id}", attachments)

    async def _pressed(self, asked: Interaction) -> str:
        member = None
        try:
            member = await self._member(asked.person.id)
            if member is None:
                return self._stranger(asked.person.id)
            deed = read_desk_press(asked.data.custom_id) if asked.data else None
            conversation = await self._threads.conversation(asked.channel_id or "")
            return await self._press(member, conversation, deed)
        except Exception:  # they have their answer in either case
            log.exception("a deed of staff could not be done")
            return self._deeds.say(member, "desk_failed")

    async def _press(self, member: Member, conversation: str, deed: Deed | ProposalSaid | None) -> str:
        if not conversation:
            return self._deeds.say(member, "desk_is_over" if deed else "desk_not_understood")
        return await self._deeds.do(member, conversation, deed or NotUnderstood(), "")

    async def _tell_stranger(self, message: Message) -> None:
        who = f"{self._reader}:{message.author.id}"
        if not await self._handles.limiter.allow("discord desk stranger", who, 1, _STRANGER_SECONDS):
            await self._tell(message, self._stranger(message.author.id))

    def _stranger(self, user: str) -> str:
        return self._deeds.say(None, "desk_stranger", id=f"{PLATFORM}:{user}")

    async def _tell(self, message: Message, sentence: str) -> None:
        """As an answer to what it is about: that something did not go out must be read. Raises ConnectionError."""
        nonce = nonce_of(self._reader, message.id, sentence)
        told: Sent = notice(sentence, nonce=nonce)
        try:
            await self._posting.post(message.channel_id, Sent(told.content, nonce=nonce, replies_to=message.id))
        except (Unreachable, Gone, Refused) as problem:
            log.warning("staff could not be told: %s", problem)
