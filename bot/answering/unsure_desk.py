"""What is said where no entry answers, or several answer equally well: never a guess, and a person within reach."""

from collections.abc import AsyncIterator, Sequence
from typing import Literal

from bot.answering import bringing_in
from bot.answering.ground import Ground
from bot.answering.heard import Heard, confidence
from bot.answering.next_buttons import NextButtons
from bot.answering.topic_desk import OFFERED, TopicDesk
from bot.answering.turn import Missed, Turn
from bot.knowledge.passages import Found
from bot.knowledge.searching.confidence import OFFER
from bot.messages import FinalText, Part
from bot.shop.records import in_language

TOLD_TOGETHER = 2  # entries between which nothing decides


class UnsureDesk:
    def __init__(self, ground: Ground, topics: TopicDesk, buttons: NextButtons) -> None:
        self._profile, self._prompts, self._topics, self._buttons = ground.profile, ground.prompts, topics, buttons

    async def between(self, turn: Turn, heard: Heard) -> AsyncIterator[Part]:
        """Two that answer it equally well are both told in short; of a bare word, or of more, the customer chooses."""
        topics = [one.passage for one in heard.either]
        if heard.is_bare or len(topics) > TOLD_TOGETHER:
            bringing_in.not_known(turn, is_either=True)
            _miss(turn, heard.either, "offered")
            yield FinalText(self._prompts.say(turn.language, "perhaps"))
        else:
            yield FinalText(self._topics.in_short(turn, topics))
        yield self._buttons.choice(turn, topics)

    async def unknown(self, turn: Turn, found: list[Found]) -> AsyncIterator[Part]:
        """The nearest topics to choose from, and a person; who asked in vain twice gets the person."""
        if bringing_in.leaves_it_to_staff(turn):
            return
        perhaps = confidence(found) >= OFFER
        comes = bringing_in.not_known(turn)
        _miss(turn, found, "offered" if perhaps else "declined")
        # a product that is only faintly like the question is no topic
        near = [one for one in found if one.confidence > 0 and (perhaps or one.passage.kind != "product")][:OFFERED]
        if comes and not perhaps:
            yield FinalText(self._prompts.say(turn.language, "unknown_twice"))
            return
        if turn.session.missed > 1 and not perhaps and not turn.session.waits:
            yield self._where_else(turn)
        else:
            name = "perhaps" if perhaps else "unknown_nearest" if near else "unknown"
            yield FinalText(self._prompts.say(turn.language, name))
        yield self._buttons.choice(turn, [one.passage for one in near])

    def _where_else(self, turn: Turn) -> FinalText:
        return FinalText(
            self._prompts.say(
                turn.language,
                "unknown_again",
                email=self._profile.email,
                phone=self._profile.phone,
                hours=in_language(self._profile.hours, turn.language),
            )
        )


def _miss(turn: Turn, found: Sequence[Found], how: Literal["declined", "offered"]) -> None:
    if turn.text:
        turn.reading.missed.append(Missed(turn.text, how, found[0].passage.id if found else "", confidence(found)))
