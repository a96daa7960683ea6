"""What a channel gets of a desk, as it is, and what a test wants to know beside: what was handed in and delivered."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing

import msgspec

from bot.channels import Delivery, Handles, Outbox, Postbox
from bot.messages import DONE, Button, Buttons, Event, Happening, Incoming

SECONDS = 30.0


class Watched:
    """Takes handles apart and gives them on with its own postbox and outbox, which pass everything through."""

    def __init__(self, handles: Handles) -> None:
        self.postbox, self.outbox = WatchedPostbox(handles.postbox), WatchedOutbox(handles.outbox)
        self.handles = msgspec.structs.replace(handles, postbox=self.postbox, outbox=self.outbox)

    async def button(self, conversation: str, data: str, label: str) -> Button:
        """The button that `<event>:<place>` stands for; a "+" behind it is the channel's own."""
        event, _, place = data.rpartition(":")
        for happened in await self.postbox.transcript(conversation):
            if happened.id == event and isinstance(happened.what, Buttons):
                return Button(happened.what.buttons[int(place.rstrip("+"))].id, label)
        raise AssertionError(f"{label!r} stands for {data!r}, where there are no buttons")

    async def buttons_shown(self, conversation: str, labels: Sequence[str]) -> tuple[Button, ...]:
        """The newest ones of a conversation, where the screen says no more of them than their labels."""
        if not labels:
            return ()
        happened = [event.what for event in await self.postbox.transcript(conversation)]
        newest = [what for what in happened if isinstance(what, Buttons)][-1].buttons
        assert [button.label for button in newest] == list(labels)
        return newest


class WatchedPostbox:
    def __init__(self, postbox: Postbox) -> None:
        self._postbox = postbox
        self.accepted: list[Incoming] = []
        self.stores = True  # False: as where Redis is away
        self.refused = 0

    async def accept(self, incoming: Incoming, per_minute: int = 0, deliver: bool = False) -> str:
        if not self.stores:
            self.refused += 1
            raise ConnectionError("the message was not stored")
        event = await self._postbox.accept(incoming, per_minute, deliver)
        self.accepted.append(incoming)
        return event

    async def withdraw(self, conversation: str, message: str) -> None:
        await self._postbox.withdraw(conversation, message)

    async def happened(self, conversation: str, event: str) -> Happening | None:
        return await self._postbox.happened(conversation, event)

    def events(self, conversation: str, after: str = "") -> AsyncIterator[Event]:
        return self._postbox.events(conversation, after)

    def reply(self, conversation: str, to: str) -> AsyncIterator[Event]:
        return self._postbox.reply(conversation, to)

    async def transcript(self, conversation: str, after: str = "", before: str = "", at_most: int = 0) -> list[Event]:
        return await self._postbox.transcript(conversation, after, before, at_most)


class WatchedOutbox:
    """Counts the turns that were brought to the customer whole."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.turns: Counter[str] = Counter()  # by conversation
        self._news = asyncio.Condition()

    async def only_here(self, account: str, work: Callable[[], Awaitable[None]]) -> None:
        await self._outbox.only_here(account, work)

    async def deliver(self, account: str, each: Callable[[Delivery], Awaitable[None]]) -> None:
        await self._outbox.deliver(account, lambda delivery: each(WatchedDelivery(delivery, self)))

    async def has_delivered(self, conversation: str, turns: int) -> None:
        """Until so many turns of the conversation are with the customer, counted from the first."""
        async with asyncio.timeout(SECONDS), self._news:
            await self._news.wait_for(lambda: self.turns[conversation] >= turns)

    async def tell(self, conversation: str, turns: int) -> None:
        async with self._news:
            self.turns[conversation] += turns
            self._news.notify_all()


class WatchedDelivery:
    def __init__(self, delivery: Delivery, outbox: WatchedOutbox) -> None:
        self._delivery, self._outbox = delivery, outbox
        self._done: list[str] = []  # ids at which a turn ended, and that are not delivered yet

    @property
    def conversation(self) -> str:
        return self._delivery.conversation

    @property
    def noted(self) -> str:
        return self._delivery.noted

    async def events(self) -> AsyncIterator[Event]:
        async with aclosing(self._delivery.events()) as events:  # type: ignore[type-var]
            async for event in events:
                if event.what == DONE:
                    self._done.append(event.id)
                yield event

    async def note(self, how_far: str) -> None:
        await self._delivery.note(how_far)

    async def delivered(self, event: str) -> None:
        await self._delivery.delivered(event)
        with_them = [done for done in self._done if _place(done) <= _place(event)]
        self._done = self._done[len(with_them) :]
        await self._outbox.tell(self.conversation, len(with_them))


def _place(event: str) -> tuple[int, ...]:
    return tuple(int(number) for number in event.split("-"))
