"""An engine keeps the rows of an index and finds candidates; one ranking, the same for every engine, decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from bot.knowledge.passages import Kind, Passage

Rows = NDArray[np.float32]


class Words(msgspec.Struct, frozen=True):
    """The tokens of one passage."""

    asked: list[list[str]]  # each phrasing of it: the title, then the questions
    whole: list[str]  # everything that it says


class Terms(msgspec.Struct, frozen=True, array_like=True):
    """The same as numbers, side by side as they lie in memory: searching/terms.py makes and explains them."""

    said: bytes  # uint32: every word that it says, once
    times: bytes  # uint16: how often it says each
    length: int  # words that it says, with those that come again
    asked: bytes  # uint32: what of its phrasings is compared, one phrasing after another
    sizes: bytes  # uint32: how much of that is of each phrasing
    verbatim: bytes  # uint64: stands for one whole phrasing each


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage as an engine keeps it. Its rows: one for each phrasing, then one for each piece of the text."""

    passage: Passage
    terms: Terms
    meant: Rows | None  # by the embedder of the index; none where there is none, or it does not know the script
    learned: Rows | None  # by the static embedding of the index; none where it was never trained


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in all the forms in which an engine can look for it."""

    words: tuple[str, ...]  # looked for in everything that passages say
    features: frozenset[str]  # words and letter groups, looked for in their phrasings
    language: str
    kind: Kind | None
    meant: Rows | None  # (dimensions,)
    learned: Rows | None


class Engine(Protocol):
    async def candidates(self, asked: Asked) -> Sequence[Entry]:
        """Whatever may be the answer: the nearest by words, by phrasing, and by each kind of vector; in no order.

        Only of the language and kind that is asked for.
        """

    async def passage(self, passage_id: str) -> Passage | None: ...

    async def all(self, kind: Kind, language: str) -> list[Passage]:
        """In the order in which they were published."""
