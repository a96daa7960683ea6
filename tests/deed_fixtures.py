"""A customer of an invented shop who has proved everything, and has things done there."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bot.answering.action_desk import CONFIRM_PRESS, ActionDesk
from bot.answering.ground import Ground
from bot.answering.turn import Turn
from bot.knowledge.building import publish
from bot.messages import Card, Part
from bot.sessions import Session
from bot.shop.actions import Action
from bot.shop.store import open_store
from tests.action_shop import ANN, action_shop
from tests.code_fixtures import all_due_is_sent, text_of, turn_of
from tests.hostile_fixtures import as_of_today


async def two_customers(folder: Path) -> None:
    """The shop in this folder: Ann writes English, Ben's account is Chinese."""
    files = as_of_today(action_shop())
    ann, ben = files.customers
    files = msgspec.structs.replace(files, customers=(ann, msgspec.structs.replace(ben, language="zh")))
    await publish(folder / "knowledge", ())
    async with open_store(f"sqlite+aiosqlite:///{folder / 'shop.sqlite'}") as store:
        await store.replace(files)


class Talk:
    """A customer who has proved everything, and wants one thing."""

    def __init__(self, ground: Ground, customer: str = ANN, language: str = "en") -> None:
        self.ground, self.desk = ground, ActionDesk(ground)
        self.session = Session("web:1", language=language)
        self.session.code_given(customer, datetime.now(UTC))

    async def asks(self, action: Action) -> list[Part]:
        turn = turn_of(self.session, "Please.")
        turn.message = "1"
        return [part async for part in self.desk.propose(turn, [action])]

    def yes(self, kind: str = CONFIRM_PRESS, token: str = "") -> Turn:
        """A press of a button of the card, of the last one unless another is named; the same message each time."""
        turn = turn_of(self.session, press=kind + (token or self.session.proposal))
        turn.message = "2"
        return turn

    async def presses(self, kind: str, token: str) -> str:
        said = text_of([part async for part in self.desk.hear(self.yes(kind, token))])
        if self.ground.errands:
            await all_due_is_sent(self.ground)
        return said

    async def proposes(self, action: Action) -> str:
        """The token of the card."""
        await self.asks(action)
        return self.session.proposal

    async def deed(self, action: Action) -> str:
        """Its token. It is noted, and nobody sends it yet."""
        token = await self.proposes(action)
        assert text_of([part async for part in self.desk.hear(self.yes())]).startswith("Done:")
        return token

    async def does(self, action: Action) -> tuple[str, str]:
        """What the card says, and the reply to the yes."""
        parts = await self.asks(action)
        (card,) = [part for part in parts if isinstance(part, Card)]
        said = await self.presses(CONFIRM_PRESS, self.session.proposal)
        assert said.startswith(("Done:", "已办好")), said
        return "\n".join(" ".join(row) for row in card.rows), said
