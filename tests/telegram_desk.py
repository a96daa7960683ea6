"""A desk on Telegram, for tests: the real channel with its real client library, against the server in the tests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from adapters.telegram.channel import TelegramChannel
from bot.channels import Bucket, Handles
from tests.telegram_server import TelegramServer


@contextlib.asynccontextmanager
async def on_telegram(telegram: TelegramServer, handles: Handles, **environ: str) -> AsyncIterator[None]:
    """Serves every bot of the server until the block is left. What the channel fails with is raised there."""
    tokens = ",".join(telegram.bots)
    own = {"SHOPDESK_TELEGRAM_TOKEN": tokens, "SHOPDESK_TELEGRAM_API": telegram.url, **environ}
    serving = asyncio.create_task(TelegramChannel(own).serve(handles))
    try:
        yield
    finally:
        if serving.done():
            await serving
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


class Unhurried:
    """A Pace without limits, for what is not about them: 15 messages a minute in a group are few for a test."""

    async def take(self, account: str, buckets: Sequence[Bucket], spare: float = 0.0) -> float:
        return 0.0

    async def hold(self, account: str, bucket: str, seconds: float) -> None:
        pass
