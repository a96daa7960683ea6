"""Which call to the model goes where and who waits: no place is lost, none is given twice, the order holds."""

import asyncio
import time
from collections.abc import Coroutine
from itertools import count
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bot.answering.breaker import Breaker
from bot.answering.completions import Completions
from bot.answering.failures import ModelOverloaded, ModelUnavailable
from bot.answering.patience import Patience, Urgency
from bot.answering.places import LINE, Places, Replica

EXAMPLES = 300
NOBODY = 1000.0  # seconds; no test waits so long


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def places_at(*room: int, clock: Clock | None = None, wait_seconds: float = NOBODY) -> Places:
    asks_nobody: aiohttp.ClientSession = None  # type: ignore[assignment]
    return Places(
        [
            Replica(f"http://{number}", Completions(asks_nobody, f"http://{number}"), Breaker(clock or Clock()), one)
            for number, one in enumerate(room)
        ],
        wait_seconds,
    )


async def settled() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


def break_down(replica: Replica) -> None:
    for _ in range(5):
        replica.breaker.failed()


def asking(places: Places, patience: Patience) -> asyncio.Task[Replica]:
    return asyncio.create_task(places.take(patience, NOBODY))


async def test_a_call_goes_to_the_least_loaded_replica() -> None:
    places = places_at(3, 3)
    given = [(await places.take(Patience(), 1)).name for _ in range(6)]
    assert sorted(given) == ["http://0"] * 3 + ["http://1"] * 3
    places.leave(places.replicas[1])
    assert (await places.take(Patience(), 1)).name == "http://1"


async def test_idle_replicas_are_taken_in_turn() -> None:
    places, given = places_at(4, 4, 4), []
    for _ in range(6):
        replica = await places.take(Patience(), 1)
        given.append(replica.name)
        places.leave(replica)
    assert given[:3] == given[3:] and len(set(given)) == 3


async def test_a_replica_that_fails_is_not_asked_until_it_has_rested_and_then_first() -> None:
    clock = Clock()
    places = places_at(9, 9, clock=clock)
    broken, well = places.replicas
    break_down(broken)
    assert {(await places.take(Patience(), 1)).name for _ in range(4)} == {well.name}
    clock.now += 5
    assert await places.take(Patience(), 1) is broken  # one call as a trial
    assert await places.take(Patience(), 1) is well
    broken.breaker.succeeded()
    assert await places.take(Patience(), 1) is broken


async def test_a_turn_does_not_go_back_to_a_replica_that_failed_it() -> None:
    places = places_at(4, 4)
    patience = Patience(failed={"http://0"})
    assert {(await places.take(patience, 1)).name for _ in range(4)} == {"http://1"}


async def test_when_no_replica_is_well_nobody_waits() -> None:
    places = places_at(1, 1)
    for replica in places.replicas:
        break_down(replica)
    with pytest.raises(ModelUnavailable, match="left alone"):
        await places.take(Patience(), NOBODY)


async def test_who_waits_is_told_when_the_last_replica_fails() -> None:
    places = places_at(1)
    replica = await places.take(Patience(), 1)
    waiting = asking(places, Patience())
    await settled()
    break_down(replica)
    places.leave(replica)
    with pytest.raises(ModelUnavailable, match="left alone"):
        await waiting


async def test_who_finds_no_place_in_time_is_told_that_the_model_is_overloaded() -> None:
    places = places_at(1, wait_seconds=0.02)
    replica = await places.take(Patience(), 1)
    with pytest.raises(ModelOverloaded, match=r"within 0\.0 s"):
        await places.take(Patience(), 1)
    places.leave(replica)
    assert await places.take(Patience(), 1) is replica


async def test_nobody_waits_longer_than_their_turn_has_left() -> None:
    places = places_at(1)
    await places.take(Patience(), 1)
    with pytest.raises(ModelOverloaded):
        await places.take(Patience(), 0.02)
    assert places.waiting == 0


