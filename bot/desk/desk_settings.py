"""What a shop says of its staff's desk: when somebody is there, and after how long what happens."""

import msgspec

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MIDNIGHT = 24 * 60


class Opening(msgspec.Struct, frozen=True):
    """From one minute of the local day to another, as the clock on the wall shows them; 1440 is its end."""

    begins: int
    ends: int


class DeskSettings(msgspec.Struct, frozen=True):
    """The table [desk] of shop.toml. All minutes but those of an Opening are counted while the desk is open."""

    time_zone: str = "UTC"
    hours: dict[str, tuple[Opening, ...]] = {}  # by weekday, which is closed where it is missing; none: always open
    holidays: dict[str, tuple[Opening, ...]] = {}  # "2026-12-24", or "12-24" for every year; none of them: closed
    remind_minutes: int = 5  # staff are reminded of who waits, again after twice the time, and so on
    offer_minutes: int = 15  # who waits is offered to be answered by mail or called back
    come_back_minutes: int = 30  # after that the desk says how it stands, again after twice the time, and so on
    overdue_minutes: int = 60  # nobody came in time
    quiet_minutes: int = 15  # who has taken a conversation and does not answer gives it back by that
    calls_back: bool = False  # whether customers are offered a call: only a shop that does call should say so
