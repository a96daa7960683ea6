"""The shop as the rest of Shopdesk reads it: what it sells to everybody, what a customer bought to him alone."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import select

from bot.shop.catalogue import EMPTY, Catalogue, read_catalogue, read_version
from bot.shop.database import Database, StoreUnavailable, open_database
from bot.shop.files import ShopFiles
from bot.shop.importing import move_dates, replace_shop
from bot.shop.linking import Links
from bot.shop.own_actions import Actor, OwnActions, Proposal, read_deed
from bot.shop.own_orders import OwnOrders, read_customers
from bot.shop.proofs import Proofs, read_account, read_proofs
from bot.shop.records import Customer, Product, ShopProfile, Variant
from bot.shop.tables import shop

__all__ = ["OwnOrders", "ShopStore", "StoreUnavailable", "open_store"]


class ShopStore:
    """Every method raises StoreUnavailable when the database cannot be reached."""

    def __init__(self, database: Database) -> None:
        self._database = self.database = database
        self._seen = EMPTY

    async def profile(self) -> ShopProfile | None:
        """None while the shop is empty."""
        return (await self.catalogue()).profile

    async def products(self) -> list[Product]:
        """In the order of the shop's file; read once for each import."""
        return list((await self.catalogue()).products)

    async def product(self, product_id: str) -> Product | None:
        return (await self.catalogue()).by_id.get(product_id)

    async def by_sku(self, sku: str) -> tuple[Product, Variant] | None:
        return (await self.catalogue()).by_sku.get(sku)

    def of(self, customer_id: str) -> OwnOrders:
        """What this customer may read. The id comes from the session, never from what somebody wrote."""
        return OwnOrders(self._database, customer_id)

    def acting(self, actor: Actor, clock: Callable[[], datetime]) -> OwnActions:
        """What this customer may change. Like `of`, it is bound to what the session says."""
        return OwnActions(self._database, actor, clock)

    async def deed(self, token: str) -> Proposal | None:
        """What was done under this token. For the letter to the customer's own address alone."""
        async with self._database.reading() as connection:
            return await read_deed(connection, token)

    async def proofs(self, order_number: str) -> Proofs | None:
        """For bot.shop.identity alone."""
        async with self._database.glancing() as connection:
            return await read_proofs(connection, order_number)

    async def account(self, email: str) -> str:
        """The id of the customer with this e-mail address, or "". For the one-time code alone."""
        async with self._database.reading() as connection:
            return await read_account(connection, email)

    @property
    def links(self) -> Links:
        return Links(self._database)

    async def customers(self) -> list[Customer]:
        """Everybody. Only for the visitor list of the demo shop and for exports; never for an answer."""
        async with self._database.reading() as connection:
            return await read_customers(connection)

    async def replace(self, files: ShopFiles) -> None:
        """Replace the whole shop in one transaction: if anything fails, the old one stays as it was."""
        async with self._database.writing() as connection:
            await replace_shop(connection, files)

    async def keep_fresh(self, now: datetime) -> None:
        """Move the dates of a demo shop by whole days, so that its orders never grow old. Others stay as they are."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(shop.c.dated, shop.c.profile))).one_or_none()
        today = now.astimezone(UTC).date()
        if row is None or not row.profile["demo"] or row.dated >= today:
            return
        async with self._database.writing() as connection:
            await move_dates(connection, row.dated, today)

    async def ping(self) -> None:
        async with self._database.reading() as connection:
            await connection.execute(select(1))

    async def catalogue(self) -> Catalogue:
        """All that is public, of one import. Each call asks for the version: for several looks at it, call once."""
        async with self._database.glancing() as connection:
            version = await read_version(connection)
        if self._seen.version != version:
            async with self._database.reading() as connection:
                self._seen = await read_catalogue(connection)
        return self._seen


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[ShopStore]:
    """Raises StoreUnavailable, whose one sentence names SHOPDESK_DATABASE_URL."""
    async with open_database(url) as database:
        yield ShopStore(database)
