"""What happened on the desk in a span of days: the tables, and the conversations behind each number."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.desks import FoundTalk, Span, Table
from bot.insights.fact_store import is_gone
from bot.insights.figures import SORTINGS, Sight, behind, comments, table_of
from bot.insights.folding import Talk
from bot.insights.questions import Questions, Topic, table_of_topics, topic_with
from bot.insights.talks import Asked, Talks, excerpt

ORDER = (
    "totals", "days", "hours", "channels", "languages", "outcomes", "first_answer", "resolution", "reasons", "csat",
    "csat_average", "comments", "topics", "unanswered", "tone", "members",
)  # fmt: skip
TOPICS = {"topics": False, "unanswered": True}
MOST_DAYS = 400
ANGRY = 0.5  # of TurnFact.tone, where the shop has set no other


class LookingBack:
    """`angry`: the tone from which somebody counts as angry; 0: where it usually is. Its methods raise StoreUnavailable
    and, for a span that is none, ValueError."""

    def __init__(
        self,
        talks: Talks,
        questions: Questions,
        zone: ZoneInfo,
        angry: float = ANGRY,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._talks, self._questions = talks, questions
        self._zone, self._angry, self._now = zone, angry or ANGRY, now

    async def tables(self, span: Span) -> list[Table]:
        """In the order of ORDER."""
        sight = await self._sight(span)
        start, end = self._bounds(span)
        found = await asyncio.to_thread(_tables, sight)
        for name, missed in TOPICS.items():
            found[name] = table_of_topics(name, await self._questions.topics(start, end, missed))
        return [found[name] for name in ORDER]

    async def behind(self, span: Span, table: str, key: str, at_most: int = 200) -> list[FoundTalk]:
        """The newest first; without a conversation where its texts are gone."""
        if table in TOPICS:
            topic = topic_with(key, await self._questions.topics(*self._bounds(span), TOPICS[table]))
            return _asked_in(topic, at_most) if topic else []
        found = (await asyncio.to_thread(behind, table, key, await self._sight(span)))[:at_most]
        words = await self._talks.first_words(found)
        return [_shown(talk, words.get((talk.conversation, talk.event), "")) for talk in found]

    async def _sight(self, span: Span) -> Sight:
        start, end = self._bounds(span)
        first, last = _days(span)
        days = tuple(f"{first + timedelta(days=day)}" for day in range((last - first).days + 1))
        return Sight(await self._talks.between(start, end), days, self._zone, self._now(), self._angry)

    def _bounds(self, span: Span) -> tuple[float, float]:
        """Seconds since the epoch."""
        first, last = _days(span)
        return self._midnight(first), self._midnight(last + timedelta(days=1))

    def _midnight(self, day: date) -> float:
        return datetime(day.year, day.month, day.day, tzinfo=self._zone).timestamp()


def _tables(sight: Sight) -> dict[str, Table]:
    return {**{name: table_of(name, sight) for name in SORTINGS}, "comments": comments(sight)}


def _days(span: Span) -> tuple[date, date]:
    try:
        first, last = date.fromisoformat(span.first), date.fromisoformat(span.last)
    except ValueError:
        raise ValueError(f'"{span.first}" to "{span.last}" are no days: write them as 2026-11-22.') from None
    if not 0 <= (last - first).days < MOST_DAYS:
        raise ValueError(f"The days must be in order, and at most {MOST_DAYS} of them.")
    return first, last


def _shown(talk: Talk, words: str) -> FoundTalk:
    where = "" if is_gone(talk.conversation) else talk.conversation
    at = datetime.fromtimestamp(talk.began, UTC)
    return FoundTalk(where, at, talk.channel, talk.language, "customer", excerpt(words))


def _asked_in(topic: Topic, at_most: int) -> list[FoundTalk]:
    """Each conversation once, with the newest such question in it."""
    found: dict[str, Asked] = {}
    for one in sorted(topic.asked, key=lambda one: -one.at):
        found.setdefault(one.conversation, one)
    return [
        FoundTalk(
            one.conversation,
            datetime.fromtimestamp(one.at, UTC),
            one.channel,
            one.language,
            "customer",
            excerpt(one.text),
        )
        for one in list(found.values())[:at_most]
    ]
