"""What was said, in another language, by the model; numbers and ids are compared afterwards, for staff to see."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Protocol

from babel import Locale, UnknownLocaleError

from bot.answering.checking.stating import WRITTEN, Fact, Stated
from bot.answering.facts import plain, stated
from bot.answering.prompting import DEFAULT_LANGUAGE, Prompts
from bot.desks import Translated

FILE = "translate.md"
LONGEST = 6000  # characters
NOT_COMPARED = ("free", "relative")  # said so differently from language to language that to compare them says nothing


class Writer(Protocol):
    async def written(self, instructions: str, text: str) -> str:
        """Raises ConnectionError where the model has no reply."""


class Translating:
    def __init__(self, writer: Writer, prompts: Prompts) -> None:
        self._writer, self._prompts = writer, prompts

    async def translated(self, text: str, language: str) -> Translated:
        """Raises ConnectionError; ValueError for a language that there is not, and for a text that is too long."""
        if len(text) > LONGEST:
            raise ValueError(f"Only texts of up to {LONGEST} characters are translated.")
        name = language_name(language)
        if not any(sign.isalpha() for sign in text):
            return Translated(text)
        written = await self._writer.written(self._prompts.text(DEFAULT_LANGUAGE, FILE, into=name), text)
        return Translated(written, changed(text, written))


def language_name(language: str) -> str:
    """ "zh" is Chinese. Raises ValueError."""
    try:
        return Locale.parse(language.replace("-", "_")).get_display_name("en") or language
    except (ValueError, UnknownLocaleError):
        raise ValueError(f"{language[:20]!r} is no language: en or zh, say.") from None


def changed(text: str, other: str) -> tuple[str, ...]:
    """The ids, amounts and days of either text that are not in the other, as they are written there."""
    here, there = stated(plain(text)), stated(plain(other))
    return tuple(dict.fromkeys([*_missing(here, there), *_missing(there, here)]))


def added(text: str, source: str) -> tuple[str, ...]:
    """What the text states and its source does not."""
    return tuple(_missing(stated(plain(text)), stated(plain(source))))


def _missing(stated_here: Stated, stated_there: Stated) -> Iterable[str]:
    """One figure may be read in several ways; it is there where any of them is."""
    known = {(fact.kind, fact.value) for fact in stated_there}
    for written, facts in _by_words(stated_here).items():
        compared = [fact for fact in facts if fact.kind not in NOT_COMPARED]
        if compared and not any(_is_one(fact) or (fact.kind, fact.value) in known for fact in compared):
            yield written


def _by_words(found: Stated) -> Mapping[str, list[Fact]]:
    words: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact, written in found.items():
        words[written].append(fact)
    return words


def _is_one(fact: Fact) -> bool:
    """一个 may as well be an article."""
    return fact.kind in (WRITTEN, "count", "figure") and fact.value == 1
