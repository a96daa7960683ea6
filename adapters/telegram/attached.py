"""What came with a message, or instead of words: its kind, and the file where there is one that is kept."""

from dataclasses import dataclass

from telegram import Chat, Message

from bot.messages import Attachment

_OTHERS = ("poll", "dice", "story", "game", "invoice", "paid_media", "checklist", "giveaway", "giveaway_winners")


@dataclass(frozen=True)
class Attached:
    """`attachment.kept` is still empty."""

    attachment: Attachment
    file: str = ""  # Telegram's id of the file; "" where none is kept


def attached(message: Message) -> Attached | None:
    """Photos and files can be kept; what nobody at the desk can hear or watch is only named."""
    return _kept(message) or _named(message)


def _kept(message: Message) -> Attached | None:
    if message.animation:  # Telegram repeats it as a document
        return Attached(Attachment("video", media_type=message.animation.mime_type or ""))
    if message.photo:
        largest = max(message.photo, key=lambda one: one.width * one.height)
        photo = Attachment("photo", media_type="image/jpeg", size=largest.file_size or 0)
        return Attached(photo, largest.file_id)
    if file := message.document:
        kind = Attachment("file", file.file_name or "", file.mime_type or "", file.file_size or 0)
        return Attached(kind, file.file_id)
    return None


def _named(message: Message) -> Attached | None:
    if message.sticker:
        return Attached(Attachment("sticker", message.sticker.emoji or ""))
    if sound := message.voice or message.audio:
        return Attached(Attachment("voice", media_type=sound.mime_type or "", size=sound.file_size or 0))
    if film := message.video or message.video_note:
        return Attached(Attachment("video", size=film.file_size or 0))
    if message.venue:
        return Attached(Attachment("place", message.venue.title))
    if place := message.location:
        return Attached(Attachment("place", f"{place.latitude:.5f}, {place.longitude:.5f}"))
    if contact := message.contact:
        name = f"{contact.first_name} {contact.last_name or ''}".strip()
        return Attached(Attachment("contact", f"{name}, {contact.phone_number}"))
    return (
        Attached(Attachment("other")) if any(getattr(message, name) for name in _OTHERS) or _is_new(message) else None
    )


def _is_new(message: Message) -> bool:
    """Of a kind that the library does not know yet, and meant for us alone: nobody else could answer it."""
    return bool(message.api_kwargs and not message.text and not message.caption and message.chat.type == Chat.PRIVATE)
