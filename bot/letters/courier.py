"""Sends the letters that are noted in the book: at once where possible, else later, by whichever worker is there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from bot.letters.errands import Errand, ErrandBook, NotNoted
from bot.letters.mail import Letter, Mailer

AT_ONCE = 4  # letters at the same time by one worker
PAUSES = (10.0, 60.0, 5 * 60.0, 15 * 60.0, 30 * 60.0, 3600.0, 2 * 3600.0)  # after each try but the last: four hours
AGAIN_SECONDS = 0.5  # after trouble with Redis
DIED = "each worker that tried it died"

log = logging.getLogger(__name__)


class Letters(Protocol):
    async def letter(self, key: str, language: str) -> Letter | None:
        """Of what is noted under this key; None where there is nothing to tell, or nobody to tell it to. The same key
        has always the same letter id. Raises ConnectionError."""


class Courier:
    def __init__(self, book: ErrandBook, letters: Letters, mailer: Mailer, pauses: Sequence[float] = PAUSES) -> None:
        """`pauses`: seconds after each try but the last, after which a letter is given up."""
        self._book, self._letters, self._mailer, self._pauses = book, letters, mailer, pauses
        self._rounds: list[asyncio.Task[None]] = []
        self._looking = asyncio.Lock()
        self._closing = False

    def start(self) -> None:
        self._rounds = [asyncio.create_task(self._round()) for _ in range(AT_ONCE)]

    async def finish(self, within_seconds: float) -> None:
        """Send what is due now. What takes longer stays in the book, and the next worker sends it."""
        self._closing = True
        self._book.wake()
        if self._rounds:
            await asyncio.wait(self._rounds, timeout=within_seconds)
        for task in self._rounds:
            task.cancel()
        await asyncio.gather(*self._rounds, return_exceptions=True)

    async def _round(self) -> None:
        while errand := await self._next():
            await self._carry(errand)

    async def _next(self) -> Errand | None:
        """The next that is due; None when nothing is and we are to stop."""
        async with self._looking:  # one round looks while the others carry, or wait for it
            while not isinstance(taken := await self._look(), Errand):
                if self._closing:
                    return None
                await self._book.news(taken)
            return taken

    async def _look(self) -> Errand | float:
        """What is due, or in how many seconds to look again: also for what another process has noted."""
        look = self._book.lease_seconds / 4
        try:
            taken = await self._book.take()
        except NotNoted as error:
            log.warning("Redis: %s; asking again", error)
            return AGAIN_SECONDS
        if isinstance(taken, Errand):
            return taken
        return look if taken is None else min(taken, look)

    async def _carry(self, errand: Errand) -> None:
        keeping = asyncio.create_task(self._keep(errand))
        try:
            await self._try(errand)
        finally:
            keeping.cancel()

    async def _keep(self, errand: Errand) -> None:
        while True:
            await asyncio.sleep(self._book.lease_seconds / 4)
            with suppress(NotNoted):
                await self._book.keep(errand)

    async def _try(self, errand: Errand) -> None:
        if errand.tries > len(self._pauses) + 1:
            await self._fail(errand, DIED)
            return
        try:
            letter = await self._letters.letter(errand.key, errand.language)
            if letter:
                await self._mailer.send(letter)
        except ConnectionError as error:
            await self._fail(errand, str(error))
        except Exception as error:
            log.exception("a mail could not be prepared")
            await self._fail(errand, type(error).__name__)
        else:
            await self._insist(partial(self._book.sent, errand) if letter else partial(self._book.drop, errand.key))

    async def _fail(self, errand: Errand, why: str) -> None:
        if errand.tries <= len(self._pauses):
            pause = self._pauses[errand.tries - 1]
            log.warning("a mail could not be sent: %s; try %d, the next in %g s", why, errand.tries, pause)
            await self._insist(partial(self._book.put_off, errand, pause, why))
        else:
            log.error("a mail was given up: %s; see: shopdesk letters unsent", why)
            await self._insist(partial(self._book.give_up, errand, why))

    async def _insist(self, step: Callable[[], Awaitable[None]]) -> None:
        """Until Redis has heard it: the letter would be sent again otherwise."""
        while True:
            try:
                return await step()
            except NotNoted as error:
                log.warning("Redis: %s; asking again", error)
                await asyncio.sleep(AGAIN_SECONDS)
