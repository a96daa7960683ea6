"""Who is writing: a guest, a customer who proved an order, or one whom the shop's own page signed in.

What the limits hold against: somebody who knows an e-mail address or a postcode and looks for an order number that goes
with it. `shopdesk doctor` reckons the chance from the shop's own numbers, tests/test_guessing.py from the demo's.
What they do not: a parcel shows a number and its postcode to whoever holds it, and of a known number the postcode may
be guessed with a little luck. That is why a postcode opens one order, and changes nothing that costs.
"""

import hmac
import re
import unicodedata
from collections.abc import Sequence
from enum import IntEnum, StrEnum
from typing import Protocol

import msgspec

from bot.shop.order_numbers import spoken
from bot.shop.own_orders import OwnOrders
from bot.shop.proofs import Proofs

TRIES_OF_A_CONVERSATION = (5, 15 * 60)
WRONG_WITH_A_PROOF = (5, 24 * 60 * 60)
WRONG_AT_AN_ORDER = (3, 7 * 24 * 60 * 60)
COUNTRY_SIGN = re.compile(r"^[a-z]{1,2}-(?=\d{4,}$)")
NOBODY = Proofs(customer="", email="", postcodes=("",))


class Level(StrEnum):
    GUEST = "guest"  # public knowledge only
    VERIFIED = "verified"  # gave an order number with its e-mail or postcode, or a code that was mailed
    LINKED = "linked"  # writes from where the customer once gave a link code
    SIGNED_IN = "signed_in"  # the shop's page vouches for the customer


class Proof(IntEnum):
    """How well it is proved that who writes is the customer; a higher one includes the lower."""

    NONE = 0
    ORDER = 1  # the postcode of this order
    ACCOUNT = 2  # the e-mail address of the account with one of its order numbers, a linked channel, or signed in
    CODE = 3  # the one-time code that was mailed to the account


class Verified(msgspec.Struct, frozen=True):
    customer: str
    by_email: bool = False  # the e-mail of the account; a postcode stands on every parcel and proves one order alone


class NoMatch(msgspec.Struct, frozen=True):
    """No such order, or not proved: which of the two is never said."""


class TooManyTries(msgspec.Struct, frozen=True):
    seconds: int  # to wait before the next


class Proving(Protocol):
    """What of the shop's store identity needs."""

    async def proofs(self, order_number: str) -> Proofs | None: ...
    def of(self, customer_id: str) -> OwnOrders: ...


class Guesses(Protocol):
    """What of bot/limits.py identity needs."""

    async def guess(self, what: str, who: str, guess: str, at_most: int, per_seconds: int) -> int: ...
    async def take_back(self, what: str, who: str, guess: str) -> None: ...


class Identity:
    def __init__(self, store: Proving, limits: Guesses) -> None:
        self._store, self._limits = store, limits

    async def verify(self, conversation: str, order_number: str, proof: str) -> Verified | NoMatch | TooManyTries:
        """Compare the proof with the e-mail of the order's customer and the postcodes of both.

        Every try is counted before anything is looked up. A right one is taken back where it would use up the tries of
        others, for many share a postcode. The same one again counts once.
        """
        counted = _Counted(self._limits, conversation, spoken(order_number), plain(proof))
        if seconds := await counted.seconds_to_wait():
            return TooManyTries(seconds)
        found = await self._store.proofs(order_number)
        known = found or NOBODY
        by_email, by_postcode = _is_one_of(proof, (known.email,)), _is_one_of(proof, known.postcodes)
        if not found or not (by_email or by_postcode):
            return NoMatch()
        await counted.take_back()
        return Verified(found.customer, by_email)

    async def signed_in(self, customer_id: str) -> bool:
        """Whether the shop has the customer for whom its page vouches."""
        return await self._store.of(customer_id).is_known()


class _Counted:
    """One try, in the counts of its conversation, its proof and its order."""

    def __init__(self, limits: Guesses, conversation: str, order: str, proof: str) -> None:
        self._limits, self._guess = limits, f"{order} {proof}"
        self._conversation = ("verify:conversation", conversation)
        self._proof, self._order = ("verify:proof", proof), ("verify:order", order)

    async def seconds_to_wait(self) -> int:
        """Stops at the first refusal, so that a conversation out of tries cannot use up those of others."""
        for of, limit in (
            (self._conversation, TRIES_OF_A_CONVERSATION),
            (self._proof, WRONG_WITH_A_PROOF),
            (self._order, WRONG_AT_AN_ORDER),
        ):
            if seconds := await self._limits.guess(*of, self._guess, *limit):
                if of is self._order:
                    await self._limits.take_back(*self._proof, self._guess)
                return seconds
        return 0

    async def take_back(self) -> None:
        for of in (self._proof, self._order):
            await self._limits.take_back(*of, self._guess)


def _is_one_of(proof: str, candidates: Sequence[str]) -> bool:
    """All candidates are compared, each in constant time; an empty one proves nothing."""
    given = plain(proof).encode()
    matches = False
    for candidate in candidates:
        expected = plain(candidate).encode()
        matches |= hmac.compare_digest(given, expected) and bool(expected)
    return matches


def plain(proof: str) -> str:
    """Without spaces and case, in one width; a postcode also without dashes and the sign of its country: "sw1a 1aa" is
    SW1A1AA, D-10115 is 10115. Half a character, which JSON allows, is none."""
    whole = proof.encode(errors="ignore").decode()
    plain = "".join(unicodedata.normalize("NFKC", whole).casefold().split())
    return plain if "@" in plain else COUNTRY_SIGN.sub("", plain).replace("-", "")
