"""What Discord sends, as far as we look at it. https://discord.com/developers/docs/reference"""

import msgspec


class Person(msgspec.Struct, frozen=True):
    id: str
    username: str = ""
    global_name: str | None = None
    bot: bool = False

    @property
    def called(self) -> str:
        return self.global_name or self.username


class File(msgspec.Struct, frozen=True):
    id: str
    filename: str
    size: int
    url: str
    content_type: str | None = None


class Sticker(msgspec.Struct, frozen=True):
    name: str


class Forwarded(msgspec.Struct, frozen=True):
    content: str = ""
    attachments: tuple[File, ...] = ()


class Snapshot(msgspec.Struct, frozen=True):
    message: Forwarded


class Unread(msgspec.Struct, frozen=True):
    """We do not look into it."""


class Message(msgspec.Struct, frozen=True):
    id: str
    channel_id: str
    author: Person
    guild_id: str | None = None
    content: str = ""
    type: int = 0
    flags: int = 0
    edited_timestamp: str | None = None
    attachments: tuple[File, ...] = ()
    sticker_items: tuple[Sticker, ...] = ()
    mentions: tuple[Person, ...] = ()
    referenced_message: "Message | None" = None
    message_snapshots: tuple[Snapshot, ...] = ()
    webhook_id: str | None = None
    poll: Unread | None = None
    embeds: tuple[Unread, ...] = ()
    activity: Unread | None = None


class Deleted(msgspec.Struct, frozen=True):
    channel_id: str
    id: str = ""
    ids: tuple[str, ...] = ()  # where many are deleted at once
    guild_id: str | None = None


class Typing(msgspec.Struct, frozen=True):
    channel_id: str
    user_id: str
    guild_id: str | None = None


class ThreadState(msgspec.Struct, frozen=True):
    archived: bool = False
    locked: bool = False


class Channel(msgspec.Struct, frozen=True):
    id: str
    type: int = 0
    last_message_id: str | None = None
    parent_id: str | None = None
    owner_id: str | None = None
    thread_metadata: ThreadState | None = None


class Guild(msgspec.Struct, frozen=True):
    id: str
    channels: tuple[Channel, ...] = ()
    threads: tuple[Channel, ...] = ()
    unavailable: bool = False


class Ready(msgspec.Struct, frozen=True):
    shard: tuple[int, int] = (0, 1)


class Value(msgspec.Struct, frozen=True):
    """One thing of a form: a field, or what a field stands in."""

    custom_id: str = ""
    value: str = ""
    component: "Value | None" = None
    components: "tuple[Value, ...]" = ()


class Given(msgspec.Struct, frozen=True):
    """What came with an interaction: the name of a command, what was pressed or chosen, what is in a form."""

    name: str = ""
    custom_id: str = ""
    values: tuple[str, ...] = ()
    components: tuple[Value, ...] = ()


class Pressed(msgspec.Struct, frozen=True):
    """The message whose button was pressed."""

    id: str
    components: tuple[msgspec.Raw, ...] = ()


class Member(msgspec.Struct, frozen=True):
    user: Person


class Interaction(msgspec.Struct, frozen=True):
    id: str
    type: int
    token: str
    channel_id: str | None = None
    guild_id: str | None = None
    data: Given | None = None
    member: Member | None = None  # in a server
    user: Person | None = None  # in direct messages
    message: Pressed | None = None
    locale: str = ""

    @property
    def person(self) -> Person:
        """Raises ValueError where Discord does not say who it is."""
        found = self.member.user if self.member else self.user
        if found is None:
            raise ValueError("an interaction of nobody")
        return found


class Frame(msgspec.Struct, frozen=True):
    """What comes over the gateway."""

    op: int
    t: str | None = None
    d: msgspec.Raw = msgspec.Raw(b"null")
