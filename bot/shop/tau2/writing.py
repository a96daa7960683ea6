"""The shop as a database file of tau2-bench. What that has no place for is left out (docs/actions-file.md)."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.shop.catalogue import Catalogue, read_catalogue
from bot.shop.database import Database
from bot.shop.order_status import OrderStatus
from bot.shop.own_orders import read_customers, read_orders
from bot.shop.records import Address, Change, Customer, Fulfilment, Item, Order, Product, Variant, in_language
from bot.shop.tables import orders
from bot.shop.tau2.both_ways import BETWEEN, STATUS_NAMES, means_of, number_of, place_of, split_name
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
from bot.shop.tau2.slips import with_slips

NOWHERE = Address(id="", line1="", city="", postcode="", country="")  # of a customer who has given none
AT_ONCE = 1000  # orders in one query: databases have a limit to what one may name


async def write_database(database: Database) -> bytes:
    """JSON of the whole shop as it is at one moment. Raises ValueError where it is empty, and StoreUnavailable."""
    async with database.reading() as connection:
        catalogue = await read_catalogue(connection)
        if catalogue.profile is None:
            raise ValueError("The shop is empty: import it first (shopdesk shop import).")
        customers = await read_customers(connection)
        placed = await _all_orders(connection)
    of_customers: dict[str, list[str]] = {}
    for order in placed:
        of_customers.setdefault(order.customer, []).append(order.number)
    found = RetailDatabase(
        products={one.id: _product(one) for one in catalogue.products},
        users={one.id: _user(one, of_customers.get(one.id, [])) for one in customers},
        orders={order.number: _order(order, catalogue) for order in placed},
    )
    return msgspec.json.format(msgspec.json.encode(found), indent=2)


async def _all_orders(connection: AsyncConnection) -> list[Order]:
    """The oldest first."""
    numbers = (await connection.execute(select(orders.c.number).order_by(orders.c.number))).scalars().all()
    found: list[Order] = []
    for first in range(0, len(numbers), AT_ONCE):
        some = numbers[first : first + AT_ONCE]
        found += await read_orders(connection, orders.c.number.in_(some), AT_ONCE)
    return sorted(found, key=lambda order: (order.placed, order.number))


def _product(product: Product) -> ProductType:
    return ProductType(
        name=in_language(product.name, "en"),
        product_id=product.id,
        variants={
            one.sku: ItemVariant(one.sku, _options(one), one.stock > 0, number_of(one.price))
            for one in product.variants
        },
    )


def _options(variant: Variant) -> dict[str, str]:
    return {name: in_language(value, "en") for name, value in variant.options.items()}


def _user(customer: Customer, numbers: list[str]) -> User:
    first = next(iter(customer.addresses), NOWHERE)
    default = next((one for one in customer.addresses if one.id == customer.default_address), first)
    return User(
        user_id=customer.id,
        name=split_name(customer.name),
        address=place_of(default),
        email=customer.email,
        payment_methods={method.id: means_of(method) for method in customer.payment_methods},
        orders=numbers,
    )


def _order(order: Order, catalogue: Catalogue) -> PlacedOrder:
    done = {change.action: change for change in order.changes}
    placed = PlacedOrder(
        order_id=order.number,
        user_id=order.customer,
        address=place_of(order.address),
        items=[_item(item, catalogue) for item in order.items for _ in range(item.quantity)],
        status=_status(order, done),
        fulfillments=[_parcel(one) for one in order.fulfilments],
        payment_history=[Transaction(one.kind, number_of(one.amount), one.method) for one in order.payments],
    )
    if "change_items" in done:
        placed = with_slips(placed, done["change_items"])
    return _with_changes(placed, done) if done else placed


def _item(item: Item, catalogue: Catalogue) -> OrderedItem:
    product, variant = catalogue.by_sku[item.sku]
    return OrderedItem(
        name=in_language(product.name, "en"),
        product_id=product.id,
        item_id=item.sku,
        price=number_of(item.price),
        options=_options(variant),
    )


def _parcel(parcel: Fulfilment) -> Parcel:
    return Parcel(parcel.tracking.split(BETWEEN), list(parcel.skus))


def _status(order: Order, done: Mapping[str, Change]) -> str:
    if order.status is OrderStatus.PENDING and "change_items" in done:
        return MODIFIED
    return STATUS_NAMES[order.status]


def _with_changes(placed: PlacedOrder, done: Mapping[str, Change]) -> PlacedOrder:
    cancelled, returned, exchanged = (done.get(name) for name in ("cancel_order", "return_items", "exchange_items"))
    return msgspec.structs.replace(
        placed,
        cancel_reason=cancelled.reason if cancelled else None,
        exchange_items=sorted(exchanged.items) if exchanged else None,
        exchange_new_items=sorted(exchanged.new_items) if exchanged else None,
        exchange_payment_method_id=exchanged.method if exchanged else None,
        exchange_price_difference=number_of(-exchanged.refund) if exchanged else None,
        return_items=sorted(returned.items) if returned else None,
        return_payment_method_id=returned.method if returned else None,
    )
