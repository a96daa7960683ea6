"""The words of a passage as numbers, made when it is published: then many are weighed against a question at once.

A number of 32 bits stands for a word. Two words that share one are rare, and make a passage look a little more like a
question than it is.
"""

import zlib
from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.searching.engine import Terms, Words
from bot.knowledge.searching.rows import features

MOST_COMPARED = 20  # phrasings of one passage; with 100 a question on CLINC150 took twice as long and found no more
MOST_TIMES = 2**16 - 1

Numbers = NDArray[np.uint32]


def number(word: str) -> int:
    """The same in every process and release."""
    return zlib.crc32(word.encode())


def terms_of(words: Words) -> Terms:
    """Of very many phrasings, those at even distances are compared."""
    said = Counter(map(number, words.whole))
    phrasings = [_numbers(features(asked)) for asked in words.asked]
    compared = phrasings[:: 1 + (len(phrasings) - 1) // MOST_COMPARED]
    return Terms(
        said=np.fromiter(said, np.uint32, len(said)).tobytes(),
        times=np.fromiter((min(n, MOST_TIMES) for n in said.values()), np.uint16, len(said)).tobytes(),
        length=len(words.whole),
        asked=b"".join(one.tobytes() for one in compared),
        sizes=np.array([len(one) for one in compared], np.uint32).tobytes(),
        verbatim=b"".join(map(verbatim, phrasings)),
    )


def verbatim(sorted_numbers: Numbers) -> bytes:
    """Eight bytes that stand for all these words together."""
    return blake2b(sorted_numbers.tobytes(), digest_size=8).digest()


def _numbers(words: Iterable[str]) -> Numbers:
    return np.array(sorted({number(word) for word in words}), np.uint32)
