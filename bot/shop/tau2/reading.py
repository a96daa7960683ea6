"""A database file of tau2-bench as a shop of ours."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from bot.shop.entries import ShopFileError
from bot.shop.files import ShopFiles
from bot.shop.json_files import read_text
from bot.shop.order_status import OrderStatus
from bot.shop.records import Change, Customer, Fulfilment, Item, Order, Payment, Product, ShopProfile, Variant
from bot.shop.tau2.both_ways import BETWEEN, STATUSES, address_of, amount_of, full_name, method_of
from bot.shop.tau2.checking import check
from bot.shop.tau2.database import (
    MODIFIED,
    ItemVariant,
    OrderedItem,
    Parcel,
    PlacedOrder,
    ProductType,
    RetailDatabase,
    Transaction,
    User,
)

NO_SIGN = "\\u0000"  # as JSON writes it
HOME = "home"
CARRIER = "Parcel"  # the benchmark names none
EVERYTHING = {"en": "Products", "zh": "商品"}


def read_database(path: Path, profile: ShopProfile, today: date) -> ShopFiles:
    """There are no dates in it: everything was placed, paid, sent and delivered `today`, in the order in which the
    customer's orders are listed.

    Raises ShopFileError at the first thing that is wrong.
    """
    written = read_text(path)
    try:
        if NO_SIGN in written:
            raise ValueError(f"has the sign {NO_SIGN}, which cannot be stored")
        found = msgspec.json.decode(written, type=RetailDatabase)
        check(found, profile.order_number)
        return _shop(found, profile, today)
    except (msgspec.DecodeError, ValueError) as error:
        raise ShopFileError(path, 0, str(error)) from None


def _shop(found: RetailDatabase, profile: ShopProfile, today: date) -> ShopFiles:
    morning = datetime.combine(today, time(), UTC)
    places = {number: at for user in found.users.values() for at, number in enumerate(user.orders)}
    variants = {sku: one for product in found.products.values() for sku, one in product.variants.items()}
    return ShopFiles(
        profile=profile,
        products=tuple(_product(one) for one in found.products.values()),
        customers=tuple(_customer(one) for one in found.users.values()),
        orders=tuple(
            _order(one, variants, morning + timedelta(seconds=places[one.order_id])) for one in found.orders.values()
        ),
        dated=today,
    )


def _product(found: ProductType) -> Product:
    return Product(
        id=found.product_id,
        name={"en": found.name},
        category=EVERYTHING,
        description={"en": ""},
        variants=tuple(_variant(one) for one in found.variants.values()),
    )


def _variant(found: ItemVariant) -> Variant:
    return Variant(
        sku=found.item_id,
        price=amount_of(found.price),
        stock=int(found.available),
        options={name: {"en": value} for name, value in found.options.items()},
    )


def _customer(found: User) -> Customer:
    return Customer(
        id=found.user_id,
        name=full_name(found.name),
        email=found.email,
        language="en",
        addresses=(address_of(found.address, HOME),),
        payment_methods=tuple(method_of(one) for one in found.payment_methods.values()),
    )


def _order(found: PlacedOrder, variants: Mapping[str, ItemVariant], at: datetime) -> Order:
    return Order(
        number=found.order_id,
        customer=found.user_id,
        placed=at,
        status=STATUSES[found.status],
        items=tuple(Item(item.item_id, 1, _price(item, variants[item.item_id])) for item in found.items),
        address=address_of(found.address),
        fulfilments=tuple(_fulfilment(parcel, STATUSES[found.status], at) for parcel in found.fulfillments),
        payments=tuple(
            Payment(one.transaction_type, one.payment_method_id, amount_of(one.amount), at)
            for one in found.payment_history
        ),
        changes=tuple(_changes(found, at)),
    )


def _price(item: OrderedItem, variant: ItemVariant) -> Decimal:
    """With the options of another variant it has that one's price, which is wrong: see slips.py."""
    return amount_of(item.price if item.options == variant.options else variant.price)


def _fulfilment(found: Parcel, status: OrderStatus, at: datetime) -> Fulfilment:
    came = status in (OrderStatus.DELIVERED, OrderStatus.RETURN_REQUESTED, OrderStatus.EXCHANGE_REQUESTED)
    return Fulfilment(
        carrier=CARRIER,
        tracking=BETWEEN.join(found.tracking_id),
        skus=tuple(found.item_ids),
        shipped=at,
        delivered=at if came else None,
    )


def _changes(found: PlacedOrder, at: datetime) -> Iterator[Change]:
    """What was done to an order before; which items a pending one had is not kept there."""
    if other := _other_payment(found.payment_history):
        yield Change("change_payment", at, method=other)
    if found.status == MODIFIED:
        yield Change("change_items", at)
    if found.cancel_reason:
        yield Change("cancel_order", at, reason=found.cancel_reason)
    if found.exchange_items:
        yield Change(
            "exchange_items",
            at,
            items=tuple(found.exchange_items),
            new_items=tuple(found.exchange_new_items or ()),
            method=found.exchange_payment_method_id or "",
            refund=-amount_of(found.exchange_price_difference or 0.0),
        )
    if found.return_items:
        prices = {item.item_id: amount_of(item.price) for item in found.items}
        yield Change(
            "return_items",
            at,
            items=tuple(found.return_items),
            method=found.return_payment_method_id or "",
            refund=sum((prices.get(item, Decimal(0)) for item in found.return_items), Decimal(0)),
        )


def _other_payment(history: list[Transaction]) -> str:
    """The method that took the place of the first: paid the same, which then went back to the first."""
    if len(history) < 3:
        return ""
    paid, again, back = history[:3]
    swapped = (again.transaction_type, back.transaction_type) == ("payment", "refund")
    same = paid.amount == again.amount == back.amount and back.payment_method_id == paid.payment_method_id
    return again.payment_method_id if swapped and same else ""
