"""Ids of conversations, customers and messages as they may stand in logs and traces: always the same for the same id,
in every process of one shop, and of no use to whoever does not have the shop's secret."""

import secrets
from hashlib import blake2b

LETTERS = 12

_PURPOSE = b"shopdesk names"


class Pseudonyms:
    """Keyed hashes (BLAKE2b, RFC 7693). Until it has the shop's secret it has one of its own."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def use(self, secret: bytes) -> None:
        self._key = blake2b(secret, person=_PURPOSE, digest_size=32).digest()

    def of(self, real: str) -> str:
        """ "" stays ""."""
        return blake2b(real.encode(), key=self._key, digest_size=LETTERS // 2).hexdigest() if real else ""


PSEUDONYMS = Pseudonyms()  # of this process: a log line is written far from whoever was given a secret
