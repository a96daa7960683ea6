"""What a shop is made of, as the rest of Shopdesk reads it. Money is Decimal in the shop's currency, time is UTC."""

from datetime import datetime
from decimal import Decimal

import msgspec

from bot.desk.desk_settings import DeskSettings
from bot.shop.order_status import OrderStatus
from bot.shop.rule_settings import RuleSettings
from bot.shop.words import Words, in_language

__all__ = ["OrderStatus", "Words", "in_language"]


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


class Change(msgspec.Struct, frozen=True):
    """What was done to an order at the customer's word, as the shop's people need it to act on."""

    action: str  # "return_items"
    at: datetime
    reason: str = ""
    items: tuple[str, ...] = ()  # a SKU for each piece
    new_items: tuple[str, ...] = ()  # what comes for each of them
    method: str = ""  # the payment method that the difference or the refund goes over
    refund: Decimal = Decimal("0.00")  # what the customer gets back; below zero: what the customer pays


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
    changes: tuple[Change, ...] = ()


class ShopProfile(msgspec.Struct, frozen=True):
    """The shop itself: `shop.toml` of its folder."""

    name: Words
    currency: str  # ISO 4217: "USD"
    order_number: str  # a regular expression that an order number matches whole: "OT-\\d{8}"
    email: str
    order_number_example: str = ""  # shown where a customer is asked for one
    phone: str = ""
    hours: Words = {}
    facts: dict[str, str] = {}  # bound into knowledge texts as {{ name }}
    rules: RuleSettings = RuleSettings()  # bound into them as well: see bot.shop.rule_settings
    desk: DeskSettings = DeskSettings()
    demo: bool = False
