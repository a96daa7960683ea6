"""A bare yes or no, or "the second one": what it means where no step and no card waits for it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.answering.asking import DO_PRESS
from bot.answering.intents import compiled, one_of, whole
from bot.answering.presenting import ASK_PRESS
from bot.answering.prompting import Prompts
from bot.answering.turn import Turn
from bot.answering.yes_and_no import YesAndNo
from bot.knowledge.fillers import fillers
from bot.knowledge.tokens import tokens
from bot.messages import Buttons, Part

OFFERS = (ASK_PRESS, DO_PRESS)  # a topic, or something that the desk can do


class PlainAnswers:
    def __init__(self, prompts: Prompts) -> None:
        self._words = YesAndNo.read(prompts)
        self._places = {language: _Places(prompts.table(language, "intents.toml")) for language in prompts.languages}

    def press(self, turn: Turn, offered: Sequence[str]) -> str:
        """Which of the buttons that were offered last the message means; "" for none."""
        if len(offered) == 1 and self._words.is_yes(turn.text):
            return offered[0]
        at = self._places[turn.language].read(turn.text, len(offered))
        return "" if at is None else offered[at]

    def meant(self, text: str) -> str:
        """ "yes", "no", or "" for anything else."""
        if self._words.is_yes(text):
            return "yes"
        return "no" if self._words.is_no(text) else ""


class _Places:
    """ "The first", "2": in one language."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        answers = table["wanted"]["answers"]
        self._said = [compiled(whole(word)) for word in answers["places"]]
        self._moment = compiled(one_of(answers["moment"]))
        beside = " ".join([*answers["no_name"], *answers["beside"], *table["quiet"]["words"]])
        self._quiet = fillers() | frozenset(tokens(beside))

    def read(self, text: str, of: int) -> int | None:
        """From 0; None where the message says anything else."""
        if of < 2 or self._moment.search(text):  # of one thing there is no first
            return None
        bare = text.strip(" .)、。")
        if bare.isdecimal() and 0 < int(bare) <= of:
            return int(bare) - 1
        for at, pattern in enumerate(self._said[:of]):
            if pattern.search(text) and self._quiet.issuperset(tokens(pattern.sub(" ", text))):
                return at
        return None


def offered_by(parts: Iterable[Part]) -> tuple[str, ...]:
    """The ids of the buttons among them that a yes may mean."""
    buttons = [button for part in parts if isinstance(part, Buttons) for button in part.buttons]
    return tuple(button.id for button in buttons if button.id.startswith(OFFERS))
