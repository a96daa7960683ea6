"""What customers ask about: the questions of a span of time, those of one meaning together."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import numpy as np

from bot.desks import Figure, Table
from bot.insights.grouping import Rows, grouped
from bot.insights.masking import MARKS, masked
from bot.insights.meanings import PRESS
from bot.insights.talks import Asked, Talks
from bot.knowledge.fillers import fillers
from bot.knowledge.tokens import is_chinese, tokens

MOST_READ = 2500  # questions of a span; of more, the newest
MOST_DIFFERENT = 500  # of one language: how many are alike is found out among each pair
FEW = 32  # texts of which it is asked at once what they mean
MOST_ROWS = 20
LONGEST = 300  # characters; who writes more tells a story
KEPT_SECONDS = 300.0  # a result is shown again for so long
MOST_KEPT = 8

Vectors = Callable[[Sequence[str]], Awaitable[Rows]]
AsksNothing = Callable[[str], bool]


class Topic(msgspec.Struct, frozen=True):
    """Questions that mean the same."""

    title: str  # the most central of them
    asked: tuple[Asked, ...]

    @property
    def conversations(self) -> int:
        return len({one.conversation for one in self.asked})

    @property
    def key(self) -> str:
        """The same while the newest of them is the newest."""
        return str(max(one.id for one in self.asked))


class Questions:
    """`vectors`: what texts mean; None where nothing can tell. `order_number`: the regular expression of the shop's.
    `asks_nothing`: whether a text is a courtesy, or the wish for a person."""

    def __init__(self, talks: Talks, vectors: Vectors | None, order_number: str, asks_nothing: AsksNothing) -> None:
        self._talks, self._vectors, self._order_number = talks, vectors, order_number
        self._asks_nothing = asks_nothing
        self._kept: dict[tuple[float, float, bool], tuple[float, list[Topic]]] = {}
        self._turn = asyncio.Lock()

    async def topics(self, start: float, end: float, missed: bool) -> list[Topic]:
        """The most asked first; `missed`: only of what had no answer. Seconds of work for thousands of questions, in a
        thread of its own, one after the other. Raises StoreUnavailable."""
        name = start, end, missed
        async with self._turn:
            made, found = self._kept.get(name, (0.0, []))
            if not found or time.monotonic() - made > KEPT_SECONDS:
                found = await self._made(await self._talks.questions(start, end, missed, MOST_READ))
                self._kept.pop(name, None)
                self._kept[name] = time.monotonic(), found
                while len(self._kept) > MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
        return found

    async def _made(self, asked: Sequence[Asked]) -> list[Topic]:
        by_language: dict[str, list[Asked]] = {}
        for one in asked:
            by_language.setdefault(one.language, []).append(one)
        found = [topic for each in by_language.values() for topic in await self._of_one_language(each)]
        return sorted(found, key=lambda topic: (-topic.conversations, -len(topic.asked)))

    async def _of_one_language(self, asked: Sequence[Asked]) -> list[Topic]:
        alike = await asyncio.to_thread(self._alike, asked)
        texts = list(alike)[:MOST_DIFFERENT]
        if not texts:
            return []
        vectors = await self._meant(texts)
        times = [len(alike[text]) for text in texts]
        groups = await asyncio.to_thread(grouped, texts, times, vectors)
        return [Topic(texts[group[0]], tuple(one for at in group for one in alike[texts[at]])) for group in groups]

    async def _meant(self, texts: Sequence[str]) -> Rows:
        """A few at a time: others in this process may go on between them. Where the knowledge is published anew
        meanwhile, the words have to do."""
        nothing = np.zeros((len(texts), 0), np.float32)
        if self._vectors is None:
            return nothing
        rows = [await self._vectors(texts[at : at + FEW]) for at in range(0, len(texts), FEW)]
        return np.concatenate(rows) if len({some.shape[1] for some in rows}) == 1 else nothing

    def _alike(self, asked: Sequence[Asked]) -> dict[str, list[Asked]]:
        """Free of what names a person, each wording once; what says nothing by itself is left out."""
        found: dict[str, tuple[str, list[Asked]]] = {}
        for one in asked:
            if len(one.text) > LONGEST or PRESS.fullmatch(one.text):
                continue
            text = " ".join(masked(one.text, self._order_number).split())
            found.setdefault(text.lower().rstrip(" ?!.。？！"), (text, []))[1].append(one)
        return {text: same for text, same in found.values() if _says_something(text) and not self._asks_nothing(text)}


def table_of_topics(name: str, topics: Sequence[Topic]) -> Table:
    rows = (Figure(one.title, float(len(one.asked)), one.conversations, one.key) for one in topics[:MOST_ROWS])
    return Table(name, "questions", tuple(rows))


def topic_with(key: str, topics: Sequence[Topic]) -> Topic | None:
    """The one to which the question of this key belongs by now."""
    return next((topic for topic in topics if any(str(one.id) == key for one in topic.asked)), None)


def _says_something(text: str) -> bool:
    """ "[number]", "yes" and "the second one" answer something that the desk has asked."""
    for mark in MARKS:
        text = text.replace(mark, " ")
    said = [token for token in tokens(text) if token not in fillers() and not token.isdigit()]
    return any(len(token) > 1 or not is_chinese(token) for token in said)
