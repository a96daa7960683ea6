"""What is new in a handoff, in as few messages as hold it. Pure."""

from collections.abc import Sequence

from adapters.desk_talk import Line
from adapters.text import utf16
from bot.desks import Note
from bot.messages import Event

SO_FAR = 2000  # UTF-16 units of what was said before, in the head of a thread

News = tuple[Event | Note, Line | None]  # None: staff need not see it


def newest_event(news: Sequence[News]) -> str:
    return next((one.id for one, _ in reversed(news) if isinstance(one, Event)), "")


def latest(lines: Sequence[Line]) -> list[Line]:
    """As many of the newest as have room in the head; one at least."""
    found, room = list[Line](), SO_FAR
    for line in reversed(lines):
        room -= utf16(line.page.text) + 1
        if found and room < 0:
            break
        found.insert(0, line)
    return found


def packed(news: Sequence[News], longest: int) -> list[list[News]]:
    """What goes out together. After what has files, and after what calls somebody, something new begins."""
    groups, room = list[list[News]](), 0
    for one, line in news:
        size = utf16(line.page.text) + 1 if line else 0
        if not groups or size > room:
            groups.append([])
            room = longest
        groups[-1].append((one, line))
        room = 0 if line and (line.kept or line.calls) else room - size
    return groups
