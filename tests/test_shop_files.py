"""A shop's own files: read whole, or refused with file, line and reason before anything is written."""

import re
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bot.shop.files import ShopFileError, ShopFiles, read_shop
from bot.shop.records import OrderStatus
from bot.shop.store import ShopStore

DATA = Path(__file__).parent / "data"
DEMO = Path(__file__).parent.parent / "bot" / "demo" / "shop"
DOCUMENTATION = Path(__file__).parent.parent / "docs" / "shop-files.md"
TODAY = date(2026, 3, 31)
Edit = Callable[[str, str, str], Path]


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    """A copy of a shop with one thing in one file written otherwise."""

    def write(file: str, old: str, new: str) -> Path:
        shop = "csv_shop" if file.endswith(".csv") else "small_shop"
        folder = shutil.copytree(DATA / shop, tmp_path / "shop", dirs_exist_ok=True)
        written = (folder / file).read_text(encoding="utf-8")
        assert old in written
        (folder / file).write_text(written.replace(old, new, 1), encoding="utf-8")
        return folder

    return write


def refusal(folder: Path) -> str:
    with pytest.raises(ShopFileError) as refused:
        read_shop(folder, TODAY)
    return str(refused.value)


PRODUCTS = [
    ('"39.00"', '"abc"', '9: price "abc" is not an amount of money such as 39.00'),
    ('"39.00"', '"-3.00"', '9: price "-3.00" is negative'),
    ('"39.00"', '"39.001"', '9: price "39.001" is not an amount of money such as 39.00'),
    ('"39.00"', '"1e3"', '9: price "1e3" is not an amount of money such as 39.00'),
    ('"39.00"', '"３９"', '9: price "３９" is not an amount of money such as 39.00'),
    ('"39.00"', "true", "9: price true is not an amount of money such as 39.00"),
    ('"39.00"', "NaN", "9: price nan is not an amount of money such as 39.00"),
    ('"stock": 12', '"stock": -1', "9: stock -1 is negative"),
    ('"stock": 12', '"stock": 1.5', "9: stock 1.5 is not a whole number"),
    ('"price": "39.00", ', "", '9: "price" is missing'),
    ('"price": "39.00"', '"prise": "39.00"', '9: "prise" is not a field here; there are sku, price, stock, options'),
    ('"stock": 400', '"stock": 400, "stock": 4', '18: "stock" is given twice'),
    ('"cloud-cup"', '"snail-kettle"', '14: id "snail-kettle" is already in line 3'),
    ('"sku": "CLOUD"', '"sku": "SNAIL-RED"', '18: sku "SNAIL-RED" is already in line 9'),
    ('"cloud-cup"', '"cloud/cup"', '13: id "cloud/cup" has other signs than letters, digits, dots, dashes'),
    ('"Cloud Cup"', '""', "16: name is empty"),
    ('"Cloud Cup"', r'"Cup\u0000"', "16: name holds a zero byte or half a character"),
    ('"Cloud Cup"', r'"Cup \ud83e"', "16: name holds a zero byte or half a character"),
    ('"Cloud Cup"', f'"{"Cup" * 4000}"', "16: name is longer than 10000 characters"),
    ('"Cloud Cup"', "7", "16: name 7 is not a text in quotes"),
    ('"Cloud Cup"', '{"english": "Cup"}', '16: "english" is not a language such as en or zh'),
    ('[{"sku": "CLOUD", "price": "0.99", "stock": 400}]', "[]", "13: variants is empty; a product has one at least"),
    ('[{"sku": "CLOUD", "price": "0.99", "stock": 400}]', '"CLOUD"', '18: variants "CLOUD" is not a list in brackets'),
    ('"cloud-cup",', '"cloud-cup"', "15: is not JSON: Expecting ',' delimiter (column 5)"),
]

CUSTOMERS = [
    ('"c-wang"', '"c-ines"', '19: id "c-ines" is already in line 3'),
    ('"id": "work"', '"id": "home"', '10: id "home" is already in line 9'),
    ('"id": "gift-1"', '"id": "card-1"', '15: id "card-1" is already in line 14'),
    (
        '"default_address": "work"',
        '"default_address": "sea"',
        '12: default_address "sea" is not an address of this customer',
    ),
    ('"bo@example.com"', '"bo at example.com"', '31: email "bo at example.com" is not an e-mail address'),
    ('"language": "zh"', '"language": "Chinese"', '22: language "Chinese" is not a language such as en or zh'),
    ('"card",', '"cheque",', '14: kind "cheque" is none of card, wallet, gift_card'),
    (', "balance": "12.30"', "", '15: "balance" is missing; a gift card has one'),
    ('"Visa ending 4242"', '"Visa", "balance": "1"', "14: balance is for gift cards; this is a card"),
    ('"postcode": "10115", ', "", '9: "postcode" is missing'),
]

