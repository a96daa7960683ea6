"""One-time codes: six digits that live for ten minutes, are known to Redis only by their hash, and open once.

Who guesses has three tries at a code, and a number of tries a day at one customer, whatever they open and ask for: at
most WRONG_CODES_OF_A_TARGET for each of the two purposes, each right with a chance of one in a million.
"""

import hmac
import secrets
from enum import StrEnum
from typing import Any

import msgspec

from bot.keys import Keys
from bot.limits import Limits
from bot.redis.connection import Connection, script

DIGITS = 6
CODE_SECONDS = 10 * 60
TRIES_AT_A_CODE = 3
WRONG_CODES_OF_A_TARGET = (15, 24 * 60 * 60)
CODES_OF_A_CONVERSATION = ((3, 15 * 60), (10, 24 * 60 * 60))
CODES_FOR_A_TARGET = ((5, 60 * 60), (10, 24 * 60 * 60))
TOO_NEW_SECONDS = 20  # a code that was sent so shortly ago is not sent again
USED_SECONDS = 90  # a turn that is interrupted runs anew and brings the code again; none takes longer


class Purpose(StrEnum):
    """Counted apart: a stranger who uses up one does not lock out the customer who is known already."""

    OPEN_ACCOUNT = "open_account"  # the target is an e-mail address, which may be nobody's
    STEP_UP = "step_up"  # the target is the customer whom the session knows


class NewCode(msgspec.Struct, frozen=True):
    digits: str
    salt: str


class OnItsWay(msgspec.Struct, frozen=True):
    """The one that was made a moment ago; there is no other."""


class Wait(msgspec.Struct, frozen=True):
    seconds: int


class Right(msgspec.Struct, frozen=True):
    target: str


class Wrong(msgspec.Struct, frozen=True):
    tries_left: int


class Gone(msgspec.Struct, frozen=True):
    """Never made, expired, used, replaced, or tried too often."""


class OneTimeCodes:
    """Every method raises ConnectionError or the driver's error when Redis is away: the turn begins again."""

    def __init__(self, connection: Connection, limits: Limits) -> None:
        self._redis, self._limits = connection.commands, limits
        self._new, self._try = script(self._redis, "new_code"), script(self._redis, "try_code")

    async def new(self, conversation: str, purpose: Purpose, target: str) -> NewCode | OnItsWay | Wait:
        """Make the code of a conversation and purpose, in the place of the one before."""
        made, salt = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}", secrets.token_hex(16)
        counted = [
            (f"{what}:{limit[1]}", who, limit)
            for what, who, limits in (
                ("codes:conversation", conversation, CODES_OF_A_CONVERSATION),
                (f"codes:{purpose}", target, CODES_FOR_A_TARGET),
            )
            for limit in limits
        ]
        for what, who, limit in counted:
            if seconds := await self._limits.guess(what, who, salt, *limit):
                return Wait(seconds)
        key = Keys.code(purpose, conversation)
        if await self._new(keys=[key], args=[_hash(made, salt), salt, target, CODE_SECONDS, TOO_NEW_SECONDS]):
            return NewCode(made, salt)
        for what, who, _ in counted:
            await self._limits.take_back(what, who, salt)
        return OnItsWay()

    async def check(self, conversation: str, purpose: Purpose, given: str) -> Right | Wrong | Gone | Wait:
        """Counted at the customer before it is compared; a right one is not counted."""
        key = Keys.code(purpose, conversation)
        live: Any = await self._redis.hmget(key, ["salt", "target", "tried"])
        salt, target, tried = live
        if salt is None or target is None or (tried or "").count(" ") >= TRIES_AT_A_CODE:
            return Gone()  # nothing is guessed at a code that is no more
        counted = (f"code:{purpose}", target, f"{salt} {given}")
        if seconds := await self._limits.guess(*counted, *WRONG_CODES_OF_A_TARGET):
            return Wait(seconds)
        left = int(await self._try(keys=[key], args=[_hash(given, salt), salt, TRIES_AT_A_CODE, USED_SECONDS]))
        if left == -2:
            await self._limits.take_back(*counted)
            return Right(target)
        return Gone() if left < 0 else Wrong(left)

    async def withdraw(self, conversation: str, purpose: Purpose, code: NewCode) -> None:
        """It could not be sent: another may be asked for at once. One that has taken its place stays."""
        key = Keys.code(purpose, conversation)
        if await self._redis.hget(key, "salt") == code.salt:
            await self._redis.delete(key)


def _hash(digits: str, salt: str) -> str:
    return hmac.digest(salt.encode(), digits.encode(errors="replace"), "sha256").hex()
