"""What exists in a Discord of the tests: people, channels, threads, messages, who may do what."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

Payload = dict[str, Any]

APPLICATION = "100"  # also the id of the bot's user, as it is for every application made today
GUILD = "1000"
SUPPORT, GENERAL, FORUM, DESK = "1001", "1002", "1003", "1004"
EPOCH = 1420070400000
VIEW, SEND, FILES, HISTORY, PUBLIC_THREADS, PRIVATE_THREADS, IN_THREADS, MANAGE_THREADS = (
    1 << shift for shift in (10, 11, 15, 16, 35, 36, 38, 34)
)
ALLOWED = VIEW | SEND | FILES | HISTORY | PUBLIC_THREADS | PRIVATE_THREADS | IN_THREADS
PUBLIC, PRIVATE = 11, 12  # kinds of threads
EPHEMERAL = 64


def now() -> str:
    moment = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment * 1e6) % 1_000_000:06d}+00:00"


@dataclass
class World:
    """The state, as payloads of Discord's; nobody here sends anything."""

    guild_id: str = GUILD
    channels: dict[str, Payload] = field(default_factory=dict)  # threads and direct messages too
    messages: dict[str, Payload] = field(default_factory=dict)
    people: dict[str, Payload] = field(default_factory=dict)  # by name
    members: dict[str, set[str]] = field(default_factory=dict)  # who is in a private thread
    closed: set[str] = field(default_factory=set)  # ids of people who take no direct messages
    only_for: dict[str, str] = field(default_factory=dict)  # ephemeral message -> the one who sees it
    files: dict[str, bytes] = field(default_factory=dict)
    allowed: int = ALLOWED  # what the bot may do in the guild
    forbidden: dict[str, int] = field(default_factory=dict)  # channel -> what it may not do there
    granted: dict[str, int] = field(default_factory=lambda: {DESK: MANAGE_THREADS})  # channel -> what else it may do
    closed_to_all: set[str] = field(default_factory=lambda: {DESK})  # channels that only who is let in can see
    _count: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.bot = user_payload(APPLICATION, "desk", bot=True)
        for number, (name, kind) in {
            SUPPORT: ("support", 0), GENERAL: ("general", 0), FORUM: ("ideas", 15), DESK: ("staff", 0),
        }.items():  # fmt: skip
            self.add_channel(number, name, kind)

    def snowflake(self) -> str:
        """Unique, growing, and made of the time, as theirs are."""
        return str((int(time.time() * 1000) - EPOCH) << 22 | (next(self._count) & 0x3FFFFF))

    def add_channel(self, number: str, name: str, kind: int = 0) -> Payload:
        self.channels[number] = {
            "id": number, "type": kind, "name": name, "guild_id": self.guild_id, "position": 0, "nsfw": False,
            "permission_overwrites": [], "parent_id": None, "topic": None, "last_message_id": None, "flags": 0,
            "available_tags": [], "default_auto_archive_duration": 1440,
        }  # fmt: skip
        return self.channels[number]

    def person(self, name: str) -> Payload:
        if name not in self.people:
            self.people[name] = user_payload(str(7000 + len(self.people)), name)
        return self.people[name]

    def by_id(self, number: str) -> Payload:
        return next((one for one in [self.bot, *self.people.values()] if one["id"] == number), self.bot)

    def direct(self, user: Payload) -> Payload:
        number = str(900_000 + int(user["id"]))
        return self.channels.setdefault(
            number, {"id": number, "type": 1, "recipients": [user], "last_message_id": None}
        )

    def is_direct(self, channel: str) -> bool:
        return self.channels[channel]["type"] == 1

    def is_thread(self, channel: str) -> bool:
        return self.channels[channel]["type"] in (PUBLIC, PRIVATE)

    def add_thread(self, number: str, parent: str, name: str, owner: str, kind: int = PUBLIC) -> Payload:
        metadata = {"archived": False, "auto_archive_duration": 1440, "archive_timestamp": now(), "locked": False}
        self.channels[number] = {
            "id": number, "type": kind, "name": name, "guild_id": self.guild_id, "parent_id": parent, "owner_id": owner,
            "message_count": 0, "member_count": 1, "last_message_id": None, "rate_limit_per_user": 0, "flags": 0,
            "thread_metadata": metadata | ({"invitable": False} if kind == PRIVATE else {}),
        }  # fmt: skip
        self.members[number] = {owner, APPLICATION}
        return self.channels[number]

    def add_message(self, channel: str, author: Payload, content: str, **more: Any) -> Payload:
        number = self.snowflake()
        self.messages[number] = {
            "id": number, "channel_id": channel, "author": author, "content": content, "timestamp": now(),
            "edited_timestamp": None, "tts": False, "mention_everyone": False, "mentions": [], "mention_roles": [],
            "attachments": [], "embeds": [], "pinned": False, "type": 0, "components": [], "flags": 0, **more,
        }  # fmt: skip
        self.channels[channel]["last_message_id"] = number
        return self.messages[number]

    def attached(self, url: str, name: str, kind: str, content: bytes) -> Payload:
        """A file that is kept, as a message has it. `url`: where files are."""
        number = self.snowflake()
        self.files[number] = content
        return {
            "id": number, "filename": name, "content_type": kind, "size": len(content),
            "url": f"{url}/{number}/{name}", "proxy_url": f"{url}/{number}/{name}",
        }  # fmt: skip

    def in_channel(self, channel: str) -> list[Payload]:
        return [one for one in self.messages.values() if one["channel_id"] == channel]

    def may(self, channel: str, permission: int) -> bool:
        place = self.channels[channel]
        if place["type"] == 1:
            return True
        where = place["parent_id"] if self.is_thread(channel) else channel
        return bool((self.allowed | self.granted.get(where, 0)) & ~self.forbidden.get(where, 0) & permission)

    def overwrites(self, channel: str) -> list[Payload]:
        denied = self.forbidden.get(channel, 0)
        if channel in self.closed_to_all:
            ours = (VIEW | self.granted.get(channel, 0)) & ~denied
            us = {"id": APPLICATION, "type": 1, "allow": str(ours), "deny": "0"}
            return [{"id": self.guild_id, "type": 0, "allow": "0", "deny": str(denied | VIEW)}, us]
        return [{"id": self.guild_id, "type": 0, "allow": "0", "deny": str(denied)}] if denied else []

    def channel_payload(self, channel: str) -> Payload:
        place = self.channels[channel]
        return place | {"permission_overwrites": self.overwrites(channel)} if "position" in place else place

    def guild_payload(self) -> Payload:
        everyone = {
            "id": self.guild_id, "name": "@everyone", "color": 0, "hoist": False, "position": 0, "managed": False,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None}, "flags": 0, "icon": None,
            "permissions": str(self.allowed), "mentionable": False, "unicode_emoji": None,
        }  # fmt: skip
        visible = [one for one in self.channels if self.channels[one].get("guild_id") and self.may(one, VIEW)]
        return {
            "id": self.guild_id, "name": "Shop", "icon": None, "owner_id": "7999", "unavailable": False,
            "member_count": 2, "large": False, "joined_at": now(), "afk_timeout": 300, "afk_channel_id": None,
            "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0,
            "nsfw_level": 0, "premium_tier": 0, "premium_progress_bar_enabled": False, "preferred_locale": "en-US",
            "system_channel_id": None, "system_channel_flags": 0, "rules_channel_id": None, "features": [],
            "public_updates_channel_id": None, "emojis": [], "stickers": [], "voice_states": [], "presences": [],
            "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [], "splash": None,
            "banner": None, "description": None, "vanity_url_code": None, "roles": [everyone],
            "members": [member_payload(self.bot)],
            "channels": [self.channel_payload(one) for one in visible if not self.is_thread(one)],
            "threads": [self.channels[one] for one in visible if self.is_open_thread(one)],
        }  # fmt: skip

    def is_open_thread(self, channel: str) -> bool:
        return self.is_thread(channel) and not self.channels[channel]["thread_metadata"]["archived"]


def user_payload(number: str, name: str, bot: bool = False) -> Payload:
    return {
        "id": number, "username": name, "discriminator": "0", "avatar": None, "bot": bot, "flags": 0,
        "global_name": None if bot else name.title(), "public_flags": 0,
    }  # fmt: skip


def member_payload(user: Payload) -> Payload:
    joined = "2024-01-01T00:00:00+00:00"
    return {"user": user, "roles": [], "joined_at": joined, "deaf": False, "mute": False, "flags": 0}