CARDS = [
    "4111111111111111",
    "Visa 4111 1111 1111 1111 12/29",
    "5500-0000-0000-0004",
    "3782 822463 10005",
    "４１１１１１１１１１１１１１１１",
]

ORDERS = [
    ('"TK-0001"', '"TX-0001"', r'2: number "TX-0001" does not match order_number TK-\d{4} of shop.toml'),
    ('"TK-0002"', '"tk 0001"', '25: number "tk 0001" is already in line 3'),
    ('"c-wang"', '"c-nobody"', '38: customer "c-nobody" is not in the customers\' file'),
    ('"sku": "CLOUD"', '"sku": "CLOUDY"', '9: sku "CLOUDY" is not in the products\' file'),
    ('"address": "home"', '"address": "moon"', '12: address "moon" is not an address of customer "c-ines"'),
    ('"customer": "c-wang"', '"customer": "c-new"', '42: address "home" is not an address of customer "c-new"'),
    (
        '"method": "gift-1"',
        '"method": "wallet-1"',
        '19: method "wallet-1" is not a payment method of customer "c-ines"',
    ),
    ('"kind": "refund"', '"kind": "present"', '20: kind "present" is none of payment, refund'),
    (
        '"delivered",',
        '"lost",',
        '6: status "lost" is none of pending, processed, shipped, delivered, cancelled, '
        "return_requested, exchange_requested",
    ),
    ('"quantity": 6', '"quantity": 0', "9: quantity is 0; an item is bought once at least"),
    ('"-40d 09:15",', '"last week",', '5: placed "last week" is not a time such as 2026-03-31T14:30:00Z or -12d 14:30'),
    (
        '"-40d 09:15",',
        '"-40d 25:15",',
        '5: placed "-40d 25:15" is not a time such as 2026-03-31T14:30:00Z or -12d 14:30',
    ),
    (
        '"-40d 09:15",',
        '"2026-02-01T10:00:00",',
        '5: placed "2026-02-01T10:00:00" has no zone; write it as 2026-03-31T14:30:00Z',
    ),
    (
        '"-40d 09:15",',
        '"2026-02-30T10:00:00Z",',
        '5: placed "2026-02-30T10:00:00Z" is not a time such as 2026-03-31T14:30:00Z or -12d 14:30',
    ),
    ('"-40d 09:15",', '"+1d 09:15",', '5: placed "+1d 09:15" is in the future'),
    ('"-39d 16:00"', '"-41d 16:00"', '14: shipped "-41d 16:00" is before it was placed'),
    ('"-36d 11:20"', '"-40d 11:20"', '14: delivered "-40d 11:20" is before it was shipped'),
    ('"-36d 18:00"', '"-40d 18:00"', '14: expected "-40d 18:00" is before it was shipped'),
    ('"skus": ["CLOUD"]', '"skus": ["STORM"]', '15: skus "STORM" is not in this order'),
    ('"skus": ["CLOUD"]', '"skus": []', "15: skus is empty; a parcel has one at least"),
    ('"shipping": "5.90"', '"shipping": "free"', '11: shipping "free" is not an amount of money such as 39.00'),
]

PROFILES = [
    ('"EUR"', '"euro"', '1: currency "euro" is not a currency such as USD'),
    (r"'TK-\d{4}'", "'TK-('", '2: order_number "TK-(" is not a regular expression: missing ), unterminated subpattern'),
    (
        r"\d{4}'",
        "\\d{4}'\norder_number_example = 'TK-1'",
        '3: order_number_example "TK-1" does not match order_number TK-',
    ),
    ('email = "desk@teakettle.example"\n', "", '1: "email" is missing'),
    (
        "[facts]",
        "[fax]",
        '13: "fax" is not a field here; there are name, currency, order_number',
    ),
    ('refund_days = "3"', "refund_days = 3", "15: refund_days 3 is not a text in quotes"),
    ('"EUR"', '"EUR', "1: is not TOML: Illegal character '\\n'"),
]

