"""When a call to the model may start."""

import asyncio

import pytest

from bot.answering.breaker import Breaker, Guard, Places
from bot.answering.failures import ModelGarbled, ModelOverloaded, ModelRefused, ModelUnavailable


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(5):
        assert breaker.admits()
        breaker.failed()
    return breaker


def test_five_errors_within_ten_seconds_open_it() -> None:
    breaker = broken(Clock())
    assert not breaker.closed
    assert not breaker.admits()


def test_four_errors_do_not_open_it() -> None:
    breaker = Breaker(Clock())
    for _ in range(4):
        breaker.failed()
    assert breaker.closed and breaker.admits()


def test_errors_further_apart_do_not_open_it() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(20):
        breaker.failed()
        clock.now += 2.6
    assert breaker.closed


def test_a_success_forgets_the_errors_before_it() -> None:
    breaker = Breaker(Clock())
    for _ in range(4):
        breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.closed


def test_after_the_rest_one_call_and_only_one_is_let_through() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 4.9
    assert not breaker.admits()
    clock.now += 0.2
    assert breaker.admits()
    assert not breaker.admits()


def test_a_trial_that_succeeds_closes_it() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 5
    assert breaker.admits()
    breaker.succeeded()
    assert breaker.closed and breaker.admits() and breaker.admits()


def test_a_trial_that_fails_opens_it_for_another_rest() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 5
    assert breaker.admits()
    breaker.failed()
    clock.now += 4.9
    assert not breaker.admits()
    clock.now += 0.1
    assert breaker.admits()


def test_a_trial_that_is_abandoned_leaves_the_way_free_for_the_next() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 5
    assert breaker.admits()
    breaker.abandoned()
    assert not breaker.closed
    assert breaker.admits()


async def test_who_finds_no_place_in_time_is_told_that_the_model_is_overloaded() -> None:
    places = Places(1, wait_seconds=0.02)
    async with places.one():
        with pytest.raises(ModelOverloaded, match=r"0\.02 s"):
            async with places.one():
                pass
    async with places.one():
        pass


async def test_who_waits_gets_the_place_that_becomes_free() -> None:
    places, order = Places(1, wait_seconds=5), []

    async def call(number: int) -> None:
        async with places.one():
            order.append(number)
            await asyncio.sleep(0)
            order.append(number)

    await asyncio.gather(*(call(number) for number in range(3)))
    assert order == [0, 0, 1, 1, 2, 2]


async def test_a_call_that_is_cancelled_while_it_waits_takes_no_place() -> None:
    places = Places(1, wait_seconds=5)
    async with places.one():
        waiting = asyncio.create_task(places.one().__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(1), places.one():
        pass


async def fail(guard: Guard, error: BaseException) -> None:
    with pytest.raises(type(error)):
        async with guard.call():
            raise error


async def test_failures_of_the_model_open_the_breaker_and_later_calls_are_refused_at_once() -> None:
    guard = Guard(Breaker(Clock()), Places(1))
    for _ in range(5):
        await fail(guard, ModelGarbled("x"))
    with pytest.raises(ModelUnavailable, match="left alone"):
        async with guard.call():
            pytest.fail("the call was let through")


@pytest.mark.parametrize("error", [ModelRefused("x"), asyncio.CancelledError(), RuntimeError("a bug of ours")])
async def test_what_is_no_fault_of_the_model_never_opens_it(error: BaseException) -> None:
    guard = Guard(Breaker(Clock()), Places(1))
    for _ in range(6):
        await fail(guard, error)
    assert guard.breaker.closed


async def test_being_refused_a_place_is_no_error_of_the_model() -> None:
    guard = Guard(Breaker(Clock()), Places(1, wait_seconds=0))
    async with guard.places.one():
        for _ in range(6):
            with pytest.raises(ModelOverloaded):
                async with guard.call():
                    pass
    assert guard.breaker.closed
