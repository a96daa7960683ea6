"""What customers ask and the knowledge does not answer: questions of one meaning counted together, and what to do."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from bot.answering.heard import TIE
from bot.insights.grouping import Rows, grouped
from bot.insights.unanswered import Asked, in_language
from bot.knowledge.passages import Found, Kind
from bot.knowledge.searching.confidence import ANSWER, OFFER

MOST_DIFFERENT = 4000  # questions of one language; of more, the newest
MOST_TRIED = 8  # ways of asking, of one gap
PICKED = 0.5  # so large a part of those who chose chose this entry

Advice = Literal["answered", "phrasing", "entry"]


class Knowledge(Protocol):
    """Of the index, what is needed here."""

    async def search(self, query: str, language: str, at_most: int = 5, kind: Kind | None = None) -> list[Found]: ...
    async def vectors(self, texts: Sequence[str]) -> Rows: ...


class Gap(msgspec.Struct, frozen=True):
    """Questions that mean the same. `advice`: the knowledge answers them by now; it has an entry that lacks only this
    way to ask for it; or it lacks the entry."""

    title: str  # the most central of them
    language: str
    asked: tuple[Asked, ...]  # the most central first
    nearest: str  # the passage that comes nearest today, "" for none
    confidence: float
    advice: Advice

    @property
    def times(self) -> int:
        return len(self.asked)

    @property
    def conversations(self) -> int:
        return len({one.conversation for one in self.asked})

    @property
    def wanted_person(self) -> int:
        return len({one.conversation for one in self.asked if one.wanted_person})

    @property
    def declined(self) -> int:
        return sum(one.question.how == "declined" for one in self.asked)

    @property
    def examples(self) -> list[str]:
        """Different ways in which it was asked, the most central first."""
        return list({_folded(one.question.text): one.question.text for one in self.asked}.values())


async def find_gaps(asked: Sequence[Asked], knowledge: Knowledge) -> list[Gap]:
    """The most asked first. `asked`: the newest first."""
    found: list[Gap] = []
    for language in dict.fromkeys(one.question.language for one in asked):
        found += await _of_one_language(in_language(asked, language), language, knowledge)
    return sorted(found, key=lambda gap: (-gap.conversations, -gap.times))


async def _of_one_language(asked: Sequence[Asked], language: str, knowledge: Knowledge) -> list[Gap]:
    alike: dict[str, list[Asked]] = {}
    for one in asked:
        alike.setdefault(_folded(one.question.text), []).append(one)
    different = list(alike.values())[:MOST_DIFFERENT]
    texts = [same[0].question.text for same in different]
    groups = grouped(texts, [len(same) for same in different], await knowledge.vectors(texts))
    return [await _gap(tuple(one for at in group for one in different[at]), language, knowledge) for group in groups]


async def _gap(asked: tuple[Asked, ...], language: str, knowledge: Knowledge) -> Gap:
    title = asked[0].question.text
    found = await knowledge.search(title, language, 2)
    nearest, confidence = (found[0].passage.id, found[0].confidence) if found else ("", 0.0)
    chosen = _mostly_chosen(asked)
    advice: Advice = "entry"
    if await _is_answered_by(nearest, asked, language, knowledge):
        advice = "answered"
    elif chosen:
        nearest, advice = chosen, "phrasing"
    elif confidence >= OFFER and not nearest.startswith("product:"):
        advice = "phrasing"
    return Gap(title, language, asked, nearest, confidence, advice)


async def _is_answered_by(entry: str, asked: Sequence[Asked], language: str, knowledge: Knowledge) -> bool:
    """Whether the desk would now answer every way of asking, and each with the same entry: a doubt stays a gap."""
    for text in list({_folded(one.question.text): one.question.text for one in asked}.values())[:MOST_TRIED]:
        found = await knowledge.search(text, language, 2)
        is_tied = len(found) > 1 and found[1].score >= TIE * found[0].score
        if not found or is_tied or found[0].confidence < ANSWER or found[0].passage.id != entry:
            return False
    return True


def _mostly_chosen(asked: Sequence[Asked]) -> str:
    """The entry that customers picked when it was offered; "" where they did not agree, or picked a product."""
    picked = Counter(one.chose for one in asked if one.chose)
    if not picked:
        return ""
    ((entry, times),) = picked.most_common(1)
    return entry if times > PICKED * picked.total() and not entry.startswith("product:") else ""


def _folded(text: str) -> str:
    return " ".join(text.lower().split()).rstrip(" ?!.。？！")
