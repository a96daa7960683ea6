"""The group on Telegram in which staff have their desk: a forum topic for each handoff, opened, written and closed."""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, User
from telegram.constants import ForumTopicLimit, KeyboardButtonStyle, MessageEntityType

from adapters.complaints import Complaints
from adapters.desk_rooms import Called, Gone
from adapters.desk_words import DeskButton
from adapters.splitting import split
from adapters.telegram.outgoing import LONGEST, LONGEST_CAPTION, Outgoing, to_outgoing, uncalled, unmentioned
from adapters.telegram.paces import NOTICE
from adapters.telegram.places import Place
from adapters.telegram.posting import Posting, Refused
from adapters.text import Rich, utf16
from bot.channels import Handles, Unreachable
from bot.messages import Attachment

Answer = TypeVar("Answer")
ROOM_TO_CALL = 600  # UTF-16 units left free for names
_NO_TOPIC = ("thread not found", "topic_deleted", "topic_id_invalid", "message to be replied not found")
_SAME = ("topic_not_modified", "message is not modified")
_NO_MESSAGE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",  # it was never sent
)
_CLOSED = ("not a forum", "right", "admin", "chat_write_forbidden")  # refused, and so would be all else


class TelegramRoom:
    """The Room of this group. `chat` is its number as the settings have it."""

    def __init__(self, bot: Bot, posting: Posting, handles: Handles, chat: int) -> None:
        self._bot, self._posting, self._handles = bot, posting, handles
        self._group = Place(bot.id, chat)
        self._complaints = Complaints(handles.announce)

    @property
    def longest(self) -> int:
        return LONGEST - ROOM_TO_CALL

    @property
    def longest_caption(self) -> int:
        return LONGEST_CAPTION

    def cut(self, page: Rich) -> Sequence[Rich]:
        return split(page, self.longest, lambda piece: utf16(piece.text))

    async def open(self, title: str, once: str) -> str:
        await self._posting.ready(self._group, NOTICE)  # what is open already comes first
        name = unmentioned(title)[: ForumTopicLimit.MAX_NAME_LENGTH]
        made = await self._asked(self._group, lambda chat: self._bot.create_forum_topic(chat, name))
        return str(made.message_thread_id)

    async def reopen(self, thread: str) -> None:
        with contextlib.suppress(_Same):
            await self._asked(self._group, lambda chat: self._bot.reopen_forum_topic(chat, int(thread)))

    async def shut(self, thread: str) -> None:
        with contextlib.suppress(_Same, Gone):
            await self._asked(self._group, lambda chat: self._bot.close_forum_topic(chat, int(thread)))

    async def remove(self, thread: str) -> None:
        """With all that stands in it."""
        with contextlib.suppress(Gone):
            await self._asked(self._group, lambda chat: self._bot.delete_forum_topic(chat, int(thread)))

    async def post(
        self, thread: str, page: Rich, once: str, buttons: Sequence[DeskButton] = (), calls: Sequence[Called] = ()
    ) -> str:
        place = self._topic(thread)
        [message] = to_outgoing(uncalled(page), _keyboard(buttons))
        await self._posting.ready(place)
        return str(await self._sent(thread, lambda: self._posting.send(place, _calling(message, calls))))

    async def show(self, thread: str, attachment: Attachment, page: Rich, once: str) -> None:
        place = self._topic(thread)
        try:
            content = await self._handles.attachments.read(attachment.kept)
        except FileNotFoundError:  # it was erased meanwhile
            if page.text:
                await self.post(thread, page, once)
            return
        [under] = to_outgoing(uncalled(page)) or [Outgoing("")]
        await self._posting.ready(place)
        await self._sent(thread, lambda: self._posting.show(place, attachment, content, under))

    async def redraw(self, thread: str, message: str, buttons: Sequence[DeskButton]) -> None:
        place = self._topic(thread)
        await self._posting.ready(place)
        with contextlib.suppress(_Same, _NoMessage):
            await self._asked(
                place,
                lambda chat: self._bot.edit_message_reply_markup(chat, int(message), reply_markup=_keyboard(buttons)),
            )

    async def answer(self, thread: str, message: int, text: str) -> None:
        """A sentence in reply to what somebody of the group wrote; left out where there is no room for it."""
        place = self._topic(thread)
        with contextlib.suppress(Gone, ConnectionError, Unreachable):
            await self._posting.ready(place, NOTICE)
            await self._sent(thread, lambda: self._posting.send(place, Outgoing(text), message))

    async def types(self, thread: str) -> None:
        with contextlib.suppress(Refused):
            await self._posting.typing(self._topic(thread))

    def _topic(self, thread: str) -> Place:
        return replace(self._group, thread=int(thread))

    async def _asked(self, place: Place, ask: Callable[[int], Awaitable[Answer]]) -> Answer:
        """Raises Gone, ConnectionError, Unreachable, _Same, _NoMessage."""
        try:
            return await self._posting.asked(place, ask)
        except (Unreachable, Refused) as refused:
            raise self._told_apart(refused) from None
        finally:
            self._complain_of_number()

    async def _sent(self, thread: str, send: Callable[[], Awaitable[Answer]]) -> Answer:
        """Somebody may have closed a topic in which something is still to be said. Raises Gone, NotNow, Unreachable."""
        try:
            return await send()
        except Unreachable as refused:
            if "topic_closed" not in str(refused).lower():
                raise self._told_apart(refused) from None
        finally:
            self._complain_of_number()
        await self.reopen(thread)
        try:
            return await send()
        except Unreachable as refused:
            raise self._told_apart(refused) from None

    def _told_apart(self, refused: Unreachable | Refused) -> Exception:
        """What Telegram refuses in the group; what a person has to put right is said to the person. One thing that it
        does not take closes the group to nothing else."""
        said = str(refused)
        words = said.lower()
        for kind, known in ((_Same, _SAME), (Gone, _NO_TOPIC), (_NoMessage, _NO_MESSAGE)):
            if any(one in words for one in known):
                return kind()
        if isinstance(refused, Refused) and not any(one in words for one in _CLOSED):
            return ConnectionError(f"Telegram does not take it in the group of staff: {said}")
        self._complain(_advice(words), said)
        return Unreachable(f"the group of staff is closed to us: {said}")

    def _complain_of_number(self) -> None:
        number = self._posting.chat(self._group)
        if number != self._group.chat:
            self._complain(f"has another number now: set SHOPDESK_TELEGRAM_DESK={number}", "it has moved")

    def _complain(self, advice: str, said: str) -> None:
        self._complaints.say(f"Telegram: the group of staff {self._group.chat} {advice}.", said)


