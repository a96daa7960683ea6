"""What a text states that can be checked: a fact is a value with its kind and unit, however it was written."""

from decimal import Decimal
from typing import NamedTuple

Date = tuple[int | None, int | None, int | None]  # year, month, day

WRITTEN = "written"  # a figure alone: whatever it counts, a sentence may name it without a unit


class Fact(NamedTuple):
    """`unit` is of what the value counts; a date's value is a Date, a weekday's 0 for Monday, a time's the minute of
    the day. `is_low`: the lower end of a range of durations, or said to be a least; of a
    count, that the sentence itself lists what is counted."""

    kind: str
    value: Decimal | Date | int | str
    unit: str = ""
    is_low: bool = False


Stated = dict[Fact, str]  # each with how it was written
