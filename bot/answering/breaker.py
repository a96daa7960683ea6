"""When a call to the model may start: not while it keeps failing, and not too many at once. No I/O in here."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.answering.failures import ModelFailure, ModelOverloaded, ModelRefused, ModelUnavailable


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

    def admits(self) -> bool:
        """Whether a call may start; each call admitted must end in succeeded(), failed() or abandoned()."""
        if self._opened is None:
            return True
        if self._trial or self._clock() - self._opened < self._rest:
            return False
        self._trial = True
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


class Places:
    """At most so many calls at once; who finds no place within `wait_seconds` gets ModelOverloaded."""

    def __init__(self, places: int, wait_seconds: float = 3) -> None:
        self._free, self._wait = asyncio.Semaphore(places), wait_seconds

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._wait):
                await self._free.acquire()
        except TimeoutError:
            raise ModelOverloaded(f"No place for another call to the model within {self._wait:g} s") from None
        try:
            yield
        finally:
            self._free.release()


class Guard:
    """Both together, around one call."""

    def __init__(self, breaker: Breaker, places: Places) -> None:
        self.breaker, self.places = breaker, places

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        async with self.places.one():
            if not self.breaker.admits():
                raise ModelUnavailable("The model is left alone for a few seconds, after too many errors")
            try:
                yield
            except ModelRefused:  # it is up, and refuses this one request
                self.breaker.succeeded()
                raise
            except ModelFailure:
                self.breaker.failed()
                raise
            except BaseException:
                self.breaker.abandoned()
                raise
            self.breaker.succeeded()
