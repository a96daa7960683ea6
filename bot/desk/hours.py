"""When somebody is at the desk: weekly hours and holidays in the shop's own time zone, daylight saving included."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.desk.desk_settings import MIDNIGHT, WEEKDAYS, DeskSettings, Opening

LOOK_AHEAD_DAYS = 400  # a desk that is closed for longer does not open again
DAY = timedelta(days=1)

Span = tuple[datetime, datetime]  # from when until when it is open, in UTC


class OpeningHours:
    """Every moment that comes in has a time zone; every moment that goes out is in UTC."""

    def __init__(self, settings: DeskSettings) -> None:
        self.zone = ZoneInfo(settings.time_zone)
        self._weekly = tuple(settings.hours.get(day, ()) for day in WEEKDAYS)
        self._holidays = settings.holidays
        self.always = not settings.hours and not settings.holidays
        self._everyday = not settings.hours
        self._spans = lru_cache(maxsize=512)(self._read_spans)

    def is_open(self, at: datetime) -> bool:
        return self.opens_at(at) == at

    def opens_at(self, at: datetime) -> datetime | None:
        """The same moment where it is open then; None where it does not open any more."""
        first = next(self._from(at), None)
        return max(first[0], at).astimezone(UTC) if first else None

    def closes_at(self, at: datetime) -> datetime | None:
        """When it closes after this moment, at which it is open; None where it is closed, or closes never."""
        if self.always or not self.is_open(at):
            return None
        closes = at
        for begins, ends in self._from(at):
            if begins > closes:
                return closes.astimezone(UTC)
            closes = ends
        return None

    def open_seconds_between(self, start: datetime, end: datetime) -> float:
        """How long of it the desk is open; 0 where the end comes first."""
        if self.always:
            return max(0.0, (end - start).total_seconds())
        total = 0.0
        for begins, ends in self._from(start):
            if begins >= end:
                break
            total += (min(ends, end) - max(begins, start)).total_seconds()
        return total

    def after_open_seconds(self, start: datetime, seconds: float) -> datetime | None:
        """The moment at which the desk has been open for so long since; None where that is never."""
        if self.always or seconds <= 0:
            return (start + timedelta(seconds=max(0.0, seconds))).astimezone(UTC)
        left = timedelta(seconds=seconds)
        for begins, ends in self._from(start):
            begins = max(begins, start)
            if ends - begins >= left:
                return (begins + left).astimezone(UTC)
            left -= ends - begins
        return None

    def _from(self, at: datetime) -> Iterator[Span]:
        """What of the hours is not over at that moment, in order. The day before may reach into the day of it."""
        day = at.astimezone(self.zone).date() - DAY
        for _ in range(LOOK_AHEAD_DAYS):
            yield from (span for span in self._spans(day) if span[1] > at)
            day += DAY

    def _read_spans(self, day: date) -> tuple[Span, ...]:
        """Those that touch are one: an hour that comes twice may make them overlap."""
        found: list[Span] = []
        for begins, ends in sorted(self._span(day, one) for one in self._openings(day)):
            if found and begins <= found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], ends))
            elif begins < ends:
                found.append((begins, ends))
        return tuple(found)

    def _openings(self, day: date) -> tuple[Opening, ...]:
        for name in (f"{day:%Y-%m-%d}", f"{day:%m-%d}"):
            if name in self._holidays:
                return self._holidays[name]
        return (Opening(0, MIDNIGHT),) if self._everyday else self._weekly[day.weekday()]

    def _span(self, day: date, one: Opening) -> Span:
        """An hour that comes twice in autumn is open both times; a day ends with its first midnight."""
        ends = self._moments(day, one.ends)
        return min(self._moments(day, one.begins)), min(ends) if one.ends == MIDNIGHT else max(ends)

    def _moments(self, day: date, minute: int) -> tuple[datetime, ...]:
        """The one or two moments at which the clock on the wall shows it; where it is left out in spring, what it
        would be by the clock of before."""
        day += DAY * (minute // MIDNIGHT)
        hour, minute = divmod(minute % MIDNIGHT, 60)
        wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
        first, second = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
        return (first, second) if first < second else (first,)
