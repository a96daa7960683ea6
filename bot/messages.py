"""The vocabulary: what a channel hands in and what a turn yields. Everything else speaks in these words."""

from typing import Literal

import msgspec

STAFF = "staff"  # the channel of what the shop's people write into a conversation
CLOSE = "close"  # what they press when they have dealt with it
TOOK, RETURNED = "took", "returned"  # when they begin, and when the bot goes on without them


class Attachment(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that came with a message, or instead of one."""

    kind: Literal["photo", "file", "voice", "video", "sticker", "place", "contact", "other"]
    name: str = ""  # of the file, as the customer has it; the emoji of a sticker
    media_type: str = ""
    size: int = 0  # bytes; 0: not known
    kept: str = ""  # under what name it is kept; "" where it is not: too large, or nothing that is kept


class Incoming(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message of a customer, already free of anything its platform is."""

    channel: str
    conversation: str  # one thread on one channel, unique over all channels: "web:01JX..."
    message: str  # the channel's own id of the message: the same id twice is one message
    text: str = ""
    press: str = ""  # the id of a button of ours that was pressed, instead of text
    customer: str = ""  # the shop's id of the customer, only where the channel has proof of it
    author: str = ""  # who wrote it, where several people can write in one conversation; "" where only one can
    accepted: str = ""  # the event id under which the mailbox has it; the mailbox fills it in
    locale: str = ""  # what the platform says of the customer's language, "" where it does not
    attachments: tuple[Attachment, ...] = ()
    quotes: str = ""  # what the message that it replies to says
    edits: str = ""  # the channel's id of the message of which this is the new wording
    public: bool = False  # others read what is written there: nothing of the customer's own may be
    name: str = ""  # of the member of the staff who wrote it, as customers read it
    trace: str = ""  # W3C traceparent of its acceptance, "" where nobody traces


class TextDelta(msgspec.Struct, frozen=True, tag_field="kind", tag="delta"):
    """A piece of the answer as it is made; the `text` part that follows repeats it whole."""

    text: str


class FinalText(msgspec.Struct, frozen=True, tag_field="kind", tag="text"):
    text: str


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    title: str
    url: str
    version: str = ""  # of the passage, as it was told; what is told of products alone may have none


class Sources(msgspec.Struct, frozen=True, tag_field="kind", tag="sources"):
    sources: tuple[Source, ...]


class Card(msgspec.Struct, frozen=True, tag_field="kind", tag="card"):
    title: str
    rows: tuple[tuple[str, str], ...]


class Button(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    label: str
    style: Literal["plain", "primary"] = "plain"  # primary: what a card proposes; drawn as its one main button
    lasting: bool = False  # it means the same whenever it is pressed; one that is not is over with what was asked


class Buttons(msgspec.Struct, frozen=True, tag_field="kind", tag="buttons"):
    buttons: tuple[Button, ...]


class InPrivate(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="in_private"):
    """The answer is not for others to read: the channel opens a private place, and hands this in anew there."""

    text: str
    press: str = ""


class Status(msgspec.Struct, frozen=True, tag_field="kind", tag="status"):
    """Where the turn stands: thinking, restarted, simpler, waiting_for_staff, with_staff, done. In passing, and beside
    any turn: staff_typing."""

    status: str


class Busy(msgspec.Struct, frozen=True, tag_field="kind", tag="busy"):
    """The desk is behind: so many conversations are served before this one. Told once, when it joins the line."""

    place: int


class Said(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="said"):
    """What a person wrote: the customer's own message, or one of staff. Only in a transcript, never in a reply."""

    by: str  # "customer" or "staff"
    message: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    public: bool = False  # others read along
    name: str = ""  # of the member of the staff who wrote it


Part = TextDelta | FinalText | Sources | Card | Buttons | InPrivate | Status | Busy
Happening = Part | Said


class Event(msgspec.Struct, frozen=True):
    """A happening in its place in the conversation; ids grow, and name the place to resume from."""

    id: str
    what: Happening
    answers: str = ""  # event id of the newest message that its turn answers; "" for what a person said


THINKING, RESTARTED, SIMPLER, DONE = Status("thinking"), Status("restarted"), Status("simpler"), Status("done")
WAITING_FOR_STAFF, WITH_STAFF = Status("waiting_for_staff"), Status("with_staff")
STAFF_TYPING = Status("staff_typing")
LEFT_THE_LINE = Status("left_the_line")
