"""The public side of the shop, as it is read from the database: profile, products, and which import they are of."""

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.shop.database import Reading
from bot.shop.records import Product, ShopProfile, Variant
from bot.shop.tables import products, shop, variants


class Catalogue(msgspec.Struct, frozen=True):
    version: str
    profile: ShopProfile | None
    products: tuple[Product, ...]
    by_id: dict[str, Product]
    by_sku: dict[str, tuple[Product, Variant]]


EMPTY = Catalogue("", None, (), {}, {})
_version = select(shop.c.version)


async def read_version(connection: Reading) -> str:
    """The name of the last import; "" while there was none."""
    return (await connection.execute(_version)).scalar() or ""


async def read_catalogue(connection: AsyncConnection) -> Catalogue:
    """The whole of it, in three queries."""
    row = (await connection.execute(select(shop.c.version, shop.c.profile))).one_or_none()
    if row is None:
        return EMPTY
    found = await _read_products(connection)
    return Catalogue(
        version=row.version,
        profile=msgspec.convert(row.profile, ShopProfile),
        products=found,
        by_id={product.id: product for product in found},
        by_sku={variant.sku: (product, variant) for product in found for variant in product.variants},
    )


async def _read_products(connection: AsyncConnection) -> tuple[Product, ...]:
    inside: dict[str, list[Variant]] = {}
    for row in await connection.execute(select(variants).order_by(variants.c.owner, variants.c.position)):
        variant = Variant(sku=row.sku, price=row.price, stock=row.stock, options=row.options)
        inside.setdefault(row.owner, []).append(variant)
    return tuple(
        Product(
            id=row.id,
            name=row.name,
            category=row.category,
            description=row.description,
            variants=tuple(inside.get(row.id, ())),
            picture=row.picture,
        )
        for row in await connection.execute(select(products).order_by(products.c.position))
    )
