"""Citations of a reply: an invented one is dropped, one of the wrong passage is led to the right one or dropped."""

import re
from collections.abc import Iterable

from bot.answering.checking.stating import WRITTEN, Fact
from bot.answering.turn import Reading, passage_text

CITATION = re.compile(r"\s?\[(\d+)\]")


class Citations:
    """Numbers the passages anew, 1, 2, … in the order in which the reply names them."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._facts: list[frozenset[Fact]] = []  # of each passage
        self._before: frozenset[Fact] = frozenset()  # of the newest sentence with facts
        self.cited: list[int] = []  # as the model counts them

    def add(self, text: str, facts: Iterable[Fact]) -> None:
        """What a text that was read states; only passages can be cited."""
        next_one = self._reading.passages[len(self._facts) :][:1]
        if next_one and text == passage_text(next_one[0]):
            self._facts.append(frozenset(facts))

    def renumber(self, sentence: str, facts: Iterable[Fact]) -> str:
        """The sentence as it is shown. A citation at its very beginning is of the sentence before it."""
        stated = frozenset(fact for fact in facts if fact.kind != WRITTEN)

        def renumbered(found: re.Match[str]) -> str:
            of_before = not sentence[: found.start()].strip()
            number = self._right(int(found[1]), self._before if of_before else stated)
            if not number:
                return ""
            if number not in self.cited:
                self.cited.append(number)
            return f"{found.group().partition('[')[0]}[{self.cited.index(number) + 1}]"

        shown = CITATION.sub(renumbered, sentence)
        self._before = stated or self._before
        return shown

    def _right(self, number: int, facts: frozenset[Fact]) -> int:
        """0 where no passage is meant that was read, or where another one has the facts and which is not plain."""
        if not 1 <= number <= len(self._reading.passages):
            return 0
        having = [at for at, known in enumerate(self._facts, 1) if facts and facts <= known]
        if not having or number in having or facts & self._facts_of(number):
            return number
        return having[0] if len(having) == 1 else 0

    def _facts_of(self, number: int) -> frozenset[Fact]:
        return self._facts[number - 1] if number <= len(self._facts) else frozenset()


def without_citations(sentence: str) -> str:
    return CITATION.sub("", sentence)
