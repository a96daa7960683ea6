"""A word of its own for every message, made so that no text of a shop holds it: a reply that names it answers it."""

import re

CONSONANTS, VOWELS = "bcdfghjklmnprstvwxyz", "aeiou"
SYLLABLES = [first + second for first in CONSONANTS for second in VOWELS]
WORD = re.compile(r"\bzq(?:[b-df-hj-np-tv-z][aeiou]){4}\b")


def word(number: int) -> str:
    """The same for the same number, another for each number below a hundred million."""
    spoken = ""
    for _ in range(4):
        number, place = divmod(number, len(SYLLABLES))
        spoken += SYLLABLES[place]
    return f"zq{spoken}"


def words_in(text: str) -> list[str]:
    return WORD.findall(text)
