"""From an update of Telegram to what the desk understands. Pure: nothing is fetched, sent or stored here."""

from dataclasses import dataclass

from telegram import (
    CallbackQuery,
    ChatMember,
    ChatMemberUpdated,
    InlineKeyboardMarkup,
    Message,
    MessageEntity,
    Update,
    User,
)

from adapters.telegram.attached import Attached, attached
from adapters.telegram.commands import PRESSES, meaning, read_command
from adapters.telegram.deep_links import Asked, link_text, read_private_payload
from adapters.telegram.places import Place
from bot.messages import Incoming

UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")  # the kinds that we ask for
_QUOTED = 1000  # characters of a message that is replied to
_COMMAND = MessageEntity.BOT_COMMAND


@dataclass(frozen=True)
class Written:
    """A message, new or in a new wording; what came with it is still to be fetched."""

    place: Place
    incoming: Incoming
    attached: Attached | None = None


@dataclass(frozen=True)
class Pressed:
    """A button under a message of ours; which one it was, only the desk knows."""

    place: Place
    query: str
    data: str
    message: int
    keyboard: InlineKeyboardMarkup | None  # of which it is one; None where the message is too old to be shown to us
    incoming: Incoming  # still without text and press


@dataclass(frozen=True)
class Opened:
    """Somebody followed the link from a group into the private chat, where what they asked goes on."""

    place: Place
    asked: Asked
    incoming: Incoming  # what it is if nothing is known of the question any more


@dataclass(frozen=True)
class Gone:
    """We were blocked, or put out of a group: nothing can be sent there any more."""

    place: Place


Read = Written | Pressed | Opened | Gone


def to_incoming(update: Update, me: User) -> Read | None:
    """None for what is not for us: other people's talk, channels, bots, and what Telegram itself says in a chat."""
    if update.callback_query:
        return _pressed(update.callback_query, me)
    if update.my_chat_member:
        return _membership(update.my_chat_member, me)
    message = update.message or update.edited_message
    return _written(message, me, f":e{update.update_id}" if update.edited_message else "") if message else None


def _written(message: Message, me: User, edit: str) -> Written | Opened | None:
    user, found = message.from_user, attached(message)
    text = (message.text or message.caption or "").strip()
    if user is None or user.is_bot or message.sender_chat or message.is_automatic_forward or not (text or found):
        return None
    command = read_command(text) if _begins_with(message, _COMMAND) else None
    if command and command.to.lower() not in ("", (me.username or "").lower()):
        return None
    known = command is not None and command.name in PRESSES
    place = _place(message, user, me)
    if not place.private and not (known or _addresses(message, me)):
        return None
    if edit and found and not text:
        return None  # a place that is shared live, or a file that was changed for another
    press = ""
    if command and known:
        asked = read_private_payload(command.rest) if command.name == "start" and place.private else None
        if asked:
            return Opened(place, asked, _incoming(message, place, user, "", "start", edit))
        text, press = meaning(command)
        if command.name == "start":
            linked = link_text(text)
            text, press = (linked, "") if linked else ("", press)
    elif not place.private:
        text = _without_our_name(message, me)
        press = "" if text or found else "start"  # nothing but our name: a nod
    return Written(place, _incoming(message, place, user, text, press, edit), found)


def _incoming(message: Message, place: Place, user: User, text: str, press: str, edit: str) -> Incoming:
    """The date of an edit does not tell two of the same second apart; the number of its update does."""
    number = str(message.message_id)
    return Incoming(
        channel="telegram",
        conversation=place.conversation,
        message=number + edit,
        text=text,
        press=press,
        locale=user.language_code or "",
        quotes=_quotes(message),
        edits=number if edit else "",
        public=not place.private,
    )


def _pressed(query: CallbackQuery, me: User) -> Pressed | None:
    message = query.message
    if message is None or query.data is None:
        return None  # from inline mode, which we do not offer
    thread = _topic(message) if isinstance(message, Message) else 0
    private = message.chat.type == message.chat.PRIVATE
    place = Place(me.id, message.chat.id, thread, 0 if private else query.from_user.id)
    incoming = Incoming(
        channel="telegram",
        conversation=place.conversation,
        message=f"cb:{query.id}",
        locale=query.from_user.language_code or "",
        public=not private,
    )
    keyboard = message.reply_markup if isinstance(message, Message) else None
    return Pressed(place, query.id, query.data, message.message_id, keyboard, incoming)


def _membership(changed: ChatMemberUpdated, me: User) -> Gone | None:
    gone = changed.new_chat_member.status in (ChatMember.LEFT, ChatMember.BANNED)
    return Gone(Place(me.id, changed.chat.id)) if gone else None


def _place(message: Message, user: User, me: User) -> Place:
    private = message.chat.type == message.chat.PRIVATE
    return Place(me.id, message.chat.id, _topic(message), 0 if private else user.id)


def _topic(message: Message) -> int:
    """The number of a thread alone does not make a topic: answers in an ordinary group have one too."""
    return (message.message_thread_id or 0) if message.is_topic_message else 0


def _begins_with(message: Message, kind: str) -> bool:
    entities = message.entities or message.caption_entities or ()
    return any(one.type == kind and one.offset == 0 for one in entities)


def _mentions(message: Message, me: User) -> list[tuple[MessageEntity, str]]:
    """Where our name stands in it, by "@username" or by a name that leads to us."""
    found = {**message.parse_entities(), **message.parse_caption_entities()}
    ours = f"@{me.username}".lower()
    return [
        (entity, text)
        for entity, text in found.items()
        if (entity.type == MessageEntity.MENTION and text.lower() == ours)
        or (entity.type == MessageEntity.TEXT_MENTION and entity.user and entity.user.id == me.id)
    ]


def _addresses(message: Message, me: User) -> bool:
    replied = _replied(message)
    to_us = bool(replied and replied.from_user and replied.from_user.id == me.id)
    return to_us or bool(_mentions(message, me))


def _replied(message: Message) -> Message | None:
    """In a topic whatever replies to nothing else "replies" to what opened the topic: that is no reply."""
    replied = message.reply_to_message
    return None if replied is None or replied.forum_topic_created else replied


def _quotes(message: Message) -> str:
    replied = _replied(message)
    quoted = message.quote.text if message.quote else ""
    return (quoted or (replied and (replied.text or replied.caption)) or "")[:_QUOTED]


def _without_our_name(message: Message, me: User) -> str:
    """Entities count in UTF-16 units, so that is how they are cut out."""
    written = (message.text or message.caption or "").encode("utf-16-le")
    for entity, _ in sorted(_mentions(message, me), key=lambda one: -one[0].offset):
        written = written[: entity.offset * 2] + written[(entity.offset + entity.length) * 2 :]
    return written.decode("utf-16-le", "replace").strip(" ,:，：\n\t")
