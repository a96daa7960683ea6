"""What the desk would say to what the customer asked last, out of the shop's knowledge, for staff to send or not."""

from collections.abc import Sequence

from bot.desk.small_talk import SmallTalk
from bot.desk.summary import CUSTOMER, Talk, talk_of
from bot.desks import Reply
from bot.knowledge.fillers import fillers
from bot.knowledge.passages import Found, Retriever
from bot.knowledge.searching.confidence import OFFER
from bot.knowledge.tokens import tokens
from bot.language import LanguageDetector
from bot.messages import STAFF, Event, Source

MOST = 3
LOOKED_UP = 3  # of what the customer wrote since the last answer, the newest messages
SEARCHED = 4  # passages for each


class ReplyDrafts:
    def __init__(self, retriever: Retriever, detector: LanguageDetector, small_talk: SmallTalk) -> None:
        self._retriever, self._detector, self._small_talk = retriever, detector, small_talk

    async def replies(self, events: Sequence[Event]) -> list[Reply]:
        """The likeliest first; none where the knowledge has nothing that comes near."""
        language, found = "", dict[str, Found]()
        for text in self._asked(talk_of(events)):
            language = self._detector.detect(text, language)
            if fillers().issuperset(tokens(text)):
                continue
            for one in await self._retriever.search(text, language, SEARCHED):
                known = found.get(one.passage.id)
                if one.confidence >= OFFER and (known is None or known.confidence < one.confidence):
                    found[one.passage.id] = one
        likeliest = sorted(found.values(), key=lambda one: -one.confidence)[:MOST]
        return [Reply(one.passage.text, (_source(one),)) for one in likeliest]

    def _asked(self, talk: Talk) -> list[str]:
        """What the customer asked since staff wrote last, else the newest that they asked at all."""
        newest: list[str] = []
        written = False  # by the customer, since
        for line in reversed(talk.lines):
            if line.by == STAFF and written:
                break
            if line.by == CUSTOMER:
                written = True
                newest += [] if self._small_talk.is_it(line.text) else [line.text]
        return newest[:LOOKED_UP][::-1]


def _source(found: Found) -> Source:
    one = found.passage
    return Source(one.id, one.title, one.url, one.version)