CSV = [
    ("products.csv", ",25.00,", ",cheap,", '2: price "cheap" is not an amount of money such as 39.00'),
    ("products.csv", ",26,", ",,", '4: "price" is missing'),
    ("products.csv", "scarf,,,,", "scarf,🧤,,,", '4: picture "🧤" differs from line 2, which it belongs to'),
    ("products.csv", "MUG,8.5", "SCARF-R,8.5", '5: sku "SCARF-R" is already in line 2'),
    (
        "products.csv",
        "picture,category",
        "image,category",
        '1: "image" is not a column here; there are id, picture, category, name, description, sku, price, stock',
    ),
    ("products.csv", "10,,,", "10,,,,,", "5: has 16 cells where the first line has 14"),
    ("products.csv", "A mug.", '"A mug', "5: is not CSV: unexpected end of data"),
    ("customers.csv", "ana@example.com", "ana", '2: email "ana" is not an e-mail address'),
    ("customers.csv", "c2,", "c1,", '3: id "c1" is already in line 2'),
    ("orders.csv", "C2,c2", "C2,c9", '5: customer "c9" is not in the customers\' file'),
    ("orders.csv", "C1,,,,MUG", "C1,c2,,,MUG", '3: customer "c2" differs from line 2, which it belongs to'),
    ("orders.csv", ",refund,g1", ",refund,g7", '4: payment_method "g7" is not a payment method of customer "c1"'),
]


@pytest.mark.parametrize(("old", "new", "reason"), PRODUCTS)
def test_a_wrong_product_is_refused_by_line(edit: Edit, old: str, new: str, reason: str) -> None:
    assert refusal(edit("products.json", old, new)) == f"products.json:{reason}"


@pytest.mark.parametrize(("old", "new", "reason"), CUSTOMERS)
def test_a_wrong_customer_is_refused_by_line(edit: Edit, old: str, new: str, reason: str) -> None:
    assert refusal(edit("customers.json", old, new)) == f"customers.json:{reason}"


@pytest.mark.parametrize("label", CARDS)
def test_a_whole_card_number_is_refused_and_not_repeated(edit: Edit, label: str) -> None:
    reason = "customers.json:14: label holds a whole card number; keep its last four digits only"
    assert refusal(edit("customers.json", "Visa ending 4242", label)) == reason


@pytest.mark.parametrize("label", ["Visa ending 4242", "Gift card 4111 1111 1111 1112", "2026-03-31 12:00"])
def test_a_label_with_other_digits_is_taken(edit: Edit, label: str) -> None:
    folder = edit("customers.json", "Visa ending 4242", label)
    assert read_shop(folder, TODAY).customers[0].payment_methods[0].label == label


@pytest.mark.parametrize(("old", "new", "reason"), ORDERS)
def test_a_wrong_order_is_refused_by_line(edit: Edit, old: str, new: str, reason: str) -> None:
    assert refusal(edit("orders.json", old, new)) == f"orders.json:{reason}"


@pytest.mark.parametrize(("old", "new", "reason"), PROFILES)
def test_a_wrong_profile_is_refused_by_line(edit: Edit, old: str, new: str, reason: str) -> None:
    assert refusal(edit("shop.toml", old, new)).startswith(f"shop.toml:{reason}")


@pytest.mark.parametrize(("file", "old", "new", "reason"), CSV)
def test_a_wrong_row_is_refused_by_line(edit: Edit, file: str, old: str, new: str, reason: str) -> None:
    assert refusal(edit(file, old, new)) == f"{file}:{reason}"


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"shop.toml: is missing in {tmp_path}"
    folder = shutil.copytree(DATA / "small_shop", tmp_path / "shop")
    (folder / "orders.json").unlink()
    assert refusal(folder) == f"orders.json: is missing in {folder}, and so is orders.csv"


def test_two_forms_of_one_list_are_refused(edit: Edit) -> None:
    folder = edit("orders.json", "", "")
    shutil.copy(DATA / "csv_shop" / "orders.csv", folder)
    assert refusal(folder) == "orders.csv: stands beside orders.json; keep one of the two"


def test_a_file_in_another_encoding_is_refused_by_line(edit: Edit) -> None:
    folder = edit("customers.csv", "c2", "c2")
    written = (folder / "customers.csv").read_text(encoding="utf-8").replace("é", "e")
    (folder / "customers.csv").write_bytes(written.encode("gb18030"))
    assert refusal(folder) == "customers.csv:3: is not UTF-8; save the file as UTF-8"


