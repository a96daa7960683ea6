"""A question that goes on with the topic before it: "and to Norway?" after "do you ship abroad?"."""

from collections.abc import Mapping, Sequence

from bot.answering.intents import compiled, one_of
from bot.answering.turn import Turn
from bot.knowledge.fillers import fillers
from bot.knowledge.tokens import tokens

FEW = 2  # words beside "how much is that?"
BRIEF = 12  # tokens; who begins a new topic says more


class FollowUps:
    """How they are said in one language."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        """`words` is the table [follow_up] of prompts/*/intents.toml."""
        begins, ends, refers = (one_of(words[name]) for name in ("begins", "ends", "refers"))
        self._marked = compiled(rf"^\W*{begins}|{ends}\W*$")
        self._refers = compiled(refers)
        self._bare = compiled(rf"\W*{one_of(words['bare'])}\W*")

    def is_one(self, text: str) -> bool:
        said = tokens(text)
        if len(said) > BRIEF:
            return False
        telling = frozenset(said) - fillers()
        if self._marked.search(text) or self._bare.fullmatch(text):
            return True
        return len(telling) <= FEW and bool(self._refers.search(text))

    def says_nothing_else(self, text: str) -> bool:
        """ "How much is that?": without the topic before it, it asks nothing."""
        return bool(self._bare.fullmatch(text)) or (
            len(frozenset(tokens(text)) - fillers()) <= 1 and bool(self._refers.search(text))
        )


def read_before(turn: Turn) -> list[str]:
    """The ids of the passages on which the last reply rests; the customer's line that is answered now stands behind."""
    said = [line for line in turn.session.history[-3:] if line.by == "desk"]
    return [read.partition("@")[0] for read in said[-1].read] if said else []
