"""A circuit breaker: whether a server that keeps failing is asked again. No I/O in here."""

from collections import deque
from collections.abc import Callable


class Breaker:
    """A circuit breaker (M. Nygard, Release It!): so many errors in so many seconds open it for a rest; then one call
    is let through as a trial, whose end closes or reopens it. `clock` counts seconds and never goes back."""

    def __init__(
        self, clock: Callable[[], float], errors: int = 5, within_seconds: float = 10, rest_seconds: float = 5
    ) -> None:
        self._clock, self._within, self._rest = clock, within_seconds, rest_seconds
        self._errors: deque[float] = deque(maxlen=errors)
        self._opened: float | None = None
        self._trial = False

    @property
    def closed(self) -> bool:
        return self._opened is None

    @property
    def is_ready(self) -> bool:
        """Whether a call would be admitted now."""
        return self._opened is None or (not self._trial and self._clock() - self._opened >= self._rest)

    def admits(self) -> bool:
        """Whether a call may start; each call admitted must end in succeeded(), failed() or abandoned()."""
        if not self.is_ready:
            return False
        self._trial = not self.closed
        return True

    def succeeded(self) -> None:
        """Closes it after a trial. A call that began before it opened closes it too: the model does answer."""
        self._opened, self._trial = None, False
        self._errors.clear()

    def failed(self) -> None:
        now = self._clock()
        self._errors.append(now)
        burst = len(self._errors) == self._errors.maxlen and now - self._errors[0] <= self._within
        if self._trial or (self._opened is None and burst):
            self._opened, self._trial = now, False

    def abandoned(self) -> None:
        """The caller went away before the call could show anything: the next one may try."""
        self._trial = False
