"""What a Telegram server knows: bots, people, groups, messages, files; and what people do there, for tests."""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Wire = dict[str, Any]  # JSON as Telegram writes it
DESK_RIGHTS = ("can_manage_topics", "can_delete_messages")  # of a bot in a group that is a desk of staff
DEFAULT_UPDATES = frozenset({"message", "edited_message", "channel_post", "edited_channel_post", "callback_query",
                             "my_chat_member"})  # fmt: skip


@dataclass(eq=False)
class Posted:
    """One message in a chat, as both sides see it now."""

    id: int
    room: "Room"
    by: Wire
    content: Wire  # text and entities, or a photo and its caption, ...
    thread: int = 0
    reply_to: "Posted | None" = None
    keyboard: list[list[Wire]] = field(default_factory=list)
    preview: bool = True  # whether addresses in it get a preview
    date: int = field(default_factory=lambda: int(time.time()))
    edited: int = 0
    at: float = field(default_factory=time.monotonic)

    @property
    def by_bot(self) -> bool:
        return bool(self.by.get("is_bot"))

    @property
    def is_service(self) -> bool:
        return any(name.startswith("forum_topic_") for name in self.content)

    @property
    def text(self) -> str:
        return str(self.content.get("text") or self.content.get("caption") or "")

    @property
    def entities(self) -> list[Wire]:
        return list(self.content.get("entities") or self.content.get("caption_entities") or ())

    @property
    def labels(self) -> list[str]:
        return [button["text"] for row in self.keyboard for button in row]

    def button(self, label: str) -> Wire:
        """The one whose label it is, or begins so; KeyError names what there is."""
        for row in self.keyboard:
            for button in row:
                if button["text"] == label or button["text"].startswith(label):
                    return button
        raise KeyError(f"{label!r} is none of {self.labels}")

    def wire(self, deep: bool = True) -> Wire:
        told: Wire = {"message_id": self.id, "date": self.date, "chat": self.room.wire(), "from": self.by}
        if self.room.kind == "channel":
            told["sender_chat"] = told["chat"]
            del told["from"]
        if self.thread:
            told |= {"message_thread_id": self.thread, "is_topic_message": True}
        if self.reply_to and deep:
            told["reply_to_message"] = self.reply_to.wire(deep=False)
        if self.edited:
            told["edit_date"] = self.edited
        if self.keyboard:
            told["reply_markup"] = {"inline_keyboard": self.keyboard}
        return told | self.content


@dataclass(eq=False)
class Room:
    """A chat of one bot: private with a person, a group, or a channel."""

    id: int
    kind: str  # private, group, supergroup, channel
    title: str
    bot: "BotAccount"
    forum: bool = False
    open: bool = True  # the bot may write here
    shut: str = ""  # why not
    messages: list[Posted] = field(default_factory=list)
    drafts: dict[int, tuple[str, float]] = field(default_factory=dict)  # by draft id: text, since when (monotonic)
    threads: set[int] = field(default_factory=set)
    closed_threads: set[int] = field(default_factory=set)
    typing_until: float = 0.0
    rights: frozenset[str] = frozenset()  # of the bot as an administrator; none: it is a member like any other
    topics: dict[int, str] = field(default_factory=dict)  # name of each that the bot has opened
    typing_in: int = 0  # in which topic the bot was seen typing last

    def wire(self) -> Wire:
        name = {"first_name": self.title} if self.kind == "private" else {"title": self.title}
        return {"id": self.id, "type": self.kind, **name, **({"is_forum": True} if self.forum else {})}

    def find(self, message: int) -> Posted | None:
        return next((one for one in self.messages if one.id == message), None)

    def post(self, by: Wire, content: Wire, thread: int = 0, reply_to: Posted | None = None) -> Posted:
        posted = Posted(next(self.bot.message_ids), self, by, content, thread, reply_to)
        self.messages.append(posted)
        return posted

    @property
    def said(self) -> list[Posted]:
        """What the bot has written here."""
        return [one for one in self.messages if one.by_bot]

    def in_topic(self, thread: int) -> list[Posted]:
        """What the bot has written there, without what Telegram says of the topic itself."""
        return [one for one in self.said if one.thread == thread and not one.is_service]

    def drop_topic(self, thread: int) -> None:
        self.threads.discard(thread)
        self.closed_threads.discard(thread)
        self.topics.pop(thread, None)
        self.messages = [one for one in self.messages if thread not in (one.id, one.thread)]

    @property
    def draft(self) -> str:
        """The text that is being streamed and shown now; Telegram shows it for 30 seconds."""
        shown = [text for text, since in self.drafts.values() if time.monotonic() - since < 30]
        return shown[-1] if shown else ""


