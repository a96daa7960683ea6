"""The beginning of a chat, what the desk can do, and the language it writes in."""

from collections.abc import AsyncIterator

from bot.answering.ground import Ground
from bot.answering.intents import HUMAN
from bot.answering.turn import Turn
from bot.manners.commands import ACCOUNT, FOLLOW, HELP, LANGUAGE, ORDERS, START, kind_of
from bot.messages import Button, Buttons, FinalText, Part
from bot.shop.identity import Level
from bot.shop.records import in_language

VERIFY = "verify"
PRESSES = (START, HELP, LANGUAGE)


class Welcome:
    def __init__(self, ground: Ground) -> None:
        self._prompts, self._profile = ground.prompts, ground.profile

    async def hear(self, turn: Turn) -> AsyncIterator[Part]:
        match kind_of(turn.press):
            case "start":
                parts = self._started(turn)
            case "help":
                parts = self._helped(turn)
            case _:
                parts = self._language(turn, turn.press.partition(":")[2])
        for part in parts:
            yield part

    def _started(self, turn: Turn) -> tuple[Part, ...]:
        """Whoever begins has what they had before: a second /start takes nothing away."""
        return (
            self._say(turn, "greeting", shop=in_language(self._profile.name, turn.language)),
            self._buttons(turn, self._orders(turn), (HELP, "button_help"), (HUMAN, "button_human")),
        )

    def _helped(self, turn: Turn) -> tuple[Part, ...]:
        return (
            self._say(turn, "help", shop=in_language(self._profile.name, turn.language)),
            self._buttons(turn, self._orders(turn), (ACCOUNT, "button_account"), (HUMAN, "button_human")),
        )

    def _language(self, turn: Turn, chosen: str) -> tuple[Part, ...]:
        session, languages = turn.session, self._prompts.languages
        if chosen in languages:
            session.chosen_language = session.language = turn.language = chosen
            return (self._say(turn, "language_set"),)
        if chosen == FOLLOW:
            session.chosen_language = ""
            return (self._say(turn, "language_follows"),)
        offered = [Button(f"{LANGUAGE}:{one}", self._prompts.say(one, "language_name")) for one in languages]
        follow = Button(f"{LANGUAGE}:{FOLLOW}", self._prompts.say(turn.language, "button_language_follows"))
        return self._say(turn, "which_language"), Buttons((*offered, follow))

    def _orders(self, turn: Turn) -> tuple[str, str]:
        guest = turn.session.level is Level.GUEST
        return (VERIFY, "button_verify") if guest else (ORDERS, "button_orders")

    def _buttons(self, turn: Turn, *named: tuple[str, str]) -> Buttons:
        return Buttons(tuple(Button(press, self._prompts.say(turn.language, label)) for press, label in named))

    def _say(self, turn: Turn, name: str, **values: object) -> FinalText:
        return FinalText(self._prompts.say(turn.language, name, **values))
