"""What customers call their things: items of an order, another variant, a reason, a payment method, an address."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.answering.address_reading import NOTHING, missing, read_address
from bot.answering.entities import read_code
from bot.answering.prompting import Prompts
from bot.answering.slot_reading import Items, NewVariant, SlotReader
from bot.shop.records import Address, Item, Order, OrderStatus, PaymentMethod, Product, Variant

PROMPTS = Prompts(Path(__file__).parent.parent / "prompts")
BOOTS, SOCKS, MUG = "BOOT-38", "SOCK-36", "MUG-MOSS"


def words(en: str, zh: str) -> dict[str, str]:
    return {"en": en, "zh": zh}


def product(name: dict[str, str], kind: dict[str, str], *variants: Variant) -> Product:
    return Product(name["en"], name, kind, name, variants)


def size(sku: str, number: int, stock: int = 5) -> Variant:
    return Variant(sku, Decimal(10), stock, {"size": words(f"EU {number}", f"{number} 码")})


def colour(sku: str, en: str, zh: str, stock: int = 5) -> Variant:
    return Variant(sku, Decimal(10), stock, {"colour": words(en, zh)})


SHOES = words("Boots & socks", "靴子与袜子")
BOOT = product(
    words("Fell Walker Boots", "缓坡徒步靴"),
    SHOES,
    size(BOOTS, 38),
    size("BOOT-40", 40),
    size("BOOT-42", 42),
    size("BOOT-46", 46, 0),
)
SOCK = product(words("Hiking Socks", "徒步袜"), SHOES, size(SOCKS, 36), size("SOCK-40", 40))
MUGS = product(
    words("Enamel Mug", "搪瓷杯"),
    words("Kitchen", "厨房"),
    colour(MUG, "Moss green", "苔绿"),
    colour("MUG-NAVY", "Navy", "藏青"),
    colour("MUG-RUST", "Rust red", "锈红"),
    colour("MUG-OAT", "Oat", "燕麦白", 0),
)
SOLD = {variant.sku: (one, variant) for one in (BOOT, SOCK, MUGS) for variant in one.variants}
ORDER = Order(
    "OT-1", "c", datetime(2026, 1, 1, tzinfo=UTC), OrderStatus.DELIVERED,
    (Item(BOOTS, 1, Decimal(10)), Item(SOCKS, 2, Decimal(5)), Item(MUG, 1, Decimal(5))),
    Address("home", "1 Lane", "Bergen", "5003", "Norway"),
)  # fmt: skip
METHODS = (
    PaymentMethod("card", "card", "Visa ending 4242"),
    PaymentMethod("wallet", "wallet", "飞鸽付 PayPigeon"),
    PaymentMethod("gift", "gift_card", "Gift card ending 7Q2M", Decimal(35)),
)
REASONS = {
    "does not fit": words("It doesn't fit", "不合身"),
    "changed my mind": words("I changed my mind", "改主意了"),
    "melted": words("It melted in the sun", "被太阳晒化了"),
}


def reader(text: str) -> SlotReader:
    return SlotReader(PROMPTS.table("en" if text.isascii() else "zh", "intents.toml")["wanted"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the boots", Items((BOOTS,))),
        ("I want to return my boots from OT-1", Items((BOOTS,))),
        ("boots and one pair of socks", Items((BOOTS, SOCKS))),
        ("both socks", Items((SOCKS, SOCKS))),
        ("the socks", Items((), (SOCKS,))),
        ("everything", Items((BOOTS, SOCKS, SOCKS, MUG))),
        ("the third one", Items((MUG,))),
        ("exchange the boots for size 40", Items((BOOTS,))),
        ("the moss green one", Items((MUG,))),
        ("靴子和杯子", Items((BOOTS, MUG))),
        ("两双袜子", Items((SOCKS, SOCKS))),
        ("全部都退", Items((BOOTS, SOCKS, SOCKS, MUG))),
        ("第一个", Items((BOOTS,))),
        ("把靴子换成40码", Items((BOOTS,))),
        ("good morning", Items()),
    ],
)
def test_items_are_named_as_customers_name_them(text: str, expected: Items) -> None:
    assert reader(text).items(text, ORDER, SOLD) == expected


@pytest.mark.parametrize(
    ("text", "old", "expected"),
    [
        ("size 40", BOOTS, NewVariant("BOOT-40")),
        ("exchange the boots for a 42", BOOTS, NewVariant("BOOT-42")),
        ("one size bigger", BOOTS, NewVariant("BOOT-40")),
        ("46", BOOTS, NewVariant(sold_out="BOOT-46")),
        ("size 38", BOOTS, NewVariant()),
        ("the red one", MUG, NewVariant("MUG-RUST")),
        ("the moss green mug for a navy one", MUG, NewVariant("MUG-NAVY")),
        ("purple", MUG, NewVariant(unknown="purple")),
        ("exchange the boots for 39", BOOTS, NewVariant(unknown="39")),
        ("换成黑色的", MUG, NewVariant(unknown="黑色")),
        ("40码", BOOTS, NewVariant("BOOT-40")),
        ("大一码", BOOTS, NewVariant("BOOT-40")),
        ("红色", MUG, NewVariant("MUG-RUST")),
        ("换成燕麦白的", MUG, NewVariant(sold_out="MUG-OAT")),
    ],
)
def test_another_variant_is_named_by_its_options(text: str, old: str, expected: NewVariant) -> None:
    assert reader(text).variant(text, *SOLD[old]) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [("too small", "does not fit"), ("I changed my mind", "changed my mind"), ("they melted", "melted"),
     ("太小了", "does not fit"), ("不想要了", "changed my mind"), ("I want to return them", ""), ("我要退货", "")],
)  # fmt: skip
def test_a_reason_of_the_shop_is_told_from_the_customers_words(text: str, reason: str) -> None:
    assert reader(text).reason(text, REASONS) == reason


@pytest.mark.parametrize(
    ("text", "method"),
    [("my gift card", "gift"), ("PayPigeon please", "wallet"), ("the card", "card"), ("4242", "card"),
     ("飞鸽付", "wallet"), ("用礼品卡", "gift"), ("银行卡", "card"), ("cash", "")],
)  # fmt: skip
def test_a_payment_method_is_named_by_its_kind_or_its_label(text: str, method: str) -> None:
    assert reader(text).method(text, METHODS) == method


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 Harbour Road, 5005 Bergen, Norway", ("5 Harbour Road", "", "5005", "Bergen", "", "Norway")),
        ("5 Harbour Road\nFlat 2\n5005 Bergen\nNorway", ("5 Harbour Road", "Flat 2", "5005", "Bergen", "", "Norway")),
        ("send OT-1 to 5 Harbour Road, 5005 Bergen, Norway", ("5 Harbour Road", "", "5005", "Bergen", "", "Norway")),
        ("12 Main St, Portland, OR 97201, USA", ("12 Main St", "", "97201", "Portland", "OR", "USA")),
        ("10 Downing Street, London SW1A 2AA, UK", ("10 Downing Street", "", "SW1A 2AA", "London", "", "UK")),
        ("獭溪路18号，310012，杭州市，中国", ("獭溪路18号", "", "310012", "杭州市", "", "中国")),
        ("浙江省杭州市獭溪路18号 310012", ("獭溪路18号", "", "310012", "杭州市", "浙江省", "中国")),
    ],
)
def test_an_address_is_read_from_one_message(text: str, expected: tuple[str, ...]) -> None:
    found = read_address(text)
    assert (found.line1, found.line2, found.postcode, found.city, found.region, found.country) == expected


def test_what_an_address_lacks_is_known_and_filled_up_by_the_next_message() -> None:
    begun = read_address("5 Harbour Road, 5005 Bergen")
    assert missing(begun) == ("country",)
    whole = read_address("Norway", begun)
    assert not missing(whole) and whole.country == "Norway" and whole.line1 == "5 Harbour Road"
    assert missing(read_address("", NOTHING)) == ("line1", "postcode", "city", "country")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("我想退水獭热水袋", ""),
        ("我想了想还是退了吧", ""),
        ("和想的不一样", "not as expected"),
        ("跟想象的不一样", "not as expected"),
        ("坏了", "faulty or wrong"),
        ("I expected more", "not as expected"),
    ],
)
def test_a_reason_is_not_told_from_a_sign_that_any_message_holds(text: str, reason: str) -> None:
    reasons = {
        "not as expected": words("It isn't what I expected", "和想的不一样"),
        "faulty or wrong": words("It is faulty or not what I ordered", "有质量问题或发错了"),
    }
    assert reader(text).reason(text, reasons) == reason


SAVED = (
    Address("home", "12 Lagoon Close", "Accra", "GA-107-1420", "Ghana"),
    Address("cabin", "Cabin 3, Heron Inlet", "Voss", "5700", "Norway"),
    Address("office", "元宵里 15 号", "厦门市", "361005", "中国"),
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("send it to my cabin", "cabin"),
        ("to Heron Inlet please", "cabin"),
        ("12 Lagoon Close", "home"),
        ("change the address to 12 Lagoon Close, Accra", "home"),
        ("the one in Voss", "cabin"),
        ("change the address to 14 Lagoon Close", ""),
        ("12 Lagoon Close, Kumasi", ""),
        ("3 Heron Inlet, 5005 Bergen", ""),
        ("5 Home Street, Bergen", ""),
        ("地址改成元宵里 15 号", "office"),
        ("送到元宵里", "office"),
        ("送到公司", "office"),
        ("地址改成元宵里 16 号", ""),
        ("修改默认地址为 文三路", ""),
        ("送到三里屯", ""),
    ],
)
def test_a_saved_address_is_meant_only_where_no_other_number_is_said(text: str, meant: str) -> None:
    found = reader(text).saved_address(text, SAVED)
    assert (found.id if found else "") == meant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kumasi, GA-107-1999, Ghana", ("GA-107-1999", "Kumasi", "Ghana")),
        ("5005 Bergen, Norway", ("5005", "Bergen", "Norway")),
        ("Norway", ("", "", "")),
    ],
)
def test_what_is_missing_of_an_address_may_come_in_any_order(text: str, expected: tuple[str, ...]) -> None:
    found = read_address(text, read_address("14 Lagoon Close"))
    assert (found.postcode, found.city, found.country) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exchange them for 36", Items()),
        ("exchange the boots for 36", Items((BOOTS,))),
        ("change the 38 to 36", Items((BOOTS,))),
        ("把靴子换成36码", Items((BOOTS,))),
        ("换成36码", Items()),
    ],
)
def test_what_stands_behind_for_is_no_item(text: str, expected: Items) -> None:
    assert reader(text).items(text, ORDER, SOLD, swapped=True) == expected


@pytest.mark.parametrize(
    ("text", "fitting", "word"),
    [
        ("I want to return the boots", (SOCKS, MUG), "boots"),
        ("return my mug, it broke", (BOOTS,), "mug"),
        ("return the socks", (SOCKS,), ""),
        ("I want to return something", (SOCKS,), ""),
        ("我要退靴子", (SOCKS, MUG), "靴子"),
        ("我要退徒步袜", (SOCKS,), ""),
        ("搪瓷杯坏了", (MUG,), ""),
        ("我要退货", (BOOTS,), ""),
    ],
)
def test_a_thing_that_is_not_among_the_fitting_ones_is_known_to_be_absent(
    text: str, fitting: tuple[str, ...], word: str
) -> None:
    assert reader(text).absent(text, fitting, SOLD) == word


def test_an_order_is_not_found_by_one_shared_sign() -> None:
    other = replace(ORDER, number="OT-2", items=(Item(MUG, 1, Decimal(5)),))
    some = (replace(ORDER, items=(Item(SOCKS, 1, Decimal(5)),)), other)
    for text in ("修改默认地址为 文三路", "寄到柚子村12号", "退到礼品卡", "山路上"):
        assert reader(text).orders(text, some, SOLD) == (), text
    assert reader("袜子").orders("退袜子", some, SOLD) == ("OT-1",)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("邮编315000", ""),
        ("浙江省杭州市獭溪路18号 310012", ""),
        ("杭州 310012", ""),
        ("12 Lagoon Close, 315000", ""),
        ("here it is: 315000", "315000"),
        ("我收到的是315000", "315000"),
        ("315000", "315000"),
    ],
)
def test_six_digits_of_an_address_are_no_code(text: str, code: str) -> None:
    assert read_code(text) == code
