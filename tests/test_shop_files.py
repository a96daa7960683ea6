"""A shop's own files: read whole, or refused with file, line and reason before anything is written."""

import csv
import re
import shutil
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.shop.files import ShopFileError, ShopFiles, read_shop
from bot.shop.records import Change, Order, OrderStatus
from bot.shop.rule_settings import ACTIONS, RuleSettings
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

OWNER = '"customer": "c-ines",'
CHANGE = (
    f'{OWNER} "changes": [{{"action": "change_items", "at": "-39d 09:00", "items": ["SNAIL-RED"], '
    '"new_items": ["SNAIL-BLUE"], "method": "card-1", "refund": "-2.50"}],'
)
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
    (OWNER, CHANGE.replace("change_items", "change"), f'4: action "change" is none of {", ".join(ACTIONS)}'),
    (OWNER, CHANGE.replace("-39d", "+1d"), '4: at "+1d 09:00" is in the future'),
    (OWNER, CHANGE.replace("SNAIL-BLUE", "SLUG"), '4: new_items "SLUG" is not in the products\' file'),
    (OWNER, CHANGE.replace("-2.50", "-2.501"), '4: refund "-2.501" is not an amount of money such as 39.00'),
    (OWNER, CHANGE.replace("card-1", "card-9"), '4: method "card-9" is not a payment method of customer "c-ines"'),
    ('"shipping": "5.90"', '"shipping": "free"', '11: shipping "free" is not an amount of money such as 39.00'),
]

PROFILES = [
    ('"EUR"', '"euro"', '1: currency "euro" is not a currency such as USD'),
    (r"'TK-\d{4}'", "'TK-('", '2: order_number "TK-(" is not a regular expression: missing ), unterminated subpattern'),
    (
        r"'TK-\d{4}'",
        r"'(?i)TK-\d{4}'",
        r'2: order_number "(?i)TK-\d{4}" cannot be looked for inside a sentence',
    ),
    (r"'TK-\d{4}'", r"'\d*'", r'2: order_number "\d*" matches where there is no order number'),
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
    ('workshop_days = "8"', "workshop_days = 8", "15: workshop_days 8 is not a text in quotes"),
    ('workshop_days = "8"', "workshop_days = 8.5", "15: workshop_days 8.5 is not a text in quotes"),
    ('workshop_days = "8"', "workshop_days = 2026-01-01", "15: workshop_days is neither a text nor a number"),
    ('workshop_days = "8"', 'Workshop = "8"', '15: "Workshop" is not a name such as warranty_years'),
    ('workshop_days = "8"', 'refund_days = "8"', '15: "refund_days" comes from [rules]; leave it out here'),
    ('workshop_days = "8"', 'most_refund = "$8"', '15: "most_refund" comes from [rules]; leave it out here'),
    ('workshop_days = "8"', 'cancel_until_zh = "8"', '15: "cancel_until_zh" comes from [rules]; leave it out here'),
    ('[name]\nen = "Tea & Kettle"', "[name]\nen = 7", "7: en 7 is not a text in quotes"),
    ('zh = "茶与壶"', 'chinese = "茶与壶"', '8: "chinese" is not a language such as en or zh'),
    ('"EUR"', '"EUR', "1: is not TOML: Illegal character '\\n'"),
    ('"EUR"', "EUR", "1: is not TOML: Invalid value; a text stands in quotes"),
]

