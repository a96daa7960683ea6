"""Answers with a served model: ask it, run the tools it asks for, until it has written its answer or a limit is met.

What it proposed is shown and put to the customer by code; what it writes after a proposal is not shown.
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from bot.answering.action_desk import ActionDesk
from bot.answering.code_desk import CodeDesk, by_mail_button
from bot.answering.failures import ModelFailure, ModelGarbled, ModelTooSlow
from bot.answering.gates import Gate, Ungrounded
from bot.answering.ground import Ground
from bot.answering.model import ServedModel
from bot.answering.own_words import OwnWords
from bot.answering.patience import Patience
from bot.answering.tools import TOOLS, TurnTools
from bot.answering.turn import Turn
from bot.messages import Buttons, FinalText, Part, Sources, TextDelta
from bot.observing.tracing import span
from bot.shop.records import in_language

log = logging.getLogger(__name__)

NAMES = frozenset(one.name for one in TOOLS)
MOST_MODEL_CALLS = 6
MOST_TOOL_CALLS = 8
TURN_SECONDS = 45.0
FIRST_TEXT_SECONDS = 10.0


class Agent:
    """An Answerer. Raises ModelFailure or Ungrounded: then the reply has to come from elsewhere."""

    def __init__(self, model: ServedModel, ground: Ground, first_text_seconds: float = FIRST_TEXT_SECONDS) -> None:
        """`first_text_seconds`: so long may it take, over all calls, until the customer is shown text."""
        prompts = ground.prompts
        self._first_text_seconds = first_text_seconds
        self._model = model.bind_tools(TOOLS)
        self._ground, self._actions, self._codes = ground, ActionDesk(ground), CodeDesk(ground)
        # rendered once: the same bytes in every turn, so that the server finds them in its prefix cache
        self._system = {
            language: SystemMessage(prompts.text(language, "agent.md", shop=in_language(ground.profile.name, language)))
            for language in prompts.languages
        }
        self._own_words = OwnWords(
            [*(str(one.content) for one in self._system.values()), *(one.description for one in TOOLS)]
        )
        self._promises = [
            re.compile(pattern, re.IGNORECASE)
            for language in prompts.languages
            for pattern in prompts.table(language, "promises.toml")["promises"]
        ]

    async def answer(self, turn: Turn) -> AsyncGenerator[Part, None]:
        tools, gate = TurnTools(turn, self._ground, self._actions), Gate(turn.reading, turn.text, self._promises)
        written: list[str] = []
        loop = asyncio.get_running_loop()
        patience = Patience(since=turn.accepted.timestamp(), text_by=loop.time() + self._first_text_seconds)
        try:
            async with (
                aclosing(self._written(turn, tools, patience)) as model_text,
                aclosing(gate.through(model_text)) as grounded,
                aclosing(self._own_words.through(grounded)) as shown,
            ):
                async for text in shown:
                    written.append(text)
                    yield TextDelta(text)
                    if text.strip():
                        patience.shows(loop.time())
        except (ModelFailure, Ungrounded) as failure:
            if not tools.collected:
                raise
            log.warning("after a proposal the rest of a reply is left out: %s", failure)
        if text := "".join(written):
            yield FinalText(text)
        elif not (tools.collected or turn.asks_for_staff):
            raise ModelGarbled("the model wrote nothing")
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
            if tools.lacks_proof and self._codes.is_possible and not (turn.session.may_see() or turn.asks_for_staff):
                yield Buttons((by_mail_button(self._ground.prompts.say(turn.language, "button_code_mail")),))
            return
        async for part in parts:
            yield part

    async def _written(self, turn: Turn, tools: TurnTools, patience: Patience) -> AsyncGenerator[str, None]:
        """The model's text over all its calls in this turn; between two calls its tools are run."""
        loop, messages = asyncio.get_running_loop(), self._messages(turn)
        deadline, tool_calls, has_written = loop.time() + TURN_SECONDS, 0, False
        for _ in range(MOST_MODEL_CALLS):
            if loop.time() > deadline:
                raise ModelTooSlow(f"the turn took longer than {TURN_SECONDS:g} s")
            reply = AIMessageChunk(content="")
            async with aclosing(self._call(messages, patience, deadline)) as chunks:
                async for chunk in chunks:
                    if chunk.content and not tools.collected:
                        yield ("\n" if has_written and not reply.content else "") + str(chunk.content)
                    reply += chunk  # type: ignore[assignment]
            has_written = has_written or bool(reply.content)
            if not reply.tool_calls:
                return
            tool_calls += len(reply.tool_calls)
            if tool_calls > MOST_TOOL_CALLS:
                raise ModelGarbled(f"more than {MOST_TOOL_CALLS} tool calls in one turn")
            messages.append(AIMessage(content=reply.content, tool_calls=reply.tool_calls))
            for call in reply.tool_calls:
                with span("tool", name=call["name"] if call["name"] in NAMES else "unknown"):
                    result = await tools.run(call["name"], call["args"])
                messages.append(ToolMessage(content=result, tool_call_id=call["id"]))
        raise ModelGarbled(f"no answer after {MOST_MODEL_CALLS} calls")

    async def _call(
        self, messages: list[BaseMessage], patience: Patience, deadline: float
    ) -> AsyncGenerator[AIMessage, None]:
        """One reply of the model, which ends with the turn's deadline. Until its text begins, the call has its own
        deadlines; from then on the clock runs on what is shown of it. Raises ModelTooSlow: the server is well, so no
        breaker counts it."""
        patience.begins_call(asyncio.get_running_loop().time())
        has_begun = False
        async with aclosing(self._model.astream(messages, patience=patience)) as chunks:  # type: ignore[type-var]
            while True:
                try:
                    async with asyncio.timeout_at(min(deadline, patience.shown_by) if has_begun else deadline):
                        chunk = await anext(chunks, None)
                except TimeoutError:
                    raise ModelTooSlow("of what the model writes, too little can be shown in time") from None
                if chunk is None:
                    return
                has_begun = has_begun or bool(chunk.content)
                yield chunk

    def _messages(self, turn: Turn) -> list[BaseMessage]:
        """The static prompt, then what was said; the customer's newest words are the end of the history."""
        session = turn.session
        messages: list[BaseMessage] = [self._system[turn.language]]
        if session.summary:
            messages.append(HumanMessage(f"(Earlier in this conversation:\n{session.summary})"))
        for line in session.history:
            messages.append(AIMessage(line.text) if line.by == "desk" else HumanMessage(_as_said(line.by, line.text)))
        return messages


def _as_said(by: str, text: str) -> str:
    return f"(One of our staff wrote: {text})" if by == "staff" else text
