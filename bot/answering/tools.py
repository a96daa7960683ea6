"""The model's tools: those that read and those that propose are two types, and each gets hands of its own kind only.

`TurnTools.run` takes a call by name with whatever arguments came; what makes no sense is answered as text. Where the
shop itself does not answer, the model is told so, and a person comes.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ValidationError

from bot.answering import bringing_in, proposing_tools, reading_tools
from bot.answering.ground import Ground
from bot.answering.proposing_tools import ProposingHands, Rules
from bot.answering.reading_tools import ReadingHands
from bot.answering.turn import Turn
from bot.shop.actions import Action
from bot.shop.store import StoreUnavailable

log = logging.getLogger(__name__)

AGAIN_SECONDS = 0.5  # after which a shop that does not answer is asked once more
FAILED = (
    "This failed: the shop's own system does not answer. Tell the customer that you cannot look it up or do it right "
    "now; the program brings in a person. Say nothing about waiting times."
)


class _Tool:
    kind: type  # of the hands that it may have

    def __init__(self, offered: BaseTool) -> None:
        assert isinstance(offered, StructuredTool) and offered.coroutine
        arguments = offered.tool_call_schema  # made anew each time that it is asked for
        assert isinstance(arguments, type) and issubclass(arguments, BaseModel)
        self.offered, self._function, self._arguments = offered, offered.coroutine, arguments
        self._known = frozenset(offered.args)

    async def _ran(self, given: Mapping[str, Any], hands: object) -> str:
        """Arguments that the tool does not have are dropped unread, `hands` among them.

        Its function is called by ourselves: `ainvoke` would tell callbacks of it that nobody has, at thrice the cost.
        """
        if not isinstance(hands, self.kind):
            return "Wrong arguments: hands of another kind"
        arguments = {name: _readable(value) for name, value in given.items() if name in self._known}
        try:
            read = self._arguments.model_validate(arguments)
        except ValidationError as error:
            return f"Wrong arguments: {error.errors(include_url=False, include_input=False, include_context=False)}"
        return str(await self._function(**{name: getattr(read, name) for name in arguments}, hands=hands))


class ReadingTool(_Tool):
    kind = ReadingHands

    async def run(self, given: Mapping[str, Any], hands: ReadingHands) -> str:
        return await self._ran(given, hands)


class ProposingTool(_Tool):
    kind = ProposingHands

    async def run(self, given: Mapping[str, Any], hands: ProposingHands) -> str:
        return await self._ran(given, hands)


READING = tuple(
    ReadingTool(one)
    for one in (
        reading_tools.search_knowledge,
        reading_tools.find_products,
        reading_tools.order_status,
        reading_tools.recent_orders,
        reading_tools.saved_details,
        reading_tools.verify_customer,
        reading_tools.offer_human,
    )
)
PROPOSING = tuple(
    ProposingTool(one)
    for one in (
        proposing_tools.propose_cancel_order,
        proposing_tools.propose_address,
        proposing_tools.propose_default_address,
        proposing_tools.propose_payment,
        proposing_tools.propose_change_items,
        proposing_tools.propose_return,
        proposing_tools.propose_exchange,
    )
)
FOR_ALL_TO_HEAR = ("search_knowledge", "find_products", "offer_human")  # the others are about the customer
TOOLS: tuple[BaseTool, ...] = tuple(one.offered for one in (*READING, *PROPOSING))
_reading = {one.offered.name: one for one in READING}
_proposing = {one.offered.name: one for one in PROPOSING}


class TurnTools:
    """All tools, bound to one turn and so to its customer."""

    def __init__(self, turn: Turn, ground: Ground, rules: Rules) -> None:
        self._reader, self._proposer = ReadingHands(turn, ground), ProposingHands(turn, rules, ground.profile)
        self._turn = turn

    @property
    def collected(self) -> tuple[Action, ...]:
        """What was proposed and no rule refused, in order."""
        return tuple(self._proposer.collected)

    @property
    def has_proved(self) -> bool:
        """Whether the customer proved something new in this turn."""
        return self._reader.has_proved

    @property
    def lacks_proof(self) -> bool:
        """Whether something was looked for that the customer has not proved, and has not proved since."""
        return self._reader.lacks_proof and not self._reader.has_proved

    async def run(self, name: str, given: Mapping[str, Any]) -> str:
        """What the model is told of its call."""
        self._turn.wants_private |= name not in FOR_ALL_TO_HEAR
        try:
            return await self._run(name, given)
        except StoreUnavailable:
            await asyncio.sleep(AGAIN_SECONDS)
        try:
            return await self._run(name, given)
        except StoreUnavailable as error:
            log.warning("a tool failed: %s", error)
            if not bringing_in.may_come(self._turn):
                raise
            self._turn.brings_in = "failed"
            return FAILED

    async def _run(self, name: str, given: Mapping[str, Any]) -> str:
        if reading := _reading.get(name):
            return await reading.run(given, self._reader)
        if proposing := _proposing.get(name):
            return await proposing.run(given, self._proposer)
        return f"There is no tool {name}."


def _readable(value: Any) -> Any:
    """Without half characters and zero bytes, which JSON allows and a database does not."""
    if isinstance(value, str):
        return value.encode(errors="ignore").decode().replace("\0", "")
    return [_readable(one) for one in value] if isinstance(value, list) else value
