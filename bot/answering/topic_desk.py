"""FAQ entries and policies: what the shop says to a question, and what it said a moment ago."""

from collections.abc import AsyncIterator, Sequence

from bot.answering.following_up import FollowUps, read_before
from bot.answering.ground import Ground
from bot.answering.heard import best_first
from bot.answering.intents import HUMAN
from bot.answering.turn import Turn
from bot.knowledge.fillers import fillers
from bot.knowledge.passages import Found, Passage
from bot.knowledge.tokens import tokens
from bot.messages import Button, Buttons, FinalText, Part

OFFERED = 3


class TopicDesk:
    def __init__(self, ground: Ground) -> None:
        self._retriever, self._prompts = ground.retriever, ground.prompts
        self._follow_ups = {
            language: FollowUps(ground.prompts.table(language, "intents.toml")["follow_up"])
            for language in ground.prompts.languages
        }

    async def known(self, text: str, language: str) -> list[Found]:
        """Nothing for words that say nothing, such as "anything else then"."""
        if fillers().issuperset(tokens(text)):
            return []
        search = self._retriever.search
        return best_first([*await search(text, language, OFFERED, "faq"), *await search(text, language, 1, "policy")])

    async def going_on(self, turn: Turn) -> list[Found]:
        """What answers it as a question about the topic of the last reply: that entry, and another only where the
        question has no topic of its own; nothing where it does not go on with it."""
        if not self._follow_ups[turn.language].is_one(turn.text):
            return []
        for passage_id in read_before(turn):
            passage = await self._retriever.passage(passage_id)
            if passage and passage.kind != "product":
                found = await self.known(f"{passage.title} {turn.text}", turn.language)
                same = found and found[0].passage.id == passage_id
                return found if same or self._follow_ups[turn.language].says_nothing_else(turn.text) else []
        return []

    async def quote(self, turn: Turn, passage: Passage) -> AsyncIterator[Part]:
        """Whole; what was said right before is not said again at full length, and a person is offered."""
        turn.reading.passage(passage)
        if turn.press or passage.id not in read_before(turn):
            yield FinalText(passage.text)
            return
        yield FinalText(self._prompts.say(turn.language, "said_before", text=_gist(passage)))
        if not turn.session.waits:
            yield Buttons((Button(HUMAN, self._prompts.say(turn.language, "button_human")),))

    def in_short(self, turn: Turn, passages: Sequence[Passage]) -> str:
        """The gist of each, under its own question."""
        for passage in passages:
            turn.reading.passage(passage)
        lines = [f"{passage.title}\n{_gist(passage)}" for passage in passages]
        return "\n\n".join([self._prompts.say(turn.language, "one_of_these"), *lines])


def _gist(passage: Passage) -> str:
    return passage.text.partition("\n\n")[0]