@dataclass(eq=False)
class BotAccount:
    """A bot as BotFather made it, with what waits for it."""

    id: int
    token: str
    username: str
    reads_all: bool = False  # privacy mode is off: every message of a group comes
    rooms: dict[int, Room] = field(default_factory=dict)
    updates: list[Wire] = field(default_factory=list)  # not yet confirmed
    ever: list[Wire] = field(default_factory=list)  # every update there was
    allowed: frozenset[str] = DEFAULT_UPDATES
    hook: Wire | None = None
    hook_error: str = ""
    hook_calls: list[int] = field(default_factory=list)  # status of each push; 0: nobody listened
    poll: int = 0  # number of the newest getUpdates: an older one is ended
    offset: int = 0  # how far it has confirmed
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    presses: dict[str, Wire | None] = field(default_factory=dict)  # query id -> how it was answered
    commands: dict[str, list[Wire]] = field(default_factory=dict)  # by "scope language"
    texts: dict[str, str] = field(default_factory=dict)  # "description zh" and so on
    repeats: int = 1  # how often each update is handed out ...
    shuffled: bool = False  # ... and whether in any order
    message_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(11))
    _update_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(870_001))

    def wire(self) -> Wire:
        return {"id": self.id, "is_bot": True, "first_name": self.username, "username": self.username}

    def update(self, kind: str, body: Wire) -> int:
        """Something for the bot to fetch; 0 where it did not ask for this kind."""
        if kind not in self.allowed:
            return 0
        number = next(self._update_ids)
        told = {"update_id": number, kind: body}
        self.updates.append(told)
        self.ever.append(told)
        self.waken()
        return number

    def waken(self) -> None:
        self.wake.set()
        self.wake = asyncio.Event()


