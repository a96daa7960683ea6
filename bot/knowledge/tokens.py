"""Text to tokens: the one way in which passages and questions are cut into words, whatever the language or index."""

import re
import unicodedata
from functools import lru_cache

import rjieba
import Stemmer  # type: ignore[import-not-found]

CHINESE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
PIECE = re.compile(rf"[{CHINESE}]+|[^\W_{CHINESE}]+(?:[-.'/#][^\W_{CHINESE}]+)*")
IS_CHINESE = re.compile(f"[{CHINESE}]")
INNER_MARK = re.compile(r"[-.'/#]")
APOSTROPHES = str.maketrans("’‘ʼ＇", "''''")
SHORTEST_IDENTIFIER = 4
STEMMER = Stemmer.Stemmer("english")


def tokens(text: str) -> list[str]:
    """Words in the order of the text: stems of Latin words, Chinese words followed by their single characters.

    A token that looks like an identifier (a SKU, an order number) is kept whole, with its dashes.
    """
    return list(_cut(text))


@lru_cache(maxsize=8)
def _cut(text: str) -> tuple[str, ...]:
    """Of one text the words, the meanings and the numbers within are asked for, one after another."""
    found: list[str] = []
    for piece in PIECE.findall(unicodedata.normalize("NFKC", text).lower().translate(APOSTROPHES)):
        if is_chinese(piece):
            found += _chinese(piece)
        elif is_identifier(piece):
            found.append(piece)
        else:
            found += _words(piece)
    return tuple(found)


def is_identifier(token: str) -> bool:
    """Whether this names one thing (a SKU, an order or tracking number) rather than describes it."""
    if token.isalpha() or len(token) < SHORTEST_IDENTIFIER:  # most are no more than a word, and this is soon seen
        return False
    return any(map(str.isdigit, token))


def is_chinese(token: str) -> bool:
    return IS_CHINESE.match(token) is not None


def is_meaning(token: str) -> bool:
    """Whether it stands for all words that mean the same; no token that is cut from a text looks like it."""
    return token.startswith("=")


def identifiers(text: str) -> list[str]:
    return [token for token in tokens(text) if is_identifier(token)]


def without_dashes(token: str) -> str:
    """An identifier as it may also be written, so that "OT10023121" finds "OT-10023121"; any other token as it is."""
    return INNER_MARK.sub("", token) if is_identifier(token) else token


def _chinese(run: str) -> list[str]:
    return [word for word in rjieba.cut(run) if len(word) > 1] + list(run)


def _words(piece: str) -> list[str]:
    """The gift-card is two words, an e-mail or a t-shirt is one."""
    if "'" in piece:
        return [_stem(piece)]
    parts = INNER_MARK.split(piece)
    if len(parts[0]) == 1 and parts[0].isalpha():
        return [_stem("".join(parts))]
    return [_stem(part) for part in parts]


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return str(STEMMER.stemWord(word))


def letter_groups(token: str) -> list[str]:
    """The groups of 3 and 4 letters of a word, marked so that none is taken for a word: "#<re", "#fun"."""
    if is_identifier(token) or is_chinese(token) or is_meaning(token):
        return []
    framed = f"<{token}>"
    return [f"#{framed[at : at + size]}" for size in (3, 4) for at in range(len(framed) - size + 1)]