RULES = [
    ("retrun_days = 14", '"retrun_days" is not a field here; there are actions, cancel_until, change_address_until,'),
    ("return_days = -1", "return_days -1 is negative"),
    ("return_days = 3651", "return_days 3651 is more than 3650 days"),
    ("exchange_days = 1.5", "exchange_days 1.5 is not a whole number"),
    ('refund_days = "soon"', 'refund_days "soon" is not a whole number'),
    ("posting_days = true", "posting_days true is not a whole number"),
    ("most_refund = 500.001", "most_refund 500.001 is not an amount of money such as 39.00"),
    ("most_refund = -500.00", "most_refund -500.00 is negative"),
    ("most_refund = inf", "most_refund Infinity is not an amount of money such as 39.00"),
    ('most_charge = "$300"', 'most_charge "$300" is not an amount of money such as 39.00'),
    ('counts_stock = "no"', 'counts_stock "no" is neither true nor false'),
    ("items_change_is_last = 1", "items_change_is_last 1 is neither true nor false"),
    ('actions = ["cancel"]', f'actions "cancel" is none of {", ".join(ACTIONS)}'),
    ('actions = "cancel_order"', 'actions "cancel_order" is not a list in brackets'),
    ('actions = ["cancel_order", "cancel_order"]', 'actions: "cancel_order" is given twice'),
    ("actions = [[]]", "actions is neither a text nor a number"),
    ('once = ["change_default_address"]', f'once "change_default_address" is none of {", ".join(ACTIONS[:-1])}'),
    ('cancel_until = "packed"', 'cancel_until "packed" is none of pending, processed, shipped, delivered'),
    ('change_items_until = "cancelled"', 'change_items_until "cancelled" is none of pending, processed, shipped,'),
    ("change_address_until = 2", "change_address_until 2 is none of pending, processed, shipped, delivered"),
    ('cancel_reasons = ["by mistake"]', "cancel_reasons (a list) is not a table of reasons such as"),
    ('cancel_reasons."by mistake" = 7', "by mistake 7 is not a text in quotes"),
    ('cancel_reasons."by mistake" = { en = "" }', "en is empty"),
    ('cancel_reasons."by mistake" = { english = "x" }', '"english" is not a language such as en or zh'),
    ('cancel_reasons."by mistake" = {}', "by mistake is empty"),
    ('return_reasons." " = "x"', 'the reason " " is empty or has a space too many'),
    ('return_reasons."by  mistake" = "x"', 'the reason "by  mistake" is empty or has a space too many'),
    (f'return_reasons."{"不" * 14}" = "x"', f'the reason "{"不" * 14}" is longer than 40 bytes; say more in its texts'),
]
ALL_RULES = """[rules]
actions = ["cancel_order", "return_items"]
once = []
cancel_until = "processed"
change_address_until = "shipped"
change_payment_until = "pending"
change_items_until = "delivered"
items_change_is_last = false
return_days = 0
exchange_days = 14
difference_to_any_method = true
most_refund = 500
most_charge = "300.5"
refund_days = 7
posting_days = 10
counts_stock = false
code_when_signed_in = false

[rules.cancel_reasons]
"no longer needed" = { en = "I no longer need it", zh = "不再需要" }
mistake = "By mistake"

[rules.return_reasons]
broken = "It is broken"

[facts]"""

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
    (
        "products.csv",
        "id,picture",
        "Handle,Title",
        '1: "Handle", "Title" are not columns here; there are '
        "id, picture, category, name, description, sku, price, stock",
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


@pytest.mark.parametrize(("rule", "reason"), RULES)
def test_a_wrong_rule_is_refused_by_line(edit: Edit, rule: str, reason: str) -> None:
    folder = edit("shop.toml", "[facts]", f"[rules]\n# more or less\n{rule}\n[facts]")
    assert refusal(folder).startswith(f"shop.toml:15: {reason}")


def test_a_wrong_reason_is_refused_by_line_wherever_its_table_stands(edit: Edit) -> None:
    tables = '[rules.cancel_reasons]\ngood = "Good"\n\n[rules]\nreturn_days = 3\n\n[ rules . "return_reasons" ]\n'
    folder = edit("shop.toml", "[facts]", f'{tables}"bad one" = {{ en = "Bad", zh = 1 }}\n[facts]')
    assert refusal(folder) == "shop.toml:20: zh 1 is not a text in quotes"
    folder = edit("shop.toml", 'currency = "EUR"', 'rules = "none"\ncurrency = "EUR"')
    assert refusal(folder) == 'shop.toml:1: rules "none" is not a table: write [rules] above its fields'


@pytest.mark.parametrize(("file", "old", "new", "reason"), CSV)
def test_a_wrong_row_is_refused_by_line(edit: Edit, file: str, old: str, new: str, reason: str) -> None:
    assert refusal(edit(file, old, new)) == f"{file}:{reason}"


def test_all_that_is_wrong_in_a_file_is_told_at_once_the_first_ten_by_line(edit: Edit) -> None:
    folder = edit("products.csv", ",25.00,", ",cheap,")
    written = (folder / "products.csv").read_text(encoding="utf-8").replace(",8.5", ",dear")
    (folder / "products.csv").write_text(written, encoding="utf-8")
    assert refusal(folder).splitlines() == [
        'products.csv:2: price "cheap" is not an amount of money such as 39.00',
        'products.csv:5: price "dear" is not an amount of money such as 39.00',
    ]
    rows = [f"c{number + 10},Ana,ana,en" for number in range(14)]
    (folder / "products.csv").write_text(written.replace("cheap", "1").replace("dear", "1"), encoding="utf-8")
    (folder / "customers.csv").write_text("\n".join(["id,name,email,language", *rows]), encoding="utf-8")
    told = refusal(folder).splitlines()
    assert len(told) == 11 and told[9].startswith("customers.csv:11: ") and told[10] == "and 4 more"


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_spreadsheet_with_other_separators_decimal_commas_and_windows_line_ends_is_read(
    edit: Edit, separator: str
) -> None:
    folder = edit("products.csv", "", "")
    as_it_was = read_shop(folder, TODAY).products
    with (folder / "products.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [[re.sub(r"^(\d+)\.(\d+)$", r"\1,\2", cell) for cell in row] for row in csv.reader(file)]
    assert any(cell == "25,00" for row in rows for cell in row)
    with (folder / "products.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=separator, lineterminator="\r\n").writerows(rows)
    assert read_shop(folder, TODAY).products == as_it_was


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


async def test_what_was_done_to_an_order_is_read_and_kept(store: ShopStore, edit: Edit) -> None:
    shop = read_shop(edit("orders.json", OWNER, CHANGE), TODAY)
    at = datetime(2026, 2, 20, 9, tzinfo=UTC)
    change = Change("change_items", at, "", ("SNAIL-RED",), ("SNAIL-BLUE",), "card-1", Decimal("-2.50"))
    assert shop.orders[0].changes == (change,)
    await store.replace(shop)
    assert await store.of("c-ines").order("TK-0001") == shop.orders[0]


def test_a_shop_without_rules_has_those_that_are_meant_for_everybody(small_shop: ShopFiles) -> None:
    assert small_shop.profile.rules == RuleSettings()


async def test_every_rule_can_be_set_and_is_read_back_from_the_store(store: ShopStore, edit: Edit) -> None:
    shop = read_shop(edit("shop.toml", "[facts]", ALL_RULES), TODAY)
    assert shop.profile.rules == RuleSettings(
        actions=("cancel_order", "return_items"),
        once=(),
        cancel_until=OrderStatus.PROCESSED,
        change_address_until=OrderStatus.SHIPPED,
        change_payment_until=OrderStatus.PENDING,
        change_items_until=OrderStatus.DELIVERED,
        items_change_is_last=False,
        return_days=0,
        exchange_days=14,
        difference_to_any_method=True,
        cancel_reasons={
            "no longer needed": {"en": "I no longer need it", "zh": "不再需要"},
            "mistake": {"en": "By mistake"},
        },
        return_reasons={"broken": {"en": "It is broken"}},
        most_refund=Decimal("500.00"),
        most_charge=Decimal("300.50"),
        refund_days=7,
        posting_days=10,
        counts_stock=False,
        code_when_signed_in=False,
    )
    assert set(tomllib.loads(ALL_RULES)["rules"]) == set(RuleSettings.__struct_fields__)
    await store.replace(shop)
    assert await store.profile() == shop.profile


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


def test_the_number_that_the_demo_shop_gives_as_an_example_is_nobodys_order() -> None:
    demo = read_shop(DEMO, TODAY)
    assert demo.profile.order_number_example not in {order.number for order in demo.orders}


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


def test_the_orders_of_the_demo_shop_are_worth_what_was_paid_for_them() -> None:
    for order in read_shop(DEMO, TODAY).orders:
        paid = sum(one.amount for one in order.payments if one.kind == "payment")
        back = sum(one.amount for one in order.payments if one.kind == "refund")
        if not order.payments:
            assert order.status is OrderStatus.CANCELLED, order.number
            continue
        assert paid == sum(item.price * item.quantity for item in order.items) + order.shipping, order.number
        assert back == paid if order.status is OrderStatus.CANCELLED else back <= paid, order.number


def test_the_demo_shop_has_something_to_try_each_rule_on() -> None:
    shop = read_shop(DEMO, TODAY)
    rules, now = shop.profile.rules, datetime(2026, 3, 31, tzinfo=UTC)
    product_of = {variant.sku: product for product in shop.products for variant in product.variants}
    price = {variant.sku: variant.price for product in shop.products for variant in product.variants}
    cards = {(one.id, method.id): method.balance for one in shop.customers for method in one.payment_methods}
    pending = [order for order in shop.orders if order.status is OrderStatus.PENDING]
    delivered = [order for order in shop.orders if order.status is OrderStatus.DELIVERED]

    def by_gift_card(order: Order) -> bool:
        return any(cards[order.customer, paid.method] is not None for paid in order.payments)

    ages = [now - max(parcel.delivered or now for parcel in order.fulfilments) for order in delivered]
    assert sum(age < timedelta(days=rules.return_days) for age in ages) >= 20
    assert sum(age > timedelta(days=rules.return_days) for age in ages) >= 20
    assert any(len(order.items) > 1 for order in pending)
    assert any(by_gift_card(order) and len(order.payments) == 1 for order in pending)
    assert any(by_gift_card(order) and len(order.payments) == 2 for order in pending)
    assert any(by_gift_card(order) for order in delivered)
    assert any(rules.most_refund and order.payments[0].amount > rules.most_refund for order in pending)

    last = [sku for sku, product in product_of.items() if any(v.sku == sku and v.stock == 1 for v in product.variants)]
    wanted = [(item.sku, order.customer) for order in pending for item in order.items]
    racing = {sku: {who for other, who in wanted if product_of[other] is product_of[sku]} for sku in last}
    assert any(len(customers) > 1 for customers in racing.values())

    dearer = [
        (variant.price - price[item.sku], balance)
        for order in pending
        for item in order.items
        for variant in product_of[item.sku].variants
        for (customer, _), balance in cards.items()
        if customer == order.customer and balance is not None and variant.stock and variant.price > price[item.sku]
    ]
    assert any(balance >= rise for rise, balance in dearer) and any(balance < rise for rise, balance in dearer)
