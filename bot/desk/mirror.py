"""One handoff as a desk elsewhere shows it: what is new in it since that desk was told last."""

from collections.abc import Sequence
from typing import Any

from bot.channels import Postbox
from bot.desk.line import Line
from bot.desks import Handoff, Note
from bot.keys import Keys
from bot.messages import DONE, STAFF_TYPING, Busy, Event, Said, Status, TextDelta

FIRST_SIGHT = 12  # of what was said before, when a handoff is shown for the first time
EVENT, NOTE, KEPT = "event", "note", "kept:"

News = Event | Note


class OneMirror:
    """The real Mirror."""

    def __init__(
        self,
        redis: Any,
        keys: Keys,
        conversation: str,
        reader: str,
        handoff: Handoff | None,
        remembered: dict[str, str],
    ) -> None:
        self._redis, self._kept_seconds = redis, keys.kept_seconds
        self._key = keys.mirrored(conversation, reader)
        self._conversation, self._handoff, self._remembered = conversation, handoff, remembered
        self._news: list[News] = []

    @property
    def conversation(self) -> str:
        return self._conversation

    @property
    def handoff(self) -> Handoff | None:
        return self._handoff

    @property
    def kept(self) -> dict[str, str]:
        return {name.removeprefix(KEPT): value for name, value in self._remembered.items() if name.startswith(KEPT)}

    async def keep(self, name: str, value: str) -> None:
        await self._write(KEPT + name, value)

    def news(self) -> Sequence[News]:
        return self._news

    async def shown(self, one: News) -> None:
        await self._write(EVENT if isinstance(one, Event) else NOTE, one.id)

    async def read(self, postbox: Postbox, line: Line) -> None:
        """What is new. Raises ConnectionError, redis.exceptions.RedisError."""
        after = self._remembered.get(EVENT, "")
        events: list[News] = [one for one in await postbox.transcript(self._conversation, after) if lasts(one)]
        notes: list[News] = [*await line.notes(self._conversation, self._remembered.get(NOTE, ""))]
        known = set(self._remembered) - {EVENT, NOTE}
        if not (after or self._remembered.get(NOTE) or known):
            events, notes = events[-FIRST_SIGHT:], notes[-FIRST_SIGHT:]
        self._news = sorted([*events, *notes], key=lambda one: _place(one.id))

    async def _write(self, name: str, value: str) -> None:
        self._remembered[name] = value
        await self._redis.hset(self._key, name, value)
        await self._redis.expire(self._key, self._kept_seconds)


def lasts(event: Event) -> bool:
    """Whether it is something to be shown: what passes, and where a turn stands, is not."""
    what = event.what
    if isinstance(what, Said):
        return bool(what.text or what.attachments)  # a deed of staff stands among the notes
    passing = isinstance(what, TextDelta | Busy) or what in (DONE, STAFF_TYPING)
    return not passing and not (isinstance(what, Status) and what.status in ("thinking", "restarted"))


def _place(entry: str) -> tuple[int, int]:
    milliseconds, _, number = entry.partition("-")
    return int(milliseconds), int(number or 0)
