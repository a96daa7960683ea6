"""Sends one thing to one chat: at its pace, and with every refusal of Telegram told apart by what it asks of us."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from telegram import Bot, LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import ChatAction
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from adapters.telegram.outgoing import Outgoing, to_outgoing
from adapters.telegram.paces import BOT, FINAL, FRAME, TYPING, Floods, buckets, chat_bucket, typing_buckets
from adapters.telegram.places import Place
from adapters.text import plain
from bot.channels import Bucket, NotNow, Pace, Unreachable
from bot.messages import Attachment

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_LONGEST_WAIT = 2.0  # seconds that are waited here; for longer ones another conversation is served
_PASSING_TIMEOUT = 3.0  # seconds: a reply is never kept waiting by what only passes
_LARGEST_PHOTO = 10 << 20  # bytes; a file may have 50 MB
_FILE_SECONDS = 60.0
_PHOTO, _FILE = "photo.jpg", "file"  # what they are called that have no name
_NO_WORDS = Outgoing("")
_AFTER_FAILURE = 2.0
_AFTER_WRONG_TOKEN = 60.0
_GONE = (  # what a 400 says of a chat that is not there for us any more
    "chat not found",
    "peer_id_invalid",
    "user not found",
    "group chat was deactivated",
    "not enough rights",
    "have no rights",
    "need administrator rights",
    "chat_write_forbidden",
    "chat_restricted",
    "topic_closed",
    "topic_deleted",
    "message thread not found",
)


class Refused(Exception):
    """Telegram does not take this one thing, however often it is sent."""


class Posting:
    """One bot. Everything raises NotNow when it is to be tried again, Unreachable when there is nobody any more."""

    def __init__(self, bot: Bot, account: str, pace: Pace) -> None:
        self._bot, self._account, self._pace = bot, account, pace
        self._floods = Floods()
        self._moved = dict[int, int]()  # groups that became supergroups, by their old number

    async def ready(self, place: Place, spare: float = FINAL) -> None:
        """Waits until one more message may go there."""
        await self._turn(buckets(place), spare)

    async def say(self, place: Place, text: str, spare: float = FINAL) -> None:
        """A fixed sentence."""
        for message in to_outgoing(plain(text)):
            await self.ready(place, spare)
            await self.send(place, message)

    async def send(self, place: Place, message: Outgoing, quotes: int = 0) -> int:
        """When it is `ready`; returns Telegram's number of it. `quotes`: the message it replies to. What Telegram finds
        wrong with its looks is left out; what it does not take at all is passed over (0), as everything after it would
        wait for it for ever."""
        for looks in (message, replace(message, entities=()), Outgoing(message.text)):
            try:
                return (await self._send(place, looks, quotes)).message_id
            except Refused as refused:
                log.warning("a message to %s was refused: %s", place.conversation, refused)
        log.error("a message to %s is not sent", place.conversation)
        return 0

    async def show(self, place: Place, attachment: Attachment, content: bytes, under: Outgoing = _NO_WORDS) -> None:
        """A photo or a file, when it is `ready`, with words under it. What Telegram does not take as a photo goes as a
        file; what it does not take at all is passed over, and the words go alone."""
        as_photo = attachment.kind == "photo" and len(content) <= _LARGEST_PHOTO
        for send in (self._send_photo, self._send_file) if as_photo else (self._send_file,):
            try:
                await send(place, attachment, content, under)
                return
            except Refused as refused:
                log.warning("a %s to %s was refused: %s", attachment.kind, place.conversation, refused)
        log.error("a file to %s is not sent", place.conversation)
        if under.text:
            await self.send(place, under)

    async def draft(self, place: Place, number: int, message: Outgoing) -> float:
        """What is shown while a reply is written, in private chats; 0 when it is there, else the seconds to wait."""
        if wait := await self._pace.take(self._account, buckets(place), FRAME):
            return wait
        await self.asked(
            place,
            lambda chat: self._bot.send_message_draft(
                chat,
                number,
                message.text,
                message_thread_id=place.thread or None,
                entities=message.entities,
                read_timeout=_PASSING_TIMEOUT,
                write_timeout=_PASSING_TIMEOUT,
            ),
        )
        return 0.0

    async def typing(self, place: Place) -> float:
        """Shown for five seconds; 0 when it is there, else the seconds to wait."""
        if wait := await self._pace.take(self._account, typing_buckets(), TYPING):
            return wait
        await self._type(place)
        return 0.0

    async def may_write(self, place: Place) -> bool:
        """Whether they have opened the chat with us. Asked by what leaves no trace there."""
        await self._turn(typing_buckets(), FINAL)
        try:
            await self._type(place)
        except (Unreachable, Refused):
            return False
        return True

    async def _turn(self, where: Sequence[Bucket], spare: float) -> None:
        while wait := await self._pace.take(self._account, where, spare):
            if wait > _LONGEST_WAIT:
                raise NotNow(wait)
            await asyncio.sleep(wait)

    async def _type(self, place: Place) -> None:
        await self.asked(
            place,
            lambda chat: self._bot.send_chat_action(
                chat,
                ChatAction.TYPING,
                message_thread_id=place.thread or None,
                read_timeout=_PASSING_TIMEOUT,
                write_timeout=_PASSING_TIMEOUT,
            ),
        )

    async def _send_photo(self, place: Place, attachment: Attachment, content: bytes, under: Outgoing) -> None:
        await self.asked(
            place,
            lambda chat: self._bot.send_photo(
                chat,
                content,
                filename=attachment.name or _PHOTO,
                caption=under.text or None,
                caption_entities=under.entities or None,
                message_thread_id=place.thread or None,
                write_timeout=_FILE_SECONDS,
                read_timeout=_FILE_SECONDS,
            ),
        )

    async def _send_file(self, place: Place, attachment: Attachment, content: bytes, under: Outgoing) -> None:
        name = attachment.name or (_PHOTO if attachment.kind == "photo" else _FILE)
        await self.asked(
            place,
            lambda chat: self._bot.send_document(
                chat,
                content,
                filename=name,
                caption=under.text or None,
                caption_entities=under.entities or None,
                message_thread_id=place.thread or None,
                disable_content_type_detection=True,
                write_timeout=_FILE_SECONDS,
                read_timeout=_FILE_SECONDS,
            ),
        )

    async def _send(self, place: Place, message: Outgoing, quotes: int) -> Message:
        reply = ReplyParameters(quotes, allow_sending_without_reply=True) if quotes else None
        return await self.asked(
            place,
            lambda chat: self._bot.send_message(
                chat,
                message.text,
                entities=message.entities,
                reply_markup=message.keyboard,
                message_thread_id=place.thread or None,
                link_preview_options=_NO_PREVIEW,
                reply_parameters=reply,
            ),
        )

    def chat(self, place: Place) -> int:
        """Its number now: a group that became a supergroup has another."""
        return self._moved.get(place.chat, place.chat)

    async def asked(self, place: Place, ask: Callable[[int], Awaitable[Answer]]) -> Answer:
        """Whatever else is asked of Telegram about a chat. Raises Refused besides."""
        chat = self.chat(place)
        try:
            with _told_apart():
                return await ask(chat)
        except ChatMigrated as moved:
            self._moved[place.chat] = moved.new_chat_id
            raise NotNow(0.0) from None
        except RetryAfter as flooded:
            wait = _seconds(flooded)
            await self._pace.hold(self._account, chat_bucket(place.chat), wait)
            if self._floods.concern_all(place.chat, asyncio.get_running_loop().time()):
                await self._pace.hold(self._account, BOT.name, wait)
            raise NotNow(wait) from None


@contextlib.contextmanager
def _told_apart() -> Iterator[None]:
    """Nothing of the library's own errors goes on: what they carry may name the address with the token in it."""
    try:
        yield
    except (ChatMigrated, RetryAfter):
        raise
    except Forbidden as gone:
        raise Unreachable(gone.message) from None
    except BadRequest as wrong:
        if any(words in wrong.message.lower() for words in _GONE):
            raise Unreachable(wrong.message) from None
        raise Refused(wrong.message) from None
    except InvalidToken:
        log.error("Telegram does not know the token of this bot any more: nothing can be sent")
        raise NotNow(_AFTER_WRONG_TOKEN) from None
    except TelegramError as failed:
        log.warning("Telegram: %s", type(failed).__name__)
        raise NotNow(_AFTER_FAILURE) from None


def _seconds(flooded: RetryAfter) -> float:
    wait = flooded.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