async def test_beyond_the_line_a_call_is_refused_at_once() -> None:
    places = places_at(1)
    await places.take(Patience(), 1)
    line = [asking(places, Patience(since=1)) for _ in range(LINE)]
    await settled()
    with pytest.raises(ModelOverloaded, match="wait for the model already"):
        await places.take(Patience(since=2), NOBODY)
    assert not any(task.done() for task in line)
    await ended(line)


async def test_whoever_has_waited_longest_for_an_answer_takes_the_place_of_the_newest_in_a_full_line() -> None:
    places = places_at(1)
    replica = await places.take(Patience(), 1)
    first, second = asking(places, Patience(since=10)), asking(places, Patience(since=20))
    await settled()
    older = asking(places, Patience(since=5))  # a second call of a turn that is older than both
    with pytest.raises(ModelOverloaded):
        await second
    places.leave(replica)
    assert await older is replica
    await ended([first])


async def test_a_customer_who_waits_goes_before_what_nobody_waits_for() -> None:
    places = places_at(1)
    replica = await places.take(Patience(), 1)
    nightly = asking(places, Patience(Urgency.BACKGROUND, since=1))
    await settled()
    customer = asking(places, Patience(Urgency.INTERACTIVE, since=2))
    await settled()
    places.leave(replica)
    assert await customer is replica
    places.leave(replica)
    assert await nightly is replica


@pytest.mark.parametrize("in_time", [True, False], ids=["cancelled", "too late"])
async def test_a_place_given_to_who_stops_waiting_in_that_moment_goes_on_to_the_next(in_time: bool) -> None:
    places = places_at(1)
    replica = await places.take(Patience(), 1)
    first = asyncio.create_task(places.take(Patience(since=1), NOBODY if in_time else 0.02))
    second = asking(places, Patience(since=2))
    await settled()
    if in_time:
        places.leave(replica)
        first.cancel()
    else:
        time.sleep(0.03)  # noqa: ASYNC251 - the loop then finds both at once: no time left, and a place
        asyncio.get_running_loop().call_soon(places.leave, replica)
    async with asyncio.timeout(20):
        await asyncio.gather(first, return_exceptions=True)
        if first.done() and is_given(first):
            places.leave(first.result())
        assert await second is replica
    places.leave(replica)
    assert replica.in_flight == 0


