"""Passwords of staff: which are good enough, and how they are kept: by Argon2, beside the event loop."""

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

FEWEST_CHARACTERS = 10
MOST_CHARACTERS = 200
FEWEST_DIFFERENT = 5
OWN_CHARACTERS = 6  # beside the name of whose password it is
LONGEST_RUN = 6  # characters of a row of the keyboard, say, count as one
AT_ONCE = 2  # each takes 64 MiB, and a processor for a tenth of a second
MOST_IN_LINE = 20

# what is tried first, without the digits and signs that stand before and after it
TRIED_FIRST = """
    password passwort passw0rd pa55word p@ssword p@ssw0rd passwordpassword letmein letmeinnow welcome welcomeback qwerty
    administrator admin adminadmin root superuser supersecret secret topsecret iloveyou iloveyouu sunshine princess
    football baseball basketball dragon monkey trustno trustnoone master changeme changemenow default shopdesk support
    customerservice helpdesk servicedesk service company woaini woainiwoaini wodemima mima mimashi nihao correcthorse
"""
COMMON = frozenset(TRIED_FIRST.split())
ROWS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
)
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else


class TooMany(ConnectionError):
    """So many sign in at this moment that one more would only wait."""


class Passwords:
    """Two at a time, in threads: who signs in holds up no conversation."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """Without one: two passes over 64 MiB, beyond what OWASP's Password Storage Cheat Sheet asks for at least."""
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=64 * 1024, parallelism=1)
        self._threads = ThreadPoolExecutor(AT_ONCE, "passwords")  # who goes away meanwhile leaves no third at work
        self._in_line = 0
        self._nobodys = _of_nobody(self._hasher)

    async def hashed(self, password: str) -> str:
        """Raises TooMany."""
        given = _plain(password)
        return await self._beside(lambda: self._hasher.hash(given))

    async def fits(self, kept: str, password: str) -> bool:
        """The same work where `kept` is "", as of who is nobody, and for one that is far too long. Raises TooMany."""
        given = _plain(password[:MOST_CHARACTERS])
        right = await self._beside(lambda: self._verified(kept or self._nobodys, given))
        return right and bool(kept) and len(password) <= MOST_CHARACTERS

    def is_old(self, kept: str) -> bool:
        """Hashed at another cost than is asked for now."""
        return self._hasher.check_needs_rehash(kept)

    def _verified(self, kept: str, given: bytes) -> bool:
        try:
            return self._hasher.verify(kept, given)
        except (VerificationError, InvalidHashError):
            return False

    async def _beside(self, work: Callable[[], T]) -> T:
        if self._in_line >= MOST_IN_LINE:
            raise TooMany("Too many are signing in at this moment: try again shortly.")
        self._in_line += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._in_line -= 1


def check_strength(password: str, *names: str) -> None:
    """`names`: what others know of whose it is. Raises ValueError in one sentence for one that is too easy."""
    if len(password) > MOST_CHARACTERS:
        raise ValueError(f"The password is too long: at most {MOST_CHARACTERS} characters.")
    folded = _plain(password).decode().casefold()
    if len(folded) < FEWEST_CHARACTERS:
        raise ValueError(f"The password is too short: at least {FEWEST_CHARACTERS} characters.")
    if len(set(folded)) < FEWEST_DIFFERENT:
        raise ValueError("The password repeats itself: use more different characters.")
    if _letters(folded) in COMMON or _outside_rows(folded) < FEWEST_DIFFERENT:
        raise ValueError("The password is one of those that are tried first: use a few words of your own.")
    rest = folded
    for name in sorted(filter(None, (name.casefold() for name in names)), key=len, reverse=True):
        rest = rest.replace(name, "")
    if rest != folded and _outside_rows(rest) < OWN_CHARACTERS:
        raise ValueError("The password is little more than the name: use a few words of your own.")


def new_password() -> str:
    """Four groups of five, easy to read out; about 99 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))


def _plain(password: str) -> bytes:
    """The same for every keyboard that writes the same signs (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode(errors="replace")


def _letters(folded: str) -> str:
    """Without the digits and signs around it."""
    outer = "".join(sign for sign in set(folded) if not sign.isalpha())
    return folded.strip(outer)


def _outside_rows(folded: str) -> int:
    """How many characters there are when each run along a row, forwards or back, counts as one."""
    count, at = 0, 0
    while at < len(folded):
        length = LONGEST_RUN
        while length > 2 and not _is_run(folded[at : at + length], length):
            length -= 1
        at += length if length > 2 else 1
        count += 1
    return count


def _is_run(piece: str, length: int) -> bool:
    return len(piece) == length and any(piece in row or piece[::-1] in row for row in ROWS)


def _of_nobody(hasher: PasswordHasher) -> str:
    """A hash of no password, which takes as long to compare as any other."""
    salt, rest = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (hasher.salt_len, hasher.hash_len)
    )
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${rest}"
