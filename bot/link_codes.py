"""Link codes: said once on another channel within ten minutes, they tell there which customer it is.

Nothing says which code belongs to whom, so a guess is one at all of them: see tests/test_guessing.py.
"""

import re
import secrets
import unicodedata

import msgspec

from bot.keys import Keys
from bot.limits import Limits, digest
from bot.redis.connection import Connection, script

ALPHABET = "ACDEFGHJKMNPQRTVWXY34679"  # nothing that looks like something else
LENGTH = 8
LINK_SECONDS = 10 * 60
USED_SECONDS = 90  # a turn that is interrupted runs anew and brings the code again
CODES_OF_A_CUSTOMER = (5, 60 * 60)
WRONG_OF_A_PERSON = (5, 60 * 60)
WRONG_OF_ALL = (50_000, 24 * 60 * 60)
SPELLING = re.compile(r"(?:[A-Za-z0-9]{4})[- ]?(?:[A-Za-z0-9]{4})", re.ASCII)


class Wait(msgspec.Struct, frozen=True):
    seconds: int


class LinkCodes:
    """Every method raises ConnectionError or the driver's error when Redis is away: the turn begins again."""

    def __init__(self, connection: Connection, limits: Limits) -> None:
        self._redis, self._limits = connection.commands, limits
        self._use_up = script(self._redis, "use_link")

    async def new(self, customer_id: str) -> str | Wait:
        """A code such as ACDE-3467 for this customer."""
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        if seconds := await self._limits.guess("links:made", customer_id, code, *CODES_OF_A_CUSTOMER):
            return Wait(seconds)
        await self._redis.set(Keys.link_code(digest(code)), customer_id, ex=LINK_SECONDS)
        return f"{code[:4]}-{code[4:]}"

    async def redeem(self, person: str, given: str) -> str | Wait:
        """The customer for whom the code was made, "" for none; it is used up. Counted before it is looked up."""
        code = _plain(given)
        counted = ("links:person", person, code)
        if seconds := await self._limits.guess(*counted, *WRONG_OF_A_PERSON):
            return Wait(seconds)
        if seconds := await self._limits.allow("links:all", "", *WRONG_OF_ALL):
            return Wait(seconds)
        customer_id = await self._use(person, digest(code))
        if customer_id:
            await self._limits.take_back(*counted)
        return customer_id

    async def _use(self, person: str, code: str) -> str:
        keys = [Keys.link_code(code), Keys.used_link_code(code, digest(person))]
        return str(await self._use_up(keys=keys, args=[USED_SECONDS]))


def _plain(given: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", given).upper() if sign.isalnum())
