"""Discord as a channel: reads its settings, says what it found, and serves until it is cancelled."""

import importlib
from collections.abc import Mapping

from adapters.discord.checking import check
from adapters.discord.settings import read_settings
from bot.channels import Finding, Handles

SERVING = "adapters.discord.serving"  # loads discord.py, which takes a second or two: only where it is needed


class DiscordChannel:
    name = "discord"

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Raises ValueError naming the setting that is wrong."""
        self._settings = read_settings(environ)

    def enabled(self) -> bool:
        return bool(self._settings.token)

    async def check(self) -> list[Finding]:
        return await check(self._settings)

    async def serve(self, handles: Handles) -> None:
        """Raises OSError with a sentence that says what to do if it cannot open."""
        if not self._settings.token:
            raise OSError(
                "Discord cannot be served without SHOPDESK_DISCORD_TOKEN: docs/discord.md says how to get one."
            )
        await importlib.import_module(SERVING).serve(self._settings, handles)
