"""How likely it is that somebody who knows an e-mail address or a postcode finds an order number that goes with it."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.shop.identity import WRONG_WITH_A_PROOF
from bot.shop.tables import orders

LIKELY = 1e-4  # a day and customer; what is above it calls for longer or random order numbers


class NumbersInUse(msgspec.Struct, frozen=True):
    """What a stranger can know of a shop's order numbers: between which they lie."""

    span: int  # so many numbers there are from the lowest to the highest
    most_of_a_customer: int

    @property
    def chance_a_day(self) -> float:
        """Of the customer with most orders, by as many different numbers as one proof may be tried with."""
        return min(1.0, WRONG_WITH_A_PROOF[0] * self.most_of_a_customer / self.span)


async def read_numbers(connection: AsyncConnection) -> NumbersInUse | None:
    """One query over all orders. None where there are none, or where they are told apart by letters: how many numbers
    there could be is not to be seen then."""
    size = func.length(orders.c.spoken)
    query = select(
        orders.c.customer,
        size.label("size"),
        func.count().label("many"),
        func.min(orders.c.spoken).label("low"),
        func.max(orders.c.spoken).label("high"),
    ).group_by(orders.c.customer, size)
    many: dict[str, int] = {}
    ends: dict[int, list[str]] = {}
    for row in await connection.execute(query):
        many[row.customer] = many.get(row.customer, 0) + row.many
        ends.setdefault(row.size, []).extend((row.low, row.high))
    spans = [_span(numbers) for numbers in ends.values()]
    return NumbersInUse(sum(spans), max(many.values())) if spans and all(spans) else None


def _span(numbers: Sequence[str]) -> int:
    """How many numbers lie between the lowest and the highest; 0 where that cannot be counted."""
    fixed = next((at for at, signs in enumerate(zip(*numbers, strict=True)) if len(set(signs)) > 1), len(numbers[0]))
    varying = [number[fixed:] for number in numbers]
    if not all(part.isdecimal() for part in varying):
        return int(varying == [""] * len(varying))
    values = [int(part) for part in varying]
    return max(values) - min(values) + 1
