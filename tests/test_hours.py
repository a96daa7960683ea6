"""Opening hours as a shop writes them, and as its clocks count them: breaks, holidays, and the two days a year."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.desk.desk_settings import DeskSettings, Opening
from bot.desk.hours import OpeningHours
from bot.shop.entries import ShopFileError
from bot.shop.profile_file import read_profile
from bot.shop.records import ShopProfile

SHOP = Path(__file__).parent.parent / "bot" / "demo" / "shop" / "shop.toml"
WEEK = 'monday = "9:00-12:30, 13:30-18:00"\nfriday = "9:00-18:00"\nsaturday = "10:00-24:00"\nsunday = "0:00-2:00"\n'


def profile_with(desk: str, tmp_path: Path) -> ShopProfile:
    """The demo's, with these lines as its [desk]."""
    written = SHOP.read_text(encoding="utf-8")
    begins, ends = written.index("[desk]"), written.index("# What customers may do")
    path = tmp_path / "shop.toml"
    path.write_text(f"{written[:begins]}{desk}\n{written[ends:]}", encoding="utf-8")
    return read_profile(path)


@pytest.fixture
def week(tmp_path: Path) -> OpeningHours:
    """In New York, whose clocks go forward on 8 March 2026 and back on 1 November."""
    desk = f'[desk]\ntime_zone = "America/New_York"\n[desk.hours]\n{WEEK}'
    holidays = '[desk.holidays]\n"12-25" = "closed"\n"2026-11-27" = "9:00-13:00"\n"02-29" = "closed"\n'
    return OpeningHours(profile_with(desk + holidays, tmp_path).desk)


