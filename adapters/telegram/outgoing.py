"""Translation, without any network: a text of ours to the messages that Telegram shows."""

import re
from dataclasses import dataclass, replace

from telegram import InlineKeyboardMarkup, MessageEntity
from telegram.constants import MessageEntityType, MessageLimit

from adapters.splitting import split
from adapters.text import Rich, as_entities, read, utf16

LONGEST, LONGEST_CAPTION = int(MessageLimit.MAX_TEXT_LENGTH), int(MessageLimit.CAPTION_LENGTH)  # UTF-16 units
_MENTION = re.compile(r"(?<![\w./@])@(?=\w)")
_TYPES = {"bold": MessageEntityType.BOLD, "code": MessageEntityType.CODE, "link": MessageEntityType.TEXT_LINK}


@dataclass(frozen=True)
class Outgoing:
    """One message."""

    text: str
    entities: tuple[MessageEntity, ...] = ()
    keyboard: InlineKeyboardMarkup | None = None


def to_outgoing(page: Rich, under: InlineKeyboardMarkup | None = None, without_text: str = "…") -> list[Outgoing]:
    """The messages of a reply, buttons under the last. Buttons alone stand under `without_text`."""
    pieces = split(page, LONGEST, _units) or ([Rich(without_text)] if under else [])
    messages = [_message(piece) for piece in pieces]
    return [*messages[:-1], replace(messages[-1], keyboard=under)] if messages else []


def to_draft(markdown: str, home: str) -> Outgoing:
    """What is shown of a reply that is being written: of a long one the part where the writing is."""
    pieces = split(read(markdown, home, unfinished=True), LONGEST, _units)
    return _message(pieces[-1]) if pieces else Outgoing("")


def unmentioned(markdown: str) -> str:
    """For a group: nobody is called by what a customer had us repeat. An e-mail address stays one."""
    return _MENTION.sub("@\u2060", markdown)


def uncalled(page: Rich) -> Rich:
    """The same for a text that has its marks already: they stay where they are."""
    return Rich(_MENTION.sub("\uff20", page.text), page.spans)


def _message(piece: Rich) -> Outgoing:
    entities = (
        MessageEntity(_TYPES[one.kind], one.offset, one.length, url=one.url or None) for one in as_entities(piece)
    )
    return Outgoing(piece.text, tuple(entities))


def _units(piece: Rich) -> int:
    return utf16(piece.text)
