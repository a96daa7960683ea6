"""How angry a message sounds: a small classifier over its words, its letters and its shape, taught by sentences kept
as data.

Logistic regression on hashed features, fitted by gradient descent with Nesterov's momentum, in which rare features take
larger steps (as in Adagrad: Duchi et al. 2011). It is taught when the desk opens, in a tenth of a second; the same
sentences give the same classifier.
"""

import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bot.answering.prompting import Prompts

FILE, ANGRY, CALM, WORDS = "tone.toml", "angry", "calm", "words"
INTENTS, WANTED, ABUSE = "intents.toml", "wanted", "abuse"  # what else customers say calmly
BITS = 18  # with 16 half of all features share a place with another
LONGEST = 2000  # signs; whoever writes more has said by then how they feel
CHINESE_GROUPS, LETTER_GROUP = (1, 2, 3, 4), 5  # signs that stand beside each other
WORD_WEIGHT = 3.0  # beside one group of letters
STEPS, MOMENTUM, STEADY = 60, 0.9, 4.0
DOUBT = 1.0  # for each e-fold of clauses
STRIDE = 37  # through the calm sentences: neighbours are alike
RAREST = 1e-4  # of the texts; what is rarer takes no larger steps
CLAUSES = re.compile(r"(?<=[.!?。！？;；…,，])(?=[^.!?。！？;；…])|\n")
WORD = re.compile(r"[a-z']+")
LETTERS = re.compile(r"[^\W\d_]")
AGAIN = re.compile(r"(.)\1{2,}")
HIDDEN = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
LATIN_RUN = re.compile("[!-~]+")
IS_NAME = re.compile(r"\d|@|://")  # order numbers, amounts and addresses say nothing of the tone
LOUD_LETTERS, LOUD = 8, 0.8

Numbers = NDArray[np.int64]
Weights = NDArray[np.float64]


class Tone:
    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    @classmethod
    def of(cls, prompts: Prompts) -> "Tone":
        """As the sentences of all languages teach it together: customers swear in whichever they like."""
        angry, calm = list[str](), list[str]()
        for language in prompts.languages:
            table = prompts.table(language, FILE)
            angry += [*table[ANGRY], *_beside(table[WORDS], table[CALM])]
            calm += table[CALM]
            for name, texts in prompts.table(language, INTENTS)[WANTED].items():
                if isinstance(texts, list):
                    (angry if name == ABUSE else calm).extend(texts)
        return cls(_taught(tuple(angry), tuple(calm)))

    def anger(self, text: str) -> float:
        """0 calm to 1 angry: of its clause that sounds most so. Of many clauses one sounds so by chance: the more there
        are, the surer it has to be."""
        clauses = [clause for clause in CLAUSES.split(text[:LONGEST]) if LETTERS.search(clause)]
        if not clauses:
            return 0.0
        rows, features, values = _features(clauses)
        sums = _sums(self._weights, rows, features, values, len(clauses))
        return float(_chances(sums.max(keepdims=True) - DOUBT * np.log(len(clauses)))[0])


def _beside(words: Sequence[str], calm: Sequence[str]) -> list[str]:
    """Each of the words before and behind something that is calm without it."""
    found = [f"{word}, {calm[at * STRIDE % len(calm)]}" for at, word in enumerate(words)]
    return found + [f"{calm[(at + 1) * STRIDE % len(calm)]} {word}" for at, word in enumerate(words)]


@cache
def _taught(angry: tuple[str, ...], calm: tuple[str, ...]) -> Weights:
    """One for each feature, and last how angry a message is of which nothing is known."""
    wanted = np.repeat([1.0, 0.0], [len(angry), len(calm)])
    rows, features, values = _features([*angry, *calm])
    often = np.bincount(features, weights=values**2, minlength=1 << BITS) / len(wanted)
    stride = np.append(1 / np.sqrt(np.maximum(often, RAREST)), STEADY)
    weights = ahead = np.zeros((1 << BITS) + 1)
    for _ in range(STEPS):
        wrong = (_chances(_sums(ahead, rows, features, values, len(wanted))) - wanted) / len(wanted)
        slope = np.append(np.bincount(features, weights=values * wrong[rows], minlength=1 << BITS), wrong.sum())
        before, weights = weights, ahead - stride * slope
        ahead = weights + MOMENTUM * (weights - before)
    return weights


