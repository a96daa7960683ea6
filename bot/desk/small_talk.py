"""What a customer writes that asks nothing: greetings and thanks, a yes or no, the wish for a person and its end, an
address that they leave, and the label of a button that they pressed."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.answering.intents import HUMAN, Intents
from bot.answering.prompting import PromptError, Prompts
from bot.answering.yes_and_no import YesAndNo

MEANT = ("greeting", "thanks", "ok", "goodbye", "capabilities", HUMAN)
BUTTON = "button_"
MARKS = " .,!~。，！～…"
ADDRESS = re.compile(r"\S+@\S+|[+0][\d\s()/.-]{5,}|1\d{10}")  # an e-mail address or a telephone number, and no more


class SmallTalk:
    def __init__(self, prompts: Prompts) -> None:
        languages = prompts.languages
        self._intents = [Intents(prompts.table(one, "intents.toml")["wanted"]) for one in languages]
        self._labels = {label for one in languages for label in _labels(prompts, one)}
        self._ends = {words.casefold() for one in languages for words in _ends(prompts.table(one, "intents.toml"))}
        self._yes_and_no = YesAndNo.read(prompts)

    def is_it(self, text: str) -> bool:
        plain = text.strip()
        if plain in self._labels or ADDRESS.fullmatch(plain):
            return True
        if (
            plain.strip(MARKS).casefold() in self._ends
            or self._yes_and_no.is_yes(plain)
            or self._yes_and_no.is_no(plain)
        ):
            return True
        return any(one.likeliest(plain).meant in MEANT for one in self._intents)


def _ends(table: Mapping[str, Any]) -> Iterable[str]:
    """By which somebody ends what the desk asks, or the wait for a person."""
    answers = table["wanted"]["answers"]
    return (*answers["done"], *table["waiting"]["leaves"])


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
