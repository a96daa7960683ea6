"""Customers for tests of manners: what they write may be public, may quote, may bring something."""

import secrets
from dataclasses import dataclass
from typing import Any

from bot.assembly import ShopDesk
from bot.keys import Keys
from bot.messages import FinalText, Incoming, InPrivate, Said
from bot.redis.connection import Connection
from bot.sessions import Session, open_session
from tests.talking import Customer, Heard

ADA, LIN = "c-ada-holm", "c-lin-xiaoman"
ADAS_ORDER, ADAS_EMAIL = "OT-20481931", "ada.holm@example.com"


@dataclass
class Visitor(Customer):
    author: str = ""
    public: bool = False

    async def writes(self, text: str = "", press: str = "", **besides: Any) -> str:
        """Hand a message in; `besides`: what else Incoming has."""
        self.said += 1
        return await self.postbox.accept(
            Incoming(
                "test",
                self.conversation,
                f"{self.author}{self.said}",
                text,
                press,
                customer=self.customer_id,
                author=self.author,
                locale=self.locale,
                public=self.public,
                **besides,
            )
        )

    async def tells(self, text: str = "", press: str = "", **besides: Any) -> Heard:
        return await self.hears(await self.writes(text, press, **besides))

    async def transcript(self) -> list[str]:
        """Every text that stands there."""
        events = await self.postbox.transcript(self.conversation)
        return [event.what.text for event in events if isinstance(event.what, FinalText | Said)]


def visitor(desk: ShopDesk, customer: str = "", public: bool = False, author: str = "", locale: str = "en") -> Visitor:
    return Visitor(desk.handles.postbox, customer, locale, f"test:{secrets.token_hex(6)}", author=author, public=public)


def moved(heard: Heard) -> list[InPrivate]:
    """What is to be handed in anew in private."""
    return [event.what for event in heard.events if isinstance(event.what, InPrivate)]


def is_streamed_right(heard: Heard) -> bool:
    """Piece by piece it is what stands there in the end; who began to listen after the end has it whole only."""
    return heard.streamed in ("", heard.text)


def pressed(heard: Heard) -> list[str]:
    return [button.id for button in heard.buttons]


async def session_of(connection: Connection, conversation: str) -> Session:
    saved = await connection.commands.get(Keys().session(conversation))
    return open_session(conversation, str(saved or ""))
