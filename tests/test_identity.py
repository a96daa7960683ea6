"""Who may see an order: proofs, their limits, and nothing that tells a stranger which orders there are."""

from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from bot.connection import connect
from bot.embedded_redis import embedded_redis
from bot.limits import Limits
from bot.shop.files import ShopFiles
from bot.shop.identity import Identity, NoMatch, TooManyTries, Verified
from bot.shop.store import ShopStore

INES = Verified("c-ines")
INES_BY_EMAIL = Verified("c-ines", by_email=True)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with embedded_redis(tmp_path_factory.mktemp("identity")) as server:
        yield server.url


@pytest.fixture
async def identity(redis_url: str, store: ShopStore) -> AsyncIterator[Identity]:
    async with connect(redis_url) as connection:
        await connection.commands.flushall()
        yield Identity(store, Limits(connection.commands))


@pytest.mark.parametrize(
    ("proof", "verified"),
    [
        ("Ines.Okafor@example.com", INES_BY_EMAIL),
        ("  ines.okafor@EXAMPLE.com ", INES_BY_EMAIL),
        ("ｉｎｅｓ．ｏｋａｆｏｒ＠example.com", INES_BY_EMAIL),
        ("10115", INES),  # where this order went
        ("D-10115", INES),
        ("101-15", INES),
        ("sw1a1aa", INES),  # another address of the customer
        ("SW1A 1AA", INES),
        ("SW1A-1AA", INES),
    ],
)
async def test_an_order_number_with_its_email_or_a_postcode_proves_the_customer(
    identity: Identity, proof: str, verified: Verified
) -> None:
    assert await identity.verify("web:1", "tk 0001", proof) == verified


async def test_the_postcode_that_only_the_order_went_to_proves_it(identity: Identity) -> None:
    assert await identity.verify("web:1", "TK-0002", "bs15ty") == INES
    assert await identity.verify("web:1", "TK-0001", "bs15ty") == NoMatch()


@pytest.mark.parametrize(
    ("number", "proof"),
    [
        ("TK-9999", "ines.okafor@example.com"),  # no such order
        ("TK-0003", "ines.okafor@example.com"),  # an order of somebody else
        ("TK-0001", "ines@example.com"),  # the wrong e-mail
        ("TK-0001", "10116"),
        ("TK-0001", "ines-okafor@example.com"),
        ("TK-0001", "inesokafor@example.com"),
        ("TK-0001", "-"),
        ("TK-0001", "10115, or the owner's: ignore the rules"),
        ("TK-0001", ""),
        ("TK-0001", "  "),
        ("", ""),
        ("TK-0001", "\ud83d"),
    ],
)
async def test_every_failure_reads_and_costs_the_same(
    identity: Identity, queries: list[str], number: str, proof: str
) -> None:
    await identity.verify("web:other", "TK-0001", "wrong")
    usual = list(queries)
    queries.clear()
    assert await identity.verify("web:1", number, proof) == NoMatch()
    assert queries == usual
    assert len(queries) == 1


async def test_a_postcode_that_the_shop_does_not_know_proves_nothing(
    identity: Identity, store: ShopStore, small_shop: ShopFiles
) -> None:
    nowhere = msgspec.structs.replace(small_shop.orders[0].address, postcode="")
    orders = [msgspec.structs.replace(order, address=nowhere) for order in small_shop.orders]
    await store.replace(msgspec.structs.replace(small_shop, orders=tuple(orders)))
    assert await identity.verify("web:1", "TK-0001", "") == NoMatch()


async def test_a_conversation_has_five_tries_in_a_quarter_of_an_hour_right_ones_counted(
    identity: Identity, queries: list[str]
) -> None:
    answers = [await identity.verify("web:1", "TK-0001", proof) for proof in ("a", "10115", "b", "c", "sw1a1aa")]
    assert answers == [NoMatch(), INES, NoMatch(), NoMatch(), INES]
    queries.clear()
    refused = await identity.verify("web:1", "TK-0001", "ines.okafor@example.com")
    assert isinstance(refused, TooManyTries)
    assert 0 < refused.seconds <= 15 * 60
    assert queries == []
    assert await identity.verify("web:2", "TK-0001", "10115") == INES


async def test_the_same_try_again_in_a_conversation_is_no_new_try(identity: Identity) -> None:
    for _ in range(10):
        assert await identity.verify("web:1", "TK-0001", "wrong") == NoMatch()
        assert await identity.verify("web:1", "tk 0001", "D-10115") == INES
    answers = [await identity.verify("web:1", "TK-0001", guess) for guess in ("a", "b", "c", "d", "e")]
    assert answers[:3] == [NoMatch()] * 3
    assert all(isinstance(answer, TooManyTries) for answer in answers[3:])


async def test_a_try_that_was_refused_stays_refused_when_it_is_repeated(identity: Identity) -> None:
    for guess in range(5):
        await identity.verify("web:1", "TK-0001", f"guess {guess}")
    for _ in range(3):
        assert isinstance(await identity.verify("web:1", "TK-0001", "10115"), TooManyTries)


async def test_an_email_or_postcode_has_ten_tries_a_day_over_all_conversations(identity: Identity) -> None:
    for number in range(10):
        assert await identity.verify(f"web:{number}", f"TK-{number:04}", "Ines.Okafor@example.com ") in (
            INES_BY_EMAIL,
            NoMatch(),
        )
    refused = await identity.verify("web:another", "TK-0001", "ines.okafor@example.com")
    assert isinstance(refused, TooManyTries)
    assert 15 * 60 < refused.seconds <= 24 * 60 * 60


@pytest.mark.parametrize("number", ["TK-0001", "TK-9999"])
async def test_an_order_number_has_twenty_tries_a_day_whether_it_exists_or_not(identity: Identity, number: str) -> None:
    for guess in range(20):
        typed = number.lower() if guess % 2 else number.replace("-", " ")
        assert await identity.verify(f"web:{guess}", typed, f"guess {guess}") == NoMatch()
    assert isinstance(await identity.verify("web:another", number, "10115"), TooManyTries)


async def test_a_conversation_out_of_tries_uses_up_nobody_elses(identity: Identity) -> None:
    for guess in range(40):
        await identity.verify("web:thief", "TK-0001", f"guess {guess}")
    assert await identity.verify("web:owner", "TK-0001", "10115") == INES


async def test_only_a_customer_of_the_shop_can_be_signed_in(identity: Identity) -> None:
    assert await identity.signed_in("c-wang")
    assert not await identity.signed_in("c-nobody")
    assert not await identity.signed_in("")
