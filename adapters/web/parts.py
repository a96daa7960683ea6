"""Translation, without any network: a request's body to Incoming, events and parts to the JSON of the API."""

import re
from collections.abc import Callable
from functools import partial
from hashlib import blake2b

import msgspec

from adapters.web.refusals import Refusal
from adapters.web.tokens import Bound
from bot.messages import STAFF, Attachment, Busy, Event, Happening, Incoming, Said, Source, Sources, Status, TextDelta

LONGEST_TEXT, LONGEST_LABEL, LONGEST_PRESS = 4000, 200, 200  # characters
_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_LOCALE = re.compile(r"[A-Za-z0-9_-]{0,35}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_EVENT = re.compile(r"\d{1,15}(-\d{1,10})?")
_TYPING = re.compile(r'\s*\{\s*"typing"\s*:\s*true\s*\}\s*')

FileAddress = Callable[[str, int], str]  # event id, number of the attachment -> where it is read


class NewConversation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    locale: str = ""
    identity: str = ""


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    text: str = ""  # beside `press`: the label of what was pressed
    press: str = ""
    files: list[str] = []  # what was sent up before


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first frame on a socket."""

    token: str
    after: str = ""


class ShownAttachment(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is told of an attachment: where it can be read, and nothing of where it is kept."""

    kind: str
    name: str = ""
    media_type: str = ""
    size: int = 0
    url: str = ""  # a path of this server; "" where nothing is kept


class ShownSaid(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="said"):
    by: str
    message: str  # of one of staff not as it is kept, because that names who signs in
    text: str
    attachments: tuple[ShownAttachment, ...] = ()
    public: bool = False
    name: str = ""


def says_typing(frame: str) -> bool:
    """A frame that is no message: the customer is writing one."""
    return len(frame) < 40 and _TYPING.fullmatch(frame) is not None


def to_incoming(bound: Bound, message: Message, attachments: tuple[Attachment, ...] = ()) -> Incoming:
    """Raises Refusal (422, or 413 for a text that is too long) naming the field."""
    text = message.text.replace("\0", "").strip()
    if not _ID.fullmatch(message.id):
        raise Refusal(422, "id: must be 1 to 100 letters, digits or any of . _ : -")
    if not text and not message.press and not attachments:
        raise Refusal(422, "text: give either a text that is not empty, or press with the id of a button.")
    if message.press and attachments:
        raise Refusal(422, "files: none goes with a press.")
    if len(text) > LONGEST_TEXT:
        raise Refusal(413, f"text: is longer than {LONGEST_TEXT:,} characters.")
    if message.press and len(text) > LONGEST_LABEL:
        raise Refusal(413, f"text: is longer than {LONGEST_LABEL} characters, the most for a button's label.")
    if len(message.press) > LONGEST_PRESS:
        raise Refusal(422, f"press: is longer than {LONGEST_PRESS} characters.")
    if _CONTROL.search(message.press):
        raise Refusal(422, "press: holds a control character; send the id of a button as it came.")
    return Incoming(
        "web",
        bound.conversation,
        message.id,
        text=text,
        press=message.press,
        customer=bound.customer,
        locale=bound.locale,
        attachments=attachments,
    )


def checked_locale(locale: str) -> str:
    if not _LOCALE.fullmatch(locale):
        raise Refusal(422, "locale: must be a language tag such as en or zh-CN.")
    return locale


def checked_place(name: str, event: str) -> str:
    """An event id to go on from, or nothing. Raises Refusal (422)."""
    if event and not _EVENT.fullmatch(event):
        raise Refusal(422, f"{name}: must be the id of an event.")
    return event


def comes_after(event: str, place: str) -> bool:
    """Whether an event id is later than a place: "9-0" is before "10-0"."""
    return _in_order(event) > _in_order(place)


def _in_order(event: str) -> tuple[int, ...]:
    return tuple(int(number) for number in event.split("-")) if event else ()


def _nowhere(number: int) -> str:
    return ""


def to_outgoing(happening: Happening, public_url: str, address: Callable[[int], str] = _nowhere) -> bytes:
    """One part as JSON; the addresses of our own pages become absolute, and where files are kept is not told, only the
    `address` at which the attachment of a number is read."""
    if isinstance(happening, Said):
        return msgspec.json.encode(_shown(happening, address))
    if isinstance(happening, Sources):
        happening = Sources(tuple(_absolute(source, public_url) for source in happening.sources))
    return msgspec.json.encode(happening)


def to_outgoing_event(event: Event, public_url: str, address: FileAddress) -> bytes:
    """The same with the event's id in front."""
    part = to_outgoing(event.what, public_url, partial(address, event.id))
    return b'{"id":' + msgspec.json.encode(event.id) + b"," + part[1:]


def _shown(said: Said, address: Callable[[int], str]) -> ShownSaid:
    attachments = tuple(
        ShownAttachment(one.kind, one.name, one.media_type, one.size, address(number) if one.kept else "")
        for number, one in enumerate(said.attachments)
    )
    message = said.message if said.by != STAFF else blake2b(said.message.encode(), digest_size=8).hexdigest()
    return ShownSaid(said.by, message, said.text, attachments, said.public, said.name)


def attachment_at(happening: Happening | None, number: int) -> Attachment | None:
    """The one that is kept under this number of what a person said."""
    if not isinstance(happening, Said) or not 0 <= number < len(happening.attachments):
        return None
    return happening.attachments[number] if happening.attachments[number].kept else None


def final_parts(events: list[Event], public_url: str) -> list[msgspec.Raw]:
    """What is left of a turn for a caller who did not watch it come; a restart takes back what came before."""
    final: list[Happening] = []
    for event in events:
        if event.what == Status("restarted"):
            final.clear()
        elif not _is_passing(event.what):
            final.append(event.what)
    return [msgspec.Raw(to_outgoing(what, public_url)) for what in final]


def _is_passing(what: Happening) -> bool:
    if isinstance(what, Status):
        return what.status in ("done", "thinking", "restarted")
    return isinstance(what, TextDelta | Busy | Said)


def _absolute(source: Source, public_url: str) -> Source:
    url = public_url + source.url if source.url.startswith("/") else source.url
    return Source(source.id, source.title, url)
