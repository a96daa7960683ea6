"""A reply while it is being made: the bot types, then there is a message that grows. Shed first where it is tight."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from adapters.discord.outgoing import Message, frame
from adapters.discord.posting import Gone, Posting, Refused
from bot.channels import Unreachable

log = logging.getLogger(__name__)

_BYTES = 80  # of text, about twenty tokens in English and in Chinese: as much is shown at once
_SECONDS = 1.5  # after the first word, whatever there is by then
_BETWEEN_EDITS = 1.75  # seconds
_TYPING_LASTS = 8.0  # seconds; Discord shows it for ten
_LOOK = 0.1  # seconds
_LEAVE = 3.0  # seconds that an edit on its way may hold up the end
_TYPING_TAKES = 2.0  # seconds at most


class LiveReply:
    """What is seen of it in one channel. `noted` is told the id of the message once it is there."""

    def __init__(
        self, posting: Posting, channel: str, home: str, noted: Callable[[str], Awaitable[None]], message: str = ""
    ) -> None:
        self._posting, self._channel, self._home, self._noted = posting, channel, home, noted
        self.message = message  # its id; "" where there is none yet
        self._text = self._nonce = ""
        self._shown: Message | None = None  # None: not known
        self._begun = self._edited = self._typed = float("-inf")
        self._at_work: asyncio.Task[None] | None = None
        self._ending = False
        self._on_its_way = False  # the message itself

    def types(self) -> None:
        """A reply is in the making."""
        if not self._at_work:
            self._ending = False
            self._at_work = asyncio.create_task(self._work())

    def shows(self, markdown: str, nonce: str) -> None:
        """The reply as far as it is made; "" takes back what is shown of it."""
        if markdown and not self._text:
            self._begun = _now()
        self._text, self._nonce = markdown, nonce
        self.types()

    async def end(self) -> str:
        """Nothing more is shown; returns the id of the message that there is now, "" where there is none."""
        self._ending = True
        if self._at_work:
            await asyncio.wait({self._at_work}, timeout=self._patience())
        await self.stop()
        message, self.message = self.message, ""
        self._text, self._shown = "", None
        self._typed = float("-inf")
        return message

    def _patience(self) -> float | None:
        """What becomes of a message must be known; an edit is to arrive before the last one, or not at all."""
        if self._on_its_way:
            return None
        return _LEAVE if self.message else 0.0

    async def stop(self) -> None:
        if self._at_work:
            at_work, self._at_work = self._at_work, None
            at_work.cancel()
            await asyncio.wait({at_work})

    async def _work(self) -> None:
        try:
            while not self._ending:
                await self._step()
                await asyncio.sleep(_LOOK)
        except (ConnectionError, Unreachable, Gone, Refused) as problem:
            log.info("a reply in the making is no longer shown: %s", problem)

    async def _step(self) -> None:
        now = _now()
        if self.message:
            if now - self._edited >= _BETWEEN_EDITS:
                await self._edit(frame(self._text, self._home))
                self._edited = _now()
        elif self._text and (len(self._text.encode()) >= _BYTES or now - self._begun >= _SECONDS):
            await self._post(frame(self._text, self._home, self._nonce))
        if not self.message and now - self._typed >= _TYPING_LASTS:
            self._typed = now
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TYPING_TAKES):
                    await self._posting.typing_if_spare(self._channel)

    async def _post(self, drawn: Message) -> None:
        self._on_its_way = True
        try:
            self.message = await self._posting.post_if_spare(self._channel, drawn)
        finally:
            self._on_its_way = False
        if self.message:
            self._edited, self._shown = _now(), drawn
            await self._noted(self.message)

    async def _edit(self, drawn: Message) -> None:
        if drawn != self._shown and await self._posting.edit_if_spare(self._channel, self.message, drawn):
            self._shown = drawn


@asynccontextmanager
async def live_reply(
    posting: Posting, channel: str, home: str, noted: Callable[[str], Awaitable[None]], message: str
) -> AsyncIterator[LiveReply]:
    live = LiveReply(posting, channel, home, noted, message)
    try:
        yield live
    finally:
        await live.stop()


def _now() -> float:
    return asyncio.get_running_loop().time()
