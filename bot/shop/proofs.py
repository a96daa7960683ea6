"""What somebody may give to prove that an order is theirs. For identity alone; nothing of it is ever shown."""

from datetime import UTC, datetime

import msgspec
from sqlalchemy import func, select

from bot.shop.database import Reading
from bot.shop.order_numbers import spoken
from bot.shop.tables import addresses, customers, orders

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Proofs(msgspec.Struct, frozen=True):
    customer: str
    email: str
    postcodes: tuple[str, ...]  # of the order's address and of the customer's


async def read_proofs(connection: Reading, number: str) -> Proofs | None:
    """One query whether there is such an order or not."""
    query = (
        select(customers.c.id, customers.c.email, orders.c.address, addresses.c.postcode)
        .join_from(orders, customers, orders.c.customer == customers.c.id)
        .join(addresses, addresses.c.owner == customers.c.id, isouter=True)
        .where(orders.c.spoken == spoken(number))
    )
    rows = (await connection.execute(query)).all()
    if not rows:
        return None
    first = rows[0]
    postcodes = (first.address["postcode"], *(row.postcode for row in rows if row.postcode))
    return Proofs(customer=first.id, email=first.email, postcodes=postcodes)


async def read_account(connection: Reading, email: str) -> str:
    """The id of the customer with this e-mail address, "" for nobody; where several share it, of who bought last."""
    query = (
        select(customers.c.id)
        .join(orders, orders.c.customer == customers.c.id, isouter=True)
        .where(func.lower(customers.c.email) == email.lower(), customers.c.email != "")
        .order_by(func.coalesce(orders.c.placed, LONG_AGO).desc(), customers.c.id)
        .limit(1)
    )
    return str((await connection.execute(query)).scalar() or "")
