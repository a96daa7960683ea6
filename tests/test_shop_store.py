"""What a shop's store promises, on SQLite and on PostgreSQL alike."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from sqlalchemy.exc import IntegrityError

from bot.shop.files import ShopFiles
from bot.shop.records import Order, in_language
from bot.shop.store import ShopStore, StoreUnavailable, open_store

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def as_demo(files: ShopFiles) -> ShopFiles:
    return msgspec.structs.replace(files, profile=msgspec.structs.replace(files.profile, demo=True))


def with_price(files: ShopFiles, price: Decimal) -> ShopFiles:
    """The same shop with one price wherever there is one: mixed prices show a mixed reading."""
    products = [
        msgspec.structs.replace(
            product, variants=tuple(msgspec.structs.replace(one, price=price) for one in product.variants)
        )
        for product in files.products
    ]
    orders = [
        msgspec.structs.replace(
            order,
            shipping=price,
            items=tuple(msgspec.structs.replace(item, price=price) for item in order.items),
            payments=tuple(msgspec.structs.replace(paid, amount=price) for paid in order.payments),
        )
        for order in files.orders
    ]
    return msgspec.structs.replace(files, products=tuple(products), orders=tuple(orders))


def dates(order: Order) -> list[datetime]:
    parcels = [date for one in order.fulfilments for date in (one.shipped, one.expected, one.delivered) if date]
    return [order.placed, *parcels, *(paid.at for paid in order.payments)]


async def test_an_empty_shop_has_no_profile_and_nothing_to_sell(store_url: str) -> None:
    async with open_store(store_url) as empty:
        assert await empty.profile() is None
        assert await empty.products() == []
        assert await empty.product("snail-kettle") is None
        assert await empty.by_sku("STORM") is None
        assert await empty.of("c-ines").customer() is None
        assert await empty.of("c-ines").orders() == []
        await empty.keep_fresh(NOON)
        await empty.ping()


async def test_what_was_imported_is_read_back_exactly(store: ShopStore, small_shop: ShopFiles) -> None:
    assert await store.profile() == small_shop.profile
    assert await store.products() == list(small_shop.products)
    assert await store.customers() == sorted(small_shop.customers, key=lambda customer: customer.id)
    for customer in small_shop.customers:
        assert await store.of(customer.id).customer() == customer
    for order in small_shop.orders:
        assert await store.of(order.customer).order(order.number) == order


async def test_money_keeps_its_cents(store: ShopStore) -> None:
    found = await store.by_sku("CLOUD")
    order = await store.of("c-ines").order("TK-0001")
    assert found and str(found[1].price) == "0.99"
    assert order and str(order.shipping) == "5.90"
    assert str(sum(paid.amount for paid in order.payments)) == "50.83"


async def test_a_variant_is_found_by_its_sku_with_its_product(store: ShopStore) -> None:
    found = await store.by_sku("SNAIL-BLUE")
    assert found is not None
    product, variant = found
    assert product == await store.product("snail-kettle")
    assert in_language(variant.options["colour"], "zh") == "蓝色"


async def test_own_orders_come_newest_first_and_no_more_than_asked_for(store: ShopStore) -> None:
    mine = store.of("c-ines")
    assert [order.number for order in await mine.orders()] == ["TK-0002", "TK-0001"]
    assert [order.number for order in await mine.orders(at_most=1)] == ["TK-0002"]


async def test_the_order_of_somebody_else_reads_like_one_that_does_not_exist(
    store: ShopStore, queries: list[str]
) -> None:
    mine = store.of("c-wang")
    assert await mine.order("TK-0001") is None
    others = list(queries)
    queries.clear()
    assert await mine.order("TK-9999") is None
    assert queries == others[-len(queries) :]
    assert [order.number for order in await mine.orders()] == ["TK-0003"]


@pytest.mark.parametrize("typed", ["TK-0001", "tk-0001", "tk0001", " Tk 0001 ", "ＴＫ－０００１", "tk–0001"])
async def test_an_order_number_may_be_typed_the_way_people_type(store: ShopStore, typed: str) -> None:
    found = await store.of("c-ines").order(typed)
    assert found and found.number == "TK-0001"


@pytest.mark.parametrize("typed", ["", "-", "0001", "TK-000", "%", "TK-0001' OR '1'='1"])
async def test_anything_else_is_no_order_number(store: ShopStore, typed: str) -> None:
    assert await store.of("c-ines").order(typed) is None


async def test_reading_takes_few_queries_however_many_orders_there_are(store: ShopStore, queries: list[str]) -> None:
    await store.products()
    for read, at_most in (
        (store.of("c-ines").orders(), 5),
        (store.of("c-ines").order("TK-0001"), 5),
        (store.of("c-ines").customer(), 3),
        (store.customers(), 3),
        (store.products(), 1),
    ):
        queries.clear()
        await read
        assert 0 < len(queries) <= at_most


async def test_products_change_with_the_next_import_of_any_process(
    store: ShopStore, store_url: str, small_shop: ShopFiles
) -> None:
    assert len(await store.products()) == 3
    async with open_store(store_url) as elsewhere:
        await elsewhere.replace(with_price(small_shop, Decimal("77.70")))
    found = await store.by_sku("STORM")
    assert found and found[1].price == Decimal("77.70")


async def test_an_import_replaces_the_whole_shop(store: ShopStore, small_shop: ShopFiles) -> None:
    await store.replace(msgspec.structs.replace(small_shop, products=small_shop.products[:1], customers=(), orders=()))
    assert [product.id for product in await store.products()] == ["snail-kettle"]
    assert await store.customers() == []
    assert await store.of("c-ines").orders() == []


async def test_an_import_that_fails_at_the_end_leaves_the_old_shop_as_it_was(
    store: ShopStore, small_shop: ShopFiles
) -> None:
    last = small_shop.orders[-1]
    unknown = msgspec.structs.replace(last.items[0], sku="NEVER-SOLD")
    broken = msgspec.structs.replace(last, items=(unknown,))
    changed = with_price(small_shop, Decimal("1.00"))
    with pytest.raises(IntegrityError):
        await store.replace(msgspec.structs.replace(changed, orders=(*changed.orders[:-1], broken)))
    assert await store.products() == list(small_shop.products)
    assert await store.of("c-ines").order("TK-0001") == small_shop.orders[0]


async def test_nobody_reads_half_an_old_shop_and_half_a_new_one(store: ShopStore, small_shop: ShopFiles) -> None:
    prices = [Decimal("1.00"), Decimal("2.00")]
    await store.replace(with_price(small_shop, prices[0]))
    done = asyncio.Event()
    seen = []

    async def read() -> None:
        while not done.is_set():
            order = await store.of("c-ines").order("TK-0001")
            assert order is not None
            found = {order.shipping, *(item.price for item in order.items), *(paid.amount for paid in order.payments)}
            sold = {variant.price for product in await store.products() for variant in product.variants}
            assert len(found) == 1 and len(sold) == 1
            seen.append(found.pop())

    readers = [asyncio.create_task(read()) for _ in range(3)]
    for number in range(1, 21):
        await store.replace(with_price(small_shop, prices[number % 2]))
    done.set()
    await asyncio.gather(*readers)
    assert set(seen) == set(prices)


async def test_several_may_open_an_empty_database_and_import_at_once(store_url: str, small_shop: ShopFiles) -> None:
    async def bring(price: str) -> None:
        async with open_store(store_url) as store:
            await store.replace(with_price(small_shop, Decimal(price)))

    await asyncio.gather(*(bring(price) for price in ("1.00", "2.00", "3.00", "4.00")))
    async with open_store(store_url) as store:
        assert len({variant.price for product in await store.products() for variant in product.variants}) == 1
        assert len(await store.customers()) == 3


async def test_a_demo_shop_loaded_long_ago_has_the_same_ages_today(store_url: str, small_shop: ShopFiles) -> None:
    async with open_store(store_url) as store:
        await store.replace(as_demo(small_shop))
        before = {order.number: order for order in await store.of("c-ines").orders()}
        await store.keep_fresh(NOON + timedelta(days=60))
        after = {order.number: order for order in await store.of("c-ines").orders()}
        assert list(after) == list(before)
        for number, order in after.items():
            assert dates(order) == [date + timedelta(days=60) for date in dates(before[number])]
        assert after["TK-0002"].placed == datetime(2026, 5, 27, 20, tzinfo=UTC)


async def test_dates_move_once_however_often_and_by_however_many_it_is_asked(
    store_url: str, small_shop: ShopFiles
) -> None:
    async with open_store(store_url) as one, open_store(store_url) as other:
        await one.replace(as_demo(small_shop))
        later = NOON + timedelta(days=7)
        await asyncio.gather(*(store.keep_fresh(later) for store in (one, other, one, other)))
        await one.keep_fresh(later)
        await one.keep_fresh(NOON)
        order = await other.of("c-ines").order("TK-0002")
        assert order and order.placed == datetime(2026, 4, 4, 20, tzinfo=UTC)


async def test_the_dates_of_a_real_shop_never_move(store: ShopStore, small_shop: ShopFiles) -> None:
    await store.keep_fresh(NOON + timedelta(days=60))
    assert await store.of("c-ines").order("TK-0001") == small_shop.orders[0]


async def test_a_closed_store_keeps_what_it_holds(store_url: str, small_shop: ShopFiles) -> None:
    async with open_store(store_url) as store:
        await store.replace(small_shop)
    async with open_store(store_url) as store:
        assert await store.products() == list(small_shop.products)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense", "is not a database address such as sqlite+aiosqlite:///shop.db"),
        ("mysql://a/b", "speaks sqlite+aiosqlite:// and postgresql+asyncpg://"),
        ("sqlite+aiosqlite://", "names no file"),
        ("sqlite+aiosqlite:////no/such/folder/shop.db", "unable to open database file"),
        ("postgresql+asyncpg://shop:geheim@127.0.0.1:1/shop", "Connect call failed"),
        ("postgresql+asyncpg://shop:geheim@127.0.0.1:1/shop?sslmode=never", "sslmode"),
    ],
)
async def test_a_database_that_cannot_be_used_is_explained_in_one_sentence(url: str, reason: str) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        async with open_store(url):
            pass
    sentence = str(refused.value)
    assert sentence.startswith("SHOPDESK_DATABASE_URL")
    assert reason in sentence and "\n" not in sentence and "geheim" not in sentence


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear shop, " * 500)
    with pytest.raises(StoreUnavailable, match="file is not a database"):
        async with open_store(f"sqlite+aiosqlite:///{letter}"):
            pass
    assert letter.read_text() == "Dear shop, " * 500
