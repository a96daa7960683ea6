"""The desk of staff in a group on Telegram: put together for the bot that serves it, kept in step with all others."""

from dataclasses import dataclass

from adapters.desk_deeds import Deeds
from adapters.desk_help import Help
from adapters.desk_mirror import DeskMirror
from adapters.desk_threads import Threads
from adapters.telegram.bots import OpenBot
from adapters.telegram.desk_intake import StaffIntake
from adapters.telegram.desk_room import TelegramRoom
from adapters.telegram.posting import Posting
from adapters.telegram.settings import TelegramSettings
from bot.channels import Handles


@dataclass(frozen=True)
class StaffGroup:
    """What staff see is brought by the mirror, what they do is taken by the intake."""

    intake: StaffIntake
    mirror: DeskMirror


def staff_group(settings: TelegramSettings, opened: OpenBot, handles: Handles) -> StaffGroup:
    """Raises OSError with a sentence that says what to do."""
    language = settings.desk_language or handles.languages[0]
    if language not in handles.languages:
        spoken = ", ".join(handles.languages)
        raise OSError(f"SHOPDESK_TELEGRAM_DESK_LANGUAGE must be one of {spoken}, not {language!r}.")
    reader = f"{opened.account}:{settings.desk}"
    room = TelegramRoom(opened.bot, Posting(opened.bot, opened.account, handles.pace), handles, settings.desk)
    threads = Threads(handles.bookmarks, handles.postbox, reader)
    help = Help(handles.staff, handles.words, language, settings.home)
    deeds = Deeds(handles.staff, handles.words, language, help)
    intake = StaffIntake(opened.bot, opened.me, room, threads, deeds, help, handles, reader)
    mirror = DeskMirror(handles.staff, room, threads, reader, handles.words, language, settings.home)
    return StaffGroup(intake, mirror)
