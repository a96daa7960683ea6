"""Answers with a served model: ask it, run the tools it asks for, until it has written its answer or a limit is met."""

import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.tool import ToolCall
from langchain_core.tools import BaseTool
from pydantic import ValidationError

from bot.answering.failures import ModelGarbled, ModelTooSlow
from bot.answering.gates import Gate
from bot.answering.ground import Ground
from bot.answering.model import ServedModel
from bot.answering.tools import TOOLS, Hands
from bot.answering.turn import Turn
from bot.messages import FinalText, Part, Sources, TextDelta
from bot.shop.records import in_language

MOST_MODEL_CALLS = 6
MOST_TOOL_CALLS = 8
TURN_SECONDS = 45.0


class Agent:
    """An Answerer. Raises ModelFailure or Ungrounded: then the reply has to come from elsewhere."""

    def __init__(self, model: ServedModel, ground: Ground) -> None:
        prompts = ground.prompts
        self._model = model.bind_tools(TOOLS)
        self._tools = {one.name: one for one in TOOLS}
        self._ground = ground
        # rendered once: the same bytes in every turn, so that the server finds them in its prefix cache
        self._system = {
            language: SystemMessage(prompts.text(language, "agent.md", shop=in_language(ground.profile.name, language)))
            for language in prompts.languages
        }
        self._promises = [
            re.compile(pattern, re.IGNORECASE)
            for language in prompts.languages
            for pattern in prompts.table(language, "promises.toml")["promises"]
        ]

    async def answer(self, turn: Turn) -> AsyncGenerator[Part, None]:
        gate = Gate(turn.reading, turn.text, self._promises)
        written: list[str] = []
        async with aclosing(self._written(turn)) as model_text, aclosing(gate.through(model_text)) as shown:
            async for text in shown:
                written.append(text)
                yield TextDelta(text)
        if text := "".join(written):
            yield FinalText(text)
        elif not turn.asks_for_staff:
            raise ModelGarbled("the model wrote nothing")
        if cited := gate.cited():
            sources = turn.reading.sources()
            yield Sources(tuple(sources[number - 1] for number in cited))

    async def _written(self, turn: Turn) -> AsyncGenerator[str, None]:
        """The model's text over all its calls in this turn; between two calls its tools are run."""
        hands, messages = Hands(turn, self._ground), self._messages(turn)
        deadline, tool_calls, text_before = time.monotonic() + TURN_SECONDS, 0, False
        for _ in range(MOST_MODEL_CALLS):
            if time.monotonic() > deadline:
                raise ModelTooSlow(f"the turn took longer than {TURN_SECONDS:g} s")
            reply = AIMessageChunk(content="")
            async with aclosing(self._model.astream(messages)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    if chunk.content:
                        yield ("\n" if text_before and not reply.content else "") + str(chunk.content)
                    reply += chunk  # type: ignore[assignment]
            text_before = text_before or bool(reply.content)
            if not reply.tool_calls:
                return
            tool_calls += len(reply.tool_calls)
            if tool_calls > MOST_TOOL_CALLS:
                raise ModelGarbled(f"more than {MOST_TOOL_CALLS} tool calls in one turn")
            messages.append(AIMessage(content=reply.content, tool_calls=reply.tool_calls))
            messages += [await self._run(call, hands) for call in reply.tool_calls]
        raise ModelGarbled(f"no answer after {MOST_MODEL_CALLS} calls")

    async def _run(self, call: ToolCall, hands: Hands) -> ToolMessage:
        """A call that makes no sense goes back to the model as text."""
        return ToolMessage(content=await _result(self._tools.get(call["name"]), call, hands), tool_call_id=call["id"])

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


async def _result(tool: BaseTool | None, call: ToolCall, hands: Hands) -> str:
    if tool is None:
        return f"There is no tool {call['name']}."
    try:
        return str(await tool.ainvoke({**call["args"], "hands": hands}))
    except ValidationError as error:
        return f"Wrong arguments: {error.errors(include_url=False, include_input=False)}"
