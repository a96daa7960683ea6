"""How staff sign in: what is wrong and how often, what a session is worth and for how long, what a good password is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from threading import Event, Lock
from typing import Any, Literal

import pytest
from argon2 import PasswordHasher
from redis.asyncio import Redis

from bot.desk import sign_ins
from bot.desk.passwords import AT_ONCE, MOST_IN_LINE, Passwords, check_strength, new_password
from bot.desk.people import Staff
from bot.desk.tables import desk_tables
from bot.desks import Member, People, SignInRefused
from bot.redis.connection import Connection
from bot.shop.database import open_database
from tests.staff_office import AWAY, CHEAP, GOOD, HOME, OLIVIA, OTHER, OTTO, Office, open_office


@pytest.fixture
async def office(store_url: str, connection: Connection) -> AsyncIterator[Office]:
    async with open_office(store_url, connection) as opened:
        yield opened


@pytest.fixture
async def one_office(tmp_path: Path, connection: Connection) -> AsyncIterator[Office]:
    """On SQLite alone: for what the database has no part in."""
    async with open_office(f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}", connection) as opened:
        yield opened


# Signing in


async def test_who_signs_in_is_known_until_they_sign_out(office: Office) -> None:
    seen: People = office.people
    token = await seen.sign_in("  Otto ", GOOD, HOME)
    assert await seen.who(token) == OTTO
    assert await seen.all() == [OLIVIA, OTTO]
    assert await seen.named("olivia") == OLIVIA and await seen.named("nobody") is None
    await seen.sign_out(token)
    assert await seen.who(token) is None
    assert (await office.deeds(by="otto")) == [("otto", "signed_in", HOME), ("otto", "signed_out", "")]


STRANGERS = (
    ("otto", OTHER),
    ("otto", ""),
    ("otto", GOOD + " "),
    ("otto", GOOD.upper()),
    ("otto", GOOD * 500),
    ("otto", "\ud800 lone surrogate"),
    ("nobody", GOOD),
    ("", ""),
    ("otto\0", GOOD),
    ("otto' or 1=1 --", GOOD),
    ("x" * 100_000, GOOD),
    ("\ud800", GOOD),
)


async def test_a_wrong_name_and_a_wrong_password_are_refused_in_the_same_words_after_the_same_work(
    office: Office,
) -> None:
    counting = Counting()
    office.staff.passwords = Passwords(counting)
    for number, (login, password) in enumerate(STRANGERS):
        with pytest.raises(SignInRefused) as refused:
            await office.people.sign_in(login, password, f"198.51.100.{number}")
        assert (str(refused.value), refused.value.wait) == ("The name or the password is wrong.", 0), login[:20]
        assert len(counting.costs) == number + 1, login[:20]
    assert set(counting.costs) == {"m=8,t=1,p=1"}
    assert (await office.deeds(by=""))[-1] == ("", "refused", f"198.51.100.{len(STRANGERS) - 1}")


class Counting(PasswordHasher):
    """Also how many work at the same time."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.costs: list[str] = []
        self.busy = self.most = 0
        self.lock = Lock()
        self.go_on = Event()
        self.go_on.set()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.costs.append(str(hash).split("$")[3])
        with self.lock:
            self.busy += 1
            self.most = max(self.busy, self.most)
        try:
            assert self.go_on.wait(10)
            return super().verify(hash, password)
        finally:
            with self.lock:
                self.busy -= 1


async def test_two_passwords_are_looked_at_at_a_time_and_nobody_waits_in_an_endless_line(one_office: Office) -> None:
    counting = Counting()
    counting.go_on.clear()
    passwords = one_office.staff.passwords = Passwords(counting)
    tries = [asyncio.create_task(passwords.fits("", "guess")) for _ in range(MOST_IN_LINE)]
    await until(lambda: counting.busy == AT_ONCE)
    with pytest.raises(SignInRefused) as refused:
        await one_office.people.sign_in("otto", GOOD, HOME)
    assert refused.value.wait == sign_ins.BUSY_SECONDS
    counting.go_on.set()
    assert await asyncio.gather(*tries) == [False] * MOST_IN_LINE
    assert counting.most == AT_ONCE
    assert await one_office.people.sign_in("otto", GOOD, HOME)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - a thread says so
            await asyncio.sleep(0.01)


async def test_who_goes_away_in_the_middle_leaves_no_third_password_at_work(one_office: Office) -> None:
    counting = Counting()
    counting.go_on.clear()
    passwords = one_office.staff.passwords = Passwords(counting)
    for _ in range(10):
        tried = asyncio.create_task(passwords.fits("", "guess"))
        await asyncio.sleep(0)
        tried.cancel()
        await asyncio.gather(tried, return_exceptions=True)
    last = asyncio.create_task(passwords.fits("", "guess"))
    await until(lambda: counting.busy == AT_ONCE)
    counting.go_on.set()
    assert not await last and counting.most == AT_ONCE


# How often one may be wrong


