"""The desk's instructions stay its own: a reply that recites them is stopped before the sentence is shown.

A courtesy, no lock: a translation or a cipher passes, so nothing that must stay secret may stand in a prompt.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence

from bot.answering.facts import plain
from bot.answering.gates import Ungrounded

# So much in a row is no coincidence; what a desk says of itself ("the order number and the e-mail address or
# postcode") is shorter. Figures do not count, so that numbering the words hides nothing.
LONGEST = ((re.compile(r"[a-z']+"), 12), (re.compile(r"[\u3400-\u9fff]"), 18))


class OwnWords:
    """Knows every run of words of the instructions."""

    def __init__(self, instructions: Sequence[str]) -> None:
        self._runs = [
            {run for text in instructions for run in _runs(word.findall(plain(text)), length)}
            for word, length in LONGEST
        ]

    async def through(self, sentences: AsyncIterator[str]) -> AsyncGenerator[str, None]:
        """The same sentences. Raises Ungrounded before the one that completes a run, however it is broken up."""
        before: list[list[str]] = [[] for _ in LONGEST]
        async for sentence in sentences:
            for at, (word, length) in enumerate(LONGEST):
                words = before[at] + word.findall(plain(sentence))
                if any(run in self._runs[at] for run in _runs(words, length)):
                    raise Ungrounded("prompt", sentence)
                before[at] = words[1 - length :]
            yield sentence


def _runs(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    return (tuple(words[at : at + length]) for at in range(len(words) - length + 1))
