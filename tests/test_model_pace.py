"""A reply that comes more slowly than people read is given up; one that is only sent in larger pieces is not."""

import pytest

from bot.answering.pace import LEAST_BYTES, LEAST_CHUNKS, WINDOW_SECONDS, Pace


def given_up_at(times_and_sizes: list[tuple[float, int]]) -> float | None:
    """When a reply of these pieces is given up; None if it comes to its end."""
    pace, due = Pace(times_and_sizes[0][0]), float("inf")
    for at, size in times_and_sizes:
        if at > due:
            return due
        due = pace.took(size, at)
    return None


def regular(each_second: float, size: int, seconds: float = 20) -> list[tuple[float, int]]:
    return [(number / each_second, size) for number in range(int(seconds * each_second))]


@pytest.mark.parametrize(
    ("each_second", "size"),
    [(4.1, 1), (30, 4), (5, 3), (1, 40), (0.5, 64), (2, 12 * 3)],
    ids=["four tokens", "a usual model", "Chinese tokens", "a sentence at a time", "every 2 s", "12 characters"],
)
def test_what_comes_as_fast_as_people_read_is_not_given_up(each_second: float, size: int) -> None:
    assert given_up_at(regular(each_second, size)) is None


@pytest.mark.parametrize(
    ("each_second", "size"), [(3.9, 4), (1, 10), (0.25, 60), (2, 5)], ids=["four", "one", "rarely", "two"]
)
def test_a_drip_is_given_up(each_second: float, size: int) -> None:
    at = given_up_at(regular(each_second, size))
    assert at is not None and at <= 2 * WINDOW_SECONDS


def test_a_reply_that_stalls_is_given_up_after_one_window() -> None:
    fast = regular(50, 5, seconds=3)
    at = given_up_at([*fast, (60.0, 5)])
    assert at is not None
    assert WINDOW_SECONDS - 1 < at - fast[-1][0] <= WINDOW_SECONDS


def test_a_pause_that_is_shorter_than_the_window_is_forgiven() -> None:
    assert given_up_at([*regular(50, 5, seconds=3), *((6.5 + at, 5) for at, _ in regular(50, 5, 3))]) is None


def test_nothing_is_given_up_before_the_first_window_is_over() -> None:
    assert given_up_at([(0.0, 1), (3.9, LEAST_BYTES), (7.8, LEAST_BYTES)]) is None
    assert given_up_at([(0.0, 1), (4.1, LEAST_BYTES)]) == WINDOW_SECONDS


def test_one_window_too_slow_is_enough_wherever_it_is() -> None:
    slow = [(10 + at, 3) for at, _ in regular(2, 3, seconds=10)]
    assert given_up_at([*regular(LEAST_CHUNKS, 4, seconds=10), *slow]) is not None