async def test_a_login_is_guessed_at_ten_times_from_however_many_addresses_and_then_not_even_opened_by_the_right_one(
    one_office: Office,
) -> None:
    waits = [await one_office.wrong(address=f"198.51.100.{number}") for number in range(12)]
    assert waits[:10] == [0] * 10 and all(0 < wait <= 15 * 60 for wait in waits[10:])
    with pytest.raises(SignInRefused) as refused:
        await one_office.people.sign_in("otto", GOOD, AWAY)
    assert refused.value.wait > 0
    assert await one_office.people.sign_in("olivia", OTHER, AWAY)


async def test_logins_are_not_tried_one_after_the_other_from_an_address(one_office: Office) -> None:
    waits = [await one_office.wrong(f"member{number}") for number in range(32)]
    assert waits[:30] == [0] * 30 and all(waits[30:])
    assert await one_office.wrong("member1", HOME) == 0


async def test_whoever_has_a_network_of_addresses_counts_as_one(one_office: Office) -> None:
    waits = [await one_office.wrong(f"member{number}", f"2001:db8:0:7::{number:x}") for number in range(31)]
    assert waits[-1] > 0 and await one_office.wrong("member1", "2001:db8:0:8::1") == 0
    mapped = [await one_office.wrong(f"member{number}", f"::ffff:{HOME}") for number in range(30)]
    assert not any(mapped) and await one_office.wrong("member40", HOME) > 0


async def test_strangers_who_use_up_the_tries_do_not_lock_out_who_signs_in_from_where_they_did_before(
    one_office: Office,
) -> None:
    await one_office.people.sign_in("otto", GOOD, HOME)
    for number in range(11):
        await one_office.wrong(address=f"198.51.100.{number}")
    assert await one_office.people.sign_in("otto", GOOD, HOME)
    waits = [await one_office.wrong(address=HOME) for _ in range(11)]
    assert not any(waits[:10]) and waits[10] > 0


async def test_who_knows_the_password_is_never_counted(one_office: Office) -> None:
    for _ in range(40):
        await one_office.people.sign_in("otto", GOOD, HOME)


# What a session is worth


async def test_a_session_is_over_the_moment_that_the_password_the_role_or_the_member_is_another(office: Office) -> None:
    async def signed_in(login: str = "olivia", password: str = OTHER) -> tuple[str, str]:
        found = [await office.people.sign_in(login, password, HOME) for _ in range(2)]
        return found[0], found[1]

    by_command = Staff(office.database, Passwords(CHEAP))
    first, second = await signed_in()
    await by_command.set_role("olivia", "lead")
    assert [await office.people.who(token) for token in (first, second)] == [None, None]
    first, second = await signed_in()
    await by_command.set_password("olivia", GOOD)
    assert [await office.people.who(token) for token in (first, second)] == [None, None]
    first, second = await signed_in(password=GOOD)
    await office.people.change_password(Member("olivia", "Olivia", "lead"), GOOD, OTHER)
    assert [await office.people.who(token) for token in (first, second)] == [None, None]
    first, second = await signed_in()
    await by_command.remove("olivia")
    await by_command.add(OLIVIA, OTHER)
    assert [await office.people.who(token) for token in (first, second)] == [None, None]


async def test_a_session_ends_after_twelve_idle_hours_and_after_seven_days_however_busy(one_office: Office) -> None:
    token = await one_office.people.sign_in("otto", GOOD, HOME)
    redis = one_office.connection.commands
    (key,) = await redis.keys("desk_session:*")
    assert 0 < await redis.ttl(key) <= 12 * 3600
    await redis.expire(key, 60)
    assert await one_office.people.who(token) == OTTO
    assert await redis.ttl(key) > 11 * 3600
    one_office.seconds += 7 * 24 * 3600 - 1
    assert await one_office.people.who(token) == OTTO
    one_office.seconds += 1
    assert await one_office.people.who(token) is None
    assert not await redis.exists(key)


async def test_a_token_is_nothing_at_the_desk_of_another_shop(one_office: Office, tmp_path: Path) -> None:
    """Even on the same Redis, with the same logins and passwords."""
    token = await one_office.people.sign_in("otto", GOOD, HOME)
    other_secret = Office(one_office.database, one_office.connection, b"the secret of another shop altogether")
    assert await other_secret.people.who(token) is None
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'other.db'}") as database:
        await database.add(desk_tables)
        other_list = Office(database, one_office.connection)
        await other_list.staff.add(OTTO, GOOD)
        assert await other_list.people.who(token) is None
    assert await one_office.people.who(await one_office.people.sign_in("otto", GOOD, HOME)) == OTTO


async def test_what_nobody_was_given_opens_nothing(one_office: Office) -> None:
    token = await one_office.people.sign_in("otto", GOOD, HOME)
    for forged in ("", "x", token[:-1], token + "A", token.swapcase(), "*", "\0", "\ud800", "a" * 100_000):
        assert await one_office.people.who(forged) is None
        await one_office.people.sign_out(forged)
    keys: Any = await one_office.connection.commands.keys("desk_session:*")
    assert await one_office.people.who(keys[0].removeprefix("desk_session:")) is None
    assert await one_office.people.who(token) == OTTO


