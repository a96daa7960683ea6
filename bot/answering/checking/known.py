"""What was read in this turn, and whether a stated fact is among it."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import cast

from bot.answering.checking.days import weekday_of
from bot.answering.checking.free import ALWAYS, ANYTHING
from bot.answering.checking.stating import WRITTEN, Date, Fact

CENTS = -2  # a figure with two decimals, as in a table of prices, may be money


class Known:
    """Facts of all texts that were read so far."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._facts: set[Fact] = set()
        self._dates: set[Date] = set()
        self._says_free = False

    def add(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self._facts.add(fact if fact.kind == "duration" else fact._replace(is_low=False))
            self._says_free = self._says_free or fact.kind == "free"
            if isinstance(fact.value, tuple):
                self._dates.add(fact.value)

    def missing(self, stated: Iterable[Fact]) -> list[Fact]:
        """Those that were not read."""
        stated = list(stated)
        dates = [cast(Date, one.value) for one in stated if one.kind == "date"]
        free = {one for one in stated if one.kind == "free"}
        return [one for one in stated if one.kind != WRITTEN and not self._has(one, dates, free)]

    def _has(self, fact: Fact, beside: list[Date], free: set[Fact]) -> bool:
        """Of the same sentence, `beside` are the dates, which a weekday has to fit; `free` is what costs nothing."""
        if fact in self._facts:
            return True
        match fact.kind:
            case "date":
                return self._has_date(cast(Date, fact.value))
            case "weekday":
                days = [one for one in beside if one[2] is not None and one[1] is not None] or self._dates
                return any(weekday_of(one, self._today.year) == fact.value for one in days)
            case "relative":
                return self._has_relative(str(fact.value))
            case "time":
                return self._has_time(cast(int, fact.value), fact.unit)
            case "free":
                is_read = bool(self._facts & (free - {ALWAYS})) or Fact("free", ANYTHING) in self._facts
                return fact != ALWAYS and (is_read or (fact.value == ANYTHING and self._says_free))
            case "figure":
                return Fact(WRITTEN, fact.value) in self._facts
            case "count":
                return fact.is_low or Fact("figure", fact.value) in self._facts
            case "duration":
                return fact.is_low and fact._replace(is_low=False) in self._facts
            case "money":
                is_price = cast(Decimal, fact.value).as_tuple().exponent == CENTS
                return is_price and Fact("figure", fact.value) in self._facts
        return False

    def _has_date(self, stated: Date) -> bool:
        if any(_fits(stated, read, self._today.year) for read in self._dates):
            return True
        named = [part for part in stated if part is not None]
        return len(named) == 1 and Fact("figure", Decimal(named[0])) in self._facts

    def _has_relative(self, name: str) -> bool:
        if not name.lstrip("-").isdigit():
            return False
        day = date.fromordinal(self._today.toordinal() + int(name))
        return any(one[1:] == (day.month, day.day) and one[0] in (None, day.year) for one in self._dates)

    def _has_time(self, minute: int, unit: str) -> bool:
        """A clock without a.m. or p.m. may mean either; a whole hour may have been read as a figure."""
        alike = {minute, (minute + 720) % 1440} if unit == "either" and minute < 780 else {minute}
        if any(Fact("time", one, how) in self._facts for one in alike for how in ("", "either")):
            return True
        if unit != "either" and minute >= 720 and Fact("time", minute - 720, "either") in self._facts:
            return True
        hours = {Decimal(one // 60) for one in (minute, minute % 720) if one % 60 == 0}
        return any(Fact("figure", hour) in self._facts for hour in hours)


def _fits(stated: Date, read: Date, this_year: int) -> bool:
    year, month, day = stated
    is_year = year is None or year == (read[0] or this_year)
    return is_year and month in (None, read[1]) and day in (None, read[2])