class _Same(Exception):
    """It is so already."""


class _NoMessage(Exception):
    """The message was deleted, or is too old to be changed."""


def _advice(words: str) -> str:
    if "not a forum" in words:
        return "has no topics: turn them on (Edit, Topics)"
    if "right" in words or "chat_write_forbidden" in words or "admin" in words:
        return "does not let the bot work: make it an administrator that may manage topics and delete messages"
    return "cannot be reached: is the bot a member of it, and SHOPDESK_TELEGRAM_DESK its number?"


def _keyboard(buttons: Sequence[DeskButton]) -> InlineKeyboardMarkup | None:
    made = [
        InlineKeyboardButton(one.label, callback_data=one.data, style=KeyboardButtonStyle.PRIMARY if one.main else None)
        for one in buttons
    ]
    return InlineKeyboardMarkup([[one] for one in made]) if made else None


def _calling(message: Outgoing, calls: Sequence[Called]) -> Outgoing:
    """With names under it that ring their telephones; as many as there is room for."""
    between = "\n"
    for one in calls:
        text = message.text + between
        if utf16(text + one.name) > LONGEST:
            break
        user = User(int(one.id), one.name, is_bot=False)
        name = MessageEntity(MessageEntityType.TEXT_MENTION, utf16(text), utf16(one.name), user=user)
        message, between = replace(message, text=text + one.name, entities=(*message.entities, name)), ", "
    return message
