"""Customers who go on writing whatever happens to Redis, and what in the end became of what they wrote."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bot.channels import Postbox
from bot.messages import DONE, Incoming, Said

TRY_AGAIN_SECONDS = 0.05
PAUSE_SECONDS = 0.25
REPLY_SECONDS = 60.0
TEXTS = ("hello", "How long does delivery take?", "thank you", "What does shipping cost?")


@dataclass
class Kept:
    """What was found in the transcripts of the accepted messages."""

    accepted: int = 0
    lost: int = 0  # acknowledged, and not in the transcript
    unanswered: int = 0
    duplicate: int = 0  # stored or answered twice
    out_of_order: int = 0

    def __add__(self, other: "Kept") -> "Kept":
        return Kept(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


@dataclass
class Writer:
    """A customer who writes, waits for the reply if patient, and writes again. A message that was refused is sent again
    as the same message, as our widget does."""

    postbox: Postbox
    conversation: str
    patient: bool = True
    began: float = field(default_factory=time.monotonic)
    accepted: list[tuple[str, float]] = field(default_factory=list)  # message id, when it was acknowledged
    answered: list[float] = field(default_factory=list)
    refusals: int = 0

    async def write_until(self, enough: Callable[[], bool]) -> None:
        number, event = 0, ""
        while not enough():
            number += 1
            event = await self._insist(
                Incoming("test", self.conversation, f"{self.conversation}/{number}", TEXTS[number % len(TEXTS)])
            )
            if self.patient:
                await self._answer(event)
            await asyncio.sleep(PAUSE_SECONDS)
        if not self.patient:
            await self._answer(event)

    async def _answer(self, event: str) -> None:
        async with asyncio.timeout(REPLY_SECONDS):
            await self._hear(event)
        self.answered.append(time.monotonic())

    async def _insist(self, incoming: Incoming) -> str:
        while True:
            try:
                event = await self.postbox.accept(incoming)
            except ConnectionError:
                self.refusals += 1
                await asyncio.sleep(TRY_AGAIN_SECONDS)
                continue
            self.accepted.append((incoming.message, time.monotonic()))
            return event

    async def _hear(self, event: str) -> None:
        while True:
            try:
                async for told in self.postbox.reply(self.conversation, event):
                    if told.what == DONE:
                        return
            except ConnectionError:
                await asyncio.sleep(TRY_AGAIN_SECONDS)

    async def kept(self) -> Kept:
        """Compare what was acknowledged with what is there. A reply answers all that was written before it."""
        stored: list[str] = []
        replies, answered, too_many = 0, 0, 0
        for event in await self.postbox.transcript(self.conversation):
            if isinstance(event.what, Said):
                stored.append(event.what.message)
            elif event.what == DONE:
                replies, answered = replies + 1, len(stored)
                too_many += replies > answered
        acknowledged = [message for message, _ in self.accepted]
        return Kept(
            accepted=len(acknowledged),
            lost=sum(message not in stored for message in acknowledged),
            unanswered=len(stored) - answered,
            duplicate=len(stored) - len(set(stored)) + too_many,
            out_of_order=int([m for m in stored if m in acknowledged] != [m for m in acknowledged if m in stored]),
        )


def longest_gap(moments: Iterable[float], began: float, ended: float) -> float:
    """The longest time within [began, ended] in which nothing happened."""
    inside = sorted(moment for moment in moments if began < moment < ended)
    edges = [began, *inside, ended]
    return max(after - before for before, after in itertools.pairwise(edges))
