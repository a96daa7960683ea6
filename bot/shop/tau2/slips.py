"""What tau2-bench's own code gets wrong when it changes the items of an order. Files are compared with its row by row,
so a file that we write says the same; the shop's own data does not."""

from collections import Counter

import msgspec

from bot.shop.records import Change
from bot.shop.tau2.database import OrderedItem, PlacedOrder, Transaction


def with_slips(placed: PlacedOrder, change: Change) -> PlacedOrder:
    """`change` is the change of items. A file that was read knows no more than that there was one."""
    if not change.new_items:
        return placed
    history = placed.payment_history
    if not change.refund:  # a difference of nothing is booked as a refund of nothing
        history = [*history, Transaction("refund", 0.0, change.method)]
    return msgspec.structs.replace(placed, items=_as_the_last(placed.items, change), payment_history=history)


def _as_the_last(items: list[OrderedItem], change: Change) -> list[OrderedItem]:
    """Every new piece has price and options of the one that was named last: `variant`, left over from a loop."""
    last = next(item for item in items if item.item_id == change.new_items[-1])
    left = Counter(change.new_items)
    found = []
    for item in items:
        left[item.item_id] -= 1
        is_new = left[item.item_id] >= 0
        found.append(msgspec.structs.replace(item, price=last.price, options=last.options) if is_new else item)
    return found
