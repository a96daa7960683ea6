"""The book of letters that are to be sent: each is noted once, tried by one worker at a time, and remembered when sent.

It holds the token of a deed and a language, and nothing of the letter: that is made from the shop's database.
"""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec
from redis.exceptions import RedisError

from bot.keys import LEASE_SECONDS, SENT_SECONDS, Keys
from bot.limits import NotCounted
from bot.redis.connection import Connection, Script, script


class NotNoted(NotCounted):
    """Redis is away, so what is in the book is not known. A turn that needs it begins again."""


class Errand(msgspec.Struct, frozen=True):
    key: str
    language: str
    tries: int  # this one included; a sender that died has tried too


class Unsent(msgspec.Struct, frozen=True):
    key: str
    language: str
    tries: int  # 0 where it is given up
    why: str  # of the last try; "" = it is on its way, or has not been tried
    given_up: bool


class ErrandBook:
    """Every method raises NotNoted."""

    def __init__(self, connection: Connection, lease_seconds: float = LEASE_SECONDS) -> None:
        """`lease_seconds`: how long a letter waits whose sender has died."""
        self._redis, self.lease_seconds = connection.commands, lease_seconds
        self._note, self._take, self._put_off, self._end = (
            script(self._redis, name) for name in ("note_errand", "take_errand", "put_off_errand", "end_errand")
        )
        self._news = asyncio.Event()

    async def note(self, key: str, language: str, wait_seconds: float = 0.0) -> None:
        """Have the letter sent after this time. Noted again, also after it was sent, it is one letter; only when
        it is tried first may change: what was about to be done is done, or is about to be done again."""
        keys = [Keys.errands(), Keys.errands_due(), Keys.errand_sent(key)]
        await _asked(self._note, keys, [key, language, _milliseconds(wait_seconds)])
        self._news.set()

    def wake(self) -> None:
        """Let whoever waits for news look at once."""
        self._news.set()

    async def news(self, within_seconds: float) -> None:
        """Wait until something is noted in this process, or this time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await self._news.wait()
        self._news.clear()

    async def take(self) -> Errand | float | None:
        """The one that is due, leased to who takes it; the seconds until one is; None where the book is empty."""
        taken = await _asked(self._take, [Keys.errands(), Keys.errands_due()], [_milliseconds(self.lease_seconds)])
        if isinstance(taken, list):
            key, tries, language = taken
            return Errand(key, language, int(tries))
        return None if taken < 0 else taken / 1000

    async def keep(self, errand: Errand) -> None:
        """The lease begins anew. It may overtake the end of the try that it belongs to: what was put off stays so."""
        await self._due(errand, str(_milliseconds(self.lease_seconds)), "", only_later=True)

    async def put_off(self, errand: Errand, seconds: float, why: str) -> None:
        await self._due(errand, str(_milliseconds(seconds)), why)

    async def give_up(self, errand: Errand, why: str) -> None:
        """It stays in the book, and is not tried again before somebody says so."""
        await self._due(errand, "", why)

    async def sent(self, errand: Errand) -> None:
        """By whomever: a letter that has gone out is not sent again."""
        await self._over(errand.key, SENT_SECONDS)

    async def drop(self, key: str) -> None:
        """There is no such letter, or it is not to be sent."""
        await self._over(key, 0)

    async def unsent(self) -> list[Unsent]:
        """All that is in the book."""
        try:
            kept: Any = await self._redis.hgetall(Keys.errands())
            due: Any = await self._redis.zrange(Keys.errands_due(), 0, -1)
        except RedisError as error:
            raise NotNoted(f"the letters to be sent cannot be read: {error}") from error
        return [_read(key, value, key not in due) for key, value in sorted(kept.items())]

    async def again(self, unsent: Unsent) -> None:
        """Try what was given up, from the beginning; what waits for its next try, now."""
        await self._due(Errand(unsent.key, unsent.language, unsent.tries), "0", "")

    async def _due(self, errand: Errand, milliseconds: str, why: str, only_later: bool = False) -> None:
        keys, when = [Keys.errands(), Keys.errands_due()], "GT" if only_later else "CH"
        await _asked(self._put_off, keys, [errand.key, errand.tries, milliseconds, errand.language, why, when])

    async def _over(self, key: str, remembered: int) -> None:
        await _asked(self._end, [Keys.errands(), Keys.errands_due(), Keys.errand_sent(key)], [key, remembered])


async def _asked(one: Script, keys: list[str], arguments: list[object]) -> Any:
    try:
        return await one(keys=keys, args=arguments)
    except RedisError as error:
        raise NotNoted(f"the book of letters cannot be used: {error}") from error


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _read(key: str, value: str, given_up: bool) -> Unsent:
    tries, language, *why = value.split(" ", 2)
    return Unsent(key, language, int(tries), " ".join(why), given_up)