class Person:
    """Somebody with Telegram on the telephone, seen from one bot."""

    def __init__(self, world: "World", bot: BotAccount, number: int, name: str, language: str) -> None:
        self._world, self.bot, self.id, self.name = world, bot, number, name
        self.user: Wire = {"id": number, "is_bot": False, "first_name": name, "language_code": language}
        self.private = Room(number, "private", name, bot, open=False)
        self.private.shut = "Forbidden: bot can't initiate conversation with a user"
        bot.rooms[number] = self.private

    @property
    def sees(self) -> list[Posted]:
        """Everything in the private chat, oldest first."""
        return self.private.messages

    def writes(self, text: str, *, to: Room | None = None, thread: int = 0, reply_to: Posted | None = None) -> Posted:
        return self.sends({"text": text, **_entities(text)}, to=to, thread=thread, reply_to=reply_to)

    def sends(
        self, content: Wire, *, to: Room | None = None, thread: int = 0, reply_to: Posted | None = None
    ) -> Posted:
        """Any message at all, as the fields of Telegram's Message that are its content."""
        room = to or self.private
        if room is self.private:
            room.open = True
        if thread:
            room.threads.add(thread)
        opened = room.find(thread) if thread in room.topics else None
        posted = room.post(self.user, content, thread, reply_to or opened)
        if room.kind == "private" or self.bot.reads_all or room.rights or _for_bot(posted, self.bot):
            self.bot.update("message", posted.wire())
        return posted

    def starts(self, payload: str = "") -> Posted:
        """Presses "Start", or follows a link t.me/<bot>?start=<payload>."""
        return self.writes(f"/start {payload}".strip())

    def edits(self, posted: Posted, text: str) -> None:
        posted.content = {**posted.content, "caption" if "caption" in posted.content else "text": text}
        posted.edited = max(int(time.time()), posted.edited + 1)
        self.bot.update("edited_message", posted.wire())

    def presses(self, posted: Posted, label: str) -> str:
        """Presses a button that is there; returns the id of the query. KeyError where it is not."""
        return self.presses_data(posted, posted.button(label)["callback_data"])

    def presses_data(self, posted: Posted, data: str) -> str:
        """A button with this data, whether it is still there or not: an old client shows old buttons."""
        query = str(4_382_000_000_000_000 + next(self._world.numbers))
        self.bot.presses[query] = None
        body = {"id": query, "from": self.user, "message": posted.wire(), "chat_instance": "-77", "data": data}
        self.bot.update("callback_query", body)
        return query

    def sends_photo(self, content: bytes, caption: str = "", *, size: int = 0, **where: Any) -> Posted:
        large = self._world.keep_file("photos/file_1.jpg", content, size)
        small = self._world.keep_file("photos/file_0.jpg", content[:100])
        sizes = [small | {"width": 90, "height": 60}, large | {"width": 1280, "height": 853}]
        return self.sends({"photo": sizes, **({"caption": caption} if caption else {})}, **where)

    def sends_file(
        self, name: str, content: bytes, media_type: str = "", caption: str = "", *, size: int = 0, **where: Any
    ) -> Posted:
        """`size`: what Telegram says it is, where that is to differ from what it is."""
        document = self._world.keep_file(f"documents/{len(content)}_{name}", content, size) | {"file_name": name}
        if media_type:
            document["mime_type"] = media_type
        return self.sends({"document": document, **({"caption": caption} if caption else {})}, **where)

    def sends_voice(self, seconds: int = 3, **where: Any) -> Posted:
        file = self._world.keep_file("voice/file_2.oga", b"OggS" * 40)
        return self.sends({"voice": file | {"duration": seconds, "mime_type": "audio/ogg"}}, **where)

    def sends_sticker(self, emoji: str = "👍", **where: Any) -> Posted:
        file = self._world.keep_file("stickers/file_3.webp", b"RIFF" * 40)
        kind = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        return self.sends({"sticker": file | kind | {"emoji": emoji, "set_name": "Otters"}}, **where)

    def sends_place(self, latitude: float = 48.2, longitude: float = 16.37, **where: Any) -> Posted:
        return self.sends({"location": {"latitude": latitude, "longitude": longitude}}, **where)

    def sends_contact(self, name: str = "Bob", telephone: str = "+4312345", **where: Any) -> Posted:
        return self.sends({"contact": {"first_name": name, "phone_number": telephone}}, **where)

    def closes(self, group: Room, thread: int) -> None:
        """As an administrator of the group."""
        group.closed_threads.add(thread)
        self.sends({"forum_topic_closed": {}}, to=group, thread=thread)

    def deletes(self, group: Room, thread: int) -> None:
        """A topic, with all that stands in it. Bots are not told."""
        group.drop_topic(thread)

    def blocks(self) -> None:
        self.private.open, self.private.shut = False, "Forbidden: bot was blocked by the user"
        self.bot.update("my_chat_member", self._membership(self.private, "member", "kicked"))

    def unblocks(self) -> None:
        self.private.open = True
        self.bot.update("my_chat_member", self._membership(self.private, "kicked", "member"))

    def removes_bot(self, group: Room) -> None:
        group.open, group.shut = False, f"Forbidden: bot was kicked from the {group.kind} chat"
        self.bot.update("my_chat_member", self._membership(group, "member", "kicked"))

    def _membership(self, room: Room, before: str, now: str) -> Wire:
        def member(status: str) -> Wire:
            return {"user": self.bot.wire(), "status": status, **({"until_date": 0} if status == "kicked" else {})}

        told = {"chat": room.wire(), "from": self.user, "date": int(time.time())}
        return told | {"old_chat_member": member(before), "new_chat_member": member(now)}

    async def hears(self, count: int = 1, *, after: Posted | None = None, seconds: float = 30) -> list[Posted]:
        """Waits until the bot has written `count` messages here after this one (None: ever); AssertionError if not."""
        return await hears(self.private, count, after=after, seconds=seconds)


