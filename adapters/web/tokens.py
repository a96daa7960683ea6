"""The two signed things of the web: our token for a conversation, and the shop's word for who its visitor is."""

import hashlib
import hmac
import secrets
import time
from typing import Any

import jwt
import msgspec

from adapters.web.refusals import Refusal

LONGEST_IDENTITY = 24 * 3600  # seconds that an identity may live
_AUDIENCE = "shopdesk"  # where an identity names one: the shop may sign for others with the same secret
_SKEW = 30  # seconds by which the shop's clock may be off
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing that looks like something else


class Bound(msgspec.Struct, frozen=True):
    """What a token proves."""

    conversation: str
    expires: float  # seconds since 1970
    customer: str = ""
    locale: str = ""


def derived(secret: bytes, purpose: str) -> bytes:
    """A key for one purpose only, so that what one signs is never taken for the other."""
    return hmac.digest(secret, purpose.encode(), hashlib.sha256)


def new_conversation() -> str:
    """130 random bits: nobody guesses another one's."""
    return "web:" + "".join(secrets.choice(_ALPHABET) for _ in range(26))


class Tokens:
    """Binds a caller to one conversation, and to the customer whom it belongs to."""

    def __init__(self, secret: bytes, hours: int) -> None:
        self._key = derived(secret, "conversation token")
        self._seconds = hours * 3600

    def issue(self, customer: str = "", locale: str = "") -> tuple[str, str]:
        """A new conversation and the token for it."""
        conversation = new_conversation()
        claims = {"sub": conversation, "customer": customer, "locale": locale, "exp": int(time.time()) + self._seconds}
        return conversation, jwt.encode(claims, self._key, algorithm="HS256")

    def read(self, token: str) -> Bound:
        """Raises Refusal (401)."""
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"], options={"require": ["sub", "exp"]})
        except jwt.ExpiredSignatureError:
            raise Refusal(401, "The token has expired; ask for a new conversation.") from None
        except jwt.InvalidTokenError:
            raise Refusal(401, "The token is not one of ours; POST /v1/conversations gives one.") from None
        return Bound(claims["sub"], float(claims["exp"]), claims.get("customer", ""), claims.get("locale", ""))


class Identities:
    """Reads what the shop signed about its visitor; in the demo shop it also signs it."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key

    def read(self, identity: str) -> str:
        """The shop's id of the customer. Raises Refusal (401) that says what is wrong with the identity."""
        if self._key is None:
            raise Refusal(401, "identity: this server cannot check it, because SHOPDESK_WIDGET_SECRET is not set.")
        try:
            claims = jwt.decode(
                identity,
                self._key,
                algorithms=["HS256"],
                leeway=_SKEW,
                options={"require": ["sub", "exp"], "verify_aud": False},
            )
        except jwt.InvalidTokenError as problem:
            raise Refusal(401, f"identity: {_what_is_wrong(problem)}") from None
        if _AUDIENCE not in _audiences(claims):
            raise Refusal(401, f'identity: it is meant for somebody else; its aud must be "{_AUDIENCE}", or left out.')
        if claims["exp"] > time.time() + LONGEST_IDENTITY + _SKEW:
            raise Refusal(401, "identity: exp is more than 24 hours ahead.")
        if not 1 <= len(claims["sub"]) <= 200:
            raise Refusal(401, "identity: sub must be the customer's id, 1 to 200 characters long.")
        return str(claims["sub"])

    def mint(self, customer: str) -> str:
        """Signs as the shop would; for the demo shop's own pages."""
        if self._key is None:
            raise ValueError("An identity cannot be signed without SHOPDESK_WIDGET_SECRET.")
        return jwt.encode({"sub": customer, "exp": int(time.time()) + 12 * 3600}, self._key, algorithm="HS256")


def _audiences(claims: dict[str, Any]) -> list[Any]:
    named = claims.get("aud", _AUDIENCE)
    return named if isinstance(named, list) else [named]


def _what_is_wrong(problem: jwt.InvalidTokenError) -> str:
    match problem:
        case jwt.ExpiredSignatureError():
            return "it has expired."
        case jwt.ImmatureSignatureError():
            return "it is not good yet; is the shop's clock right?"
        case jwt.InvalidAlgorithmError():
            return "it must be signed with HS256."
        case jwt.InvalidSignatureError():
            return "its signature does not match SHOPDESK_WIDGET_SECRET."
        case jwt.MissingRequiredClaimError():
            return f"the claim {problem.claim!r} is missing."
        case _:
            return "it is not a signed JSON web token with sub and exp."
