"""Asks Telegram for updates by a loop of our own: the offset, which makes Telegram forget, moves after storing.

The library's own loop moves it before anybody has looked at the updates: what a process that dies then had is lost.
"""

import asyncio
import logging
from datetime import timedelta
from functools import partial
from typing import Any

from telegram import Update
from telegram.error import Conflict, EndPointNotFound, Forbidden, InvalidToken, RetryAfter, TelegramError

from adapters.telegram.bots import PAUSES, OpenBot
from adapters.telegram.incoming import UPDATES
from adapters.telegram.intake import Intake
from adapters.telegram.lanes import Lanes

JSONDict = dict[str, Any]
log = logging.getLogger(__name__)

LONG_SECONDS = 50  # that Telegram keeps a question open when it has nothing to tell
BESIDE_SECONDS = 0.25  # how often we look for more while something is not stored yet
MOST = 100  # updates at a time; Telegram gives no more
CONFLICT_SECONDS, WRONG_TOKEN_SECONDS = 5.0, 60.0


class Polling:
    def __init__(self, opened: OpenBot, intake: Intake) -> None:
        self._opened, self._intake = opened, intake
        self._offset, self._failures = 0, 0
        self._seen = dict[int, asyncio.Future[None]]()  # updates from the offset on: done when stored

    async def run(self) -> None:
        """Until cancelled."""
        await self._stop_webhook()
        async with Lanes() as lanes:
            while True:
                for update in sorted(await self._fetch(), key=lambda one: one.update_id):
                    if update.update_id >= self._offset and update.update_id not in self._seen:
                        self._seen[update.update_id] = self._begin(lanes, update)
                await self._settle()

    def _begin(self, lanes: Lanes, update: Update) -> asyncio.Future[None]:
        read = self._intake.read(update)
        if read is None:
            nothing = asyncio.get_running_loop().create_future()
            nothing.set_result(None)
            return nothing
        return lanes.put(read.place.conversation, partial(self._intake.store, read))

    async def _settle(self) -> None:
        """Wait for what is being stored, but not long, and move the offset up to the first that is not."""
        under_way = [one for one in self._seen.values() if not one.done()]
        if under_way:
            await asyncio.wait(under_way, timeout=BESIDE_SECONDS)
        waiting = [number for number, stored in self._seen.items() if not stored.done()]
        self._offset = min(waiting, default=max(self._seen, default=self._offset - 1) + 1)
        self._seen = {number: stored for number, stored in self._seen.items() if number >= self._offset}

    async def _fetch(self) -> list[Update]:
        """What Telegram has from the offset on; [] while it has trouble, after a pause."""
        try:
            told = await self._asked(0 if self._seen else LONG_SECONDS)
        except TelegramError as problem:
            pause = self._pause(problem)
            self._failures += 1
            await asyncio.sleep(pause)
            return []
        self._failures = 0
        return [update for update in map(self._understood, told) if update]

    async def _asked(self, patience: int) -> list[JSONDict]:
        """As JSON: where one update cannot be read, the library's own `get_updates` gives none, again and again.

        Written in lower case, which is the same to Telegram: the library warns of names that it has a method for.
        """
        ask = {"offset": self._offset, "timeout": patience, "limit": MOST, "allowed_updates": list(UPDATES)}
        told: Any = await self._opened.bot.do_api_request("getupdates", ask, read_timeout=patience + 10)
        return list(told)

    def _understood(self, told: JSONDict) -> Update | None:
        try:
            return Update.de_json(told, self._opened.bot)
        except Exception:
            log.exception("an update of %s has a form that is not known; it is passed over", self._opened.account)
            return Update(int(told["update_id"]))

    def _pause(self, problem: TelegramError) -> float:
        """Seconds; says what a person can do about it. Nothing of the problem's own words: they may hold the token."""
        name = self._opened.name
        if isinstance(problem, RetryAfter):
            wait = problem.retry_after
            return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
        if isinstance(problem, Conflict):
            log.error("@%s: another program asks Telegram for its messages, or set a webhook; stop that one", name)
            return CONFLICT_SECONDS
        if isinstance(problem, InvalidToken | EndPointNotFound | Forbidden):
            log.error("@%s: Telegram does not know its token any more; set SHOPDESK_TELEGRAM_TOKEN anew", name)
            return WRONG_TOKEN_SECONDS
        log.warning("@%s: Telegram cannot be reached: %s", name, type(problem).__name__)
        return PAUSES[min(self._failures, len(PAUSES) - 1)]

    async def _stop_webhook(self) -> None:
        """As long as one is set, Telegram does not answer the question; what it holds for us stays there."""
        while True:
            try:
                if (await self._opened.bot.get_webhook_info()).url:
                    log.info(
                        "@%s: its webhook is taken away, as SHOPDESK_TELEGRAM_WEBHOOK is not set", self._opened.name
                    )
                    await self._opened.bot.delete_webhook()
                return
            except TelegramError as problem:
                await asyncio.sleep(self._pause(problem))
