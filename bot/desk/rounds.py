"""What one desk elsewhere has to be told, and when: nothing while it is closed to us, an end not for ever."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

from bot.channels import Unreachable
from bot.desks import Mirror

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 5.0  # news may be lost
SHUT_SECONDS = 60.0  # a place that is closed to us is tried again so much later

Each = Callable[[Mirror], Awaitable[None]]


class Rounds:
    """What one reader has to be told."""

    def __init__(self, reader: str, each: Each, shut_seconds: float) -> None:
        self.reader, self.each = reader, each
        self.ends: dict[str, tuple[int, float]] = {}  # tries to show that it is over, and when the next is due
        self._shut_seconds, self._shut_until = shut_seconds, 0.0
        self._was_shut, self._one_asks = False, asyncio.Lock()
        self.walking: set[str] = set()
        self.missed: set[str] = set()  # what changed while it was walked: it may have been looked at before
        self.told: dict[str, tuple[str, str, str, str]] = {}
        self._due: set[str] = set()
        self._all, self._woken = True, asyncio.Event()

    def wake(self, changed: frozenset[str]) -> None:
        self._due |= changed
        self._all = self._all or not changed
        self._woken.set()

    def taken(self) -> tuple[set[str], bool]:
        """Those that are due, and whether all are to be looked at."""
        due, look_for_all = self._due, self._all
        self._due, self._all = set(), False
        return due, look_for_all

    @property
    def is_shut(self) -> bool:
        return time.monotonic() < self._shut_until

    def end_is_due(self, conversation: str) -> bool:
        return time.monotonic() >= self.ends.get(conversation, (0, 0.0))[1]

    def puts_off_end(self, conversation: str, pauses: Sequence[float]) -> bool:
        """False where it was tried often enough."""
        tries = self.ends.get(conversation, (0, 0.0))[0]
        if tries == len(pauses):
            return False
        self.ends[conversation] = tries + 1, time.monotonic() + pauses[tries]
        asyncio.get_running_loop().call_later(pauses[tries], self.wake, frozenset({conversation}))
        return True

    @contextlib.asynccontextmanager
    async def let_in(self) -> AsyncIterator[None]:
        """Raises Unreachable while the place is closed to us. Where it was, one asks for all."""
        if not self._was_shut:
            with self._noticing():
                yield
            return
        async with self._one_asks:
            if self.is_shut:
                raise Unreachable
            with self._noticing():
                yield
            self._was_shut = False

    @contextlib.contextmanager
    def _noticing(self) -> Iterator[None]:
        try:
            yield
        except Unreachable as closed:
            if not self._was_shut:
                log.warning("%s is closed to us; it is tried every %d s: %s", self.reader, self._shut_seconds, closed)
            self._was_shut, self._shut_until = True, time.monotonic() + self._shut_seconds
            self._all = True  # what was given up meanwhile is looked at then, however much else happens
            raise

    async def wait(self) -> None:
        try:
            async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            self._all = True
        self._woken.clear()
