"""The desk of staff in a channel of Discord: its parts put together."""

from dataclasses import dataclass

from discord.http import HTTPClient

from adapters.desk_deeds import Deeds
from adapters.desk_help import Help
from adapters.desk_mirror import DeskMirror
from adapters.desk_threads import Threads
from adapters.discord.desk_room import DiscordRoom
from adapters.discord.files import Files
from adapters.discord.marks import Marks
from adapters.discord.posting import Posting
from adapters.discord.settings import DiscordSettings
from adapters.discord.staff_intake import StaffIntake
from bot.channels import Handles


@dataclass(frozen=True)
class StaffDesk:
    """What staff see is brought by the mirror, what they do is taken by the intake."""

    intake: StaffIntake
    mirror: DeskMirror


def staff_desk(
    http: HTTPClient, account: str, settings: DiscordSettings, handles: Handles, marks: Marks, files: Files,
    posting: Posting,
) -> StaffDesk:  # fmt: skip
    """In the channel that the settings name."""
    language = settings.desk_language or handles.languages[0]
    reader, words, home = f"{account}:{settings.desk}", handles.words, settings.home
    threads, help = Threads(handles.bookmarks, handles.postbox, reader), Help(handles.staff, words, language, home)
    deeds = Deeds(handles.staff, words, language, help)
    room = DiscordRoom(posting, settings.desk, marks, handles, language)
    mirror = DeskMirror(handles.staff, room, threads, reader, words, language, home)
    intake = StaffIntake(http, reader, handles, room, threads, deeds, help, files, posting, marks)
    return StaffDesk(intake, mirror)
