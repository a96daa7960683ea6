"""What is seen of a reply while it is written: a streamed draft in a private chat, "typing…" in a group.

It is the first thing that is left out when there is much to send, and nothing of it has to arrive.
"""

import asyncio
import contextlib
from types import TracebackType

from adapters.telegram.outgoing import to_draft
from adapters.telegram.places import Place
from adapters.telegram.posting import Posting, Refused
from bot.channels import Unreachable

_APART = 1.0  # seconds between two frames
_SHOWN = 20.0  # a frame is shown again after so long: Telegram takes it away after 30
_TYPING_SHOWN = 4.5  # of the five that Telegram shows it
_AFTER_REFUSAL = 0.25  # at least: many may wait for their turn
_LARGEST = 2**31 - 1


class Drafts:
    """One conversation. Whoever uses it never waits for Telegram, except in `finish`."""

    def __init__(self, posting: Posting, place: Place, home: str) -> None:
        self._posting, self._place, self._home = posting, place, home
        self._streams = place.private
        self._working = False  # a reply is in the making
        self._wanted, self._shown = "", ""
        self._number = 0
        self._not_before = 0.0  # when the next thing may be shown
        self._again = 0.0  # when what is shown has to be shown again
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()  # held while something is on its way
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Drafts":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})

    def show(self, event: str, text: str = "") -> None:
        """The reply as far as it is written, in our Markdown; "": it is being thought about. `event` is any of it."""
        if not self._working:
            self._number = _number_of(event)
        self._working, self._wanted = True, text
        self._changed.set()

    async def finish(self) -> None:
        """Nothing more of this reply is shown, and what was on its way is there: the reply itself may follow."""
        self._working = False
        async with self._lock:
            self._wanted, self._shown = "", ""

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            async with self._lock:
                wait = await self._step() if self._working else _SHOWN
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):  # wait_for may lose a cancellation that comes with the event
                    await self._changed.wait()

    async def _step(self) -> float:
        """Shows what is due; returns after how many seconds something is due again, unless something changes."""
        now = asyncio.get_running_loop().time()
        fresh = self._streams and self._wanted != self._shown
        due = self._not_before if fresh else max(self._not_before, self._again)
        if now < due:
            return due - now
        try:
            wait = await (self._frame() if fresh or self._shown else self._typing())
        except Refused:
            self._streams, self._shown = False, ""  # an older server, say: typing does as well
            wait = _AFTER_REFUSAL
        except (ConnectionError, Unreachable):
            wait = _TYPING_SHOWN  # whatever it is, the reply itself will meet it
        self._not_before = asyncio.get_running_loop().time() + wait
        return wait

    async def _frame(self) -> float:
        wanted = self._wanted
        if refused := await self._posting.draft(self._place, self._number, to_draft(wanted, self._home)):
            return max(refused, _AFTER_REFUSAL)
        self._shown, self._again = wanted, asyncio.get_running_loop().time() + _SHOWN
        return _APART

    async def _typing(self) -> float:
        if refused := await self._posting.typing(self._place):
            return max(refused, _AFTER_REFUSAL)
        self._again = asyncio.get_running_loop().time() + _TYPING_SHOWN
        return 0.0


def _number_of(event: str) -> int:
    """Frames with the same number are one draft; it must not be 0."""
    milliseconds, _, number = event.partition("-")
    return (int(milliseconds) * 31 + int(number or 0)) % _LARGEST + 1
