"""The desk of staff in a group on Telegram: put together for the bot that serves it, kept in step with all others."""

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass

from adapters.desk_deeds import Deeds
from adapters.desk_mirror import DeskMirror
from adapters.desk_threads import Threads
from adapters.telegram.bots import OpenBot
from adapters.telegram.desk_intake import StaffIntake
from adapters.telegram.desk_room import TelegramRoom
from adapters.telegram.posting import Posting
from adapters.telegram.settings import TelegramSettings
from bot.channels import Handles

log = logging.getLogger(__name__)

AGAIN_SECONDS = 5.0


@dataclass(frozen=True)
class StaffGroup:
    intake: StaffIntake
    _handles: Handles
    _room: TelegramRoom
    _threads: Threads
    _mirror: DeskMirror

    async def run(self) -> None:
        """Until cancelled. Only inside `Outbox.only_here`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._mirror.run())
            group.create_task(self._show_typing())

    async def _show_typing(self) -> None:
        """Customers who are writing, in their topics. Nothing of it has to arrive."""
        while True:
            try:
                await self._threads.load()
                async with aclosing(self._handles.staff.desk.typing()) as typing:  # type: ignore[type-var]
                    async for conversation in typing:
                        if thread := self._threads.thread(conversation):
                            await self._room.types(thread)
            except ConnectionError as problem:
                log.warning("staff are not shown who is typing: %s", problem)
            await asyncio.sleep(AGAIN_SECONDS)


def staff_group(settings: TelegramSettings, opened: OpenBot, handles: Handles) -> StaffGroup:
    """Raises OSError with a sentence that says what to do."""
    language = settings.desk_language or handles.languages[0]
    if language not in handles.languages:
        spoken = ", ".join(handles.languages)
        raise OSError(f"SHOPDESK_TELEGRAM_DESK_LANGUAGE must be one of {spoken}, not {language!r}.")
    reader = f"{opened.account}:{settings.desk}"
    room = TelegramRoom(opened.bot, Posting(opened.bot, opened.account, handles.pace), handles, settings.desk)
    threads = Threads(handles.bookmarks, handles.postbox, reader)
    deeds = Deeds(handles.staff, handles.words, language)
    intake = StaffIntake(opened.bot, opened.me, room, threads, deeds, handles, reader)
    mirror = DeskMirror(handles.staff, room, threads, reader, handles.words, language, settings.home)
    return StaffGroup(intake, handles, room, threads, mirror)
