"""What a shop lets its customers do by themselves, and within which limits: the table [rules] of its shop.toml."""

from decimal import Decimal

import msgspec

from bot.shop.order_status import OrderStatus
from bot.shop.words import Words

ACTIONS = (
    "cancel_order",
    "change_address",
    "change_payment",
    "change_items",
    "return_items",
    "exchange_items",
    "change_default_address",
)


class RuleSettings(msgspec.Struct, frozen=True):
    actions: tuple[str, ...] = ACTIONS  # what is not among them is for the shop's people
    cancel_until: OrderStatus = OrderStatus.PENDING  # the last status in which it may be done
    change_address_until: OrderStatus = OrderStatus.PENDING
    change_payment_until: OrderStatus = OrderStatus.PENDING
    change_items_until: OrderStatus = OrderStatus.PENDING
    items_change_is_last: bool = True  # after it an order is neither changed nor cancelled
    once: tuple[str, ...] = ("change_payment", "change_items", "return_items", "exchange_items")  # for an order
    return_days: int = 30  # after the delivery; 0: without an end
    exchange_days: int = 30
    difference_to_any_method: bool = False  # no: what comes back goes to what has paid, or to a gift card
    cancel_reasons: dict[str, Words] = {}  # those allowed; none: no reason is asked for
    return_reasons: dict[str, Words] = {}
    most_refund: Decimal | None = None  # more goes back only through the shop's people
    most_charge: Decimal | None = None  # and more is not charged by a chat
    refund_days: int = 5  # working days until money is back on a card or in a wallet; a gift card has it at once
    posting_days: int = 14  # days to send back what is returned or exchanged
    counts_stock: bool = True  # no: somebody else keeps the stock, and what is sold out is only not offered
    code_when_signed_in: bool = True  # the one-time code is asked even of whom the shop's page signed in
