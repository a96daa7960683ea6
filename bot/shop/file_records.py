"""Products and customers out of the entries of their files."""

import re
import unicodedata
from collections.abc import Callable, Iterable

from bot.shop.entries import Entry, Fields, count, each, entries, money, one_of, optional_text, text, words
from bot.shop.records import Address, Customer, PaymentMethod, Product, Variant, Words

PRODUCT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,8})?", re.ASCII)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
DIGITS = re.compile(r"\d+(?:[ .-]\d+)*", re.ASCII)
KINDS = ("card", "wallet", "gift_card")
ADDRESS_FIELDS = Address.__struct_fields__


class Unique:
    """Refuses what has been there before, and says where."""

    def __init__(self, alike: Callable[[str], str] = str) -> None:
        self._alike = alike
        self._lines: dict[str, int] = {}

    def text(self, entry: Entry) -> str:
        found = text(entry)
        before = self._lines.get(self._alike(found))
        if before:
            raise entry.refuse_value(f"is already in line {before}")
        self._lines[self._alike(found)] = entry.line
        return found


def read_products(found: Iterable[Entry]) -> tuple[Product, ...]:
    """Raises ShopFileError."""
    ids, skus = Unique(), Unique()
    return each(found, lambda entry: _product(entry, ids, skus))


def read_customers(found: Iterable[Entry]) -> tuple[Customer, ...]:
    """Raises ShopFileError."""
    ids = Unique()
    return each(found, lambda entry: _customer(entry, ids))


def read_address(entry: Entry, ids: Unique | None = None) -> Address:
    """An address; one without an id is somebody's who has no other, or an order's own."""
    fields = Fields(entry, ADDRESS_FIELDS)
    return Address(
        id=fields.must("id", ids.text) if ids else fields.may("id", optional_text, ""),
        line1=fields.must("line1", text),
        line2=fields.may("line2", optional_text, ""),
        city=fields.must("city", text),
        region=fields.may("region", optional_text, ""),
        postcode=fields.must("postcode", text),
        country=fields.must("country", text),
    )


def _product(entry: Entry, ids: Unique, skus: Unique) -> Product:
    fields = Fields(entry, Product.__struct_fields__)
    variants = fields.must("variants", entries)
    if not variants:
        raise entry.refuse("variants is empty; a product has one at least")
    product_id = fields.must("id", ids.text)
    if not PRODUCT_ID.fullmatch(product_id):
        raise entry.refuse(f'id "{product_id}" has other signs than letters, digits, dots, dashes')
    return Product(
        id=product_id,
        picture=fields.may("picture", optional_text, ""),
        category=fields.must("category", words),
        name=fields.must("name", words),
        description=fields.must("description", words),
        variants=tuple(_variant(variant, skus) for variant in variants),
    )


def _variant(entry: Entry, skus: Unique) -> Variant:
    fields = Fields(entry, Variant.__struct_fields__)
    return Variant(
        sku=fields.must("sku", skus.text),
        price=fields.must("price", money),
        stock=fields.must("stock", count),
        options=fields.may("options", _options, {}),
    )


def _options(entry: Entry) -> dict[str, Words]:
    if not isinstance(entry.value, dict):
        raise entry.refuse_value("is not an object in braces")
    return {name: words(field) for name, field in entry.value.items()}


def _customer(entry: Entry, ids: Unique) -> Customer:
    fields = Fields(entry, Customer.__struct_fields__)
    address_ids, method_ids = Unique(), Unique()
    addresses = tuple(read_address(one, address_ids) for one in fields.must("addresses", entries))
    methods = tuple(_payment_method(one, method_ids) for one in fields.must("payment_methods", entries))
    default = fields.get("default_address")
    if default and text(default) not in {address.id for address in addresses}:
        raise default.refuse_value("is not an address of this customer")
    return Customer(
        id=fields.must("id", ids.text),
        name=fields.must("name", text),
        email=fields.must("email", _email),
        phone=fields.may("phone", optional_text, ""),
        language=fields.must("language", _language),
        addresses=addresses,
        payment_methods=methods,
        default_address=text(default) if default else "",
    )


def _payment_method(entry: Entry, ids: Unique) -> PaymentMethod:
    fields = Fields(entry, PaymentMethod.__struct_fields__)
    kind = fields.must("kind", one_of(KINDS))
    balance = fields.get("balance")
    if kind == "gift_card" and balance is None:
        raise entry.refuse('"balance" is missing; a gift card has one')
    if kind != "gift_card" and balance is not None:
        raise balance.refuse(f"balance is for gift cards; this is a {kind}")
    return PaymentMethod(
        id=fields.must("id", ids.text),
        kind=kind,
        label=fields.must("label", _label),
        balance=money(balance) if balance else None,
    )


def _label(entry: Entry) -> str:
    label = text(entry)
    for match in DIGITS.finditer(unicodedata.normalize("NFKC", label)):
        groups = re.split(r"\D", match[0])
        # the number itself is not repeated: the sentence may be kept in a log
        if any(_is_card_number("".join(groups[a:b])) for b in range(len(groups) + 1) for a in range(b)):
            raise entry.refuse("label holds a whole card number; keep its last four digits only")
    return label


def _is_card_number(digits: str) -> bool:
    """13 to 19 digits of which the last checks the others (Luhn, ISO/IEC 7812)."""
    if not 13 <= len(digits) <= 19:
        return False
    doubled = (int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(digits)))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def _email(entry: Entry) -> str:
    if not EMAIL.fullmatch(text(entry)):
        raise entry.refuse_value("is not an e-mail address")
    return text(entry)


def _language(entry: Entry) -> str:
    if not LANGUAGE.fullmatch(text(entry)):
        raise entry.refuse_value("is not a language such as en or zh")
    return text(entry)
