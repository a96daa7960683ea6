"""All manners of the desk as the conversation manager has them: what they hear never reaches an answerer."""

from collections.abc import AsyncIterator
from typing import Protocol

from bot.answering.ground import Ground
from bot.answering.link_desk import LinkDesk
from bot.answering.turn import Turn
from bot.manners import account_desk, forgetting, rating, welcome
from bot.manners.account_desk import AccountDesk
from bot.manners.commands import START, kind_of
from bot.manners.forgetting import Forgetting
from bot.manners.public_places import PublicPlaces
from bot.manners.quoting import Quoting
from bot.manners.rating import Rating
from bot.manners.welcome import Welcome
from bot.manners.wordless import Wordless
from bot.messages import Part

OWN = (*forgetting.PRESSES, *rating.PRESSES)  # of the customer whose conversation it is


class Desk(Protocol):
    def hear(self, turn: Turn) -> AsyncIterator[Part]: ...


class Manners:
    """`sees`: whether photos go to a model."""

    def __init__(self, ground: Ground, links: LinkDesk, sees: bool = False) -> None:
        self.wordless, self.quoting = Wordless(ground.prompts), Quoting(ground)
        self.rating, self.public = Rating(ground), PublicPlaces(ground, links)
        self.sees = sees
        self._desks: dict[str, Desk] = {
            **dict.fromkeys(welcome.PRESSES, Welcome(ground)),
            **dict.fromkeys(account_desk.PRESSES, AccountDesk(ground)),
            **dict.fromkeys(forgetting.PRESSES, Forgetting(ground)),
            **dict.fromkeys(rating.PRESSES, self.rating),
        }

    def hears(self, turn: Turn) -> bool:
        return kind_of(turn.press) in self._desks or self.rating.awaits(turn)

    def hears_beside_staff(self, turn: Turn) -> bool:
        """What is asked of the program is answered by it, whoever has the conversation."""
        return kind_of(turn.press) in self._desks and turn.press != START

    def hear(self, turn: Turn) -> AsyncIterator[Part]:
        desk = self.rating if self.rating.awaits(turn) else self._desks[kind_of(turn.press)]
        return desk.hear(turn)

    def not_theirs(self, press: str) -> str:
        """The sentence that somebody hears who presses what is another's; "" for what anybody may press."""
        if kind_of(press) not in OWN:
            return ""
        return "button_not_yours" if kind_of(press) in rating.PRESSES else "forget_not_yours"
