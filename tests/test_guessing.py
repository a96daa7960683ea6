"""Brute force: what a stranger can guess in a day, reckoned from the limits in force, which are driven to their end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from bot.channels import Finding
from bot.doctor import examine
from bot.keys import Keys
from bot.limits import Limits, digest
from bot.link_codes import (
    ALPHABET,
    CODES_OF_A_CUSTOMER,
    LENGTH,
    LINK_SECONDS,
    WRONG_OF_A_PERSON,
    WRONG_OF_ALL,
    LinkCodes,
)
from bot.one_time_codes import DIGITS, WRONG_CODES_OF_A_TARGET, NewCode, OneTimeCodes, Purpose, Right, Wrong
from bot.redis.connection import Connection
from bot.settings import read_settings
from bot.shop.database import open_database
from bot.shop.files import ShopFiles
from bot.shop.guessing import LIKELY, NumbersInUse, read_numbers
from bot.shop.identity import WRONG_AT_AN_ORDER, WRONG_WITH_A_PROOF, Identity, NoMatch, Verified
from bot.shop.records import Customer, Order
from bot.shop.store import ShopStore, open_store
from tests.code_fixtures import open_mailbox

LIMIT = 1e-4  # success a day and victim
A_DAY = 24 * 60 * 60


@pytest_asyncio.fixture
async def demo(demo_data: Path) -> AsyncIterator[ShopStore]:
    async with open_store(f"sqlite+aiosqlite:///{demo_data / 'shop.sqlite'}") as store:
        yield store


@pytest.fixture
def identity(demo: ShopStore, connection: Connection) -> Identity:
    return Identity(demo, Limits(connection.commands))


async def worst_customer(demo: ShopStore) -> tuple[Customer, list[Order]]:
    everybody = [(customer, await demo.of(customer.id).orders(1000)) for customer in await demo.customers()]
    return max(everybody, key=lambda one: len(one[1]))


async def numbers_of_all(demo: ShopStore) -> set[int]:
    return {
        int(order.number.removeprefix("OT-"))
        for customer in await demo.customers()
        for order in await demo.of(customer.id).orders(1000)
    }


async def tries_allowed(identity: Identity, proof: str, numbers: list[int]) -> int:
    """How many order numbers are really compared with a proof: each in a conversation of its own, many at once."""
    tries = (identity.verify(f"web:thief {number}", f"OT-{number:08}", proof) for number in numbers)
    answers = await asyncio.gather(*tries)
    assert not any(isinstance(answer, Verified) for answer in answers)
    return sum(answer == NoMatch() for answer in answers)


async def wrong_numbers(demo: ShopStore, many: int) -> list[int]:
    """Numbers from the middle of those in use, none of which is an order."""
    used = await numbers_of_all(demo)
    middle = (min(used) + max(used)) // 2
    return [number for number in range(middle, middle + 2 * many) if number not in used][:many]


async def test_an_order_number_is_not_found_by_who_knows_the_email_or_a_postcode(
    demo: ShopStore, identity: Identity
) -> None:
    victim, orders = await worst_customer(demo)
    used = await numbers_of_all(demo)
    span = max(used) - min(used) + 1
    chance = 0.0
    for proof in (victim.email, *{address.postcode for address in victim.addresses}):
        tries = await tries_allowed(identity, proof, await wrong_numbers(demo, 200))
        assert tries == WRONG_WITH_A_PROOF[0] and WRONG_WITH_A_PROOF[1] == A_DAY
        chance += tries * len(orders) / span
    assert chance < LIMIT, "who knows all of it has the tries of each"


async def test_orders_of_his_own_give_a_thief_no_more_tries(demo: ShopStore, identity: Identity) -> None:
    """A right try is taken back, and takes no wrong one with it: here the thief lives where the victim does."""
    orders = [order for customer in await demo.customers() for order in await demo.of(customer.id).orders(1000)]
    shared = Counter(order.address.postcode for order in orders).most_common(1)[0][0]
    own = next(order.number for order in orders if order.address.postcode == shared)
    compared = 0
    for number in await wrong_numbers(demo, 40):
        assert isinstance(await identity.verify(f"web:right {number}", own, shared), Verified) or compared == 5
        answer = await identity.verify(f"web:wrong {number}", f"OT-{number:08}", shared)
        compared += answer == NoMatch()
    assert compared == WRONG_WITH_A_PROOF[0]


async def test_of_a_known_order_number_three_proofs_a_week_can_be_tried(demo: ShopStore, identity: Identity) -> None:
    _, orders = await worst_customer(demo)
    tries = (identity.verify(f"web:{guess}", orders[0].number, f"9{guess:04}") for guess in range(100))
    answers = await asyncio.gather(*tries)
    assert sum(answer == NoMatch() for answer in answers) == WRONG_AT_AN_ORDER[0] == 3
    assert WRONG_AT_AN_ORDER[1] == 7 * A_DAY


async def test_a_one_time_code_is_not_guessed_whatever_is_tried(connection: Connection) -> None:
    """New conversations, many codes, guesses at once, and both purposes: a thief may know the e-mail and an order."""
    codes, compared, sent = OneTimeCodes(connection, Limits(connection.commands)), 0, 0
    for purpose, target in ((Purpose.OPEN_ACCOUNT, "ada@example.com"), (Purpose.STEP_UP, "c-ada")):
        for attempt in range(80):
            for key in await connection.commands.keys("guesses:codes:*"):
                await connection.commands.delete(key)  # even if as many codes were sent as the thief likes
            conversation = f"web:{attempt}"
            new = await codes.new(conversation, purpose, target)
            assert isinstance(new, NewCode)
            sent += 1
            guesses = [f"{(int(new.digits) + step) % 10**DIGITS:06}" for step in (1, 2, 3)]
            answers = await asyncio.gather(*(codes.check(conversation, purpose, guess) for guess in guesses))
            compared += sum(isinstance(answer, Wrong) for answer in answers)
            assert not any(isinstance(answer, Right) for answer in answers)
    assert sent == 160
    assert compared == len(Purpose) * WRONG_CODES_OF_A_TARGET[0]
    assert WRONG_CODES_OF_A_TARGET[1] == A_DAY
    # a code is guessed at in order without repetition, three of a million: each try has that chance
    assert compared / (10**DIGITS - 2) < LIMIT


async def test_a_link_code_is_not_guessed_by_all_the_world(connection: Connection) -> None:
    links = LinkCodes(connection, Limits(connection.commands))
    tries = (links.redeem("web:thief", f"AAAA-{guess:04}") for guess in range(60))
    assert sum(answer == "" for answer in await asyncio.gather(*tries)) == WRONG_OF_A_PERSON[0]
    at_most, seconds = WRONG_OF_ALL
    counter = Keys.tries("links:all", digest(""))
    await connection.commands.set(counter, at_most - 10, ex=seconds)
    tries = (links.redeem(f"web:another {guess}", f"AAAA-{guess:04}") for guess in range(60))
    assert sum(answer == "" for answer in await asyncio.gather(*tries)) == 10
    # its window begins anew, so that a day may touch two; so many codes of one customer live at the same time
    live = CODES_OF_A_CUSTOMER[0]
    assert CODES_OF_A_CUSTOMER[1] >= LINK_SECONDS
    assert 2 * at_most * live / len(ALPHABET) ** LENGTH < LIMIT


# what the doctor reckons


async def numbers_of(store_url: str) -> NumbersInUse | None:
    async with open_database(store_url) as database, database.reading() as connection:
        return await read_numbers(connection)


async def test_the_chance_is_reckoned_from_the_shops_own_numbers(demo: ShopStore, demo_data: Path) -> None:
    _, orders = await worst_customer(demo)
    used = await numbers_of_all(demo)
    found = await numbers_of(f"sqlite+aiosqlite:///{demo_data / 'shop.sqlite'}")
    assert found == NumbersInUse(max(used) - min(used) + 1, len(orders))
    assert 0 < found.chance_a_day < LIKELY == LIMIT


@pytest.mark.parametrize(
    ("numbers", "span"),
    [
        (("TK-0001", "TK-0002", "TK-0003"), 3),
        (("A9", "A10", "A12"), 4),  # two lengths: 9, and 10 to 12
        (("2026-000001", "2026-900000"), 900000),
        (("W-77X", "W-77Z"), None),  # letters: how many there could be is not to be seen
        (("ONLY-1",), 1),
    ],
)
async def test_the_span_is_that_of_the_numbers_in_use(
    store_url: str, small_shop: ShopFiles, numbers: tuple[str, ...], span: int | None
) -> None:
    order = small_shop.orders[0]
    orders = tuple(msgspec.structs.replace(order, number=number) for number in numbers)
    async with open_store(store_url) as store:
        await store.replace(msgspec.structs.replace(small_shop, orders=orders))
    assert await numbers_of(store_url) == (span and NumbersInUse(span, len(numbers)))


async def said_by_the_doctor(folder: Path, **environ: str) -> dict[str, Finding]:
    settings = read_settings({"SHOPDESK_DATA_DIR": str(folder), **environ})
    return {finding.name: finding for finding in await examine(settings, [])}


async def test_the_doctor_reckons_the_chance_and_advises_where_it_is_too_high(
    demo_data: Path, tmp_path: Path, small_shop: ShopFiles
) -> None:
    found = (await said_by_the_doctor(demo_data))["order numbers"]
    assert found.ok and not found.advice and "8.4e-06 a day" in found.found
    own = tmp_path / "own"
    own.mkdir()
    async with open_store(f"sqlite+aiosqlite:///{own / 'shop.sqlite'}") as store:
        await store.replace(small_shop)
    found = (await said_by_the_doctor(own))["order numbers"]
    assert not found.ok and "longer or random numbers" in found.advice


async def test_the_doctor_says_whether_codes_can_be_mailed(
    demo_data: Path, tmp_path: Path, small_shop: ShopFiles
) -> None:
    name = "SHOPDESK_SMTP_URL"
    demo = (await said_by_the_doctor(demo_data))[name]
    assert demo.ok and "files in" in demo.found
    own = tmp_path / "own"
    own.mkdir()
    async with open_store(f"sqlite+aiosqlite:///{own / 'shop.sqlite'}") as store:
        await store.replace(small_shop)
    none = (await said_by_the_doctor(own))[name]
    assert "no one-time codes" in none.found and name not in none.found and "smtp://" in none.advice
    with open_mailbox() as mailbox:
        assert mailbox.mailer
        url = f"smtp://127.0.0.1:{mailbox.mailer._server.port}"
        assert (await said_by_the_doctor(own, SHOPDESK_SMTP_URL=url))[name].ok
        assert mailbox.letters == []
    gone = (await said_by_the_doctor(own, SHOPDESK_SMTP_URL=url))[name]
    assert not gone.ok and "cannot be reached" in gone.found and name in gone.advice