async def ended(tasks: list[asyncio.Task[Replica]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


arrivals = some.tuples(some.just("arrive"), some.sampled_from(Urgency), some.integers(0, 9))
leaving = some.tuples(some.just("leave"), some.sampled_from(("succeeded", "failed", "abandoned")), some.integers(0, 99))
cancelling = some.tuples(some.just("cancel"), some.none(), some.integers(0, 99))
ticks = some.tuples(some.sampled_from(("tick", "rest")), some.none(), some.none())
happenings = some.lists(some.one_of(arrivals, arrivals, leaving, leaving, cancelling, cancelling, ticks), max_size=80)
rooms = some.lists(some.integers(1, 2), min_size=1, max_size=3)


class Play:
    """Calls that come, leave and give up in the same moments; nothing is awaited between two ticks."""

    def __init__(self, room: list[int]) -> None:
        self.clock = Clock()
        self.places = places_at(*room, clock=self.clock)
        self.asked: list[asyncio.Task[Replica]] = []
        self.holding: list[Replica] = []

    def arrive(self, urgency: Urgency, since: int) -> None:
        self.asked.append(asking(self.places, Patience(urgency, since)))

    def leave(self, how: str, which: int) -> None:
        self.collect()
        if self.holding:
            replica = self.holding.pop(which % len(self.holding))
            getattr(replica.breaker, how)()
            self.places.leave(replica)

    def cancel(self, _: None, which: int) -> None:
        if self.asked:
            self.asked[which % len(self.asked)].cancel()

    def rest(self, *_: None) -> None:
        self.clock.now += 5

    def collect(self) -> None:
        """What was given and noticed."""
        for task in [one for one in self.asked if one.done()]:
            self.asked.remove(task)
            if not task.cancelled() and task.exception() is None:
                self.holding.append(task.result())

    async def tick(self, *_: None) -> None:
        await settled()
        self.collect()
        assert all(0 <= one.in_flight <= one.places for one in self.places.replicas), "more calls than places"
        assert sum(one.in_flight for one in self.places.replicas) == len(self.holding), "a place was lost"
        if self.places.waiting:
            assert not any(one.has_room for one in self.places.replicas if one.breaker.closed), "a place lies idle"
        assert self.places.waiting == len(self.asked), "somebody waits who is not in the line"

    async def finish(self) -> None:
        for _ in range(300):
            await self.tick()
            if not self.holding and not self.asked:
                return
            self.leave("succeeded", 0)
            if not self.holding:
                self.rest()
        pytest.fail("somebody waits for ever")


@settings(max_examples=EXAMPLES, deadline=None)
@given(rooms, happenings)
def test_whatever_happens_at_once_no_place_is_lost_or_given_twice_and_nobody_waits_beside_a_free_one(
    room: list[int], happened: list[tuple[str, Any, Any]]
) -> None:
    async def play() -> None:
        stage = Play(room)
        for name, *how in happened:
            doing = getattr(stage, name)(*how)
            if isinstance(doing, Coroutine):
                await doing
        await stage.finish()

    asyncio.run(play())


class Reckoning:
    """What should be: a sorted line, and a number of places."""

    def __init__(self, room: int) -> None:
        self.free, self.bound = room, LINE * room
        self.line: list[tuple[int, int, int]] = []
        self.inside: list[int] = []
        self.refused: set[int] = set()

    def arrive(self, urgency: int, since: int, number: int) -> None:
        self.line = sorted([*self.line, (urgency, since, number)])
        self.hand_out()
        self.refused |= {number for *_, number in self.line[self.bound :]}
        self.line = self.line[: self.bound]

    def hand_out(self) -> None:
        given, self.line = self.line[: self.free], self.line[self.free :]
        self.inside += [number for *_, number in given]
        self.free -= len(given)

    def leave(self, number: int) -> None:
        self.inside.remove(number)
        self.free += 1
        self.hand_out()

    def give_up(self, number: int) -> None:
        self.line = [one for one in self.line if one[2] != number]


@settings(max_examples=EXAMPLES, deadline=None)
@given(some.integers(1, 4), some.lists(some.one_of(arrivals, arrivals, leaving, cancelling), max_size=50))
def test_customers_first_then_the_oldest_and_the_last_of_a_full_line_is_refused(
    room: int, happened: list[tuple[str, Any, Any]]
) -> None:
    async def play() -> None:
        places, right, numbers = places_at(room), Reckoning(room), count()
        tasks: dict[int, asyncio.Task[Replica]] = {}
        for name, how, which in happened:
            if name == "arrive":
                number = next(numbers)
                tasks[number] = asking(places, Patience(how, which))
                right.arrive(int(how), which, number)
            elif name == "leave" and right.inside:
                number = right.inside[which % len(right.inside)]
                places.leave(tasks.pop(number).result())
                right.leave(number)
            elif name == "cancel" and right.line:
                number = right.line[which % len(right.line)][2]
                tasks[number].cancel()
                right.give_up(number)
            await settled()
            assert {n for n, t in tasks.items() if is_given(t)} == set(right.inside)
            assert {n for n, t in tasks.items() if is_refused(t)} == right.refused
            assert {n for n, t in tasks.items() if not t.done()} == {n for *_, n in right.line}
        await ended([task for task in tasks.values() if not task.done()])

    asyncio.run(play())


def is_given(task: asyncio.Task[Replica]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def is_refused(task: asyncio.Task[Replica]) -> bool:
    return task.done() and not task.cancelled() and isinstance(task.exception(), ModelOverloaded)
