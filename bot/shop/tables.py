"""The tables of a shop. Money is whole hundredths, time is UTC, so that both databases keep both exactly."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

HUNDREDTH = Decimal("0.01")


class Money(TypeDecorator[Decimal]):
    """Hundredths of the shop's currency as a whole number: exact, and comparable inside a query."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        hundredths = value * 100
        if hundredths != int(hundredths):
            raise ValueError(f"{value} has more than two decimals")
        return int(hundredths)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else (Decimal(value) / 100).quantize(HUNDREDTH)


class Moment(TypeDecorator[datetime]):
    """A point in time, always with its zone in Python and always UTC in the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()


def _within(table: str) -> tuple[Column[Any], Column[Any]]:
    """The key of a row that lives inside another: its owner, and its place there."""
    owner = Column("owner", Text, ForeignKey(table, ondelete="CASCADE"), primary_key=True)
    return owner, Column("position", Integer, primary_key=True, autoincrement=False)


shop = Table(
    "shop",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # there is one row: 1
    Column("version", Text, nullable=False),  # another with every import
    Column("dated", Date, nullable=False),  # the day that counts as today in the dates of a demo shop
    Column("profile", JSON, nullable=False),
)

products = Table(
    "products",
    metadata,
    Column("id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("picture", Text, nullable=False),
    Column("name", JSON, nullable=False),
    Column("category", JSON, nullable=False),
    Column("description", JSON, nullable=False),
)

variants = Table(
    "variants",
    metadata,
    *_within("products.id"),
    Column("sku", Text, nullable=False, unique=True),
    Column("price", Money, nullable=False),
    Column("stock", Integer, nullable=False),
    Column("options", JSON, nullable=False),
)

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("default_address", Text, nullable=False),
)

addresses = Table(
    "addresses",
    metadata,
    *_within("customers.id"),
    Column("id", Text, nullable=False),
    Column("line1", Text, nullable=False),
    Column("line2", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("postcode", Text, nullable=False),
    Column("country", Text, nullable=False),
)

payment_methods = Table(
    "payment_methods",
    metadata,
    *_within("customers.id"),
    Column("id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("balance", Money),
)

orders = Table(
    "orders",
    metadata,
    Column("number", Text, primary_key=True),
    Column("spoken", Text, nullable=False, unique=True),  # the number without case, dash and space: see `spoken`
    Column("customer", Text, nullable=False),
    Column("placed", Moment, nullable=False),
    Column("status", Text, nullable=False),
    Column("shipping", Money, nullable=False),
    Column("address", JSON, nullable=False),  # as it was when the order was placed
    Column("note", Text, nullable=False),
    ForeignKeyConstraint(["customer"], ["customers.id"]),
    Index("orders_of_a_customer", "customer", "placed"),
)

items = Table(
    "items",
    metadata,
    *_within("orders.number"),
    Column("sku", Text, ForeignKey("variants.sku"), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("price", Money, nullable=False),
)

fulfilments = Table(
    "fulfilments",
    metadata,
    *_within("orders.number"),
    Column("carrier", Text, nullable=False),
    Column("tracking", Text, nullable=False),
    Column("skus", JSON, nullable=False),
    Column("shipped", Moment, nullable=False),
    Column("expected", Moment),
    Column("delivered", Moment),
)

payments = Table(
    "payments",
    metadata,
    *_within("orders.number"),
    Column("kind", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("amount", Money, nullable=False),
    Column("at", Moment, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    *_within("orders.number"),
    Column("action", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("items", JSON, nullable=False),
    Column("new_items", JSON, nullable=False),
    Column("method", Text, nullable=False),
    Column("refund", Money, nullable=False),
)

IMPORTED = tuple(metadata.sorted_tables)
"""What an import replaces. The tables below are the desk's own records, and outlive it."""

proposals = Table(
    "proposals",
    metadata,
    Column("token", Text, primary_key=True),
    Column("key", Text, nullable=False),  # what the action is, and after how many others: see bot.shop.own_actions
    Column("customer", Text, nullable=False),
    Column("conversation", Text, nullable=False),
    Column("target", Text, nullable=False),  # as in the audit
    Column("asked", Text, nullable=False),  # the id of the message in answer to which it is shown
    Column("action", JSON, nullable=False),
    Column("effect", JSON, nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("state", Text, nullable=False),  # "open", "done", "withdrawn"
    Column("answered", Text, nullable=False),  # the id of the message that ended it
    Index("proposals_in_a_conversation", "conversation", "customer"),
)

audit = Table(
    "audit",
    metadata,
    Column("key", Text, primary_key=True),  # that of the proposal: the same thing is done once
    Column("at", Moment, nullable=False),
    Column("target", Text, nullable=False),  # an order's number, or "customer " and the customer's id
    Column("customer", Text, nullable=False),
    Column("conversation", Text, nullable=False),
    Column("confirmed", Text, nullable=False),  # the id of the customer's message that confirmed it
    Column("token", Text, nullable=False),
    Column("action", JSON, nullable=False),
    Column("effect", JSON, nullable=False),  # before and after
    Index("audit_of_a_target", "target"),
)

links = Table(
    "links",
    metadata,
    Column("person", Text, primary_key=True),  # see bot.shop.linking
    Column("customer", Text, nullable=False),
    Column("created", Moment, nullable=False),
)
