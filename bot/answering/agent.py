"""Answers with a served model: what it writes is checked, sentence by sentence, and shown.

What it proposed is shown and put to the customer by code; what it writes after a proposal is not shown.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from bot.answering import bringing_in
from bot.answering.action_desk import ActionDesk
from bot.answering.code_desk import CodeDesk, by_mail_button
from bot.answering.failures import ModelFailure, ModelGarbled
from bot.answering.gates import Gate, Patterns, Ungrounded
from bot.answering.ground import Ground
from bot.answering.model import ServedModel
from bot.answering.own_words import OwnWords
from bot.answering.patience import Patience
from bot.answering.seeing import Sight, with_pictures
from bot.answering.tools import TOOLS, TurnTools
from bot.answering.turn import Blocked, Turn
from bot.answering.writing import Writing
from bot.messages import Buttons, FinalText, Part, Sources, TextDelta
from bot.shop.records import in_language

log = logging.getLogger(__name__)

GATE_FILES = ("promises.toml", "claims.toml")
REWRITE, REWRITE_SECONDS = "rewrite.md", 2.0
FIRST_TEXT_SECONDS = 10.0


class Agent:
    """An Answerer. Raises ModelFailure or Ungrounded: then the reply has to come from elsewhere."""

    def __init__(
        self,
        model: ServedModel,
        ground: Ground,
        first_text_seconds: float = FIRST_TEXT_SECONDS,
        sight: Sight | None = None,
    ) -> None:
        """`first_text_seconds`: so long may it take, over all calls, until the customer is shown text. `sight`: none
        where the model takes no pictures."""
        prompts = ground.prompts
        self._sight = sight
        self._first_text_seconds = first_text_seconds
        self._model = model.offering(TOOLS)
        self._ground, self._actions, self._codes = ground, ActionDesk(ground), CodeDesk(ground)
        # rendered once: the same bytes in every turn, so that the server finds them in its prefix cache
        self._system = {
            language: SystemMessage(prompts.text(language, "agent.md", shop=in_language(ground.profile.name, language)))
            for language in prompts.languages
        }
        self._own_words = OwnWords(
            [
                *(str(one.content) for one in self._system.values()),
                *(prompts.text(one, REWRITE, sentence="", kind="", what="", shown="") for one in prompts.languages),
                *(one.description for one in TOOLS),
            ]
        )
        self._patterns = Patterns.of(*([prompts.table(one, file) for one in prompts.languages] for file in GATE_FILES))

    async def answer(self, turn: Turn) -> AsyncGenerator[Part, None]:
        pictures = await self._sight.pictures(turn.photos) if self._sight else []
        if not (turn.text or pictures):
            return  # there is nothing that a model could read
        loop, tools = asyncio.get_running_loop(), TurnTools(turn, self._ground, self._actions)
        patience = Patience(since=turn.accepted.timestamp(), text_by=loop.time() + self._first_text_seconds)
        writing = Writing(self._model, self._messages(turn, pictures), tools, patience)
        gate = Gate(turn.reading, turn.text, self._patterns, turn.accepted.date(), lambda: turn.brings_in is not None)
        written: list[str] = []
        try:
            async with aclosing(self._checked(turn, writing, gate, tools, written, patience)) as shown:
                async for text in shown:
                    written.append(text)
                    yield TextDelta(text)
                    if text.strip():
                        patience.shows(loop.time())
        except (ModelFailure, Ungrounded) as failure:
            if not tools.collected:
                raise
            log.warning("after a proposal the rest of a reply is left out: %s", failure)
        turn.session.offered = ()
        turn.saw = 0 < len(turn.photos) == len(pictures)
        if text := "".join(written):
            yield FinalText(text)
        elif not (tools.collected or turn.brings_in):
            raise ModelGarbled("the model wrote nothing")
        if gate.cited() or tools.collected or len(turn.reading.texts) > len(turn.reading.passages):
            turn.reading.missed.clear()  # something else had the answer
        if turn.reading.missed:
            bringing_in.not_known(turn)
        else:
            turn.session.missed = 0
        if cited := gate.cited():
            sources = turn.reading.sources()
            yield Sources(tuple(sources[number - 1] for number in cited))
        async for part in self._put_to_the_customer(turn, tools):
            yield part

    async def _put_to_the_customer(self, turn: Turn, tools: TurnTools) -> AsyncIterator[Part]:
        """What was proposed now; else what was wanted before and waited for the proof that was given now; else, where
        a proof is missing, the one that needs no order number."""
        if tools.collected:
            parts = self._actions.propose(turn, tools.collected)
        elif tools.has_proved and turn.session.wanted:
            parts = self._actions.go_on(turn)
        else:
            if tools.lacks_proof and self._codes.is_possible and not (turn.session.may_see() or turn.brings_in):
                yield Buttons((by_mail_button(self._ground.prompts.say(turn.language, "button_code_mail")),))
            return
        async for part in parts:
            yield part

    async def _checked(
        self, turn: Turn, writing: Writing, gate: Gate, tools: TurnTools, written: list[str], patience: Patience
    ) -> AsyncGenerator[str, None]:
        """What may be shown. At the first sentence that may not, the model is told why and goes on in its place, once;
        what it says again then is left out."""
        said: frozenset[str] = frozenset()
        while True:
            try:
                async with (
                    aclosing(writing.text()) as model_text,
                    aclosing(gate.through(model_text)) as grounded,
                    aclosing(self._own_words.through(grounded)) as shown,
                ):
                    async for text in shown:
                        if text.strip() not in said:
                            yield text
                return
            except Ungrounded as ungrounded:
                turn.blocked.append(Blocked(ungrounded.kind, then="left_out" if tools.collected else ""))
                if len(turn.blocked) > 1 or tools.collected or not _may_rewrite(ungrounded, writing, patience):
                    raise
                said = frozenset(one.strip() for one in written if one.strip())
                note = self._ground.prompts.text(
                    turn.language,
                    REWRITE,
                    sentence=ungrounded.sentence.strip(),
                    kind=ungrounded.kind,
                    what=", ".join(ungrounded.what),
                    shown=bool(said),
                )
                writing.goes_on_after("".join([*written, ungrounded.sentence]).strip(), note)

    def _messages(self, turn: Turn, pictures: Sequence[str]) -> list[BaseMessage]:
        """The static prompt, then what was said; the customer's newest words are the end of the history, and the photos
        that came with them stand behind."""
        session = turn.session
        messages: list[BaseMessage] = [self._system[turn.language]]
        if session.summary:
            messages.append(HumanMessage(f"(Earlier in this conversation:\n{session.summary})"))
        for line in session.history:
            messages.append(AIMessage(line.text) if line.by == "desk" else HumanMessage(_as_said(line.by, line.text)))
        if pictures:
            note = self._ground.prompts.say(turn.language, "photos_shown", count=len(pictures))
            messages[-1] = HumanMessage(content=with_pictures(str(messages[-1].content), note, pictures))
        return messages


def _as_said(by: str, text: str) -> str:
    return f"(One of our staff wrote: {text})" if by == "staff" else text


def _may_rewrite(ungrounded: Ungrounded, writing: Writing, patience: Patience) -> bool:
    """Who recites the instructions is not asked for more; nor is anybody who could not be waited for."""
    now = asyncio.get_running_loop().time()
    is_time = patience.next_text_by(now) - now >= REWRITE_SECONDS
    return ungrounded.kind != "prompt" and writing.may_call_again and is_time
