"""How much may be open at the same time: of one conversation, of one address, and in this process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from adapters.web.refusals import Refusal
from adapters.web.settings import WebSettings

What = Literal["sockets", "streams", "replies"]  # a stream follows a conversation, a reply is waited for once


class Crowd:
    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self._open: Counter[str] = Counter()
        self._all = 0

    @contextmanager
    def one_more(self, address: str = "") -> Iterator[None]:
        """Room in this process, and for an address where one is named. Raises Refusal (503, 429)."""
        if self._all >= self._settings.most_open:
            raise Refusal(503, "This server has no room for another connection; try again in 5 s.", retry_after=5)
        self._all += 1
        try:
            if address:
                at_most = self._settings.sockets_per_address
                with self._counted(f"address {address}", "sockets", at_most):
                    yield
            else:
                yield
        finally:
            self._all -= 1

    @contextmanager
    def of_conversation(self, what: What, conversation: str) -> Iterator[None]:
        """Raises Refusal (429)."""
        settings = self._settings
        at_most = settings.replies_per_conversation if what == "replies" else settings.sockets_per_conversation
        with self._counted(f"{what} {conversation}", what, at_most):
            yield

    @contextmanager
    def _counted(self, whose: str, what: What, at_most: int) -> Iterator[None]:
        if self._open[whose] >= at_most:
            raise Refusal(429, f"More than {at_most} {what} are open.", retry_after=10)
        self._open[whose] += 1
        try:
            yield
        finally:
            self._open[whose] -= 1
            if not self._open[whose]:
                del self._open[whose]
