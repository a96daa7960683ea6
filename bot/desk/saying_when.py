"""A moment and a length of time in a customer's words: today at 10:15 (UTC-5), about 20 minutes."""

from datetime import datetime, timedelta, tzinfo
from functools import cache
from math import ceil

from babel import UnknownLocaleError
from babel.dates import format_date, format_skeleton

from bot.answering.prompting import DEFAULT_LANGUAGE, Prompts

WEEK = timedelta(days=6)
WEEKDAY, DAY = "EEEE", "MMMMd"  # as CLDR writes them


def said_when(prompts: Prompts, language: str, moment: datetime, now: datetime, zone: tzinfo, name_zone: bool) -> str:
    """As a clock in the shop shows it. `name_zone`: say which zone that is, for a customer somewhere else."""
    at, today = moment.astimezone(zone), now.astimezone(zone).date()
    time = f"{at.hour}:{at.minute:02}" + (f" ({_offset(at)})" if name_zone else "")
    if at.date() == today:
        return prompts.say(language, "when_today", time=time)
    if at.date() == today + timedelta(days=1):
        return prompts.say(language, "when_tomorrow", time=time)
    if at.date() - today <= WEEK:
        return prompts.say(language, "when_weekday", weekday=_date(at, WEEKDAY, language), time=time)
    return prompts.say(language, "when_date", date=_date(at, DAY, language), time=time)


def clock_time(moment: datetime, zone: tzinfo) -> str:
    """ "18:00 (UTC-5)"."""
    at = moment.astimezone(zone)
    return f"{at.hour}:{at.minute:02} ({_offset(at)})"


def said_wait(prompts: Prompts, language: str, seconds: float) -> str:
    """ "5 minutes", "2 hours"."""
    minutes = ceil(seconds / 60)
    return prompts.say(language, "wait_minutes", minutes=minutes, hours=0 if minutes % 60 else minutes // 60)


def _offset(at: datetime) -> str:
    minutes = round((at.utcoffset() or timedelta()).total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02}" if rest else "")


def _date(at: datetime, pattern: str, language: str) -> str:
    if pattern == WEEKDAY:
        return format_date(at, pattern, _locale(language))
    return format_skeleton(pattern, at, locale=_locale(language))


@cache
def _locale(language: str) -> str:
    try:
        format_date(datetime(2000, 1, 1), locale=language)
    except UnknownLocaleError:
        return DEFAULT_LANGUAGE
    return language
