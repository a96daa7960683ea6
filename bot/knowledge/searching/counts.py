"""In how many phrasings and passages each word occurs: what makes a word rare, and so a likeness worth something."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from bot.knowledge.fillers import fillers
from bot.knowledge.meanings import all_meanings
from bot.knowledge.searching.engine import Words
from bot.knowledge.searching.rows import features, is_code
from bot.knowledge.searching.terms import number
from bot.knowledge.tokens import is_meaning

FILE = "counts.msgpack"
PLAIN, FILLER, MEANING, CODE = range(4)  # sorts of words, which weigh differently


class Tally(msgspec.Struct, frozen=True):
    """How often each word occurs, by its number: a few bytes a word, read in no time."""

    numbers: bytes  # uint32, rising
    times: bytes  # uint32
    sorts: bytes  # uint8

    @classmethod
    def of(cls, counted: Mapping[str, int]) -> "Tally":
        """A filler or a meaning that does not occur is known by its sort, too."""
        every = dict.fromkeys((*fillers(), *all_meanings()), 0) | dict(counted)
        numbers = np.fromiter(map(number, every), np.uint32, len(every))
        times = np.fromiter(every.values(), np.uint32, len(every))
        sorts = np.fromiter(map(sort_of, every), np.uint8, len(every))
        order = np.lexsort((times, numbers))
        order = order[np.append(np.diff(numbers[order]) > 0, True)]  # of two words with one number, the more frequent
        return cls(numbers[order].tobytes(), times[order].tobytes(), sorts[order].tobytes())

    def times_of(self, words: Sequence[str]) -> list[int]:
        known, times = np.frombuffer(self.numbers, np.uint32), np.frombuffer(self.times, np.uint32)
        asked = np.fromiter(map(number, words), np.uint32, len(words))
        places = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        found: list[int] = np.where(known[places] == asked, times[places], 0).tolist()
        return found

    @property
    def total(self) -> int:
        return int(np.frombuffer(self.times, np.uint32).sum(dtype=np.int64))


class Counts(msgspec.Struct, frozen=True):
    """Of one language."""

    phrasings: int
    passages: int
    in_phrasings: Tally  # each word and each group of letters
    in_passages: Tally


class Counting:
    """Counts passages one by one, so that they need not be in memory."""

    def __init__(self) -> None:
        self._phrasings: dict[str, Counter[str]] = {}
        self._passages: dict[str, Counter[str]] = {}
        self._asked: Counter[str] = Counter()
        self._whole: Counter[str] = Counter()

    def add(self, language: str, words: Words) -> None:
        in_phrasings = self._phrasings.setdefault(language, Counter())
        for asked in words.asked:
            in_phrasings.update(features(asked))
        self._passages.setdefault(language, Counter()).update(set(words.whole))
        self._asked[language] += len(words.asked)
        self._whole[language] += 1

    def counts(self) -> dict[str, Counts]:
        return {
            language: Counts(
                self._asked[language], self._whole[language], Tally.of(found), Tally.of(self._passages[language])
            )
            for language, found in self._phrasings.items()
        }


def sort_of(word: str) -> int:
    if word in fillers():
        return FILLER
    if is_meaning(word):
        return MEANING
    return CODE if is_code(word) else PLAIN


def write_counts(folder: Path, counts: dict[str, Counts]) -> None:
    (folder / FILE).write_bytes(msgspec.msgpack.encode(counts))


def read_counts(folder: Path) -> dict[str, Counts]:
    return msgspec.msgpack.decode((folder / FILE).read_bytes(), type=dict[str, Counts])


def counted(entries: Iterable[tuple[str, Words]]) -> dict[str, Counts]:
    """Of (language, words)."""
    counting = Counting()
    for language, words in entries:
        counting.add(language, words)
    return counting.counts()
