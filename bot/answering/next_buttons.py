"""The buttons under a reply that say what may come next: topics, one's orders, and always a person."""

from collections.abc import Sequence

from bot.answering.intents import HUMAN
from bot.answering.presenting import topic_button
from bot.answering.prompting import Prompts
from bot.answering.turn import Turn
from bot.knowledge.passages import Passage
from bot.messages import Button, Buttons, Part
from bot.shop.identity import Level

ORDERS_PRESS, VERIFY_PRESS = "orders", "verify"


class NextButtons:
    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts

    def choice(self, turn: Turn, topics: Sequence[Passage]) -> Buttons:
        """Topics to press, and a person, but for who gets one."""
        has_person = turn.session.waits or turn.brings_in
        return Buttons((*map(topic_button, topics), *(() if has_person else (self._human(turn),))))

    def openings(self, turn: Turn) -> Buttons:
        guest = turn.session.level is Level.GUEST
        press, label = (VERIFY_PRESS, "button_verify") if guest else (ORDERS_PRESS, "button_orders")
        return Buttons((Button(press, self._prompts.say(turn.language, label)), self._human(turn)))

    def _human(self, turn: Turn) -> Button:
        return Button(HUMAN, self._prompts.say(turn.language, "button_human"))


def together(parts: Sequence[Part]) -> tuple[Button, ...]:
    """All buttons of a reply, each once, and a person last."""
    buttons = {one.id: one for part in parts if isinstance(part, Buttons) for one in part.buttons}
    return tuple(sorted(buttons.values(), key=lambda one: one.id == HUMAN))