def test_the_json_shop_loads(small_shop: ShopFiles) -> None:
    first, second, third = small_shop.orders
    assert small_shop.profile.name == {"en": "Tea & Kettle", "zh": "茶与壶"}
    assert small_shop.products[1].name == {"en": "Cloud Cup"}
    assert first.address.postcode == "10115" and first.shipping == Decimal("5.90")
    assert second.address.city == "Bristol" and second.fulfilments[0].expected == datetime(2026, 4, 1, 18, tzinfo=UTC)
    assert third.placed == datetime(2026, 1, 5, 2, tzinfo=UTC) and third.shipping == 0


def test_a_csv_shop_loads() -> None:
    shop = read_shop(DATA / "csv_shop", TODAY)
    scarf, mug = shop.products
    assert scarf.description == {"en": 'Warm, long,\nand "honest".', "zh": "很暖"}
    assert [variant.options for variant in scarf.variants] == [
        {"colour": {"en": "Red", "zh": "红色"}},
        {"colour": {"en": "Blue", "zh": "蓝色"}, "size": {"en": "L"}},
    ]
    assert mug.variants[0].price == Decimal("8.50")
    ana, li = shop.customers
    assert ana.payment_methods[0].balance == 20 and li.payment_methods == () and li.addresses[0].city == "上海"
    first, second = shop.orders
    assert [(item.sku, item.quantity) for item in first.items] == [("SCARF-R", 1), ("MUG", 2)]
    assert [parcel.skus for parcel in first.fulfilments] == [("SCARF-R", "MUG")]
    assert [(paid.kind, paid.amount) for paid in first.payments] == [("payment", 46), ("refund", Decimal("8.50"))]
    assert second.status is OrderStatus.PENDING and second.address == li.addresses[0]


def test_lines_are_counted_however_far_down(edit: Edit) -> None:
    folder = edit("products.json", '"price": "39.00"', "\n" * 403 + '"price": "abc"')
    assert refusal(folder) == 'products.json:412: price "abc" is not an amount of money such as 39.00'


def test_an_option_may_be_in_chinese_alone(edit: Edit) -> None:
    scarf = read_shop(edit("products.csv", ",Red,红色,", ",,红色,"), TODAY).products[0]
    assert scarf.variants[0].options == {"colour": {"zh": "红色"}}


@pytest.mark.parametrize("form", ["json", "csv"])
def test_the_examples_of_the_documentation_load(tmp_path: Path, form: str) -> None:
    blocks = re.findall(rf"```{form}\n(.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)
    shutil.copy(DEMO / "shop.toml", tmp_path)
    for name, block in zip(("products", "customers", "orders"), blocks, strict=True):
        (tmp_path / f"{name}.{form}").write_text(block, encoding="utf-8")
    shop = read_shop(tmp_path, date(2026, 6, 1))
    assert len(shop.products[0].variants) == 2 and shop.products[0].name["zh"] == "青苔充电营灯"
    assert sum(paid.amount for paid in shop.orders[0].payments) == 78


async def test_a_shop_that_is_refused_leaves_the_old_one_as_it_was(
    store: ShopStore, small_shop: ShopFiles, edit: Edit
) -> None:
    with pytest.raises(ShopFileError):
        await store.replace(read_shop(edit("orders.json", '"address": "home"', '"address": "moon"'), TODAY))
    assert await store.products() == list(small_shop.products)
    assert await store.of("c-ines").order("TK-0001") == small_shop.orders[0]


async def test_a_csv_shop_is_read_back_from_the_store(store: ShopStore) -> None:
    shop = read_shop(DATA / "csv_shop", TODAY)
    await store.replace(shop)
    assert await store.products() == list(shop.products)
    assert await store.of("c1").orders() == [shop.orders[0]]


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 12, 31)])
async def test_the_demo_shop_is_large_complete_and_young_on_any_day(store: ShopStore, today: date) -> None:
    demo = read_shop(DEMO, today)
    assert demo.profile.demo
    assert len(demo.products) >= 60 and len({product.category["en"] for product in demo.products}) >= 6
    assert len(demo.customers) >= 40 and len(demo.orders) >= 150
    assert {order.status for order in demo.orders} == set(OrderStatus)
    assert all({"en", "zh"} <= set(product.name) for product in demo.products)
    youngest = max(order.placed for order in demo.orders)
    assert (today - youngest.date()).days <= 1
    await store.replace(demo)
    assert len(await store.products()) == len(demo.products)
    for order in demo.orders:
        assert re.fullmatch(demo.profile.order_number, order.number)
    assert await store.of(demo.orders[0].customer).order(demo.orders[0].number) == demo.orders[0]
