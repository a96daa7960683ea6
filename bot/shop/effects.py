"""What an action changes, to the cent and to the piece: before and after. Computed when it is proposed and again when
it is run; both must be the same."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

import msgspec

from bot.shop.actions import ChangeDefaultAddress
from bot.shop.case import GIFT_CARD, NOTHING, Case
from bot.shop.order_status import OrderStatus
from bot.shop.records import Address, Item, Order
from bot.shop.rules import CANCEL, EXCHANGE, ITEMS, PAYMENT, RETURN

BECOMES = {
    CANCEL: OrderStatus.CANCELLED,
    RETURN: OrderStatus.RETURN_REQUESTED,
    EXCHANGE: OrderStatus.EXCHANGE_REQUESTED,
}
When = Literal["at_once", "in_days", "on_return"]


class Booking(msgspec.Struct, frozen=True):
    """A line of the order's payments."""

    kind: Literal["payment", "refund"]
    method: str
    amount: Decimal


class Balance(msgspec.Struct, frozen=True):
    """Of a gift card."""

    method: str
    before: Decimal
    after: Decimal


class Taken(msgspec.Struct, frozen=True):
    """From the shelf; below zero: put back."""

    sku: str
    pieces: int


class Move(msgspec.Struct, frozen=True):
    """Money as the customer sees it: over which method, how much comes back (below zero: is paid), and when."""

    method: str
    refund: Decimal
    when: When


class Effect(msgspec.Struct, frozen=True):
    """Pairs are before and after; None and empty: stays as it is."""

    order: str = ""  # its number; "" = the customer's account
    status: tuple[OrderStatus, OrderStatus] | None = None
    address: tuple[Address | None, Address] | None = None
    items: tuple[tuple[Item, ...], tuple[Item, ...]] | None = None
    bookings: tuple[Booking, ...] = ()
    balances: tuple[Balance, ...] = ()
    taken: tuple[Taken, ...] = ()
    moves: tuple[Move, ...] = ()
    pieces: tuple[str, ...] = ()  # SKUs that are given back or given up
    new_pieces: tuple[str, ...] = ()
    method: str = ""
    reason: str = ""

    @property
    def refund(self) -> Decimal:
        return sum((move.refund for move in self.moves), NOTHING)


def effect_of(case: Case) -> Effect:
    """For a case in which no rule is broken."""
    if isinstance(case.action, ChangeDefaultAddress):
        return _new_home(case, case.action.address)
    order = case.order
    if order is None:
        raise ValueError("an action on no order has passed the rules")
    bookings = tuple(_bookings(case))
    return Effect(
        order=order.number,
        status=(order.status, BECOMES[case.name]) if case.name in BECOMES else None,
        address=(order.address, case.address) if case.address else None,
        items=(order.items, _exchanged(order, case)) if case.name == ITEMS else None,
        bookings=bookings,
        balances=tuple(_balances(case, bookings)),
        taken=tuple(_taken(case, order)) if case.rules.counts_stock else (),
        moves=tuple(_moves(case, bookings)),
        pieces=case.items,
        new_pieces=case.new_items,
        method=case.method.id if case.method and case.name in (PAYMENT, ITEMS, RETURN, EXCHANGE) else "",
        reason=case.reason,
    )


def _new_home(case: Case, address: Address) -> Effect:
    customer = case.customer
    saved = customer.addresses if customer else ()
    default = customer.default_address if customer else ""
    before = next((one for one in saved if one.id == default), saved[0] if saved else None)
    return Effect(address=(before, address))


def _bookings(case: Case) -> Iterator[Booking]:
    """What is booked at once. A return and an exchange are settled when the goods have come back."""
    if case.name == CANCEL:
        for method, amount in case.paid_back.items():
            yield Booking("refund", method, amount)
    elif case.name == PAYMENT and case.method:
        yield Booking("payment", case.method.id, case.paid[case.paid_by])
        yield Booking("refund", case.paid_by, case.paid[case.paid_by])
    elif case.name == ITEMS and case.method and case.refund:
        yield Booking("payment" if case.refund < 0 else "refund", case.method.id, abs(case.refund))


def _balances(case: Case, bookings: tuple[Booking, ...]) -> Iterator[Balance]:
    for booking in bookings:
        method = case.method_of(booking.method)
        if method and method.kind == GIFT_CARD:
            before = method.balance or NOTHING
            sign = 1 if booking.kind == "refund" else -1
            yield Balance(method.id, before, before + sign * booking.amount)


def _moves(case: Case, bookings: tuple[Booking, ...]) -> Iterator[Move]:
    for booking in bookings:
        method = case.method_of(booking.method)
        at_once = booking.kind == "payment" or (method is not None and method.kind == GIFT_CARD)
        sign = 1 if booking.kind == "refund" else -1
        yield Move(booking.method, sign * booking.amount, "at_once" if at_once else "in_days")
    if case.name in (RETURN, EXCHANGE) and case.method and case.refund:
        yield Move(case.method.id, case.refund, "on_return")


def _taken(case: Case, order: Order) -> Iterator[Taken]:
    """What will be sent leaves the shelf, what was not sent yet goes back to it; what comes back is looked at first."""
    pieces: Counter[str] = Counter(case.new_items)
    if case.name == ITEMS:
        pieces.subtract(case.items)
    if case.name == CANCEL:
        for item in order.items:
            pieces[item.sku] -= item.quantity
    yield from (Taken(sku, number) for sku, number in sorted(pieces.items()) if number)


def _exchanged(order: Order, case: Case) -> tuple[Item, ...]:
    """Each new piece stands where the old one stood."""
    rows = [[item] for item in order.items]
    for old, new in case.swaps:
        row = next(row for row in rows if row[0].sku == old and row[0].quantity > 0)
        row[0] = msgspec.structs.replace(row[0], quantity=row[0].quantity - 1)
        row.append(Item(new, 1, case.sold[new].variant.price))
    return tuple(item for row in rows for item in _together(row) if item.quantity)


def _together(row: list[Item]) -> list[Item]:
    """New pieces of the same kind as one line."""
    first, *new = row
    counted = Counter((item.sku, item.price) for item in new)
    return [first, *(Item(sku, number, price) for (sku, price), number in counted.items())]
