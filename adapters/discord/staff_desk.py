"""The desk of staff in a channel of Discord: its parts put together."""

import asyncio
import contextlib
from dataclasses import dataclass

from discord.http import HTTPClient

from adapters.desk_deeds import Deeds
from adapters.desk_mirror import DeskMirror
from adapters.desk_threads import Threads
from adapters.discord.desk_room import DiscordRoom
from adapters.discord.files import Files
from adapters.discord.marks import Marks
from adapters.discord.posting import Gone, Posting, Refused
from adapters.discord.settings import DiscordSettings
from adapters.discord.staff_intake import StaffIntake
from bot.channels import Handles, Unreachable
from bot.desks import Desk

TYPING_TAKES = 2.0  # seconds at most


@dataclass(frozen=True)
class StaffDesk:
    """What staff see is brought by the mirror, what they do is taken by the intake."""

    desk: Desk
    mirror: DeskMirror
    intake: StaffIntake
    threads: Threads
    posting: Posting

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.mirror.run())
            group.create_task(self._show_typing())

    async def _show_typing(self) -> None:
        """In the thread is seen that its customer writes: now, or not at all."""
        async for conversation in self.desk.typing():
            thread = self.threads.thread(conversation)
            with contextlib.suppress(ConnectionError, TimeoutError, Unreachable, Gone, Refused):
                async with asyncio.timeout(TYPING_TAKES):
                    if thread and await self.desk.handoff(conversation):
                        await self.posting.typing_if_spare(thread)


def staff_desk(
    http: HTTPClient, account: str, settings: DiscordSettings, handles: Handles, marks: Marks, files: Files,
    posting: Posting,
) -> StaffDesk:  # fmt: skip
    """In the channel that the settings name."""
    language = settings.desk_language or handles.languages[0]
    reader, words = f"{account}:{settings.desk}", handles.words
    threads, deeds = Threads(handles.bookmarks, handles.postbox, reader), Deeds(handles.staff, words, language)
    room = DiscordRoom(posting, settings.desk, marks, handles.attachments, words, language)
    mirror = DeskMirror(handles.staff, room, threads, reader, words, language, settings.home)
    intake = StaffIntake(http, reader, handles, threads, deeds, files, posting, marks)
    return StaffDesk(handles.staff.desk, mirror, intake, threads, posting)
