"""A shop for the soak, as its files: customers who may sign in, each with orders that can still be cancelled."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

FIRST_ORDER = 30_000_000
SHOP = r"""
name = "Soak & Sons"
currency = "USD"
order_number = 'OT-\d{8}'
email = "help@soak.example"
"""


def orders_of(customers: Sequence[str], each: int) -> dict[str, list[str]]:
    return {
        customer: [f"OT-{FIRST_ORDER + place * each + number}" for number in range(each)]
        for place, customer in enumerate(customers)
    }


def write_shop(folder: Path, orders: Mapping[str, Sequence[str]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shop.toml").write_text(SHOP)
    _write(folder / "products.json", [_product()])
    _write(folder / "customers.json", [_customer(customer) for customer in orders])
    placed = (datetime.now(UTC) - timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    _write(
        folder / "orders.json",
        [_order(number, customer, placed) for customer, numbers in orders.items() for number in numbers],
    )


def _write(path: Path, entries: list[dict[str, object]]) -> None:
    path.write_bytes(msgspec.json.encode(entries))


def _product() -> dict[str, object]:
    variant = {"sku": "PL01-BLU", "price": "20.00", "stock": 100_000}
    return {
        "id": "plain-pail",
        "category": "Pails",
        "name": "Plain Pail",
        "description": "A pail of ten litres.",
        "variants": [variant],
    }


def _customer(customer: str) -> dict[str, object]:
    return {
        "id": customer,
        "name": f"Customer {customer}",
        "email": f"{customer}@customers.example",
        "language": "en",
        "addresses": [],
        "payment_methods": [{"id": "card-1", "kind": "card", "label": "Visa ending 4242"}],
    }


def _order(number: str, customer: str, placed: str) -> dict[str, object]:
    return {
        "number": number,
        "customer": customer,
        "placed": placed,
        "status": "pending",
        "items": [{"sku": "PL01-BLU", "quantity": 1, "price": "20.00"}],
        "shipping": "5.00",
        "address": {"line1": "1 Quay", "city": "Bergen", "postcode": "5003", "country": "Norway"},
        "payments": [{"kind": "payment", "method": "card-1", "amount": "25.00", "at": placed}],
    }
