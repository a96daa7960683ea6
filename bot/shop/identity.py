"""Who is writing: a guest, a customer who proved an order, or one whom the shop's own page signed in."""

import hmac
import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from bot.channels import Limiter
from bot.shop.order_numbers import spoken
from bot.shop.own_orders import OwnOrders
from bot.shop.proofs import Proofs

TRIES_OF_A_CONVERSATION = (5, 15 * 60)
TRIES_WITH_A_PROOF = (10, 24 * 60 * 60)
TRIES_AT_AN_ORDER = (20, 24 * 60 * 60)
REMEMBERED_TRIES = 1000
COUNTRY_SIGN = re.compile(r"^[a-z]{1,2}-(?=\d{4,}$)")
NOBODY = Proofs(customer="", email="", postcodes=("",))


class Level(StrEnum):
    GUEST = "guest"  # public knowledge only
    VERIFIED = "verified"  # gave an order number with its e-mail or postcode
    SIGNED_IN = "signed_in"  # the shop's page vouches for the customer


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


class Identity:
    def __init__(self, store: Proving, limiter: Limiter) -> None:
        self._store, self._limiter = store, limiter
        self._counted: dict[tuple[str, str, str], None] = {}  # the oldest first

    async def verify(self, conversation: str, order_number: str, proof: str) -> Verified | NoMatch | TooManyTries:
        """Compare the proof with the e-mail of the order's customer and the postcodes of both.

        Every try counts, right ones too, before anything is looked up. The same one again in the same conversation
        counts once, as far as this process remembers: a turn that is interrupted runs anew, and nobody guesses more.
        """
        guess = (conversation, spoken(order_number), _plain(proof))
        if guess not in self._counted:
            if seconds := await self._seconds_to_wait(*guess):
                return TooManyTries(seconds)
            self._remember(guess)
        found = await self._store.proofs(order_number)
        known = found or NOBODY
        by_email, by_postcode = _is_one_of(proof, (known.email,)), _is_one_of(proof, known.postcodes)
        return Verified(found.customer, by_email) if found and (by_email or by_postcode) else NoMatch()

    async def signed_in(self, customer_id: str) -> bool:
        """Whether the shop has the customer for whom its page vouches."""
        return await self._store.of(customer_id).customer() is not None

    def _remember(self, guess: tuple[str, str, str]) -> None:
        self._counted[guess] = None
        if len(self._counted) > REMEMBERED_TRIES:
            del self._counted[next(iter(self._counted))]

    async def _seconds_to_wait(self, conversation: str, order: str, proof: str) -> int:
        """Stops at the first refusal, so that a conversation out of tries cannot use up those of others."""
        for what, who, (at_most, per_seconds) in (
            ("verify:conversation", conversation, TRIES_OF_A_CONVERSATION),
            ("verify:proof", proof, TRIES_WITH_A_PROOF),
            ("verify:order", order, TRIES_AT_AN_ORDER),
        ):
            seconds = await self._limiter.allow(what, who, at_most, per_seconds)
            if seconds:
                return seconds
        return 0


def _is_one_of(proof: str, candidates: Sequence[str]) -> bool:
    """All candidates are compared, each in constant time; an empty one proves nothing."""
    given = _plain(proof).encode()
    matches = False
    for candidate in candidates:
        expected = _plain(candidate).encode()
        matches |= hmac.compare_digest(given, expected) and bool(expected)
    return matches


def _plain(proof: str) -> str:
    """Without spaces and case, in one width; a postcode also without dashes and the sign of its country: "sw1a 1aa" is
    SW1A1AA, D-10115 is 10115. Half a character, which JSON allows, is none."""
    whole = proof.encode(errors="ignore").decode()
    plain = "".join(unicodedata.normalize("NFKC", whole).casefold().split())
    return plain if "@" in plain else COUNTRY_SIGN.sub("", plain).replace("-", "")
