"""A customer for tests: says something over the postbox, as any channel does, and hears the reply."""

import asyncio
import secrets
from dataclasses import dataclass, field

from bot.channels import Postbox
from bot.messages import RESTARTED, Button, Buttons, Card, Event, FinalText, Incoming, Sources, Status, TextDelta

SECONDS = 20.0


@dataclass
class Heard:
    """One reply."""

    events: list[Event]

    @property
    def text(self) -> str:
        return "\n\n".join(event.what.text for event in self.events if isinstance(event.what, FinalText))

    @property
    def streamed(self) -> str:
        """What stands on the screen when the last piece has come: a restart wipes it."""
        text = ""
        for event in self.events:
            text = "" if event.what == RESTARTED else text
            text += event.what.text if isinstance(event.what, TextDelta) else ""
        return text

    @property
    def sources(self) -> list[str]:
        return [one.id for event in self.events if isinstance(event.what, Sources) for one in event.what.sources]

    @property
    def buttons(self) -> list[Button]:
        return [one for event in self.events if isinstance(event.what, Buttons) for one in event.what.buttons]

    @property
    def cards(self) -> list[Card]:
        return [event.what for event in self.events if isinstance(event.what, Card)]

    @property
    def statuses(self) -> list[str]:
        return [event.what.status for event in self.events if isinstance(event.what, Status)]


@dataclass
class Customer:
    postbox: Postbox
    customer_id: str = ""  # where the channel vouches for them
    locale: str = ""
    conversation: str = field(default_factory=lambda: f"test:{secrets.token_hex(6)}")
    said: int = 0

    async def posts(self, text: str = "", press: str = "") -> str:
        """Hand a message in and do not wait; returns its event id."""
        self.said += 1
        return await self.postbox.accept(
            Incoming(
                channel="test",
                conversation=self.conversation,
                message=str(self.said),
                text=text,
                press=press,
                customer=self.customer_id,
                locale=self.locale,
            )
        )

    async def hears(self, event_id: str) -> Heard:
        async with asyncio.timeout(SECONDS):
            return Heard([event async for event in self.postbox.reply(self.conversation, event_id)])

    async def says(self, text: str = "", press: str = "") -> Heard:
        return await self.hears(await self.posts(text, press))
