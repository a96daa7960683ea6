"""What is due in a handoff, and when to look at it next. Pure; every time is counted while the desk is open."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from bot.desk.desk_settings import DeskSettings
from bot.desk.hours import OpeningHours
from bot.desks import Handoff

RING = "clock:"  # begins the presses by which a clock reaches a conversation, and the ids of those messages
OFFER, COME_BACK, OVERDUE, QUIET = "offer", "come_back", "overdue", "quiet"
COME_BACKS = 5  # so often, each time after twice the time
MOST_REMINDERS = 8  # so often, likewise
LOOK_AGAIN = timedelta(days=1)  # at what never becomes due by the hours of now: they may change
MINUTE, TICK = 60.0, 0.001  # seconds; a moment that was reckoned may be rounded down


class Due(msgspec.Struct, frozen=True):
    look: datetime | None  # when to look next; None: not before something changes
    reminders: int = 0  # how often staff should have been reminded by now
    step: str = ""  # what the customer is told now, "" for nothing
    stage: str = ""  # up to where that brings them: earlier steps are not made up for
    nudges: float = 0.0  # who has it should have been reminded of a customer who waits for words since then; 0: of none


class Ring(msgspec.Struct, frozen=True):
    """What reaches the conversation at its place in line, as a press that nobody pressed."""

    number: int  # of the handoff
    step: str

    @property
    def press(self) -> str:
        return f"{RING}{self.number}:{self.step}"


def is_ring(press: str) -> bool:
    return read_ring(press) is not None


def read_ring(press: str) -> Ring | None:
    number, _, step = press.removeprefix(RING).partition(":")
    return Ring(int(number), step) if press.startswith(RING) and number.isdecimal() and step else None


def kind_of_step(step: str) -> str:
    """ "come_back" of "come_back:2"."""
    return step.partition(":")[0]


def due(handoff: Handoff, settings: DeskSettings, hours: OpeningHours, now: datetime) -> Due:
    """At this moment."""
    if handoff.state == "taken":
        return _due_of_taken(handoff, settings, hours, now)
    since, waited = moment(handoff.since), _waited(handoff, hours, now)
    steps = list(_steps(handoff, settings))
    before = _place(steps, handoff.stage)
    passed = [name for at, name in steps if at <= waited]
    step = stage = passed[-1] if len(passed) - 1 > before else ""
    if step and OVERDUE in passed and not handoff.overdue:
        step = OVERDUE
    reminders = [at for at in _reminders(settings) if at <= waited]
    ahead = [at for at in (*_reminders(settings), *(at for at, _ in steps)) if at > waited]
    look = hours.after_open_seconds(since, min(ahead)) or now + LOOK_AGAIN if ahead else None
    return Due(look, len(reminders), step, stage)


def next_word(handoff: Handoff, settings: DeskSettings, hours: OpeningHours, now: datetime) -> datetime | None:
    """When a customer who waits hears of the desk again, should nobody have come; None where that is never."""
    since, waited = moment(handoff.since), _waited(handoff, hours, now)
    steps = list(_steps(handoff, settings))
    ahead = [at for at, _ in steps[_place(steps, handoff.stage) + 1 :] if at > waited]
    return hours.after_open_seconds(since, min(ahead)) if ahead else None


def waits_for_words(handoff: Handoff) -> float:
    """Since when the customer waits for words of who has it, in seconds since the epoch; 0: they do not."""
    if handoff.answered < handoff.taken:
        return handoff.taken
    if handoff.wrote <= handoff.answered:
        return 0.0
    return handoff.asked if handoff.asked > handoff.answered else handoff.wrote


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _waited(handoff: Handoff, hours: OpeningHours, now: datetime) -> float:
    """Seconds while the desk was open."""
    return hours.open_seconds_between(moment(handoff.since), now) + TICK


def _due_of_taken(handoff: Handoff, settings: DeskSettings, hours: OpeningHours, now: datetime) -> Due:
    since = waits_for_words(handoff)
    if not since:
        return Due(None)
    begins, half = moment(since), settings.quiet_minutes * MINUTE / 2
    reminded, quiet = hours.after_open_seconds(begins, half), hours.after_open_seconds(begins, 2 * half)
    if reminded is None or quiet is None:
        return Due(now + LOOK_AGAIN)
    if quiet <= now:
        return Due(None, step=f"{QUIET}:{handoff.taken * 1000:.0f}", stage=OFFER)
    return Due(quiet, nudges=since) if reminded <= now else Due(reminded)


def _steps(handoff: Handoff, settings: DeskSettings) -> Iterator[tuple[float, str]]:
    """(after how many seconds, what the customer is told then), in that order. What they were told before is kept:
    the desk does not come back before the time that it named."""
    offer = max(settings.offer_minutes * MINUTE, handoff.expected)
    overdue = max(settings.overdue_minutes * MINUTE, offer + settings.offer_minutes * MINUTE)
    steps = [(offer, OFFER), (overdue, OVERDUE)]
    for number in range(1, COME_BACKS + 1):
        steps.append((offer + settings.come_back_minutes * MINUTE * (2**number - 1), f"{COME_BACK}:{number}"))
    yield from sorted(steps, key=lambda one: (one[0], one[1] != OVERDUE))


def _place(steps: list[tuple[float, str]], stage: str) -> int:
    """Of a stage among them; -1 where there was none."""
    return next((place for place, (_, name) in enumerate(steps) if name == stage), -1)


def _reminders(settings: DeskSettings) -> tuple[float, ...]:
    return tuple(settings.remind_minutes * MINUTE * 2**number for number in range(MOST_REMINDERS))
