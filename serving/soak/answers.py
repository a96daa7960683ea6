"""Which reply of a transcript answers which message.

A reply answers the messages whose own words it quotes. A message that no reply quotes (a press, an answer without the
model) is answered by the turn that the desk names when the same message id is sent again.
"""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from serving.soak.seen import Event, Record, Written, place
from serving.soak.words import words_in


class Turn(msgspec.Struct, frozen=True):
    """What the desk told in one go, up to its `done`."""

    done: str  # event id
    texts: tuple[str, ...]

    def words(self) -> list[str]:
        return [word for text in self.texts for word in words_in(text)]


class Answers:
    """Of one conversation. Event ids are of its transcript."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.lasting = [event for event in record.transcript if not event.frame.passes]
        self.turns = _turns(self.lasting)
        self.stored: dict[str, list[str]] = defaultdict(list)  # message id -> where the transcript has it
        for event in self.lasting:
            if event.frame.kind == "said":
                self.stored[event.frame.message].append(event.frame.id)
        self.quoting = self._quoting()
        named = {one.id: [turn] for one in record.written if (turn := self._named(one))}
        self.answering = {**named, **self.quoting}  # message id -> the turns that answer it

    def in_order(self) -> list[Written]:
        """The messages that the transcript has, as it has them."""
        stored = [message for message in self.record.written if message.id in self.stored]
        return sorted(stored, key=lambda message: place(self.stored[message.id][0]))

    def superfluous(self) -> list[Turn]:
        """Replies to nobody."""
        needed = {turn for turns in self.answering.values() for turn in turns}
        return [turn for turn in self.turns if turn.done not in needed]

    def _quoting(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        by_word = {message.word: message for message in self.record.written}
        for turn in self.turns:
            for word in dict.fromkeys(turn.words()):
                if message := by_word.get(word):
                    found[message.id].append(turn.done)
        return dict(found)

    def _named(self, message: Written) -> str:
        told = self.record.asked_again.get(message.id, "")
        return told if any(turn.done == told for turn in self.turns) else ""


def _turns(lasting: Sequence[Event]) -> list[Turn]:
    found: list[Turn] = []
    texts: list[str] = []
    for event in lasting:
        if event.frame.kind == "text":
            texts.append(event.frame.text)
        elif event.frame.kind == "status" and event.frame.status == "done":
            found.append(Turn(event.frame.id, tuple(texts)))
            texts = []
    return found