class World:
    def __init__(self) -> None:
        self.bots: dict[str, BotAccount] = {}  # by token
        self.files: dict[str, tuple[str, bytes, int]] = {}  # by file id: path, content, the size it is said to have
        self.numbers = itertools.count(1)

    def add_bot(self, username: str, number: int = 0) -> BotAccount:
        number = number or 123_456 + len(self.bots)
        bot = BotAccount(number, f"{number}:TEST-{username}-{'x' * 20}", username)
        self.bots[bot.token] = bot
        return bot

    def person(self, name: str = "Ann", language: str = "en", *, bot: BotAccount | None = None, id: int = 0) -> Person:
        """Somebody new who has not written to the bot yet."""
        return Person(self, bot or next(iter(self.bots.values())), id or 7_000 + next(self.numbers), name, language)

    def group(
        self,
        title: str = "Otter friends",
        *,
        forum: bool = False,
        kind: str = "supergroup",
        bot: BotAccount | None = None,
        rights: Sequence[str] = (),
    ) -> Room:
        """A group (or kind="channel") in which the bot is already a member; with rights, an administrator."""
        bot = bot or next(iter(self.bots.values()))
        room = Room(-1_001_000_000_000 - next(self.numbers), kind, title, bot, forum, rights=frozenset(rights))
        bot.rooms[room.id] = room
        return room

    def keep_file(self, path: str, content: bytes, size: int = 0) -> Wire:
        name = f"AgACAgQAAx{next(self.numbers):06d}"
        self.files[name] = (path, content, size or len(content))
        return {"file_id": name, "file_unique_id": f"AQAD{name[-6:]}", "file_size": size or len(content)}


async def until(true: Callable[[], Any], what: str = "it", seconds: float = 30) -> None:
    """AssertionError after so many seconds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
        await asyncio.sleep(0.01)


async def hears(room: Room, count: int = 1, *, after: Posted | None = None, seconds: float = 30) -> list[Posted]:
    def heard() -> Sequence[Posted]:
        return [one for one in room.said if after is None or one.id > after.id]

    end = time.monotonic() + seconds
    while len(heard()) < count:
        texts = [one.text for one in heard()]
        assert time.monotonic() < end, f"{len(texts)} of {count} messages within {seconds} s: {texts}"
        await asyncio.sleep(0.01)
    return list(heard())


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def _entities(text: str) -> Wire:
    found: list[Wire] = []
    start = 0
    for word in text.split(" "):
        kind = "bot_command" if word.startswith("/") and len(word) > 1 and start == 0 else ""
        kind = kind or ("mention" if word.startswith("@") and len(word) > 1 else "")
        if kind:
            found.append({"type": kind, "offset": units(text[:start]), "length": units(word.rstrip(",.:;!?"))})
        start += len(word) + 1
    return {"entities": found} if found else {}


def _for_bot(posted: Posted, bot: BotAccount) -> bool:
    """What a bot in privacy mode is given of a group: commands, mentions of it, replies to it, service messages."""
    if posted.reply_to and posted.reply_to.by.get("id") == bot.id:
        return True
    if f"@{bot.username}".lower() in posted.text.lower() or posted.text.startswith("/"):
        return True
    service = ("new_chat_members", "left_chat_member", "new_chat_title", "pinned_message", "forum_topic_created")
    return posted.room.kind == "channel" or any(one in posted.content for one in service)
