"""The CSV form of a shop's files: rows gathered into the same entries that the JSON form has."""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from bot.separators import separator_of
from bot.shop.entries import Entry, ShopFileError
from bot.shop.json_files import read_text

PRODUCT = ("id", "picture", "category", "name", "description")
VARIANT = ("sku", "price", "stock")
CUSTOMER = ("id", "name", "email", "phone", "language")
ADDRESS = ("line1", "line2", "city", "region", "postcode", "country")
METHOD = {"payment_id": "id", "payment_kind": "kind", "payment_label": "label", "payment_balance": "balance"}
ORDER = ("number", "customer", "placed", "status", "shipping", "address", "note")
ITEM = ("sku", "quantity", "price")
PARCEL = ("carrier", "tracking", "shipped", "expected", "delivered")
PAYMENT = {"payment_kind": "kind", "payment_method": "method", "payment_amount": "amount", "payment_at": "at"}
ONLY_ADDRESS = "main"
OPTION = "option:"
TRANSLATED = re.compile(r"(.+)_([a-z]{2})", re.ASCII)


class Row(msgspec.Struct, frozen=True):
    """The cells of a row that are not empty, by column."""

    path: Path
    line: int
    columns: tuple[str, ...]
    cells: dict[str, str]

    def entry(self, value: dict[str, Entry] | list[Entry] | str, name: str) -> Entry:
        return Entry(self.path, self.line, name, value)

    def pick(self, columns: Iterable[str]) -> dict[str, Entry]:
        return {name: self.entry(self.cells[name], name) for name in columns if name in self.cells}

    def pick_as(self, columns: dict[str, str]) -> dict[str, Entry]:
        """The same, under other names."""
        return {name: self.entry(self.cells[at], at) for at, name in columns.items() if at in self.cells}

    def pick_words(self, columns: Iterable[str]) -> dict[str, Entry]:
        """Texts that may have columns of further languages: name, name_zh."""
        return {name: self.entry(found, name) for name in columns if (found := self._words(name))}

    def _words(self, name: str) -> dict[str, Entry]:
        found = {}
        for column, cell in self.cells.items():
            match = TRANSLATED.fullmatch(column)
            if column == name:
                found["en"] = self.entry(cell, column)
            elif match and match[1] == name:
                found[match[2]] = self.entry(cell, column)
        return found


def read_products(path: Path) -> list[Entry]:
    """One row for each variant; what is the product's stands in its first row. Raises ShopFileError."""
    found = []
    for rows in _gathered(_rows(path, (*PRODUCT, *VARIANT), ("category", "name", "description", OPTION)), "id"):
        first = _shared(rows, [name for row in rows for name in row.cells if _is_products(name)])
        fields = first.pick(("id", "picture")) | first.pick_words(("category", "name", "description"))
        fields["variants"] = first.entry([_variant(row) for row in rows], "variants")
        found.append(first.entry(fields, "product"))
    return found


def read_customers(path: Path) -> list[Entry]:
    """One row for each customer, with one address and one payment method at most. Raises ShopFileError."""
    found = []
    for row in _rows(path, (*CUSTOMER, *ADDRESS, *METHOD), ()):
        fields = row.pick(CUSTOMER)
        address, method = row.pick(ADDRESS), row.pick_as(METHOD)
        if address:
            address["id"] = row.entry(ONLY_ADDRESS, "id")
        fields["addresses"] = row.entry([row.entry(address, "address")] if address else [], "addresses")
        methods = [row.entry(method, "payment method")] if method else []
        found.append(row.entry(fields | {"payment_methods": row.entry(methods, "payment_methods")}, "customer"))
    return found


def read_orders(path: Path) -> list[Entry]:
    """One row for each item; what is the order's stands in its first row. Raises ShopFileError."""
    found = []
    for rows in _gathered(_rows(path, (*ORDER, *ITEM, *PARCEL, *PAYMENT), ()), "number"):
        first = _shared(rows, ORDER)
        items = [row.entry(row.pick(ITEM), "item") for row in rows if row.pick(ITEM)]
        fields = first.pick(ORDER) | {"items": first.entry(items, "items")}
        fields["fulfilments"] = first.entry(_parcels(rows), "fulfilments")
        fields["payments"] = first.entry(_payments(rows), "payments")
        found.append(first.entry(fields, "order"))
    return found


