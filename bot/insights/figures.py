"""The lead's figures: talks sorted into tables, and the way back from each number to the talks behind it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from statistics import fmean, median
from typing import Literal
from zoneinfo import ZoneInfo

from bot.desks import REASONS, Figure, Table
from bot.insights.folding import Talk
from bot.insights.outcomes import OUTCOMES, outcome, resolution

HOURS = tuple(f"{hour:02}" for hour in range(24))
STARS = ("5", "4", "3", "2", "1")
MOST_COMMENTS = 50
ALL, P90, BOT, STAFF, STAFF_P90 = "all", "p90", "bot", "staff", "staff_p90"
NINE_TENTHS = 0.9

Unit = Literal["conversations", "seconds", "stars", "share", "questions"]
Value = Callable[["Sight", Sequence[Talk], str], float | None]


@dataclass(frozen=True)
class Sight:
    """What is looked at, and from when. `angry`: the tone from which a talk counts as one in which somebody was."""

    talks: Sequence[Talk]  # the oldest first
    days: tuple[str, ...]
    zone: ZoneInfo
    now: float  # seconds since the epoch
    angry: float

    def day(self, talk: Talk) -> str:
        return f"{self._local(talk):%Y-%m-%d}"

    def hour(self, talk: Talk) -> str:
        return f"{self._local(talk):%H}"

    @cached_property
    def of_day(self) -> dict[str, int]:
        """How many talks began on each."""
        found: dict[str, int] = {}
        for talk in self.talks:
            day = self.day(talk)
            found[day] = found.get(day, 0) + 1
        return found

    def _local(self, talk: Talk) -> datetime:
        return datetime.fromtimestamp(talk.began, self.zone)


@dataclass(frozen=True)
class Sorting:
    """A table: into which rows a talk belongs. `fixed`: rows that are there without a talk; others come as they are
    found, the fullest first."""

    unit: Unit
    keys: Callable[[Sight, Talk], Sequence[str]]
    value: Value
    fixed: Callable[[Sight], Sequence[str]] = lambda _: ()
    label: Callable[[str], str] = str
    only_fixed: bool = True


def _count(_sight: Sight, talks: Sequence[Talk], _key: str) -> float:
    return float(len(talks))


def _stars(_sight: Sight, talks: Sequence[Talk], _key: str) -> float | None:
    return fmean(talk.stars for talk in talks) if talks else None


def _seconds(of: Callable[[Sight, Talk, str], float | None]) -> Value:
    def value(sight: Sight, talks: Sequence[Talk], key: str) -> float | None:
        known = sorted(one for talk in talks if (one := of(sight, talk, key)) is not None)
        if not known:
            return None
        return known[min(len(known) - 1, int(NINE_TENTHS * len(known)))] if key.endswith(P90) else median(known)

    return value


def _angry(sight: Sight, talks: Sequence[Talk], key: str) -> float | None:
    return len(talks) / sight.of_day[key] if key in sight.of_day else None


def _totals(_sight: Sight, talk: Talk) -> list[str]:
    facts = {"handed_over": talk.reason, "overdue": talk.overdue, "rated": talk.stars, "public": talk.public}
    return ["conversations", *(name for name, holds in facts.items() if holds)]


def _first_answer(_sight: Sight, talk: Talk) -> list[str]:
    answered = [ALL, P90] if talk.first_answer is not None else []
    by_bot = [BOT] if talk.first_by == "bot" else []
    return [*answered, *by_bot, *([STAFF, STAFF_P90] if talk.waited is not None else [])]


def _resolution(sight: Sight, talk: Talk) -> list[str]:
    ended = outcome(talk, sight.now)
    return [ALL, P90, ended.partition("_")[0]] if resolution(talk, sight.now) is not None else []


def _rated(_sight: Sight, talk: Talk) -> list[str]:
    return [ALL, f"channel:{talk.channel}", f"language:{talk.language}"] if talk.stars else []


def comment_key(talk: Talk) -> str:
    return f"{talk.began} {talk.conversation}"


def _name(key: str) -> str:
    return key.partition(":")[2] or key


def _waited(_sight: Sight, talk: Talk, _key: str) -> float | None:
    return talk.waited


def _until_answer(_sight: Sight, talk: Talk, key: str) -> float | None:
    return talk.waited if key in (STAFF, STAFF_P90) else talk.first_answer


def _until_end(sight: Sight, talk: Talk, _key: str) -> float | None:
    return resolution(talk, sight.now)


SORTINGS: dict[str, Sorting] = {
    "totals": Sorting(
        "conversations", _totals, _count, lambda _: ("conversations", "handed_over", "overdue", "rated", "public")
    ),
    "days": Sorting("conversations", lambda sight, talk: [sight.day(talk)], _count, lambda sight: sight.days),
    "hours": Sorting("conversations", lambda sight, talk: [sight.hour(talk)], _count, lambda _: HOURS),
    "channels": Sorting("conversations", lambda _, talk: [talk.channel], _count, only_fixed=False),
    "languages": Sorting("conversations", lambda _, talk: [talk.language], _count, only_fixed=False),
    "outcomes": Sorting("conversations", lambda sight, talk: [outcome(talk, sight.now)], _count, lambda _: OUTCOMES),
    "first_answer": Sorting(
        "seconds", _first_answer, _seconds(_until_answer), lambda _: (ALL, P90, BOT, STAFF, STAFF_P90)
    ),
    "resolution": Sorting("seconds", _resolution, _seconds(_until_end), lambda _: (ALL, P90, BOT, STAFF)),
    "reasons": Sorting(
        "conversations", lambda _, talk: [talk.reason] if talk.reason else [], _count, lambda _: REASONS
    ),
    "csat": Sorting("conversations", lambda _, talk: [str(talk.stars)] if talk.stars else [], _count, lambda _: STARS),
    "csat_average": Sorting("stars", _rated, _stars, lambda _: (ALL,), _name, only_fixed=False),
    "tone": Sorting(
        "share",
        lambda sight, talk: [sight.day(talk)] if talk.tone >= sight.angry else [],
        _angry,
        lambda sight: sight.days,
    ),
    "members": Sorting(
        "seconds",
        lambda _, talk: [talk.member] if talk.waited is not None and talk.member else [],
        _seconds(_waited),
        only_fixed=False,
    ),
}  # fmt: skip


def table_of(name: str, sight: Sight) -> Table:
    sorting = SORTINGS[name]
    rows: dict[str, list[Talk]] = {key: [] for key in sorting.fixed(sight)}
    found: dict[str, list[Talk]] = {}
    for talk in sight.talks:
        for key in sorting.keys(sight, talk):
            if key in rows:
                rows[key].append(talk)
            elif not sorting.only_fixed:
                found.setdefault(key, []).append(talk)
    rows |= sorted(found.items(), key=lambda one: -len(one[1]))
    figures = [
        Figure(sorting.label(key), sorting.value(sight, talks, key), len(talks), key) for key, talks in rows.items()
    ]
    return Table(name, sorting.unit, tuple(figures))


def comments(sight: Sight) -> Table:
    """What customers said with their stars, the newest first."""
    said = [talk for talk in reversed(sight.talks) if talk.comment][:MOST_COMMENTS]
    rows = (Figure(talk.comment, float(talk.stars), 1, comment_key(talk)) for talk in said)
    return Table("comments", "stars", tuple(rows))


def behind(name: str, key: str, sight: Sight) -> list[Talk]:
    """The newest first. None for a table or a row that there is not."""
    if name == "comments":
        return [talk for talk in sight.talks if talk.comment and comment_key(talk) == key]
    sorting = SORTINGS.get(name)
    if sorting is None:
        return []
    return [talk for talk in reversed(sight.talks) if key in sorting.keys(sight, talk)]
