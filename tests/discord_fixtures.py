"""A desk that serves a Discord of the tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest_asyncio

from adapters.discord.channel import DiscordChannel
from bot.assembly import ShopDesk
from bot.channels import Handles
from tests.discord_server import SUPPORT, DiscordServer, discord_server


def environ(server: DiscordServer, channels: str = SUPPORT, **more: str) -> dict[str, str]:
    return {
        "SHOPDESK_DISCORD_TOKEN": server.token,
        "SHOPDESK_DISCORD_API": server.api,
        "SHOPDESK_DISCORD_GATEWAY": server.gateway_url,
        "SHOPDESK_DISCORD_CHANNELS": channels,
        **more,
    }


@asynccontextmanager
async def served(
    server: DiscordServer, handles: Handles, channels: str = SUPPORT, **more: str
) -> AsyncIterator[list[str]]:
    """The channel at work, as `shopdesk discord` has it; gives what it announces."""
    announced: list[str] = []
    heard = msgspec.structs.replace(handles, announce=announced.append)
    serving = asyncio.create_task(DiscordChannel(environ(server, channels, **more)).serve(heard))
    online = asyncio.create_task(server.until(server.gateway.is_online, 20))
    try:
        await asyncio.wait({serving, online}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
        await online
        yield announced
    finally:
        for task in (serving, online):
            task.cancel()
        await asyncio.gather(serving, online, return_exceptions=True)


@pytest_asyncio.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    """Without its limits, for tests of something else."""
    async with discord_server() as server:
        server.relax()
        yield server


@pytest_asyncio.fixture
async def on_discord(discord: DiscordServer, desk: ShopDesk) -> AsyncIterator[DiscordServer]:
    """The same with a desk that serves it."""
    async with served(discord, desk.handles):
        yield discord
