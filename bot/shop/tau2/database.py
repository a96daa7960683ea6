"""The database file of tau2-bench's retail domain, field by field: https://github.com/sierra-research/tau2-bench."""

import msgspec
from msgspec import UNSET, UnsetType

MODIFIED = "pending (item modified)"


class Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    first_name: str
    last_name: str


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    address1: str
    address2: str
    city: str
    country: str
    state: str
    zip: str


class CreditCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="source", tag="credit_card"):
    id: str
    brand: str
    last_four: str


class Paypal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="source", tag="paypal"):
    id: str


class GiftCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="source", tag="gift_card"):
    id: str
    balance: float


Means = CreditCard | Paypal | GiftCard


class User(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user_id: str
    name: Name
    address: Place
    email: str
    payment_methods: dict[str, Means]
    orders: list[str]


class ItemVariant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    item_id: str
    options: dict[str, str]
    available: bool
    price: float


class ProductType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    product_id: str
    variants: dict[str, ItemVariant]


class OrderedItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    product_id: str
    item_id: str
    price: float
    options: dict[str, str]


class Parcel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tracking_id: list[str]
    item_ids: list[str]


class Transaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    transaction_type: str  # "payment" or "refund"
    amount: float
    payment_method_id: str


class PlacedOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The last seven fields are left out of an order to which nothing was done; in any other all of them are there."""

    order_id: str
    user_id: str
    address: Place
    items: list[OrderedItem]
    status: str
    fulfillments: list[Parcel]
    payment_history: list[Transaction]
    cancel_reason: str | UnsetType | None = UNSET
    exchange_items: list[str] | UnsetType | None = UNSET
    exchange_new_items: list[str] | UnsetType | None = UNSET
    exchange_payment_method_id: str | UnsetType | None = UNSET
    exchange_price_difference: float | UnsetType | None = UNSET  # what the customer pays; below zero: gets back
    return_items: list[str] | UnsetType | None = UNSET
    return_payment_method_id: str | UnsetType | None = UNSET


class RetailDatabase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    products: dict[str, ProductType]
    users: dict[str, User]
    orders: dict[str, PlacedOrder]
