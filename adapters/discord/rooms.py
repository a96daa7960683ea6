"""What kind of place a channel of Discord is."""

from dataclasses import dataclass
from typing import Literal

import discord
import msgspec
from discord.http import HTTPClient

from adapters.discord.payloads import Channel

_THREADS = {10, 11, 12}
_PRIVATE_THREAD = 12


@dataclass(frozen=True)
class Room:
    id: str
    server: str  # "" in direct messages
    kind: Literal["direct", "channel", "thread"]
    parent: str = ""  # the channel of a thread
    owner: str = ""  # the user who opened the thread
    private: bool = False  # a thread that only those see who are in it


class Rooms:
    """Looked up in what the gateway told; asked for where it did not."""

    def __init__(self, client: discord.Client) -> None:
        self._client, self._http = client, client.http

    async def find(self, channel: str, server: str | None) -> Room:
        """Raises discord.HTTPException where it is gone, or not ours to see."""
        if not server:
            return Room(channel, "", "direct")
        match self._client.get_channel(int(channel)):
            case discord.Thread() as thread:
                return _thread(channel, server, str(thread.parent_id), str(thread.owner_id), thread.is_private())
            case None:
                return await _asked(self._http, channel, server)
        return Room(channel, server, "channel")

    async def is_open(self, thread: str) -> bool:
        """Whether a thread is there to be written in; one that went to sleep is not. Raises discord.HTTPException."""
        known = self._client.get_channel(int(thread))
        if isinstance(known, discord.Thread):
            return not known.archived and not known.locked
        try:
            state = msgspec.convert(await self._http.get_channel(int(thread)), Channel).thread_metadata
        except (discord.NotFound, discord.Forbidden):
            return False
        return state is not None and not state.archived and not state.locked

    def server_of(self, channel: str) -> str:
        """ "" where it is in none, or not known."""
        guild = getattr(self._client.get_channel(int(channel)), "guild", None)
        return str(guild.id) if guild else ""


def room_of(channel: Channel, server: str) -> Room:
    if channel.type in _THREADS:
        private = channel.type == _PRIVATE_THREAD
        return _thread(channel.id, server, channel.parent_id or "", channel.owner_id or "", private)
    return Room(channel.id, server, "channel")


async def _asked(http: HTTPClient, channel: str, server: str) -> Room:
    found = await http.get_channel(int(channel))
    return room_of(msgspec.convert(found, Channel), server)


def _thread(number: str, server: str, parent: str, owner: str, private: bool) -> Room:
    return Room(number, server, "thread", parent, owner, private)
