"""What a shop is made of, as the rest of Shopdesk reads it. Money is Decimal in the shop's currency, time is UTC."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

Words = dict[str, str]
"""One text in several languages, by language code."""


def in_language(words: Words, language: str) -> str:
    """The text in this language, else in English, else in whichever there is."""
    return words.get(language) or words.get("en") or next(iter(words.values()), "")


class OrderStatus(StrEnum):
    PENDING = "pending"
    PROCESSED = "processed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURN_REQUESTED = "return_requested"
    EXCHANGE_REQUESTED = "exchange_requested"


class Variant(msgspec.Struct, frozen=True):
    sku: str
    price: Decimal
    stock: int
    options: dict[str, Words] = {}  # {"size": {"en": "M", "zh": "中号"}}; the key is the option's name


class Product(msgspec.Struct, frozen=True):
    id: str
    name: Words
    category: Words
    description: Words
    variants: tuple[Variant, ...]
    picture: str = ""


class Address(msgspec.Struct, frozen=True):
    id: str
    line1: str
    city: str
    postcode: str
    country: str
    line2: str = ""
    region: str = ""


class PaymentMethod(msgspec.Struct, frozen=True):
    id: str
    kind: str  # "card", "wallet" or "gift_card"
    label: str  # "Visa ending 4242"; never more of a card than its last four digits
    balance: Decimal | None = None  # gift cards only


class Customer(msgspec.Struct, frozen=True):
    id: str
    name: str
    email: str
    language: str
    addresses: tuple[Address, ...]
    payment_methods: tuple[PaymentMethod, ...]
    phone: str = ""
    default_address: str = ""  # an address id; "" = the first


class Item(msgspec.Struct, frozen=True):
    sku: str
    quantity: int
    price: Decimal  # of one, when it was bought


class Fulfilment(msgspec.Struct, frozen=True):
    """One parcel."""

    carrier: str
    tracking: str
    skus: tuple[str, ...]
    shipped: datetime
    expected: datetime | None = None
    delivered: datetime | None = None


class Payment(msgspec.Struct, frozen=True):
    kind: str  # "payment" or "refund"
    method: str  # a payment method id of the customer
    amount: Decimal
    at: datetime


class Order(msgspec.Struct, frozen=True):
    number: str
    customer: str
    placed: datetime
    status: OrderStatus
    items: tuple[Item, ...]
    address: Address
    fulfilments: tuple[Fulfilment, ...] = ()
    payments: tuple[Payment, ...] = ()
    note: str = ""
    shipping: Decimal = Decimal("0")  # what delivery cost, on top of the items


class ShopProfile(msgspec.Struct, frozen=True):
    """The shop itself: `shop.toml` of its folder."""

    name: Words
    currency: str  # ISO 4217: "USD"
    order_number: str  # a regular expression that an order number matches whole: "OT-\\d{5}"
    email: str
    order_number_example: str = ""  # shown where a customer is asked for one
    phone: str = ""
    hours: Words = {}
    facts: dict[str, str] = {}  # bound into knowledge texts as {{ name }}
    demo: bool = False
