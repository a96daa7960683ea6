"""What the model writes in one turn, over all its calls: between two calls its tools are run, until a limit is met."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import tool_call

from bot.answering.chunks import Piece, ToolCall
from bot.answering.failures import ModelGarbled, ModelTooSlow
from bot.answering.patience import Patience
from bot.answering.tools import TOOLS, TurnTools
from bot.observing.tracing import span

NAMES = frozenset(one.name for one in TOOLS)
MOST_MODEL_CALLS = 6
MOST_TOOL_CALLS = 8
TURN_SECONDS = 45.0


class Model(Protocol):
    """With its tools."""

    def pieces(self, messages: Sequence[BaseMessage], patience: Patience) -> AsyncGenerator[Piece, None]: ...


class Writing:
    """Raises ModelFailure where there is no answer to be had. `messages` is added to, never changed."""

    def __init__(self, model: Model, messages: list[BaseMessage], tools: TurnTools, patience: Patience) -> None:
        self._model, self._messages, self._tools, self._patience = model, messages, tools, patience
        self._deadline = asyncio.get_running_loop().time() + TURN_SECONDS
        self._calls = self._tool_calls = 0
        self._has_written = False

    @property
    def may_call_again(self) -> bool:
        return self._calls < MOST_MODEL_CALLS

    def goes_on_after(self, draft: str, note: str) -> None:
        """The end of the draft was not shown, for the reason in the note: what is written now takes its place."""
        self._messages += [AIMessage(draft), HumanMessage(note)]
        self._has_written = False

    async def text(self) -> AsyncGenerator[str, None]:
        while self._calls < MOST_MODEL_CALLS:
            self._calls += 1
            if asyncio.get_running_loop().time() > self._deadline:
                raise ModelTooSlow(f"the turn took longer than {TURN_SECONDS:g} s")
            written, calls = "", tuple[ToolCall, ...]()
            async with aclosing(self._call()) as pieces:
                async for piece in pieces:
                    if piece.text and not self._tools.collected:
                        yield ("\n" if self._has_written and not written else "") + piece.text
                    written += piece.text
                    calls += piece.calls
            self._has_written = self._has_written or bool(written)
            if not calls:
                return
            await self._run_tools(written, calls)
        raise ModelGarbled(f"no answer after {MOST_MODEL_CALLS} calls")

    async def _run_tools(self, written: str, calls: Sequence[ToolCall]) -> None:
        self._tool_calls += len(calls)
        if self._tool_calls > MOST_TOOL_CALLS:
            raise ModelGarbled(f"more than {MOST_TOOL_CALLS} tool calls in one turn")
        asked = [tool_call(name=call.name, args=call.given(), id=call.id) for call in calls]
        self._messages.append(AIMessage(content=written, tool_calls=asked))
        for call in asked:
            with span("tool", name=call["name"] if call["name"] in NAMES else "unknown"):
                result = await self._tools.run(call["name"], call["args"])
            self._messages.append(ToolMessage(content=result, tool_call_id=call["id"]))

    async def _call(self) -> AsyncGenerator[Piece, None]:
        """One reply of the model, which ends with the turn's deadline. Until its text begins, the call has its own
        deadlines; from then on the clock runs on what is shown of it. Raises ModelTooSlow: the server is well, so no
        breaker counts it."""
        patience, deadline, has_begun = self._patience, self._deadline, False
        patience.begins_call(asyncio.get_running_loop().time())
        async with aclosing(self._model.pieces(self._messages, patience)) as pieces:
            while True:
                try:
                    async with asyncio.timeout_at(min(deadline, patience.shown_by) if has_begun else deadline):
                        piece = await anext(pieces, None)
                except TimeoutError:
                    raise ModelTooSlow("of what the model writes, too little can be shown in time") from None
                if piece is None:
                    return
                has_begun = has_begun or bool(piece.text)
                yield piece