def _is_products(column: str) -> bool:
    match = TRANSLATED.fullmatch(column)
    return column in PRODUCT or bool(match and match[1] in PRODUCT)


def _variant(row: Row) -> Entry:
    columns = [name for name in row.columns if name.startswith(OPTION)]
    plain = [name for name in columns if not ((match := TRANSLATED.fullmatch(name)) and match[1] in columns)]
    options = {name.removeprefix(OPTION): entry for name, entry in row.pick_words(plain).items()}
    return row.entry(row.pick(VARIANT) | {"options": row.entry(options, "options")}, "variant")


def _parcels(rows: list[Row]) -> list[Entry]:
    """Rows with the same carrier and tracking number are one parcel."""
    together: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.pick(PARCEL):
            together.setdefault((row.cells.get("carrier", ""), row.cells.get("tracking", "")), []).append(row)
    found = []
    for group in together.values():
        first = _shared(group, PARCEL)
        skus = [row.entry(row.cells["sku"], "sku") for row in group if "sku" in row.cells]
        found.append(first.entry(first.pick(PARCEL) | {"skus": first.entry(skus, "skus")}, "fulfilment"))
    return found


def _payments(rows: list[Row]) -> list[Entry]:
    """The same payment in several rows is one, as exports repeat it beside every item."""
    seen = set()
    found = []
    for row in rows:
        fields = row.pick_as(PAYMENT)
        key = tuple(row.cells.get(name) for name in PAYMENT)
        if fields and key not in seen:
            seen.add(key)
            found.append(row.entry({"kind": row.entry("payment", "kind")} | fields, "payment"))
    return found


def _shared(rows: list[Row], columns: Iterable[str]) -> Row:
    """The first row, once it is sure that no later one says otherwise."""
    first = rows[0]
    for name in dict.fromkeys(columns):
        for row in rows[1:]:
            if name in row.cells and row.cells[name] != first.cells.get(name):
                reason = f'{name} "{row.cells[name]}" differs from line {first.line}, which it belongs to'
                raise ShopFileError(row.path, row.line, reason)
    return first


def _gathered(rows: list[Row], key: str) -> list[list[Row]]:
    together: dict[str, list[Row]] = {}
    for row in rows:
        if key not in row.cells:
            raise ShopFileError(row.path, row.line, f'"{key}" is missing')
        together.setdefault(row.cells[key], []).append(row)
    return list(together.values())


def _rows(path: Path, columns: tuple[str, ...], translated: tuple[str, ...]) -> list[Row]:
    written = read_text(path)
    reader = csv.reader(io.StringIO(written, newline=""), delimiter=separator_of(written), strict=True)
    found = []
    line = 1
    try:
        header = _header(path, next(reader, []), columns, translated)
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append(_row(path, line, header, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ShopFileError(path, line, f"is not CSV: {error}") from None
    return found


def _header(path: Path, cells: list[str], columns: tuple[str, ...], translated: tuple[str, ...]) -> list[str]:
    names = [cell.strip() for cell in cells]
    unknown = [f'"{name}"' for name in names if not _is_known(name, columns, translated)]
    if unknown:
        what = f"{unknown[0]} is not a column" if len(unknown) == 1 else f"{', '.join(unknown)} are not columns"
        raise ShopFileError(path, 1, f"{what} here; there are {', '.join(columns)}")
    for name in names:
        if names.count(name) > 1:
            raise ShopFileError(path, 1, f'column "{name}" is given twice')
    return names


def _is_known(name: str, columns: tuple[str, ...], translated: tuple[str, ...]) -> bool:
    match = TRANSLATED.fullmatch(name)
    is_option = OPTION in translated and name.startswith(OPTION)
    return name in columns or is_option or bool(match and match[1] in translated)


def _row(path: Path, line: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) > len(header):
        raise ShopFileError(path, line, f"has {len(cells)} cells where the first line has {len(header)}")
    named = zip(header, (cell.strip() for cell in cells), strict=False)
    return Row(path, line, tuple(header), {name: cell for name, cell in named if cell})
