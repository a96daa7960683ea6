"""Which properties of a product a text is about (its size, its material), by words that are kept as data."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from bot.knowledge.tokens import tokens

FOLDER = Path(__file__).parent.parent / "words" / "aspects"


def aspects(words: Iterable[str]) -> frozenset[int]:
    """The properties that these tokens name."""
    known = _by_word()
    return frozenset(aspect for word in words for aspect in known.get(word, ()))


@cache
def _by_word() -> dict[str, list[int]]:
    """A word may name several: what "fits" is compatible, and of the right size."""
    lines = [line for file in sorted(FOLDER.glob("*.txt")) for line in file.read_text("utf-8").splitlines()]
    found: dict[str, list[int]] = {}
    for number, line in enumerate(line for line in lines if not line.startswith("#")):
        for entry in line.split():
            word = tokens(entry)[0]  # of a Chinese word the whole; its single characters follow
            if number not in found.setdefault(word, []):
                found[word].append(number)
    return found
