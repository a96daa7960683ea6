"""One bot: opened with the library, known by name, and never with its token in what is logged or raised."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from telegram import Bot, User
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest

from adapters.telegram.places import account_of
from adapters.telegram.settings import bot_id

log = logging.getLogger(__name__)

CONNECTIONS = 64
PAUSES = (1, 2, 4, 8, 15, 30)  # seconds between tries to reach Telegram; the last one again and again


@dataclass(frozen=True)
class OpenBot:
    bot: Bot
    me: User

    @property
    def account(self) -> str:
        return account_of(self.me.id)

    @property
    def name(self) -> str:
        return self.me.username or self.me.first_name


@contextlib.asynccontextmanager
async def open_bot(token: str, api: str, announce: Callable[[str], None]) -> AsyncIterator[OpenBot]:
    """Waits until Telegram can be reached. Raises OSError where it does not know the token."""
    bot = Bot(
        token,
        base_url=f"{api}/bot",
        base_file_url=f"{api}/file/bot",
        request=HTTPXRequest(connection_pool_size=CONNECTIONS, pool_timeout=10, read_timeout=15, write_timeout=15),
        get_updates_request=HTTPXRequest(connection_pool_size=2, read_timeout=15),
    )
    try:
        yield OpenBot(bot, await _known(bot, bot_id(token), announce))
    finally:
        await bot.shutdown()


async def _known(bot: Bot, number: int, announce: Callable[[str], None]) -> User:
    tries = 0
    while True:
        try:
            await bot.initialize()
            return bot.bot
        except InvalidToken:  # its words hold the token
            raise OSError(
                f"Telegram does not know the token of bot {number} in SHOPDESK_TELEGRAM_TOKEN: copy it anew from "
                "@BotFather (/mybots, API Token)."
            ) from None
        except TelegramError as problem:
            if tries == 0:
                announce(f"Telegram: cannot be reached ({type(problem).__name__}); trying again until it can.")
        await asyncio.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
        tries += 1


def keep_addresses_out_of_logs() -> None:
    """The address of every call to Telegram holds the token, and these libraries log addresses."""
    for name in ("httpx", "httpcore", "telegram"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("telegram.request").setLevel(logging.CRITICAL)  # a traceback for each page of a proxy in trouble
