"""Sends a correction that staff have approved: once into each conversation, in the shop's name, the way of all mail."""

import asyncio
from typing import Literal

import msgspec

from bot.channels import Postbox, TooMuch
from bot.insights.corrections import Correction, version_now
from bot.insights.told import Tellings
from bot.insights.told_texts import ToldTexts
from bot.messages import STAFF, Incoming, Said

Outcome = Literal["sent", "sent_before", "not_needed", "refused"]
MOST_WAITS = 5  # where the desk is full


class Sending:
    """The bot goes on answering there: nobody takes the conversation."""

    def __init__(self, postbox: Postbox, tellings: Tellings, texts: ToldTexts) -> None:
        self._postbox, self._tellings, self._texts = postbox, tellings, texts

    async def send(self, correction: Correction) -> Outcome:
        """Killed at any point and begun again, the customer reads it once. Raises ConnectionError."""
        meant = [one for one in correction.about if await self._tellings.still(one.telling)]
        if not meant:
            return "not_needed"  # forgotten, corrected, or told what is right meanwhile
        now = [msgspec.structs.replace(one.new, id=one.telling.passage) for one in meant if one.new]
        await self._texts.keep(now)  # under the name by which it is looked up when it changes again
        event = await self._sent_before(correction)
        outcome: Outcome = "sent_before" if event else "sent"
        event = event or await self._accepted(correction)
        if not event:
            return "refused"
        for one in meant:
            await self._tellings.corrected(one.telling, version_now(one), event)
        return outcome

    async def _sent_before(self, correction: Correction) -> str:
        """The event of it; "" where it stands nowhere in the conversation. The transcript is kept as long as that."""
        after = min(one.telling.event for one in correction.about)
        for event in await self._postbox.transcript(correction.conversation, after):
            if isinstance(event.what, Said) and event.what.message == correction.message:
                return event.id
        return ""

    async def _accepted(self, correction: Correction) -> str:
        said = Incoming(STAFF, correction.conversation, correction.message, correction.text)
        for _ in range(MOST_WAITS):
            try:
                return await self._postbox.accept(said)
            except TooMuch as full:
                await asyncio.sleep(min(full.wait, 10))
        return ""


def with_text(correction: Correction, text: str) -> Correction:
    """As staff worded it."""
    return msgspec.structs.replace(correction, text=text.strip())
