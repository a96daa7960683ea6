"""A server that keeps failing is left alone for a while."""

from bot.answering.breaker import Breaker


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


def test_asking_whether_it_is_ready_takes_no_trial() -> None:
    clock = Clock()
    breaker = broken(clock)
    assert not breaker.is_ready
    clock.now += 5
    assert breaker.is_ready and breaker.is_ready
    assert breaker.admits()
    assert not breaker.is_ready
