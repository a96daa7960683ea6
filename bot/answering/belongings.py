"""What a customer has, as far as it may be shown in this conversation, read once for a turn."""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from bot.sessions import Session
from bot.shop.order_numbers import spoken
from bot.shop.records import Customer, Order, Product, Variant
from bot.shop.store import ShopStore


@dataclass(frozen=True)
class Belongings:
    customer: Customer
    orders: tuple[Order, ...]  # the newest first
    sold: Mapping[str, tuple[Product, Variant]]  # by SKU

    def order(self, number: str) -> Order | None:
        return next((order for order in self.orders if spoken(order.number) == spoken(number)), None)


async def read_belongings(store: ShopStore, session: Session) -> Belongings | None:
    """None where nobody is known. Who has proved orders alone is shown those, and nothing of the account."""
    own = store.of(session.customer)
    customer = await own.customer() if session.customer else None
    if customer is None:
        return None
    if session.may_see():
        orders = await own.orders()
    else:
        numbers = [number for number in session.proven_orders if session.may_see(number)]
        orders = [order for number in numbers if (order := await own.order(number))]
        customer = replace(customer, addresses=(), default_address="", payment_methods=())
    sold = (await store.catalogue()).by_sku
    return Belongings(customer, tuple(orders), sold)