async def test_neither_a_token_nor_a_password_is_kept_anywhere(one_office: Office, tmp_path: Path) -> None:
    token = await one_office.people.sign_in("otto", GOOD, HOME)
    await one_office.wrong()
    redis: Any = one_office.connection.commands
    kept = [key + str(await dumped(redis, key)) for key in await redis.keys("*")]
    files = await asyncio.to_thread(lambda: b"".join(path.read_bytes() for path in tmp_path.iterdir()))
    assert b"otto" in files and any("otto" in one for one in kept)
    for secret in (token, GOOD, "a wrong password"):
        assert secret.encode() not in files and not any(secret in one for one in kept)


async def dumped(redis: Any, key: str) -> Any:
    kind = await redis.type(key)
    return await (redis.get(key) if kind == "string" else redis.zrange(key, 0, -1))


async def test_without_redis_nobody_is_known_and_the_error_says_so(one_office: Office) -> None:
    away = Redis.from_url("redis://127.0.0.1:1", decode_responses=True)
    alone = Office(one_office.database, Connection(away, away))
    calls = (
        alone.people.who("token"),
        alone.people.sign_out("token"),
        alone.people.sign_in("otto", GOOD, HOME),
        alone.people.change_password(OTTO, GOOD, OTHER),
    )
    for call in calls:
        with pytest.raises(ConnectionError, match=r"\w"):
            await call


# Passwords

TOO_EASY = (
    "short", "", "a" * 300, "aaaaaaaaaaaa", "abababababab", "password123", "Password1234!", "1234567890", "0987654321",
    "qwertyuiop", "qwertz12345", "abcdefghijkl", "1qaz2wsx3edc", "letmein2026", "otto123456", "Otto-2026", "ottootto12",
    "meyermeyer", "OttoMeyer1", "WoAiNi520520", "correcthorse1", "zyxwvutsrqponm", "pаssword", "shopdesk2026!",
)  # fmt: skip
FINE = (
    GOOD, OTHER, "correct horse battery staple", "otto likes green tea", "绿茶七个水壶蓝色厨房窗户", "x7#Kp!2mQ9",
    "ΑΒΓΔΕΖΗΘΙΚ", "20 march, rain again", "the password of my shop", "a" * 100 + "bcde",
)  # fmt: skip


def test_what_is_tried_first_is_no_password() -> None:
    for password in TOO_EASY:
        with pytest.raises(ValueError, match=r"\.$"):
            check_strength(password, "otto", "Otto", "Meyer")
            raise AssertionError(password)


def test_any_few_words_of_ones_own_are_a_password() -> None:
    for password in FINE:
        check_strength(password, "otto", "Otto", "Meyer")


def test_a_password_that_the_desk_makes_is_good_and_never_the_same() -> None:
    made = {new_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        check_strength(password, "otto")


async def test_a_password_opens_however_a_keyboard_composes_its_signs(one_office: Office) -> None:
    await one_office.staff.set_password("otto", "caf\u00e9 cr\u00e8me br\u00fbl\u00e9e")
    assert await one_office.people.sign_in("otto", "cafe\u0301 cre\u0300me bru\u0302le\u0301e", HOME)


async def test_a_password_that_was_hashed_at_another_cost_is_hashed_anew_at_the_next_sign_in(office: Office) -> None:
    token = await office.people.sign_in("otto", GOOD, HOME)
    office.staff.passwords = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    later = await office.people.sign_in("otto", GOOD, HOME)
    kept = await office.staff.kept("otto")
    assert kept and "$m=16,t=2,p=1$" in kept.password
    assert [await office.people.who(one) for one in (token, later)] == [OTTO, OTTO]


def test_a_password_costs_an_attacker_more_than_owasp_asks_for() -> None:
    hasher = Passwords()._hasher
    assert (hasher.memory_cost, hasher.time_cost) >= (47_104, 1)


async def test_who_changes_their_password_has_to_know_the_one_before_and_to_choose_a_good_one(office: Office) -> None:
    for _ in range(10):
        with pytest.raises(SignInRefused) as refused:
            await office.people.change_password(OTTO, OTHER, "nine yellow kettles")
        assert refused.value.wait == 0
    with pytest.raises(SignInRefused) as refused:
        await office.people.change_password(OTTO, GOOD, "nine yellow kettles")
    assert refused.value.wait > 0
    for bad in ("short", OTHER):
        with pytest.raises(ValueError, match=r"\.$"):
            await office.people.change_password(OLIVIA, OTHER, bad)
    await office.people.change_password(OLIVIA, OTHER, "nine yellow kettles")
    assert await office.people.sign_in("olivia", "nine yellow kettles", HOME)
    assert ("olivia", "password", "olivia") in await office.deeds()