def _sums(weights: Weights, rows: Numbers, features: Numbers, values: Weights, many: int) -> Weights:
    sums: Weights = np.bincount(rows, weights=weights[features] * values, minlength=many) + weights[-1]
    return sums


def _chances(sums: Weights) -> Weights:
    chances: Weights = 1 / (1 + np.exp(-sums))
    return chances


def _features(texts: Sequence[str]) -> tuple[Numbers, Numbers, Weights]:
    """For all texts together: in which row which feature has which value. Each row has a length of about one."""
    plain = [f" {_plain(text)} " for text in texts]
    words = [[*_words(one), *_shape(text)] for one, text in zip(plain, texts, strict=True)]
    rows_of_groups, groups = _groups(plain)
    rows_of_words = np.repeat(np.arange(len(texts)), [len(one) for one in words])
    named = np.array([zlib.crc32(word.encode()) for one in words for word in one], dtype=np.uint64)
    rows = np.concatenate([rows_of_groups, rows_of_words])
    values = np.repeat([1.0, WORD_WEIGHT], [len(groups), len(named)])
    lengths = np.sqrt(np.bincount(rows, weights=values**2, minlength=len(texts)))
    return rows, np.concatenate([groups, _bucket(named)]), values / lengths[rows]


def _groups(texts: Sequence[str]) -> tuple[Numbers, Numbers]:
    """All groups of signs that stand beside each other within a text, as numbers: polynomials of their signs."""
    signs = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    row_of = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    chinese = (signs >= 0x3400) & (signs <= 0x9FFF)
    rows, features = list[Numbers](), list[Numbers]()
    number, has_chinese = np.zeros(len(signs), dtype=np.uint64), np.zeros(len(signs), dtype=bool)
    for size in range(1, min(LETTER_GROUP, len(signs)) + 1):
        count = len(signs) - size + 1
        number = number[:count] * np.uint64(1_000_003) + signs[size - 1 :]
        has_chinese = has_chinese[:count] | chinese[size - 1 :]
        counts = np.where(has_chinese, size in CHINESE_GROUPS, size == LETTER_GROUP)
        kept = (row_of[:count] == row_of[size - 1 :]) & counts
        rows.append(row_of[:count][kept])
        features.append(_bucket(number[kept] + np.uint64(size)))
    return np.concatenate(rows), np.concatenate(features)


def _bucket(numbers: NDArray[np.uint64]) -> Numbers:
    return ((numbers * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - BITS)).astype(np.int64)


def _plain(text: str) -> str:
    """In small letters, without what hides words from a reader of letters."""
    text = HIDDEN.sub("", unicodedata.normalize("NFKC", text)).lower()
    return " ".join(AGAIN.sub(r"\1\1", LATIN_RUN.sub(_unless_a_name, text)).split())


def _unless_a_name(run: re.Match[str]) -> str:
    return " " if IS_NAME.search(run[0]) else run[0]


def _words(plain: str) -> list[str]:
    words = WORD.findall(plain)
    return [*words, *(f"{one} {other}" for one, other in pairwise(words))]


def _shape(text: str) -> Iterable[str]:
    """Who shouts."""
    letters = LETTERS.findall(text)
    if len(letters) >= LOUD_LETTERS and sum(letter.isupper() for letter in letters) >= LOUD * len(letters):
        yield "<loud>"
    if "!!" in text or "！！" in text:
        yield "<!!>"
    if re.search(r"[?？][!！]|[!！][?？]", text):
        yield "<?!>"
