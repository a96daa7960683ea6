"""The book of letters, on each kind of Redis: noted once, tried by one at a time, never silently gone."""

import asyncio
import time

import pytest
from redis.asyncio import Redis

from bot.keys import SENT_SECONDS, Keys
from bot.letters.errands import Errand, ErrandBook, NotNoted
from bot.redis.connection import Connection

LEASE = 1.0
SECONDS = 30.0


@pytest.fixture
def book(any_connection: Connection) -> ErrandBook:
    return ErrandBook(any_connection, LEASE)


async def taken(book: ErrandBook) -> Errand:
    """What is due, or will be soon."""
    deadline = time.monotonic() + SECONDS
    while not isinstance(found := await book.take(), Errand):
        assert time.monotonic() < deadline, "nothing is due"
        await asyncio.sleep(0.01)
    return found


async def test_what_is_noted_again_is_one_letter_also_after_it_was_sent(
    book: ErrandBook, any_connection: Connection
) -> None:
    await book.note("token", "en")
    await book.note("token", "zh")
    errand = await taken(book)
    assert errand == Errand("token", "en", 1)
    await book.note("token", "en")
    await book.sent(errand)
    await book.note("token", "en")
    assert await book.take() is None and await book.unsent() == []
    assert await any_connection.commands.ttl(Keys.errand_sent("token")) > SENT_SECONDS - 60 >= 24 * 3600


async def test_of_many_that_look_at_once_each_gets_another_letter(book: ErrandBook) -> None:
    for number in range(5):
        await book.note(f"token-{number}", "en")
    found = await asyncio.gather(*(book.take() for _ in range(20)))
    keys = [one.key for one in found if isinstance(one, Errand)]
    assert sorted(keys) == [f"token-{number}" for number in range(5)]


async def test_a_lease_that_is_kept_too_late_does_not_bring_forward_what_was_put_off(book: ErrandBook) -> None:
    await book.note("token", "en")
    errand = await taken(book)
    await book.put_off(errand, 3600, "the mail server is away")
    await book.keep(errand)
    until = await book.take()
    assert isinstance(until, float) and until > 3000


async def test_what_a_dead_sender_had_is_there_again_after_its_lease_and_not_before(book: ErrandBook) -> None:
    await book.note("token", "en")
    await taken(book)
    until = await book.take()
    assert isinstance(until, float) and 0 < until <= LEASE
    assert (await taken(book)).tries == 2


async def test_a_lease_that_is_kept_does_not_run_out(book: ErrandBook) -> None:
    await book.note("token", "en")
    errand = await taken(book)
    for _ in range(8):
        await asyncio.sleep(LEASE / 4)
        await book.keep(errand)
        assert not isinstance(await book.take(), Errand)


async def test_who_lost_the_lease_changes_nothing_unless_the_letter_is_sent(book: ErrandBook) -> None:
    await book.note("token", "en")
    slow = await taken(book)
    quick = await taken(book)
    await book.put_off(slow, 3600, "too late")
    await book.give_up(slow, "too late")
    (unsent,) = await book.unsent()
    assert (unsent.tries, unsent.why, unsent.given_up) == (quick.tries, "", False)
    await book.sent(slow)
    assert await book.unsent() == [] and await book.take() is None


async def test_what_is_put_off_waits_and_what_is_given_up_stays_in_the_book_until_somebody_decides(
    book: ErrandBook,
) -> None:
    await book.note("token", "en")
    await book.put_off(await taken(book), 0.2, "the server is away")
    (waiting,) = await book.unsent()
    assert (waiting.tries, waiting.why, waiting.given_up) == (1, "the server is away", False)
    errand = await taken(book)
    assert errand.tries == 2
    await book.give_up(errand, "the server is away for good")
    await book.note("token", "en")
    assert await book.take() is None
    (given_up,) = await book.unsent()
    assert given_up.given_up and given_up.why == "the server is away for good"
    await book.again(given_up)
    assert await taken(book) == Errand("token", "en", 1)


async def test_what_is_about_to_be_done_is_due_later_and_at_once_when_it_is_done(book: ErrandBook) -> None:
    await book.note("token", "en", 60)
    until = await book.take()
    assert isinstance(until, float) and 55 < until <= 60
    await book.note("token", "en", 90)
    until = await book.take()
    assert isinstance(until, float) and 85 < until <= 90
    await book.note("token", "en")
    await taken(book)
    await book.note("token", "en")
    assert not isinstance(await book.take(), Errand)


async def test_what_was_dropped_may_be_noted_anew(book: ErrandBook) -> None:
    await book.note("token", "en")
    await book.drop((await taken(book)).key)
    assert await book.take() is None
    await book.note("token", "en")
    assert (await taken(book)).tries == 1


async def test_a_redis_that_is_full_takes_and_ends_letters_all_the_same(
    book: ErrandBook, any_connection: Connection
) -> None:
    redis = any_connection.commands
    await redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(Exception, match="maxmemory"):
            await redis.set("errands:{letters}:full", "1")
        await book.note("token", "en")
        await book.put_off(await taken(book), 0, "the server is away")
        await book.sent(await taken(book))
        await book.note("token", "en")
        assert await book.take() is None
    finally:
        await redis.config_set("maxmemory", "0")


async def test_without_redis_a_turn_is_told_that_it_must_begin_again() -> None:
    gone = Redis.from_url("unix:///nowhere/redis.sock")
    with pytest.raises(NotNoted):
        await ErrandBook(Connection(gone, gone)).note("token", "en")
