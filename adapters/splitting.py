"""Long texts in several messages: cut where a reader would pause, by whatever a platform counts."""

import re
import unicodedata
from collections.abc import Callable

from adapters.text import Rich

_PAUSES = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"(?<=[。！？…])[”’」』）]*|(?<=[.!?])[\"'”’)]*(?=\s)"),
    re.compile(r"(?<=[，、；：])|(?<=[,;:])(?=\s)"),
    re.compile(r"\s+"),
)
_LEAST = 0.4  # of a message: rather a weaker pause than a shorter message
_JOINER, _KEYCAP = "\u200d", "\u20e3"


def split(rich: Rich, at_most: int, size: Callable[[Rich], int]) -> list[Rich]:
    """Pieces of which each `size` is `at_most` that much: at a blank line, else a line, the end of a sentence, a space,
    else between two characters. A size is never less than the number of characters. Nothing to see: no piece."""
    pieces, place = list[Rich](), 0
    while place < len(rich.text):
        place += len(rich.text[place:]) - len(rich.text[place:].lstrip())
        window = rich.cut(place, place + at_most + 1)
        fits = _fitting(window, at_most, size)
        end = fits if fits == len(window.text) else _pause(window.text, fits)
        pieces.append(_trimmed(window.cut(0, end)))
        place += end
    return [piece for piece in pieces if piece.text]


def _fitting(rich: Rich, at_most: int, size: Callable[[Rich], int]) -> int:
    """How many characters of it fit; one at least, so that it ends."""
    low, high = min(1, len(rich.text)), min(len(rich.text), at_most)
    while low < high:
        middle = (low + high + 1) // 2
        if size(rich.cut(0, middle)) <= at_most:
            low = middle
        else:
            high = middle - 1
    return low


def _pause(text: str, fits: int) -> int:
    """The best place to cut before `fits`; what follows there is looked at too: a space, say."""
    for pause in _PAUSES:
        ends = [match.end() for match in pause.finditer(text, 0, fits + 1) if match.start() <= fits]
        if ends and ends[-1] >= _LEAST * fits:
            return min(ends[-1], fits)
    return _between_characters(text, fits)


def _between_characters(text: str, fits: int) -> int:
    """What is seen as one character, an emoji of a family say, is not taken apart."""
    end = fits
    while end > 1 and _belong_together(text, end):
        end -= 1
    return end if end > 1 or not _belong_together(text, end) else fits


def _belong_together(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place]
    flags = 0
    while flags < place and "\U0001f1e6" <= text[place - 1 - flags] <= "\U0001f1ff":
        flags += 1
    return (
        _JOINER in (before, after)
        or after == _KEYCAP
        or unicodedata.combining(after) > 0
        or "\ufe00" <= after <= "\ufe0f"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or "\U000e0020" <= after <= "\U000e007f"
        or ("\U0001f1e6" <= after <= "\U0001f1ff" and flags % 2 == 1)
    )


def _trimmed(rich: Rich) -> Rich:
    start = len(rich.text) - len(rich.text.lstrip())
    return rich.cut(start, max(start, len(rich.text.rstrip())))
