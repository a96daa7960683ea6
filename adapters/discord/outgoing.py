"""Replies as messages of Discord: cut to what it takes, nobody mentioned, no previews, buttons under the last."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from adapters.discord.buttons import Component, rows
from adapters.discord.uploads import Upload
from adapters.replies import Reply, written
from adapters.splitting import split
from adapters.text import Rich, as_discord, bold, joined, plain, read, utf16

LONGEST = 2000  # characters of a message; counted in UTF-16 units here, which is never less
_SUPPRESS_EMBEDS = 1 << 2  # no previews of links
_EPHEMERAL = 1 << 6
_MAKING = " …"  # behind a reply that is still being made


@dataclass(frozen=True)
class Message:
    """One message of a channel."""

    content: str
    components: tuple[Component, ...] = ()
    nonce: str = ""  # the same for the same message: Discord takes it once in some minutes
    replies_to: str = ""  # id of a message of the same channel
    calls: tuple[str, ...] = ()  # ids of the users whom its words call
    files: tuple[Upload, ...] = ()


def to_outgoing(
    place: str, reply: Reply, home: str, titles: tuple[str, str], links: Sequence[Component] = ()
) -> list[Message]:
    """The messages of a reply. `place` is the conversation, so that no two messages have the same nonce.

    `titles`: what stands over its sources, and over a list of choices. `links` stand under its buttons.
    """
    over_sources, over_choices = titles
    pieces = cut(written(reply, over_sources, home))
    components = [*rows(reply.buttons, reply.buttons_event, over_choices), *links]
    if components and not pieces:
        pieces = [""]  # Discord takes buttons without words
    messages = _messages(place, reply.event, pieces, components)
    return [replace(one, nonce=draft_nonce(place, reply.answers or reply.event)) for one in messages[:1]] + messages[1:]


def staff_words(place: str, event: str, who: str, text: str) -> list[Message]:
    """What a person of the shop writes, said to be theirs."""
    label = bold(f"{who}:")
    return _messages(place, event, cut(joined([label, plain(text)], "\n")), ())


def frame(markdown: str, home: str, nonce: str = "") -> Message:
    """The reply as far as it is made: its first message, which grows."""
    pieces = split(read(markdown, home, unfinished=True), LONGEST - len(_MAKING), _length)
    return Message((as_discord(pieces[0]) + _MAKING) if pieces else _MAKING.strip(), nonce=nonce)


def notice(text: str, components: Sequence[Component] = (), nonce: str = "") -> Message:
    """A fixed sentence of ours; it fits."""
    return Message(as_discord(plain(text)), tuple(components), nonce)


def ephemeral(text: str) -> dict[str, Any]:
    """The same as an answer to an interaction that only the one who caused it sees."""
    return payload(notice(text)) | {"flags": _SUPPRESS_EMBEDS | _EPHEMERAL}


def later() -> dict[str, Any]:
    """An answer to an interaction that says only that one is coming, to the same one alone."""
    return {"flags": _EPHEMERAL}


def without_extras(message: Message) -> Message:
    """The same once more, where Discord refuses what came with the words."""
    return replace(message, components=(), replies_to="")


def payload(message: Message, edits: bool = False) -> dict[str, Any]:
    """What is sent to Discord; an edit takes away what is not there any more."""
    sent: dict[str, Any] = {
        "content": message.content,
        "allowed_mentions": {"parse": []} | ({"users": list(message.calls)} if message.calls else {}),
        "flags": _SUPPRESS_EMBEDS,
    }
    if message.components or edits:
        sent["components"] = list(message.components)
    if message.nonce and not edits:
        sent |= {"nonce": message.nonce, "enforce_nonce": True}
    if message.replies_to and not edits:
        sent["message_reference"] = {"message_id": message.replies_to, "fail_if_not_exists": False}
    return sent


def form(message: Message) -> list[dict[str, Any]]:
    """The same with its files, the way discord.py takes a form. What a file is called stands in JSON alone, where no
    name can be more than a name."""
    named = [{"id": number, "filename": one.name} for number, one in enumerate(message.files)]
    whole = msgspec.json.encode(payload(message) | {"attachments": named}).decode()
    files = (
        {"name": f"files[{number}]", "value": one.content, "filename": f"{number}", "content_type": one.media_type}
        for number, one in enumerate(message.files)
    )
    return [{"name": "payload_json", "value": whole}, *files]


def draft_nonce(place: str, answers: str) -> str:
    """The first message of a reply has it from its first word on, so that there is one, whoever dies on the way."""
    return nonce_of(place, "answers", answers) if answers else ""


def nonce_of(*what: str) -> str:
    """At most 25 characters, and no two messages share one."""
    digest = hashlib.blake2b("\n".join(what).encode(), digest_size=15).digest()
    return base64.b32encode(digest).decode().lower()


def _messages(place: str, event: str, pieces: Sequence[str], components: Sequence[Component]) -> list[Message]:
    last = len(pieces) - 1
    return [
        Message(piece, tuple(components) if number == last else (), nonce_of(place, event, str(number)))
        for number, piece in enumerate(pieces)
    ]


def cut(rich: Rich, longest: int = LONGEST) -> list[str]:
    """The words of its messages."""
    return [as_discord(piece) for piece in in_pieces(rich, longest)]


def in_pieces(rich: Rich, longest: int = LONGEST) -> list[Rich]:
    return split(rich, longest, _length)


def _length(rich: Rich) -> int:
    return utf16(as_discord(rich))
