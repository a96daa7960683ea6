"""The table [desk] of a shop.toml: when staff are there, and after how long what happens to a customer who waits."""

import re
from datetime import date
from functools import cache
from zoneinfo import available_timezones

from bot.desk.desk_settings import MIDNIGHT, WEEKDAYS, DeskSettings, Opening
from bot.shop.entries import Entry, Fields, count, text, truth

MINUTES = ("remind_minutes", "offer_minutes", "come_back_minutes", "overdue_minutes", "quiet_minutes")
MOST_MINUTES = 7 * 24 * 60
SPAN = re.compile(r"(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)", re.ASCII)
YEARLY = re.compile(r"\d\d-\d\d", re.ASCII)
CLOSED = "closed"
LEAP_YEAR = "2028"

Openings = dict[str, tuple[Opening, ...]]


def read_desk(entry: Entry) -> DeskSettings:
    """What is left out stays as it is in DeskSettings. Raises ShopFileError."""
    if not isinstance(entry.value, dict):
        raise entry.refuse_value("is not a table: write [desk] above its fields")
    fields, usual = Fields(entry, DeskSettings.__struct_fields__), DeskSettings()
    hours: Openings = fields.may("hours", _hours, {})
    holidays: Openings = fields.may("holidays", _holidays, {})
    if (hours or holidays) and not fields.get("time_zone"):
        raise entry.refuse('"time_zone" is missing: in which zone are the hours, such as "Europe/Oslo"?')
    found = DeskSettings(
        time_zone=fields.may("time_zone", _zone, usual.time_zone),
        hours=hours,
        holidays=holidays,
        **{name: fields.may(name, _minutes, getattr(usual, name)) for name in MINUTES},
        calls_back=fields.may("calls_back", truth, usual.calls_back),
    )
    if found.overdue_minutes <= found.offer_minutes:
        late = fields.get("overdue_minutes") or fields.get("offer_minutes") or entry
        raise late.refuse(
            f"overdue_minutes ({found.overdue_minutes}) must be more than offer_minutes ({found.offer_minutes})"
        )
    return found


def _zone(entry: Entry) -> str:
    if text(entry) not in _zones():
        raise entry.refuse_value("is not a time zone such as Europe/Oslo or Asia/Shanghai")
    return text(entry)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _minutes(entry: Entry) -> int:
    minutes = count(entry)
    if not 1 <= minutes <= MOST_MINUTES:
        raise entry.refuse_value(f"is not a number of minutes from 1 to {MOST_MINUTES}")
    return minutes


def _hours(entry: Entry) -> Openings:
    if not isinstance(entry.value, dict):
        raise entry.refuse_value('is not a table of days such as monday = "9:00-18:00"')
    for name, field in entry.value.items():
        if name not in WEEKDAYS:
            raise field.refuse(f'"{name}" is not a day; there are {", ".join(WEEKDAYS)}')
    found = {name: _openings(field) for name, field in entry.value.items()}
    if not any(found.values()):
        raise entry.refuse("hours: no day is open; leave [desk.hours] out where somebody is always there")
    return found


def _holidays(entry: Entry) -> Openings:
    if not isinstance(entry.value, dict):
        raise entry.refuse_value('is not a table of dates such as "12-25" = "closed"')
    for name, field in entry.value.items():
        if not _is_date(name):
            raise field.refuse(f'"{name}" is not a date such as 2026-12-24, or 12-24 for every year')
    return {name: _openings(field) for name, field in entry.value.items()}


def _is_date(name: str) -> bool:
    written = f"{LEAP_YEAR}-{name}" if YEARLY.fullmatch(name) else name
    try:
        return date.fromisoformat(written).isoformat() == written
    except ValueError:
        return False


def _openings(entry: Entry) -> tuple[Opening, ...]:
    """ "9:00-12:30, 13:30-18:00", or "closed"."""
    if text(entry) == CLOSED:
        return ()
    found: list[Opening] = []
    for written in re.split(r"[,，]", text(entry)):
        match = SPAN.fullmatch(written.strip())
        if not match:
            raise entry.refuse_value('is neither "closed" nor hours such as 9:00-12:30, 13:30-18:00')
        one = Opening(_minute(entry, match[1], match[2]), _minute(entry, match[3], match[4]))
        if one.begins >= one.ends:
            raise entry.refuse_value("ends before it begins: what goes on after midnight belongs to the next day")
        if found and one.begins < found[-1].ends:
            raise entry.refuse_value("has hours that overlap, or that are not in order")
        found.append(one)
    return tuple(found)


def _minute(entry: Entry, hour: str, minute: str) -> int:
    """From the beginning of the day; 24:00 is its end."""
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > MIDNIGHT:
        raise entry.refuse_value(f"has {hour}:{minute}, which is no time of the day")
    return found
