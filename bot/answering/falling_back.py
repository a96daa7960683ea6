"""Two answerers as one: the model's, and the extractive one wherever the model has no usable reply."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing

from bot.answering.agent import Agent
from bot.answering.extractive import Extractive
from bot.answering.failures import ModelFailure
from bot.answering.gates import Ungrounded
from bot.answering.model_turns import ModelTurnLimit
from bot.answering.prompting import Prompts
from bot.answering.turn import Reading, Turn
from bot.messages import RESTARTED, SIMPLER, FinalText, Part, TextDelta
from bot.observing import metrics
from bot.observing.turn_record import this_turn

log = logging.getLogger(__name__)


class FallingBack:
    """An Answerer. Buttons always take the extractive way: what they do is written in code."""

    def __init__(
        self, agent: Agent, extractive: Extractive, prompts: Prompts, limit: ModelTurnLimit | None = None
    ) -> None:
        self._agent, self._extractive, self._prompts = agent, extractive, prompts
        self._limit = limit or ModelTurnLimit()

    async def answer(self, turn: Turn) -> AsyncIterator[Part]:
        if turn.press or await self._extractive.continues(turn):
            async for part in self._extractive.answer(turn):
                yield part
            return
        shown, this_turn().answered_by = False, "model"
        try:
            await self._limit.count(turn)
            async with aclosing(self._agent.answer(turn)) as parts:
                async for part in parts:
                    shown = True
                    yield part
            _count_blocked(turn, "rewritten")
            return
        except ModelFailure as failure:
            log.warning("the model has no reply: %s: %s", failure.why, failure)
            metrics.fallbacks_total.labels(failure.why).inc()
            excuse = self._prompts.say(turn.language, failure.excuse)
        except Ungrounded as ungrounded:
            log.warning("a reply was stopped before a sentence that must not be shown: %s", ungrounded.kind)
            metrics.fallbacks_total.labels("ungrounded").inc()
            excuse = ""
        if shown:
            yield RESTARTED
        async for part in self._simpler(turn, excuse):
            yield part
        _count_blocked(turn, "handoff" if turn.brings_in else "extractive")

    async def _simpler(self, turn: Turn, excuse: str) -> AsyncIterator[Part]:
        """Says in one clause why the answer is short, where the model is missing or the customer had their share."""
        turn.reading, turn.brings_in, turn.saw = Reading(), None, False
        turn.session.refused = ""
        if excuse:
            yield SIMPLER
        if not turn.text:  # photos alone: that they were not looked at is said for every answerer alike
            return
        async for part in self._extractive.answer(turn):
            if excuse and isinstance(part, TextDelta | FinalText):
                yield type(part)(f"{excuse}\n\n{part.text}")
            else:
                yield part


def _count_blocked(turn: Turn, then: str) -> None:
    """By what took the place of each sentence that was not shown."""
    for one in turn.blocked:
        metrics.blocked_total.labels(one.kind, one.then or then).inc()
    this_turn().blocked = tuple(one.kind for one in turn.blocked)
