"""Greetings, thanks and the like; and a yes or no where nothing was asked."""

from collections.abc import AsyncIterator

from bot.answering import bringing_in
from bot.answering.ground import Ground
from bot.answering.next_buttons import NextButtons
from bot.answering.presenting import ASK_PRESS
from bot.answering.turn import Turn
from bot.messages import FinalText, Part
from bot.shop.records import in_language

OPENING = ("greeting", "capabilities")  # small talk after which the desk says what it can do


class SmallTalkDesk:
    def __init__(self, ground: Ground, buttons: NextButtons) -> None:
        self._profile, self._prompts, self._retriever = ground.profile, ground.prompts, ground.retriever
        self._buttons = buttons

    async def answer(self, turn: Turn, meant: str) -> AsyncIterator[Part]:
        if meant == "abuse" and bringing_in.leaves_it_to_staff(turn):
            return
        name = "civil" if meant == "abuse" else meant
        yield FinalText(self._prompts.say(turn.language, name, shop=in_language(self._profile.name, turn.language)))
        if meant in OPENING:
            yield self._buttons.openings(turn)

    async def yes(self, turn: Turn) -> AsyncIterator[Part]:
        """To several topics that were offered, or to nothing at all."""
        offered = [one.removeprefix(ASK_PRESS) for one in turn.session.offered if one.startswith(ASK_PRESS)]
        if topics := [passage for one in offered if (passage := await self._retriever.passage(one))]:
            yield FinalText(self._prompts.say(turn.language, "which_one"))
            yield self._buttons.choice(turn, topics)
        else:
            yield FinalText(self._prompts.say(turn.language, "ready"))
            yield self._buttons.openings(turn)

    async def no(self, turn: Turn) -> AsyncIterator[Part]:
        """To the topics that were offered, or to nothing at all."""
        if turn.session.offered and turn.session.missed:
            yield FinalText(self._prompts.say(turn.language, "none_of_them"))
            yield self._buttons.choice(turn, [])
        else:
            turn.session.pending = None
            yield FinalText(self._prompts.say(turn.language, "ok"))
