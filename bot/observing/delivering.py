"""A postbox that traces: `accept` begins the trace of a message, `deliver` ends it when the answer has gone out."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import msgspec

from bot.channels import Postbox
from bot.messages import DONE, Event, Happening, Incoming
from bot.observing.pseudonyms import PSEUDONYMS
from bot.observing.tracing import begin, note, span, traceparent

REMEMBERED = 1000  # accepted messages whose answer may still be delivered here


class TracedPostbox:
    """A Postbox around another."""

    def __init__(self, postbox: Postbox) -> None:
        self._postbox = postbox
        self._traces: OrderedDict[str, str] = OrderedDict()  # by event id, the oldest first

    async def accept(self, incoming: Incoming, per_minute: int = 0, deliver: bool = False) -> str:
        conversation = PSEUDONYMS.of(incoming.conversation)
        with span("accept", conversation=conversation, channel=incoming.channel) as accepting:
            trace = traceparent()
            stored = await self._postbox.accept(msgspec.structs.replace(incoming, trace=trace), per_minute, deliver)
            note(accepting, message=PSEUDONYMS.of(stored))
            if trace:
                self._traces.setdefault(stored, trace)  # the same message once more belongs to its first trace
                if len(self._traces) > REMEMBERED:
                    self._traces.popitem(last=False)
            return stored

    async def events(self, conversation: str, after: str = "") -> AsyncIterator[Event]:
        async with aclosing(self._delivered(self._postbox.events(conversation, after))) as events:
            async for event in events:
                yield event

    async def reply(self, conversation: str, to: str) -> AsyncIterator[Event]:
        async with aclosing(self._delivered(self._postbox.reply(conversation, to))) as events:
            async for event in events:
                yield event

    async def withdraw(self, conversation: str, message: str) -> None:
        await self._postbox.withdraw(conversation, message)

    async def happened(self, conversation: str, event: str) -> Happening | None:
        return await self._postbox.happened(conversation, event)

    async def transcript(self, conversation: str, after: str = "", before: str = "", at_most: int = 0) -> list[Event]:
        return await self._postbox.transcript(conversation, after, before, at_most)

    async def _delivered(self, events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
        """Whoever asks for the next event has handed the last one on."""
        async for event in events:
            trace = self._traces.get(event.answers, "") if event.what == DONE else ""
            if not trace:
                yield event
                continue
            delivering = begin("deliver", trace, message=PSEUDONYMS.of(event.answers))
            try:
                yield event
            finally:
                delivering.end()
