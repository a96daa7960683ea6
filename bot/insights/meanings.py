"""What a message of a customer means for how a talk ended: a question, mere courtesy, or a word that it is settled."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from bot.answering.heard import SMALL_TALK
from bot.answering.intents import Intents, one_of
from bot.answering.prompting import Prompts
from bot.insights.facts import TurnFact
from bot.messages import STAFF

Meaning = Literal["asks", "courtesy", "settled", "unsettled", "aside"]

TABLE = "settled"  # of intents.toml
APOSTROPHES = str.maketrans("’‘", "''")
LONGEST_COURTESY = 60  # characters
LONGEST_WORD = 90  # of a message that does no more than say whether it is settled
PRESS = re.compile(r"\[(\w+)\]")
THANKS = ("thanks", "ok", "goodbye")
ASIDE = ("rate", "forget", "language", "account", "sign_out")  # buttons that ask the shop nothing
NOTHING = "(?!)"
COURTEOUS = ("start", "help")


class _Words(msgspec.Struct, frozen=True):
    """Of one language. `unless`: where one of these stands too, the message says more than that it is settled."""

    settled: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


class Settled:
    """Whether a message says in words that the matter is settled, or that it is not. Thanks alone say neither: who
    leaves without help is polite too."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        read = msgspec.convert(words, _Words)
        self._settled, self._unsettled, self._unless = map(_any, (read.settled, read.unsettled, read.unless))

    def said(self, text: str) -> Literal["", "settled", "unsettled"]:
        text = text.translate(APOSTROPHES)
        if len(text) > LONGEST_WORD:
            return ""
        if self._unsettled.search(text):
            return "unsettled"
        rest, times = self._settled.subn(" ", text)
        return "settled" if times and not self._unless.search(rest) else ""


class Meanings:
    """In every language of the desk; in another, like in its first."""

    def __init__(self, intents: Mapping[str, Intents], settled: Mapping[str, Settled]) -> None:
        self._intents, self._settled = intents, settled
        self._first = next(iter(intents))

    def of(self, turn: TurnFact) -> Meaning:
        if turn.comment or turn.stars:
            return "aside"
        if turn.channel == STAFF:
            return "asks"
        said = turn.said.strip()
        if pressed := PRESS.fullmatch(said):
            return "aside" if pressed[1] in ASIDE else "courtesy" if pressed[1] in COURTEOUS else "asks"
        language = turn.language if turn.language in self._intents else self._first
        if turn.done or turn.thanks:
            return "settled"
        if word := self._settled[language].said(said):
            return word
        return self._courtesy(language, said) or "asks"

    def _courtesy(self, language: str, text: str) -> Literal["", "courtesy", "aside"]:
        """Thanks belong to what was before them, a greeting to what comes."""
        if not text:
            return "courtesy"
        meant = self._intents[language].likeliest(text).meant if len(text) <= LONGEST_COURTESY else ""
        return "aside" if meant in THANKS else "courtesy" if meant in SMALL_TALK else ""


def read_meanings(prompts: Prompts) -> Meanings:
    """Where a language has no words for it, nobody says in it that something is settled."""
    tables = {language: prompts.table(language, "intents.toml") for language in prompts.languages}
    intents = {language: Intents(table["wanted"]) for language, table in tables.items()}
    return Meanings(intents, {language: Settled(table.get(TABLE, {})) for language, table in tables.items()})


def _any(phrases: Sequence[str]) -> re.Pattern[str]:
    return re.compile(one_of(phrases) if phrases else NOTHING, re.IGNORECASE)