def at(written: str) -> datetime:
    """ "11-23 14:00" of 2026, in UTC."""
    return datetime.strptime(f"2026-{written}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


OPENS = {  # in November New York is five hours behind
    "in the morning": ("11-23 14:00", "11-23 14:00"),
    "a minute before": ("11-23 13:59", "11-23 14:00"),
    "in the break": ("11-23 17:30", "11-23 18:30"),
    "at the end of the break": ("11-23 18:30", "11-23 18:30"),
    "at closing time it is closed": ("11-23 23:00", "11-27 14:00"),
    "on a day that is not there": ("11-25 15:00", "11-27 14:00"),
    "on a short day, when it is over": ("11-27 18:00", "11-28 15:00"),
    "past midnight, on the next day's hours": ("11-29 05:30", "11-29 05:30"),
    "after them": ("11-29 07:00", "11-30 14:00"),
    "a Christmas on a Friday": ("12-25 15:00", "12-26 15:00"),
}


@pytest.mark.parametrize("asked,opens", OPENS.values(), ids=OPENS)
def test_it_is_known_when_somebody_is_there_next(week: OpeningHours, asked: str, opens: str) -> None:
    assert week.opens_at(at(asked)) == at(opens)
    assert week.is_open(at(asked)) is (asked == opens)


BETWEEN = {
    "within a morning": ("11-23 14:00", "11-23 15:00", 60),
    "over the break": ("11-23 17:00", "11-23 19:00", 60),
    "a whole Monday": ("11-23 00:00", "11-24 12:00", 8 * 60),
    "nothing on a Tuesday": ("11-24 12:00", "11-25 12:00", 0),
    "a Saturday into the night": ("11-28 12:00", "11-29 12:00", 16 * 60),
    "backwards": ("11-23 15:00", "11-23 14:00", 0),
    "the short Friday": ("11-27 00:00", "11-28 12:00", 4 * 60),
    "the night of spring has an hour less": ("03-08 05:00", "03-08 12:00", 2 * 60),
    "the night of autumn has an hour more": ("11-01 04:00", "11-01 12:00", 3 * 60),
}


@pytest.mark.parametrize("start,end,minutes", BETWEEN.values(), ids=BETWEEN)
def test_only_open_time_counts(week: OpeningHours, start: str, end: str, minutes: int) -> None:
    assert week.open_seconds_between(at(start), at(end)) == minutes * 60


AFTER = {
    "at once": ("11-23 14:00", 15, "11-23 14:15"),
    "exactly to the end of the morning": ("11-23 17:00", 30, "11-23 17:30"),
    "over the break": ("11-23 17:15", 30, "11-23 18:45"),
    "over the days": ("11-23 22:50", 15, "11-27 14:05"),
    "from the night": ("11-24 03:00", 15, "11-27 14:15"),
    "over a short day and the weekend": ("11-27 17:59", 2, "11-28 15:01"),
}


@pytest.mark.parametrize("start,minutes,end", AFTER.values(), ids=AFTER)
def test_a_deadline_falls_into_open_time(week: OpeningHours, start: str, minutes: int, end: str) -> None:
    assert week.after_open_seconds(at(start), minutes * 60) == at(end)


def test_it_is_known_when_they_go(week: OpeningHours) -> None:
    assert week.closes_at(at("11-23 15:00")) == at("11-23 17:30")
    assert week.closes_at(at("11-28 16:00")) == at("11-29 07:00"), "hours that touch at midnight are one"
    assert week.closes_at(at("11-24 15:00")) is None
    assert OpeningHours(DeskSettings()).closes_at(at("11-23 15:00")) is None


# (zone, day, hours, when they are in UTC)
TWO_DAYS_A_YEAR = {
    "an hour left out in Berlin": ("Europe/Berlin", "2026-03-29", (60, 240), ("03-29 00:00", "03-29 02:00")),
    "opening in the hour that is left out": ("Europe/Berlin", "2026-03-29", (150, 300), ("03-29 01:30", "03-29 03:00")),
    "an hour twice in Berlin": ("Europe/Berlin", "2026-10-25", (60, 240), ("10-24 23:00", "10-25 03:00")),
    "opening in the hour that comes twice": ("Europe/Berlin", "2026-10-25", (150, 300), ("10-25 00:30", "10-25 04:00")),
    "closing in it": ("Europe/Berlin", "2026-10-25", (60, 150), ("10-24 23:00", "10-25 01:30")),
    "half an hour on Lord Howe": ("Australia/Lord_Howe", "2026-04-05", (60, 180), ("04-04 14:00", "04-04 16:30")),
    "a day that begins at one in Santiago": (
        "America/Santiago",
        "2026-09-06",
        (0, 600),
        ("09-06 04:00", "09-06 13:00"),
    ),
    "a quarter in Chatham": ("Pacific/Chatham", "2026-09-27", (120, 300), ("09-26 13:15", "09-26 15:15")),
    "no such days in Shanghai": ("Asia/Shanghai", "2026-03-29", (60, 240), ("03-28 17:00", "03-28 20:00")),
}


@pytest.mark.parametrize("zone,day,hours,expected", TWO_DAYS_A_YEAR.values(), ids=TWO_DAYS_A_YEAR)
def test_hours_are_those_of_the_clock_on_the_wall_on_the_two_days_a_year(
    zone: str, day: str, hours: tuple[int, int], expected: tuple[str, str]
) -> None:
    desk = DeskSettings(time_zone=zone, hours={"friday": (Opening(0, 1),)}, holidays={day: (Opening(*hours),)})
    opening, (begins, ends) = OpeningHours(desk), (at(one) for one in expected)
    assert opening.opens_at(begins - timedelta(hours=5)) == begins
    assert opening.closes_at(begins) == ends
    assert (
        opening.open_seconds_between(begins - timedelta(hours=5), ends + timedelta(hours=5))
        == (ends - begins).total_seconds()
    )


def test_no_hour_counts_twice_where_the_clocks_go_back_at_midnight() -> None:
    """Havana: the day begins, and an hour later it begins again."""
    days: dict[str, tuple[Opening, ...]] = {day: (Opening(0, 1440),) for day in ("saturday", "sunday", "monday")}
    havana = OpeningHours(DeskSettings(time_zone="America/Havana", hours=days))
    assert havana.open_seconds_between(at("10-30 00:00"), at("11-03 12:00")) == (3 * 24 + 1) * 3600


minutes_of_day = st.integers(0, 1440)
openings = st.lists(minutes_of_day, min_size=2, max_size=4, unique=True).map(
    lambda found: tuple(
        Opening(begins, ends) for begins, ends in zip(sorted(found)[::2], sorted(found)[1::2], strict=False)
    )
)
desks = st.builds(
    DeskSettings,
    time_zone=st.sampled_from(["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "UTC"]),
    hours=st.dictionaries(st.sampled_from(["monday", "saturday", "sunday"]), openings, min_size=1),
    holidays=st.dictionaries(st.sampled_from(["2026-03-08", "11-01", "2026-10-25"]), openings | st.just(())),
)


@settings(max_examples=40, deadline=None)
@given(
    desks, st.sampled_from(["03-07 04:00", "10-24 20:00", "10-31 20:00"]), st.integers(0, 3000), st.integers(1, 4000)
)
def test_a_deadline_is_the_first_moment_with_so_much_open_time_before_it(
    desk: DeskSettings, begins: str, later: int, seconds: int
) -> None:
    hours, start = OpeningHours(desk), at(begins) + timedelta(minutes=later)
    end = hours.after_open_seconds(start, seconds)
    assert end is not None
    assert hours.open_seconds_between(start, end) == seconds
    assert hours.open_seconds_between(start, end - timedelta(seconds=1)) == seconds - 1
    middle = start + (end - start) / 2
    parts = hours.open_seconds_between(start, middle) + hours.open_seconds_between(middle, end)
    assert parts == pytest.approx(seconds)
    ticks = [start + timedelta(minutes=10 * number) for number in range(6 * 36)]  # the second way to count
    counted = sum(600 for one in ticks if hours.is_open(one))
    assert counted == pytest.approx(hours.open_seconds_between(start, start + timedelta(hours=36)), abs=4 * 600)


def test_a_shop_that_says_nothing_is_always_open_and_one_on_holiday_for_years_does_not_open() -> None:
    always = OpeningHours(DeskSettings())
    assert always.always and always.is_open(at("12-25 03:00"))
    assert always.after_open_seconds(at("12-25 03:00"), 60) == at("12-25 03:01")
    never = OpeningHours(DeskSettings(hours={"monday": ()}))
    assert never.opens_at(at("11-23 14:00")) is None
    assert never.after_open_seconds(at("11-23 14:00"), 60) is None
    assert never.open_seconds_between(at("11-23 14:00"), at("11-24 14:00")) == 0


def test_only_holidays_leave_the_other_days_open() -> None:
    hours = OpeningHours(DeskSettings(holidays={"12-25": ()}))
    assert not hours.is_open(at("12-25 12:00"))
    assert hours.opens_at(at("12-25 12:00")) == at("12-26 00:00")


def test_the_table_is_read_and_kept_with_the_shop(tmp_path: Path) -> None:
    demo = read_profile(SHOP)
    assert demo.desk.time_zone == "America/New_York" and demo.desk.hours["saturday"] == (Opening(600, 840),)
    assert msgspec.convert(msgspec.to_builtins(demo), ShopProfile) == demo
    assert profile_with("", tmp_path).desk == DeskSettings(), "a shop without the table stays as it was"


ZONE = 'time_zone = "Europe/Oslo"\n'
REFUSED = {
    "no zone": ('[desk]\n[desk.hours]\nmonday = "9:00-18:00"\n', '"time_zone" is missing'),
    "no such zone": ('[desk]\ntime_zone = "Oslo"\n', '"Oslo" is not a time zone such as Europe/Oslo'),
    "no such day": (f'[desk]\n{ZONE}[desk.hours]\nmontag = "9:00-18:00"\n', '"montag" is not a day'),
    "no hours": (f'[desk]\n{ZONE}[desk.hours]\nmonday = "9 to 6"\n', 'is neither "closed" nor hours'),
    "no such time": (f'[desk]\n{ZONE}[desk.hours]\nmonday = "9:00-18:70"\n', "18:70, which is no time"),
    "after midnight": (f'[desk]\n{ZONE}[desk.hours]\nmonday = "22:00-2:00"\n', "belongs to the next day"),
    "overlapping": (f'[desk]\n{ZONE}[desk.hours]\nmonday = "9:00-12:00, 11:00-18:00"\n', "overlap"),
    "never open": (f'[desk]\n{ZONE}[desk.hours]\nmonday = "closed"\n', "no day is open"),
    "no such date": (f'[desk]\n{ZONE}[desk.holidays]\n"12-32" = "closed"\n', '"12-32" is not a date'),
    "a date of another kind": (f'[desk]\n{ZONE}[desk.holidays]\n"24.12." = "closed"\n', "is not a date"),
    "no minutes": ("[desk]\nremind_minutes = 0\n", "from 1 to"),
    "overdue before anything was offered": ("[desk]\noverdue_minutes = 15\n", "must be more than offer_minutes (15)"),
    "a slip of the keyboard": ("[desk]\nremind_minute = 5\n", '"remind_minute" is not a field here'),
}


@pytest.mark.parametrize("desk,reason", REFUSED.values(), ids=REFUSED)
def test_a_slip_in_the_table_is_refused_with_its_line(desk: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ShopFileError) as error:
        profile_with(desk, tmp_path)
    assert reason in str(error.value) and error.value.line > 1, str(error.value)
