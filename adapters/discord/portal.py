"""What Discord says of our bot: who it is, what is switched on in the developer portal, what it may do and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
import msgspec

from adapters.discord.permissions import ALL_NEEDED, NEEDED, Overwrite, Role, everybody_sees, missing
from adapters.discord.settings import DiscordSettings

SECONDS = 15.0
_CONTENT = 1 << 18 | 1 << 19  # flags of an application: the intent is granted, or switched on in a small one
_USES_THREADS = {0, 5, 15}  # kinds of channels in which a customer can have a thread
_TEXT = 0
T = TypeVar("T")


class TokenRefused(Exception):
    """Discord does not know the token."""


class _Application(msgspec.Struct, frozen=True):
    id: str
    name: str = ""
    flags: int = 0


class _Gateway(msgspec.Struct, frozen=True):
    url: str
    shards: int


class _Server(msgspec.Struct, frozen=True):
    id: str
    name: str = ""


class _Roles(msgspec.Struct, frozen=True):
    roles: tuple[Role, ...]


class _Member(msgspec.Struct, frozen=True):
    roles: tuple[str, ...]


class _Channel(msgspec.Struct, frozen=True):
    id: str
    type: int = 0
    name: str = ""
    guild_id: str | None = None
    permission_overwrites: tuple[Overwrite, ...] = ()


@dataclass(frozen=True)
class SupportChannel:
    id: str
    name: str = ""
    found: bool = True
    threads: bool = True  # whether this kind of channel has them
    missing: tuple[str, ...] = ()  # names of permissions
    text: bool = True  # whether one can write in the channel itself, and open threads there
    open_to_all: bool = False  # everybody on the server can read it


@dataclass(frozen=True)
class Bot:
    application: str
    name: str
    content: bool  # whether it may read messages
    gateway: str
    shards: int

    @property
    def invitation(self) -> str:
        """Where the owner of a server lets it in, with the permissions that it needs."""
        asked = f"client_id={self.application}&scope=bot+applications.commands&permissions={ALL_NEEDED}"
        return f"https://discord.com/oauth2/authorize?{asked}"


class Portal:
    """Use as a context. All raise TokenRefused, ConnectionError where Discord cannot be asked."""

    def __init__(self, settings: DiscordSettings) -> None:
        self._settings = settings

    async def __aenter__(self) -> "Portal":
        headers = {"Authorization": f"Bot {self._settings.token}", "User-Agent": "DiscordBot (shopdesk, 1)"}
        self._http = aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=SECONDS))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def bot(self) -> Bot:
        application = await self._needed("/oauth2/applications/@me", _Application)
        gateway = await self._needed("/gateway/bot", _Gateway)
        content = bool(application.flags & _CONTENT)
        return Bot(application.id, application.name, content, gateway.url, gateway.shards)

    async def servers(self) -> list[str]:
        """Their names."""
        return [one.name for one in await self._needed("/users/@me/guilds", list[_Server])]

    async def channel(self, number: str, bot: str, needed: Mapping[str, int] = NEEDED) -> SupportChannel:
        channel = await self._get(f"/channels/{number}", _Channel)
        if channel is None or channel.guild_id is None:
            return SupportChannel(number, found=False)
        roles = await self._get(f"/guilds/{channel.guild_id}", _Roles)
        member = await self._get(f"/guilds/{channel.guild_id}/members/{bot}", _Member)
        if roles is None or member is None:
            return SupportChannel(number, channel.name, found=False)
        server, overwrites = channel.guild_id, channel.permission_overwrites
        lacks = missing(server, bot, member.roles, roles.roles, overwrites, needed)
        return SupportChannel(
            number,
            channel.name,
            threads=channel.type in _USES_THREADS,
            missing=tuple(lacks),
            text=channel.type == _TEXT,
            open_to_all=everybody_sees(server, roles.roles, overwrites),
        )

    async def _needed(self, path: str, kind: type[T]) -> T:
        found = await self._get(path, kind)
        if found is None:
            raise ConnectionError(f"Discord does not answer GET {path}")
        return found

    async def _get(self, path: str, kind: type[T]) -> T | None:
        """None for what is not there, or not for us."""
        try:
            async with self._http.get(f"{self._settings.api}{path}") as answer:
                if answer.status == 401:
                    raise TokenRefused
                if answer.status in (403, 404):
                    return None
                answer.raise_for_status()
                return msgspec.json.decode(await answer.read(), type=kind)
        except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError) as problem:
            raise ConnectionError(f"Discord cannot be asked at {self._settings.api}: {_short(problem)}") from None


def _short(problem: Exception) -> str:
    status = getattr(problem, "status", None)
    return f"status {status}" if status else type(problem).__name__
