"""What people write on Discord goes to the desk: stored first, and only then counted as seen."""

import asyncio
import logging
from collections import OrderedDict

import aiohttp
import discord

from adapters.chat_apps import MESSAGES_PER_MINUTE
from adapters.discord import outgoing
from adapters.discord.files import Files
from adapters.discord.incoming import (
    files_of,
    is_addressed,
    is_edited,
    is_written,
    says_something,
    to_edited,
    to_incoming,
)
from adapters.discord.marks import Marks
from adapters.discord.payloads import Deleted, Message, Typing
from adapters.discord.places import Place
from adapters.discord.posting import Gone, Posting, Refused
from adapters.discord.rooms import Room, Rooms
from adapters.discord.snowflakes import edited_days_ago
from adapters.discord.threads import Threads
from adapters.notices import not_stored
from adapters.replies import language_of
from bot.channels import Handles, TooMuch, Unreachable
from bot.messages import Incoming

log = logging.getLogger(__name__)

_AT_ONCE = 32  # messages being stored
_REMEMBERED = 10_000  # messages whose conversation is known, should they be deleted
_EDITED_DAYS = 1 / 96  # a quarter of an hour: later nobody waits for another answer


class Intake:
    def __init__(
        self, account: str, support: tuple[str, ...], handles: Handles, rooms: Rooms, threads: Threads, marks: Marks,
        files: Files, posting: Posting,
    ) -> None:  # fmt: skip
        self._account, self._bot, self._support = account, account.rpartition(":")[2], support
        self._handles, self._rooms, self._threads, self._marks = handles, rooms, threads, marks
        self._files, self._posting = files, posting
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._places = OrderedDict[str, Place]()  # by message

    async def take(self, message: Message, per_minute: int = MESSAGES_PER_MINUTE) -> None:
        """When this returns it needs not come again. Raises ConnectionError where it has to."""
        if not is_written(message) or not says_something(message, self._bot):
            return
        room = await self.room(message.channel_id, message.guild_id)
        place = await self._place(message, room)
        if place:
            kept = await self._files.keep(place.conversation(self._account), files_of(message))
            await self._accept(to_incoming(message, place, self._account, self._bot, kept), place, per_minute)
            self._remember(message.id, place)
            await self._point(message, place)
        if room.id in self._support or (place and room.kind != "channel"):
            await self._marks.see(room.id, message.id, direct=room.kind == "direct")

    async def take_edited(self, message: Message) -> None:
        """Raises ConnectionError."""
        if not (is_written(message) and is_edited(message) and says_something(message, self._bot)):
            return
        place = self._places.get(message.id) or await self._known_place(message)
        if place and edited_days_ago(message.edited_timestamp or "") < _EDITED_DAYS:
            kept = await self._files.keep(place.conversation(self._account), files_of(message))
            await self._accept(to_edited(message, place, self._account, self._bot, kept), place)

    async def take_deleted(self, deleted: Deleted) -> None:
        """Raises ConnectionError."""
        for message in (deleted.id, *deleted.ids):
            place = self._places.get(message) or await self._place_of_deleted(deleted)
            if message and place:
                await self._handles.postbox.withdraw(place.conversation(self._account), message)

    async def types(self, typing: Typing) -> None:
        """Staff who have the conversation see it. Raises ConnectionError."""
        if typing.user_id == self._bot:
            return
        direct, customer = not typing.guild_id, self._marks.customer(typing.channel_id)
        if direct or customer == typing.user_id:
            room = (
                Room(typing.channel_id, "", "direct") if direct else await self.room(typing.channel_id, typing.guild_id)
            )
            conversation = self.place_in(room, typing.user_id).conversation(self._account)
            await self._handles.staff.desk.customer_types(conversation)

    def place_in(self, room: Room, user: str) -> Place:
        """The conversation of somebody in a room."""
        private = room.kind == "direct" or (room.private and self._marks.customer(room.id) == user)
        return Place(room.id) if private else Place(room.id, user)

    async def _place(self, message: Message, room: Room) -> Place | None:
        """Where this is answered; None where it is not for us."""
        user = message.author.id
        place = self.place_in(room, user)
        addressed = is_addressed(message, self._bot)
        if room.kind == "thread":
            return place if not place.public or addressed or self._is_of(room, user) else None
        if room.kind == "channel":
            wanted = addressed or room.id in self._support
            return await self._threads.place_of(message) if wanted else None
        return place

    def _is_of(self, room: Room, user: str) -> bool:
        """Whether it is the support thread of this customer; of a forum they open it themselves."""
        customer = self._marks.customer(room.id)
        return customer == user or (not customer and room.parent in self._support and room.owner == user)

    async def _known_place(self, message: Message) -> Place | None:
        """Of a message that came before this process was started."""
        room = await self.room(message.channel_id, message.guild_id)
        if room.kind != "channel":
            return await self._place(message, room)
        thread = self._marks.thread(room.id, message.author.id)
        return Place(thread, message.author.id) if thread else None

    async def _place_of_deleted(self, deleted: Deleted) -> Place | None:
        """Discord does not say who wrote it."""
        room = await self.room(deleted.channel_id, deleted.guild_id)
        customer = self._marks.customer(room.id)
        return self.place_in(room, customer) if customer or room.kind == "direct" else None

    async def room(self, channel: str, server: str | None) -> Room:
        """Raises ConnectionError."""
        try:
            return await self._rooms.find(channel, server)
        except (discord.NotFound, discord.Forbidden):
            return Room(channel, server or "", "channel")
        except (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError, TimeoutError) as problem:
            raise ConnectionError(f"Discord does not say what channel it is: {type(problem).__name__}") from None

    async def _accept(self, incoming: Incoming, place: Place, per_minute: int = MESSAGES_PER_MINUTE) -> None:
        try:
            async with self._at_once:
                await self._handles.postbox.accept(incoming, per_minute=per_minute, deliver=True)
        except TooMuch as much:
            await self._tell_once(incoming, place, not_stored(much))

    async def _tell_once(self, incoming: Incoming, place: Place, name: str) -> None:
        """Not more than once a minute: it answers somebody who writes too much."""
        if await self._handles.limiter.allow(f"discord told {name}", incoming.conversation, 1, 60):
            return
        language = language_of(incoming.text, self._handles.languages)
        await self._send(place.channel, outgoing.notice(self._handles.words(language, name)))

    async def _point(self, message: Message, place: Place) -> None:
        """Who goes on in the channel is shown where their thread is."""
        if place.channel in (message.channel_id, message.id) or await self._handles.limiter.allow(
            "discord pointed", place.conversation(self._account), 1, 60
        ):
            return
        language = language_of(message.content, self._handles.languages)
        there = self._handles.words(language, "thread_opened", thread=f"<#{place.channel}>")
        await self._send(message.channel_id, outgoing.Message(there))

    async def _send(self, channel: str, message: outgoing.Message) -> None:
        """Where there is no room for it now, it is left out: it is no answer."""
        try:
            await self._posting.post_if_spare(channel, message)
        except (ConnectionError, Unreachable, Gone, Refused) as problem:
            log.info("a notice was not sent: %s", problem)

    def _remember(self, message: str, place: Place) -> None:
        self._places[message] = place
        if len(self._places) > _REMEMBERED:
            self._places.popitem(last=False)
