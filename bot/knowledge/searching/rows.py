"""What of a passage is searched: its tokens, and the texts that become its rows of vectors."""

import re
from collections.abc import Iterable
from functools import lru_cache

from bot.knowledge.meanings import meanings
from bot.knowledge.passages import Passage
from bot.knowledge.searching.engine import Words
from bot.knowledge.tokens import is_identifier, is_meaning, letter_groups, tokens, without_dashes

PIECE = 800  # characters of a text that become one row: more than an embedder reads at once are cut
MEASURE = re.compile(r"\d{1,5}(?:[.,x]\d{1,5})*[a-z]{0,8}")
ADDRESS_MARK = re.compile(r"[./#]")
LONG_NUMBER = 6  # digits
MOST_PIECES = 6  # of one passage; the rest of a longer one is found by its words


def words_of(text: str) -> list[str]:
    """Tokens as an index and a question both have them, with the meanings that are named in any words."""
    found = [without_dashes(token) for token in tokens(text)]
    return [*found, *_codes_within(text), *meanings(text)]


def words_of_passage(passage: Passage) -> Words:
    """A title that the text repeats counts once."""
    asked = (passage.title, *passage.questions)
    whole = [one for one in (passage.topic, *asked) if one not in passage.text]
    return Words([words_of(text) for text in asked], words_of("\n".join((*whole, passage.text))))


@lru_cache(maxsize=50_000)
def is_code(word: str) -> bool:
    """Whether it names one thing: an article or order number, and no measure such as 1000mg or 2x50cm."""
    return is_identifier(word) and not is_meaning(word) and MEASURE.fullmatch(word) is None


def _codes_within(text: str) -> list[str]:
    """Numbers that stand inside of an address: of shop.example/100112573619.html the token is the whole."""
    parts = (part for token in tokens(text) if is_identifier(token) for part in ADDRESS_MARK.split(token)[1:])
    return [part for part in parts if part.isdigit() and len(part) >= LONG_NUMBER]


def features(words: Iterable[str]) -> frozenset[str]:
    """The words, and the letter groups of those that are spelt: a misspelt word is still like the right one."""
    found = list(words)
    return frozenset([*found, *(group for word in found for group in letter_groups(word))])


def phrasings(passage: Passage) -> list[str]:
    """The ways in which it is asked for that say what it means; a bare article number does not."""
    asked = dict.fromkeys((passage.title, *passage.questions))
    return [text for text in asked if not all(map(is_identifier, tokens(text)))]


def meant_texts(passage: Passage) -> list[str]:
    """One text a row for the embedder. Of a catalogue there are many, so a product has one row."""
    if passage.kind == "product":
        return [f"{passage.title}. {passage.text}"[: 2 * PIECE]]
    asked = phrasings(passage)
    return [*asked, *(piece for piece in _pieces(passage) if piece not in asked)]


def learned_texts(passage: Passage) -> list[str]:
    """One text a row for the static embedding, which has learned from phrasings and knows nothing of products."""
    return [] if passage.kind == "product" else phrasings(passage)


def _pieces(passage: Passage) -> list[str]:
    text, title = passage.text, passage.title
    starts = range(0, min(len(text), MOST_PIECES * PIECE), PIECE)
    return [text[at : at + PIECE] if title in text else f"{title}\n{text[at : at + PIECE]}" for at in starts]
