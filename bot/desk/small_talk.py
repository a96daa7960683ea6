"""What a customer writes that asks nothing: greetings and thanks, the wish for a person, an address that they leave,
and the label of a button that they pressed."""

import re

from bot.answering.intents import HUMAN, Intents
from bot.answering.prompting import PromptError, Prompts

MEANT = ("greeting", "thanks", "ok", "goodbye", "capabilities", HUMAN)
BUTTON = "button_"
ADDRESS = re.compile(r"\S+@\S+|[+0][\d\s()/.-]{5,}|1\d{10}")  # an e-mail address or a telephone number, and no more


class SmallTalk:
    def __init__(self, prompts: Prompts) -> None:
        languages = prompts.languages
        self._intents = [Intents(prompts.table(one, "intents.toml")["wanted"]) for one in languages]
        self._labels = {label for one in languages for label in _labels(prompts, one)}

    def is_it(self, text: str) -> bool:
        plain = text.strip()
        if plain in self._labels or ADDRESS.fullmatch(plain):
            return True
        return any(one.likeliest(plain).meant in MEANT for one in self._intents)


def _labels(prompts: Prompts, language: str) -> set[str]:
    """Of the buttons whose label is always the same."""
    found = set[str]()
    for name in prompts.names:
        if name.startswith(BUTTON):
            try:
                found.add(prompts.say(language, name))
            except PromptError:  # it names an order
                continue
    return found
