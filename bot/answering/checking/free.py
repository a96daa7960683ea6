"""That something costs nothing: what, and whether always."""

from bot.answering.checking.stating import Fact, Stated
from bot.answering.checking.wording import languages

ENDS = ("\n", ". ", "。", ";", "!", "?")
ANYTHING, ALWAYS = "anything", Fact("free", "always")


def free(text: str) -> Stated:
    """Of plain text, each line and sentence by itself."""
    found: Stated = {}
    for language in languages():
        for one in language.costs_nothing.finditer(text) if language.free_cues.search(text) else ():
            said = _around(text, one.start(), one.end())
            of = [name for name, pattern in language.free_of.items() if pattern.search(said)]
            found |= {Fact("free", name): one.group() for name in of or (ANYTHING,)}
            if language.always.search(said):
                found[ALWAYS] = one.group()
    return found


def _around(text: str, start: int, end: int) -> str:
    """The sentence in which this stands."""
    before = max(text.rfind(mark, 0, start) for mark in ENDS)
    after = min((at for mark in ENDS if (at := text.find(mark, end)) >= 0), default=len(text))
    return text[before + 1 : after]
