"""Translation, without any network: a request's body to Incoming, events and parts to the JSON of the API."""

import re

import msgspec

from adapters.web.refusals import Refusal
from adapters.web.tokens import Bound
from bot.messages import Busy, Event, Happening, Incoming, Said, Source, Sources, Status, TextDelta

LONGEST_TEXT, LONGEST_LABEL, LONGEST_PRESS = 4000, 200, 200  # characters
_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_LOCALE = re.compile(r"[A-Za-z0-9_-]{0,35}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_EVENT = re.compile(r"\d{1,15}(-\d{1,10})?")


class NewConversation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    locale: str = ""
    identity: str = ""


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    text: str = ""  # beside `press`: the label of what was pressed
    press: str = ""


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first frame on a socket."""

    token: str
    after: str = ""


def to_incoming(bound: Bound, message: Message) -> Incoming:
    """Raises Refusal (422, or 413 for a text that is too long) naming the field."""
    text = message.text.replace("\0", "").strip()
    if not _ID.fullmatch(message.id):
        raise Refusal(422, "id: must be 1 to 100 letters, digits or any of . _ : -")
    if not text and not message.press:
        raise Refusal(422, "text: give either a text that is not empty, or press with the id of a button.")
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


def to_outgoing(happening: Happening, public_url: str) -> bytes:
    """One part as JSON; the addresses of our own pages become absolute, and where files are kept is not told."""
    if isinstance(happening, Said) and happening.attachments:
        shown = tuple(msgspec.structs.replace(one, kept="") for one in happening.attachments)
        happening = msgspec.structs.replace(happening, attachments=shown)
    if isinstance(happening, Sources):
        happening = Sources(tuple(_absolute(source, public_url) for source in happening.sources))
    return msgspec.json.encode(happening)


def to_outgoing_event(event: Event, public_url: str) -> bytes:
    """The same with the event's id in front."""
    return b'{"id":' + msgspec.json.encode(event.id) + b"," + to_outgoing(event.what, public_url)[1:]


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
