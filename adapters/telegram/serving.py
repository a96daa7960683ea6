"""Every bot of the desk at work: takes in by long poll or webhook, and delivers where this process has the account."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping

from aiohttp import web
from telegram.error import TelegramError

from adapters.telegram.bots import PAUSES, OpenBot, keep_addresses_out_of_logs, open_bot
from adapters.telegram.commands import tell_of_ourselves
from adapters.telegram.delivering import Deliveries
from adapters.telegram.desk import StaffGroup, staff_group
from adapters.telegram.incoming import UPDATES
from adapters.telegram.intake import Intake
from adapters.telegram.lanes import Lanes
from adapters.telegram.polling import Polling
from adapters.telegram.settings import TelegramSettings
from adapters.telegram.webhook import Receiver, build_webhook, webhook_path, webhook_secret
from adapters.typing_shown import show_typing
from bot.channels import Handles

log = logging.getLogger(__name__)


async def serve(settings: TelegramSettings, handles: Handles) -> None:
    """Until cancelled. Raises OSError with a sentence that says what to do if it cannot begin."""
    keep_addresses_out_of_logs()
    async with contextlib.AsyncExitStack() as stack:
        bots = [
            await stack.enter_async_context(open_bot(token, settings.api, handles.announce))
            for token in settings.tokens
        ]
        staff = staff_group(settings, bots[0], handles) if settings.desk else None
        intakes = [
            await stack.enter_async_context(
                Intake(one, handles, settings.desk, staff.intake if staff and one is bots[0] else None)
            )
            for one in bots
        ]
        if settings.webhook:
            lanes = await stack.enter_async_context(Lanes())
            receivers = {
                opened.me.id: _receiver(opened, intake, lanes, handles)
                for opened, intake in zip(bots, intakes, strict=True)
            }
            await stack.enter_async_context(_listening(settings, handles.grace_seconds, receivers))
        async with asyncio.TaskGroup() as group:
            for opened, intake in zip(bots, intakes, strict=True):
                group.create_task(_serve_one(settings, handles, opened, intake, staff if opened is bots[0] else None))


async def _serve_one(
    settings: TelegramSettings, handles: Handles, opened: OpenBot, intake: Intake, staff: StaffGroup | None
) -> None:
    deliveries = Deliveries(opened.bot, opened.name, handles, settings.home)

    async def work() -> None:
        handles.announce(f"Telegram: https://t.me/{opened.name}")
        async with asyncio.TaskGroup() as group:
            group.create_task(_introduce(opened, handles))
            group.create_task(handles.outbox.deliver(opened.account, deliveries.each))
            group.create_task(show_typing(handles.staff.desk.writing(), deliveries.staff_type))
            if staff:
                group.create_task(staff.mirror.run())
            if settings.webhook:
                group.create_task(_set_webhook(settings, handles, opened))
            else:
                group.create_task(Polling(opened, intake).run())

    await handles.outbox.only_here(opened.account, work)


async def _introduce(opened: OpenBot, handles: Handles) -> None:
    """The menu and the profile: without them the bot works as well, so this is tried once."""
    try:
        await tell_of_ourselves(opened.bot, handles.languages, handles.words)
    except TelegramError as problem:
        log.warning("the menu of @%s could not be set: %s", opened.name, type(problem).__name__)


async def _set_webhook(settings: TelegramSettings, handles: Handles, opened: OpenBot) -> None:
    """Until Telegram has it."""
    tries = 0
    while True:
        try:
            await opened.bot.set_webhook(
                settings.webhook + webhook_path(opened.me.id),
                allowed_updates=UPDATES,
                secret_token=webhook_secret(handles.secret, opened.me.id),
            )
            return
        except TelegramError as problem:
            log.error("the webhook of @%s could not be set: %s", opened.name, type(problem).__name__)
        await asyncio.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
        tries += 1


def _receiver(opened: OpenBot, intake: Intake, lanes: Lanes, handles: Handles) -> Receiver:
    return Receiver(opened, intake, lanes, webhook_secret(handles.secret, opened.me.id), handles.bookmarks)


@contextlib.asynccontextmanager
async def _listening(
    settings: TelegramSettings, grace_seconds: float, receivers: Mapping[int, Receiver]
) -> AsyncIterator[None]:
    """In every process: whichever is called stores the message. Raises OSError where the port cannot be opened."""
    runner = web.AppRunner(build_webhook(receivers), access_log=None, shutdown_timeout=grace_seconds)
    await runner.setup()
    try:
        await _open_port(web.TCPSite(runner, settings.host, settings.port), settings)
        yield
    finally:
        await runner.cleanup()


async def _open_port(site: web.TCPSite, settings: TelegramSettings) -> None:
    try:
        await site.start()
    except OSError as problem:
        raise OSError(
            f"Telegram's calls cannot be taken at {settings.host}:{settings.port} ({problem.strerror}): set "
            "SHOPDESK_TELEGRAM_PORT to a free one, and SHOPDESK_TELEGRAM_HOST to an address of this machine."
        ) from None
