"""Several questions in one message: "what's the return window and do you ship to Norway?"."""

import re
from collections.abc import Mapping, Sequence

from bot.answering.intents import compiled, one_of

SENTENCE = re.compile(r"(?<=[?？!！。])\s*|(?<=\.)\s+|\n+")


class Several:
    """Where one question may end and the next begin, in one language."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        """`words` is the table [several] of prompts/*/intents.toml."""
        self._joins = compiled(rf"[\s,;，；、]*{one_of(words['joins'])}[\s,，]*")

    def apart(self, text: str) -> list[str]:
        """At every join; whoever reads the pieces sees whether they are questions by themselves."""
        pieces = [piece for sentence in SENTENCE.split(text) for piece in self._joins.split(sentence)]
        return [piece.strip() for piece in pieces if piece.strip()]
