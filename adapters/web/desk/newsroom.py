"""One ear for all pages of this process: the line is read once, and every page is told what has changed in it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from bot.desks import Desk, Handoff

log = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0  # after the desk could not be read
MOST_AT_ONCE = 60  # conversations that are read one by one; more of them, and the whole line is


class Shown(msgspec.Struct, frozen=True):
    """A handoff, and the JSON in which every page gets it."""

    handoff: Handoff
    row: bytes


class Reader:
    """What one page has still to be told. It grows with the line and no further, however slowly the page reads."""

    def __init__(self) -> None:
        self._whole = self._away = False
        self._changed: dict[str, Shown | None] = {}
        self._stirred: set[str] = set()
        self._typing: set[str] = set()
        self._woken = asyncio.Event()

    def tell(self, changed: dict[str, Shown | None], stirred: Iterable[str]) -> None:
        """`stirred`: conversations in which something is new, be it in their row or not."""
        self._changed.update(changed)
        self._stirred.update(stirred)
        self._woken.set()

    def tell_whole(self) -> None:
        self._whole, self._away = True, False
        self._woken.set()

    def tell_away(self) -> None:
        self._away = True
        self._woken.set()

    def tell_typing(self, conversation: str) -> None:
        self._typing.add(conversation)
        self._woken.set()

    async def news(self) -> "News":
        await self._woken.wait()
        self._woken.clear()
        told = News(self._whole, self._away, self._changed, self._stirred, self._typing)
        self._whole = self._away = False
        self._changed, self._stirred, self._typing = {}, set(), set()
        return told


class News(msgspec.Struct, frozen=True):
    whole: bool  # all is to be told again
    away: bool
    changed: dict[str, Shown | None]
    stirred: set[str]
    typing: set[str]


class Newsroom:
    """Works only while somebody reads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._line: dict[str, Shown] = {}
        self._known = False
        self._readers: set[Reader] = set()
        self._work: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        one = Reader()
        self._readers.add(one)
        if not self._work:
            self._work = [asyncio.create_task(self._lasting(work)) for work in (self._follow, self._hear_typing)]
        elif self._known:
            one.tell_whole()
        try:
            yield one
        finally:
            self._readers.discard(one)
            if not self._readers:
                await self._rest()

    def owner(self, conversation: str) -> str:
        """The login of who has it; "" for nobody."""
        shown = self._line.get(conversation)
        return shown.handoff.owner if shown else ""

    def whole(self) -> bytes:
        """Who waits, the longest first, then those that staff have."""
        line = sorted(self._line.values(), key=lambda one: (one.handoff.state != "waiting", one.handoff.since))
        return _frame("line", (shown.row for shown in line))

    async def _rest(self) -> None:
        work, self._work, self._known, self._line = self._work, [], False, {}
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    async def _lasting(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """What fails for a reason that nobody foresaw, such as a record of another release, is begun anew."""
        while True:
            try:
                await work()
            except Exception:
                log.exception("what changes at the desk is read anew")
            await asyncio.sleep(AGAIN_SECONDS)

    async def _follow(self) -> None:
        async for changed in self._desk.changes():
            await self._catch_up(changed)

    async def _catch_up(self, changed: frozenset[str]) -> None:
        """Redis may go and come back: then all is read again."""
        while True:
            try:
                if not changed or not self._known or len(changed) > MOST_AT_ONCE:
                    await self._read_all()
                else:
                    await self._read(changed)
                return
            except ConnectionError as problem:
                log.warning("the pages of staff are told nothing: %s", problem)
                self._known = False
                for reader in self._readers:
                    reader.tell_away()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _hear_typing(self) -> None:
        async for conversation in self._desk.typing():
            for reader in self._readers:
                reader.tell_typing(conversation)

    async def _read_all(self) -> None:
        self._line = {one.conversation: _shown(one) for one in await self._desk.handoffs()}
        self._known = True
        for reader in self._readers:
            reader.tell_whole()

    async def _read(self, stirred: frozenset[str]) -> None:
        found = await asyncio.gather(*(self._desk.handoff(conversation) for conversation in stirred))
        changed: dict[str, Shown | None] = {}
        for conversation, handoff in zip(stirred, found, strict=True):
            before = self._line.get(conversation)
            if handoff == (before.handoff if before else None):
                continue
            if handoff is None:
                self._line.pop(conversation)
                changed[conversation] = None
            else:
                changed[conversation] = self._line[conversation] = _shown(handoff)
        for reader in self._readers:
            reader.tell(changed, stirred)


def changed_frame(changed: dict[str, Shown | None]) -> bytes:
    gone = [conversation for conversation, shown in changed.items() if shown is None]
    return _frame("changed", (shown.row for shown in changed.values() if shown), gone)


def _shown(handoff: Handoff) -> Shown:
    return Shown(handoff, msgspec.json.encode(handoff))


def _frame(kind: str, rows: Iterable[bytes], gone: list[str] | None = None) -> bytes:
    told = b'{"kind":"%s","now":%.3f,"handoffs":[%s]' % (kind.encode(), time.time(), b",".join(rows))
    return told + (b',"gone":' + msgspec.json.encode(gone) if gone is not None else b"") + b"}"
