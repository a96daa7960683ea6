"""Which call goes to which replica, and who waits: so many calls at once at each, and a short line in order."""

import asyncio
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from bot.answering.breaker import Breaker
from bot.answering.completions import Completions
from bot.answering.failures import ModelFailure, ModelOverloaded, ModelUnavailable
from bot.answering.patience import Patience

LINE = 2  # so many may wait for each place: with calls of 1.5 s, the last of them waits WAIT_SECONDS
WAIT_SECONDS = 3.0  # with 7 left for the reply itself, of the 10 s that a turn has until its first text


@dataclass(slots=True, eq=False)
class Replica:
    """One model server."""

    name: str  # its address, without what is secret in it
    completions: Completions
    breaker: Breaker
    places: int  # calls at once
    in_flight: int = 0
    taken: int = 0  # the number of its newest call, over all replicas

    @property
    def has_room(self) -> bool:
        return self.in_flight < self.places


@dataclass(slots=True, order=True)
class _Waiting:
    """Sorted as they are served: who is waited for by a customer, then the oldest, then who came first."""

    urgency: int
    since: float
    arrival: int
    failed: set[str] = field(compare=False)
    place: asyncio.Future[Replica] = field(compare=False)


class Places:
    """Nothing in here is awaited while the line is changed, so no place is lost between two who want it."""

    def __init__(self, replicas: Sequence[Replica], wait_seconds: float = WAIT_SECONDS) -> None:
        self.replicas = tuple(replicas)
        self._wait = wait_seconds
        self._line: list[_Waiting] = []
        self._numbers = count(1)

    @property
    def waiting(self) -> int:
        return len(self._line)

    def has_other(self, patience: Patience, than: Replica | None = None) -> bool:
        """Whether a replica could be asked that has not failed this turn."""
        return any(
            one is not than and one.name not in patience.failed and one.breaker.is_ready for one in self.replicas
        )

    async def take(self, patience: Patience, seconds: float) -> Replica:
        """A place at the least loaded replica, within `seconds` and WAIT_SECONDS; leave() gives it back.

        Raises ModelOverloaded at once where the line is full and this call would be its last, and later where no place
        came in time or more urgent calls needed its place in the line; ModelUnavailable where no replica is well.
        """
        if not self._line:
            able = self._able(patience.failed)
            if not able:
                raise _nobody_is_well()
            if free := [one for one in able if one.has_room]:
                return self._given(free)
        place: asyncio.Future[Replica] = asyncio.get_running_loop().create_future()
        mine = _Waiting(patience.urgency, patience.since, next(self._numbers), patience.failed, place)
        insort(self._line, mine)
        self._hand_out()
        self._shorten()
        return await self._awaited(mine, min(seconds, self._wait))

    def leave(self, replica: Replica) -> None:
        """The call has ended; the first in line who may go to this replica does."""
        replica.in_flight -= 1
        if self._line:
            self._hand_out()

    async def _awaited(self, mine: _Waiting, seconds: float) -> Replica:
        try:
            async with asyncio.timeout(seconds):
                return await mine.place
        except TimeoutError:
            self._withdraw(mine)
            raise ModelOverloaded(f"No place for another call to the model within {seconds:.1f} s") from None
        except asyncio.CancelledError:
            self._withdraw(mine)
            raise

    def _withdraw(self, mine: _Waiting) -> None:
        """Whoever stops waiting may have been given a place in the same moment: it goes on to the next."""
        if mine in self._line:
            self._line.remove(mine)
        if mine.place.done() and not mine.place.cancelled() and mine.place.exception() is None:
            replica = mine.place.result()
            replica.breaker.abandoned()
            self.leave(replica)

    def _hand_out(self) -> None:
        """What is free goes to who is first; who can be served by nobody is told so."""
        for waiting in tuple(self._line):
            able = self._able(waiting.failed)
            if not able:
                self._refuse(waiting, _nobody_is_well())
            elif free := [one for one in able if one.has_room]:
                self._line.remove(waiting)
                if not waiting.place.done():  # else it was cancelled, and has not noticed yet
                    waiting.place.set_result(self._given(free))
            elif not any(one.has_room for one in self.replicas if one.breaker.is_ready):
                return

    def _shorten(self) -> None:
        bound = LINE * sum(one.places for one in self.replicas if one.breaker.is_ready)
        while len(self._line) > bound:
            self._refuse(self._line[-1], ModelOverloaded(f"{bound} calls wait for the model already"))

    def _refuse(self, waiting: _Waiting, why: ModelFailure) -> None:
        self._line.remove(waiting)
        if not waiting.place.done():
            waiting.place.set_exception(why)

    def _able(self, failed: set[str]) -> list[Replica]:
        return [one for one in self.replicas if one.breaker.is_ready and one.name not in failed]

    def _given(self, free: Sequence[Replica]) -> Replica:
        """One that has rested is tried first, or it would never be found well; among equals, each in its turn."""
        chosen = min(free, key=lambda one: (one.breaker.closed, one.in_flight / one.places, one.taken))
        chosen.breaker.admits()
        chosen.in_flight += 1
        chosen.taken = next(self._numbers)
        return chosen


def _nobody_is_well() -> ModelUnavailable:
    return ModelUnavailable("The model is left alone for a few seconds, after too many errors")
