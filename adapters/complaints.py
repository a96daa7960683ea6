"""What only a person can put right: said to whoever runs the desk, and not again and again."""

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

AGAIN_SECONDS = 600.0  # between two complaints in the same words


class Complaints:
    """`announce` prints one line to the person who started the program."""

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._said = dict[str, float]()

    def say(self, sentence: str, cause: str) -> None:
        """`cause`: what the platform said, for the log."""
        now = time.monotonic()
        if now - self._said.get(sentence, -AGAIN_SECONDS) < AGAIN_SECONDS:
            return
        self._said[sentence] = now
        log.error("%s (%s)", sentence, cause)
        self._announce(sentence)
