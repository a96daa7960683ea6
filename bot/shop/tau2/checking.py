"""Whether a database file of tau2-bench is whole: what it refers to is there, and names and signs can be stored."""

import re
from collections.abc import Iterator, Mapping

from bot.shop.order_numbers import spoken
from bot.shop.tau2.both_ways import STATUSES
from bot.shop.tau2.database import PlacedOrder, RetailDatabase


def check(found: RetailDatabase, order_number: str) -> None:
    """Raises ValueError with a sentence that names what is wrong first."""
    for problem in _problems(found, order_number):
        raise ValueError(problem)


def _problems(found: RetailDatabase, pattern: str) -> Iterator[str]:
    yield from _other_keys("product", {key: one.product_id for key, one in found.products.items()})
    yield from _other_keys("user", {key: one.user_id for key, one in found.users.items()})
    yield from _other_keys("order", {key: one.order_id for key, one in found.orders.items()})
    variants = [(key, one.item_id) for product in found.products.values() for key, one in product.variants.items()]
    yield from _other_keys("variant", dict(variants))
    sold = {sku for _, sku in variants}
    if len(sold) < len(variants):
        yield "two variants have the same item_id"
    numbers: dict[str, str] = {}
    for order in found.orders.values():
        yield from _problems_of_order(order, found, sold, pattern)
        if before := numbers.get(spoken(order.order_id)):
            yield f"orders {before} and {order.order_id} cannot be told apart when somebody types their number"
        numbers[spoken(order.order_id)] = order.order_id
    for user in found.users.values():
        theirs = [order.order_id for order in found.orders.values() if order.user_id == user.user_id]
        if sorted(theirs) != sorted(user.orders):
            yield f"the orders listed with user {user.user_id} are not those which name that user"


def _problems_of_order(order: PlacedOrder, found: RetailDatabase, sold: set[str], pattern: str) -> Iterator[str]:
    name = f"order {order.order_id}"
    if not re.fullmatch(pattern, order.order_id):
        yield f"{name} does not match order_number {pattern} of the settings file"
    if order.status not in STATUSES:
        yield f'{name} has the status "{order.status}"; there are {", ".join(STATUSES)}'
    user = found.users.get(order.user_id)
    if user is None:
        yield f"{name} is of user {order.user_id}, who is not among the users"
    for sku in {item.item_id for item in order.items} - sold:
        yield f"{name} has item {sku}, which is not among the products"
    for payment in order.payment_history:
        if payment.transaction_type not in ("payment", "refund"):
            yield f'{name} has a transaction "{payment.transaction_type}"; there are payment and refund'
        if user and payment.payment_method_id not in user.payment_methods:
            yield f"{name} was paid by {payment.payment_method_id}, which its user has not"


def _other_keys(what: str, ids: Mapping[str, str]) -> Iterator[str]:
    for key, own in ids.items():
        if key != own:
            yield f"the {what} under {key} calls itself {own}"
