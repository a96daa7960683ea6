"""The connection to Discord's gateway: what comes is read as Discord sent it, in its order."""

import logging
from collections.abc import Callable
from functools import partial

import discord
import msgspec
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord.backfill import Backfill
from adapters.discord.doors import Doors
from adapters.discord.lines import Lines
from adapters.discord.payloads import Deleted, Frame, Guild, Interaction, Message, Ready, Typing

log = logging.getLogger(__name__)

LONGEST_RATE_LIMIT = 30.0  # seconds that discord.py itself waits; it takes no less
# discord.py would make objects of them that nobody looks at, and give the connection up at one it does not understand
_READ_HERE = (
    "MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK", "INTERACTION_CREATE", "TYPING_START",
)  # fmt: skip


def point_at(api: str, gateway: str) -> None:
    """Where Discord is. discord.py knows but one for the whole process."""
    Route.BASE = api
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)


class DeskClient(discord.AutoShardedClient):
    """`listen` before it connects. What it needs to hear: messages, and what is pressed."""

    def __init__(self, shards: int) -> None:
        super().__init__(
            intents=discord.Intents(
                guilds=True,
                guild_messages=True,
                dm_messages=True,
                message_content=True,
                guild_typing=True,
                dm_typing=True,
            ),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,  # it need not remember any
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_ratelimit_timeout=LONGEST_RATE_LIMIT,
            shard_count=shards,
            enable_debug_events=True,  # tells frames as they came
        )
        for name in _READ_HERE:
            self._connection.parsers.pop(name, None)
        self._hears: Callable[[Frame], None] | None = None

    def listen(self, hears: Callable[[Frame], None]) -> None:
        self._hears = hears

    async def on_socket_raw_receive(self, frame: str) -> None:
        """Called in the order of the frames, after the channels in them are known."""
        if self._hears:
            self._hears(msgspec.json.decode(frame, type=Frame))


class Hearing:
    """Puts each thing that is heard into the line of its channel."""

    def __init__(self, lines: Lines, doors: Doors, backfill: Backfill) -> None:
        self._lines, self._doors, self._backfill = lines, doors, backfill

    def hears(self, frame: Frame) -> None:
        """Never raises: what cannot be read is passed over."""
        try:
            self._read(frame)
        except msgspec.MsgspecError as problem:
            log.error("a %s of Discord cannot be read: %s", frame.t, problem)

    def _read(self, frame: Frame) -> None:
        match frame.t:
            case "MESSAGE_CREATE":
                message = msgspec.json.decode(frame.d, type=Message)
                self._lines.put(message.channel_id, partial(self._doors.take, message), int(message.id))
            case "MESSAGE_UPDATE":
                message = msgspec.json.decode(frame.d, type=Message)
                self._lines.put(message.channel_id, partial(self._doors.take_edited, message))
            case "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK":
                deleted = msgspec.json.decode(frame.d, type=Deleted)
                self._lines.put(deleted.channel_id, partial(self._doors.take_deleted, deleted))
            case "INTERACTION_CREATE":
                asked = msgspec.json.decode(frame.d, type=Interaction)
                self._lines.put(f"interaction {asked.id}", partial(self._doors.press, asked))
            case "TYPING_START":
                typing = msgspec.json.decode(frame.d, type=Typing)
                self._lines.put(f"typing {typing.channel_id}", partial(self._doors.types, typing))
            case "GUILD_CREATE":
                self._backfill.joined(msgspec.json.decode(frame.d, type=Guild))
            case "READY":
                self._backfill.ready(msgspec.json.decode(frame.d, type=Ready))
