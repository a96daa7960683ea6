"""Threads of customers: a public one for whoever writes in a support channel, a private one for what is only theirs."""

import asyncio
from collections.abc import Sequence
from typing import Any
from weakref import WeakValueDictionary

import aiohttp
import discord
import msgspec
from discord.http import HTTPClient, Route

from adapters.discord.delivering import PrivatePlace
from adapters.discord.marks import Marks
from adapters.discord.outgoing import notice, payload
from adapters.discord.paces import turn
from adapters.discord.payloads import Message, Person
from adapters.discord.places import Place, place_of
from adapters.discord.rooms import Room, Rooms
from adapters.replies import language_of
from bot.channels import Pace, Words

_NAME = 100  # characters of a thread's name
_SLEEPS_AFTER = 1440  # minutes without a message, until Discord puts it away
_PRIVATE_SLEEPS_AFTER = 10080  # only its customer has it in their list
_PRIVATE_THREAD = 12
_HAS_ONE = 160004  # a message has its thread already
_NO_MESSAGE = 10008


class Slowed(ConnectionError):
    """Too much is asked of Discord."""


class Threads:
    def __init__(
        self, http: HTTPClient, account: str, rooms: Rooms, marks: Marks, words: Words, languages: Sequence[str],
        pace: Pace,
    ) -> None:  # fmt: skip
        self._http, self._account, self._rooms, self._marks, self._pace = http, account, rooms, marks, pace
        self._words, self._languages = words, languages
        self._opening = WeakValueDictionary[str, asyncio.Lock]()  # two at once would open two for the same customer

    async def place_of(self, message: Message) -> Place | None:
        """Where somebody who wrote in a channel is answered: their thread there, which is opened where there is none.

        Where the server allows no threads it is the channel itself; None where the message is gone. The thread of a
        message has the message's id, so what a crash interrupts is found again. Raises ConnectionError.
        """
        channel, user = message.channel_id, message.author.id
        current = self._marks.thread(channel, user)
        if current and await self._is_open(current):
            return Place(current, user)
        try:
            await self._start(message)
        except discord.HTTPException as refusal:
            if refusal.code == _NO_MESSAGE:
                return None
            if refusal.code != _HAS_ONE:
                return Place(channel, user)
        except Slowed:
            return Place(channel, user)
        await self._marks.opened(channel, user, message.id)
        return Place(message.id, user)

    async def open(self, conversation: str, language: str) -> PrivatePlace | None:
        """The private place of the customer whose public conversation this is. Raises ConnectionError."""
        place = place_of(self._account, conversation)
        room = await self._room(place.channel)
        return await self.open_in(room, place.user, language) if room else None

    async def open_in(self, room: Room, user: str, language: str) -> PrivatePlace | None:
        """The same for somebody in a room of a server: a private thread, or else direct messages. None: neither."""
        async with self._opening.setdefault(f"{room.server}:{user}", asyncio.Lock()):
            current = self._marks.private(room.server, user)
            if current and await self._is_reachable(current, user):
                return self._private(room.server, current)
            channel = await self._private_thread(room.parent or room.id, user, language)
            direct = not channel
            channel = channel or await self._direct(user, language)
            if not channel:
                return None
            await self._marks.opened_private(room.server, user, channel, direct)
            return self._private(room.server, channel)

    async def _start(self, message: Message) -> None:
        name = self._name(message.author.called, language_of(message.content, self._languages))
        where = Route("POST", "/channels/{channel_id}/messages/{message_id}/threads", channel_id=message.channel_id,
                      message_id=message.id)  # fmt: skip
        await self._request(where, {"name": name, "auto_archive_duration": _SLEEPS_AFTER})

    async def _room(self, channel: str) -> Room | None:
        try:
            return await self._rooms.find(channel, self._rooms.server_of(channel) or None)
        except discord.HTTPException:
            return None

    async def _is_reachable(self, channel: str, user: str) -> bool:
        """A private thread goes to sleep, and its customer can leave it: both are called back."""
        if not self._marks.customer(channel):
            return True  # direct messages
        try:
            if not await self._is_open(channel):
                awake = {"archived": False}
                await self._request(Route("PATCH", "/channels/{channel_id}", channel_id=channel), awake)
        except discord.HTTPException:
            return False  # locked, or gone
        return await self._called_in(channel, user)

    async def _is_open(self, thread: str) -> bool:
        try:
            return await self._rooms.is_open(thread)
        except (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError, TimeoutError):
            raise ConnectionError("Discord does not say whether a thread is open") from None

    async def _called(self, user: str) -> str:
        try:
            person = await self._request(Route("GET", "/users/{user_id}", user_id=user))
        except discord.HTTPException:
            return user
        return msgspec.convert(person, Person).called

    async def _private_thread(self, channel: str, user: str, language: str) -> str:
        """ "" where the server does not allow it, or has no threads there."""
        name = self._name(await self._called(user), language)
        wanted = {
            "name": name,
            "type": _PRIVATE_THREAD,
            "invitable": False,
            "auto_archive_duration": _PRIVATE_SLEEPS_AFTER,
        }
        try:
            made = await self._request(Route("POST", "/channels/{channel_id}/threads", channel_id=channel), wanted)
        except discord.HTTPException:
            return ""
        thread = str(made["id"])
        return thread if await self._called_in(thread, user) else ""

    async def _called_in(self, thread: str, user: str) -> bool:
        where = Route("PUT", "/channels/{channel_id}/thread-members/{user_id}", channel_id=thread, user_id=user)
        try:
            await self._request(where)
        except discord.HTTPException:
            return False
        return True

    async def _direct(self, user: str, language: str) -> str:
        """ "" where the customer takes no messages from us: only a message shows it."""
        said = payload(notice(self._words(language, "answered_in_private")))
        try:
            made = await self._request(Route("POST", "/users/@me/channels"), {"recipient_id": user})
            channel = str(made["id"])
            await self._request(Route("POST", "/channels/{channel_id}/messages", channel_id=channel), said)
        except discord.HTTPException:
            return ""
        return channel

    async def _request(self, where: Route, body: dict[str, Any] | None = None) -> Any:
        """Raises discord.HTTPException where Discord does not want it, ConnectionError where it can be tried again."""
        await turn(self._pace, self._account)
        try:
            return await (self._http.request(where) if body is None else self._http.request(where, json=body))
        except discord.RateLimited as limited:
            raise Slowed(f"Discord takes it in {limited.retry_after:.0f} s") from None
        except discord.DiscordServerError as away:
            raise ConnectionError(f"Discord cannot do it now: status {away.status}") from None
        except (aiohttp.ClientError, OSError, TimeoutError) as away:
            raise ConnectionError(f"Discord cannot be reached: {type(away).__name__}") from None

    def _name(self, who: str, language: str) -> str:
        return self._words(language, "thread_name", who=who)[:_NAME]

    def _private(self, server: str, channel: str) -> PrivatePlace:
        within = server if self._marks.customer(channel) else "@me"
        url = f"https://discord.com/channels/{within}/{channel}"
        return PrivatePlace(Place(channel).conversation(self._account), url)
