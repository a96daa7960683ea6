"""In how many phrasings and passages each word occurs: what makes a word rare, and so a likeness worth something."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

from bot.knowledge.searching.engine import Words
from bot.knowledge.searching.rows import features

FILE = "counts.msgpack"


class Counts(msgspec.Struct, frozen=True):
    """Of one language."""

    phrasings: int
    passages: int
    in_phrasings: dict[str, int]  # each word and each group of letters
    in_passages: dict[str, int]


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
            language: Counts(self._asked[language], self._whole[language], dict(found), dict(self._passages[language]))
            for language, found in self._phrasings.items()
        }


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
