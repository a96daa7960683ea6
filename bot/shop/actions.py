"""What a customer may want changed, complete and checked for its form alone. Whether it may be: bot.shop.rules."""

import msgspec

from bot.shop.records import Address


class CancelOrder(msgspec.Struct, frozen=True, tag_field="action", tag="cancel_order"):
    order: str
    reason: str = ""


class ChangeAddress(msgspec.Struct, frozen=True, tag_field="action", tag="change_address"):
    order: str
    address: Address


class ChangePayment(msgspec.Struct, frozen=True, tag_field="action", tag="change_payment"):
    order: str
    method: str


class ChangeItems(msgspec.Struct, frozen=True, tag_field="action", tag="change_items"):
    order: str
    items: tuple[str, ...]  # a SKU for each piece
    new_items: tuple[str, ...]  # what takes its place
    method: str = ""  # pays or receives the difference; "" = the one that paid the order


class ReturnItems(msgspec.Struct, frozen=True, tag_field="action", tag="return_items"):
    order: str
    items: tuple[str, ...]
    method: str = ""  # receives the refund; "" = the one that paid the order
    reason: str = ""


class ExchangeItems(msgspec.Struct, frozen=True, tag_field="action", tag="exchange_items"):
    order: str
    items: tuple[str, ...]
    new_items: tuple[str, ...]
    method: str = ""


class ChangeDefaultAddress(msgspec.Struct, frozen=True, tag_field="action", tag="change_default_address"):
    address: Address


Action = CancelOrder | ChangeAddress | ChangePayment | ChangeItems | ReturnItems | ExchangeItems | ChangeDefaultAddress


def name_of(action: Action) -> str:
    return str(action.__struct_config__.tag)


def order_of(action: Action) -> str:
    """The order's number as it was given; "" where none is concerned."""
    return "" if isinstance(action, ChangeDefaultAddress) else action.order
