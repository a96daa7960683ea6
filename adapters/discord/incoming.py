"""Messages of Discord as the desk has them; pure."""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from adapters.discord.payloads import File, Message
from adapters.discord.places import Place
from bot.messages import Attachment, Incoming

CHANNEL = "discord"
_WRITTEN = {0, 19}  # kinds of messages that a person writes: a message, a reply
_VOICE = 1 << 13  # among the flags of a message
_QUOTED = 1000  # characters
_MENTION = re.compile(r"<(?:@!?(?P<user>\d+)|@&(?P<role>\d+)|#(?P<channel>\d+)|a?:(?P<emoji>\w+):\d+)>")


def is_written(message: Message) -> bool:
    """Whether a person wrote it: no bot, no webhook, no notice of Discord's own."""
    return message.type in _WRITTEN and not message.author.bot and not message.webhook_id


def is_addressed(message: Message, bot: str) -> bool:
    """Whether it is said to the bot: it is named, or answered."""
    answered = message.referenced_message
    return any(one.id == bot for one in message.mentions) or (answered is not None and answered.author.id == bot)


def says_something(message: Message, bot: str) -> bool:
    """A message can hold nothing but spaces, or what we do not know."""
    forwards = bool(message.message_snapshots)
    return bool(text_of(message, bot) or attachments_of(message, {}) or forwards or is_addressed(message, bot))


def is_edited(message: Message) -> bool:
    """Links get their previews by an update too, and no time of an edit."""
    return message.edited_timestamp is not None


def to_incoming(message: Message, place: Place, account: str, bot: str, kept: Mapping[str, str]) -> Incoming:
    """`kept`: the names under which its files are kept, by their ids. Who only names the bot begins with it."""
    text, attachments = text_of(message, bot), attachments_of(message, kept)
    named = not text and not attachments and is_addressed(message, bot)
    return Incoming(
        channel=CHANNEL,
        conversation=place.conversation(account),
        message=message.id,
        text=text,
        press="start" if named else "",
        author=place.user,
        attachments=attachments,
        quotes=_quotes(message, bot),
        public=place.public,
    )


def to_edited(message: Message, place: Place, account: str, bot: str, kept: Mapping[str, str]) -> Incoming:
    """The new wording of a message."""
    first = to_incoming(message, place, account, bot, kept)
    return msgspec.structs.replace(first, message=f"{message.id}:e{message.edited_timestamp}", edits=message.id)


def text_of(message: Message, bot: str) -> str:
    """What it says, without the mention of the bot, and with names instead of numbers."""
    names = {one.id: one.called for one in message.mentions}

    def readable(found: re.Match[str]) -> str:
        if found["user"]:
            return "" if found["user"] == bot else f"@{names.get(found['user'], '…')}"
        if found["emoji"]:
            return f":{found['emoji']}:"
        return "#…" if found["channel"] else "@…"

    return re.sub(r"[ \t]{2,}", " ", _MENTION.sub(readable, message.content)).strip()


def files_of(message: Message) -> tuple[File, ...]:
    """Its own, and those of a message that it forwards."""
    return message.attachments + tuple(file for one in message.message_snapshots for file in one.message.attachments)


def attachments_of(message: Message, kept: Mapping[str, str]) -> tuple[Attachment, ...]:
    files = [_attachment(file, kept.get(file.id, ""), message.flags) for file in files_of(message)]
    stickers = [Attachment("sticker", name=one.name) for one in message.sticker_items]
    polls = [Attachment("other", name="poll")] if message.poll else []
    return (*files, *stickers, *polls) or ((Attachment("other"),) if _holds_another_kind(message) else ())


def _holds_another_kind(message: Message) -> bool:
    """Nothing but what we cannot read: an invitation to a game, say, or what was forwarded holds but a card."""
    if message.content.strip() or any(one.message.content.strip() for one in message.message_snapshots):
        return False
    return bool(message.embeds or message.activity or message.message_snapshots)


def _attachment(file: File, kept: str, flags: int) -> Attachment:
    media_type = (file.content_type or "").partition(";")[0]
    return Attachment(_kind(media_type, flags), file.filename, media_type, file.size, kept)


def _kind(media_type: str, flags: int) -> Literal["photo", "file", "voice", "video"]:
    match media_type.partition("/")[0]:
        case "image":
            return "photo"
        case "video":
            return "video"
        case "audio":
            return "voice" if flags & _VOICE else "file"
    return "file"


def _quotes(message: Message, bot: str) -> str:
    """What the message that it replies to says, or what it forwards."""
    forwarded = "\n".join(one.message.content for one in message.message_snapshots)
    answered = message.referenced_message
    return (text_of(answered, bot) if answered else forwarded)[:_QUOTED]
