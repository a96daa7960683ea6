"""Telegram as a channel: reads its settings, says what it found, and serves until it is cancelled.

Loaded by every start of the desk, so that the library, which takes a second, is loaded only where it serves.
"""

from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module

from adapters.telegram.checking import findings
from adapters.telegram.settings import TelegramSettings, read_settings
from bot.channels import Finding, Handles


class TelegramChannel:
    name = "telegram"

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Raises ValueError naming the setting that is wrong."""
        self._settings = read_settings(environ)

    def enabled(self) -> bool:
        return bool(self._settings.tokens)

    async def check(self) -> list[Finding]:
        return await findings(self._settings)

    async def serve(self, handles: Handles) -> None:
        """Raises OSError with a sentence that says what to do if it cannot begin."""
        if not self._settings.tokens:
            raise OSError(
                "SHOPDESK_TELEGRAM_TOKEN is not set: @BotFather gives a token for each bot (docs/telegram.md)."
            )
        served: Callable[[TelegramSettings, Handles], Awaitable[None]]
        served = import_module("adapters.telegram.serving").serve
        await served(self._settings, handles)
