"""A shop's folder as one checked whole: shop.toml with products, customers and orders."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec

from bot.shop import csv_files
from bot.shop.entries import Entry, ShopFileError
from bot.shop.file_orders import Known, read_orders
from bot.shop.file_records import read_customers, read_products
from bot.shop.json_files import read_json
from bot.shop.profile_file import read_profile
from bot.shop.records import Customer, Order, Product, ShopProfile

__all__ = ["ShopFileError", "ShopFiles", "read_shop"]


class ShopFiles(msgspec.Struct, frozen=True):
    """Everything an import brings. Whoever builds one by hand answers for the checks that `read_shop` makes."""

    profile: ShopProfile
    products: tuple[Product, ...]
    customers: tuple[Customer, ...]
    orders: tuple[Order, ...]
    dated: date  # the day that relative dates were counted from


def read_shop(folder: Path, today: date) -> ShopFiles:
    """Read and check the whole folder; `today` is the day (UTC) that relative dates count from.

    The three lists lie beside shop.toml, each as .json or as .csv.
    Raises ShopFileError at the first thing that is wrong, so that nothing is ever half-imported.
    """
    profile = read_profile(folder / "shop.toml")
    products = read_products(_entries(folder, "products", csv_files.read_products))
    customers = read_customers(_entries(folder, "customers", csv_files.read_customers))
    known = Known(
        skus=frozenset(variant.sku for product in products for variant in product.variants),
        customers={customer.id: customer for customer in customers},
        pattern=profile.order_number,
        today=today,
    )
    orders = read_orders(_entries(folder, "orders", csv_files.read_orders), known)
    return ShopFiles(profile=profile, products=products, customers=customers, orders=orders, dated=today)


def _entries(folder: Path, name: str, read_csv: Callable[[Path], list[Entry]]) -> list[Entry]:
    json_file, csv_file = folder / f"{name}.json", folder / f"{name}.csv"
    if json_file.exists() and csv_file.exists():
        raise ShopFileError(csv_file, 0, f"stands beside {json_file.name}; keep one of the two")
    if csv_file.exists():
        return read_csv(csv_file)
    if not json_file.exists():
        raise ShopFileError(json_file, 0, f"is missing in {folder}, and so is {csv_file.name}")
    return read_json(json_file)
