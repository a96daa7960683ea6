"""The checker: what was lost, doubled or out of order. It is told what customers saw and what the shop's books say."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import pairwise

import msgspec

from serving.soak.answers import Answers
from serving.soak.books import Books
from serving.soak.seen import Record, Written, place

TOLD_DONE = re.compile(r"^Done: order (\S+) is cancelled", re.MULTILINE)


class Kind(StrEnum):
    LOST = "lost"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out of order"


class Finding(msgspec.Struct, frozen=True):
    kind: Kind
    conversation: str
    about: str  # a message, an event or an order: it counts once, however many signs there are
    what: str


class Verdict(msgspec.Struct, frozen=True):
    findings: tuple[Finding, ...]
    answered: int  # messages; those that were put aside with an excuse are not among them
    quoted: int  # of these, the ones that a reply quotes
    parked: int
    unacknowledged: int  # never accepted as far as the customer knows: nothing was promised
    changes: int  # that the shop's books hold

    def count(self, kind: Kind) -> int:
        return sum(finding.kind == kind for finding in self.findings)


Sign = tuple[str, str]  # about, what


def check(records: Sequence[Record], books: Books, parked: frozenset[str] = frozenset()) -> Verdict:
    """`parked`: event ids of messages that the desk put aside, and told their customers so."""
    all_answers = [Answers(record) for record in records]
    findings = [finding for answers in all_answers for finding in _conversation(answers)]
    findings += _changes(records, books)
    messages = [message for record in records for message in record.written]
    put_aside = sum(message.event in parked for message in messages)
    return Verdict(
        findings=tuple({(one.kind, one.conversation, one.about): one for one in findings}.values()),
        answered=sum(len(answers.answering) for answers in all_answers) - put_aside,
        quoted=sum(len(answers.quoting) for answers in all_answers),
        parked=put_aside,
        unacknowledged=sum(not message.acknowledged for message in messages),
        changes=books.changes.total(),
    )


def _conversation(answers: Answers) -> Iterator[Finding]:
    looked_at: tuple[tuple[Kind, Callable[[Answers], Iterator[Sign]]], ...] = (
        (Kind.LOST, _lost),
        (Kind.LOST, _unseen),
        (Kind.DUPLICATE, _answered_twice),
        (Kind.DUPLICATE, _stands_twice),
        (Kind.OUT_OF_ORDER, _stored_out_of_order),
        (Kind.OUT_OF_ORDER, _answered_out_of_order),
        (Kind.OUT_OF_ORDER, _seen_out_of_order),
    )
    for kind, look in looked_at:
        for about, what in look(answers):
            yield Finding(kind, answers.record.conversation, about, what)


def _lost(answers: Answers) -> Iterator[Sign]:
    for message in answers.record.written:
        if not message.acknowledged or message.refused:
            continue
        if message.id not in answers.stored:
            yield message.id, f"{_named(message)} was acknowledged and does not stand in the transcript"
        elif message.id not in answers.answering:
            yield message.id, f"{_named(message)} was acknowledged and never answered"


def _unseen(answers: Answers) -> Iterator[Sign]:
    """What the customer saw live, resumed by event id, is the transcript up to there, byte for byte."""
    live, told = answers.record.live, {event.raw for event in answers.lasting}
    for event in live:
        if event.raw not in told:
            yield event.frame.id, f"the customer saw, and the transcript has not: {event.raw.decode()}"
    saw = {event.raw for event in live}
    for event in answers.lasting:
        if live and place(event.frame.id) <= place(live[-1].frame.id) and event.raw not in saw:
            yield event.frame.id, f"the transcript has, and the customer did not see: {event.raw.decode()}"


def _answered_twice(answers: Answers) -> Iterator[Sign]:
    for message in answers.record.written:
        turns = answers.answering.get(message.id, [])
        if len(turns) > 1:
            yield message.id, f"{_named(message)} was answered by {' and '.join(turns)}"
    for turn in answers.superfluous():
        yield turn.done, f"the reply {turn.done} answers nothing that was not answered before: {' / '.join(turn.texts)}"
    for turn in answers.turns:
        for word, times in Counter(turn.words()).items():
            if times > 1:
                yield turn.done, f"the reply {turn.done} answers {word} {times} times"


def _stands_twice(answers: Answers) -> Iterator[Sign]:
    for message, events in answers.stored.items():
        if len(events) > 1:
            yield message, f"{message} stands in the transcript as {' and as '.join(events)}"
    for event_id, times in Counter(event.frame.id for event in answers.record.live).items():
        if times > 1:
            yield event_id, f"the customer saw {event_id} {times} times"
    for message, events in answers.record.acknowledged_as.items():
        if len(set(events)) > 1:
            yield message, f"{message} was acknowledged as {' and as '.join(sorted(set(events)))}"


def _stored_out_of_order(answers: Answers) -> Iterator[Sign]:
    """Who writes after an acknowledgement stands behind what was acknowledged."""
    later: list[Written] = []
    for message in reversed(answers.in_order()):
        for one in later:
            if one.acknowledged and one.acknowledged < message.sent:
                yield (
                    message.id,
                    f"{_named(message)} was written after {_named(one)} was acknowledged; it stands before",
                )
        later.append(message)


def _answered_out_of_order(answers: Answers) -> Iterator[Sign]:
    """Replies follow each other as the messages do, and no reply comes before its message."""
    newest = ""
    for message in answers.in_order():
        turn = answers.answering.get(message.id, [""])[0]
        if turn and place(turn) < place(newest):
            yield message.id, f"{_named(message)} was answered by {turn}, an earlier message by {newest}"
        if turn and place(turn) < place(answers.stored[message.id][0]):
            yield message.id, f"{_named(message)} was answered by {turn}, before it was stored"
        newest = max(newest, turn, key=place)
    own = {message.word for message in answers.record.written}
    for turned in answers.turns:
        for word in turned.words():
            if word not in own:
                yield turned.done, f"the reply {turned.done} answers {word}, which another customer wrote"


def _seen_out_of_order(answers: Answers) -> Iterator[Sign]:
    for first, second in pairwise(event.frame.id for event in answers.record.live):
        if place(second) < place(first):
            yield second, f"the customer saw {second} after {first}"


def _changes(records: Sequence[Record], books: Books) -> Iterator[Finding]:
    """What was told as done did happen, nothing happened twice, and nothing that nobody confirmed."""
    confirmed: set[str] = set()
    for record in records:
        pressed = {message.order for message in record.written if message.order}
        texts = [event.frame.text for event in record.transcript if event.frame.kind == "text"]
        told = Counter(order for text in texts for order in TOLD_DONE.findall(text))
        confirmed |= pressed
        for order in sorted(pressed | told.keys()):
            for kind, what in _change(order, told[order], books):
                yield Finding(kind, record.conversation, order, what)
    for order in sorted((books.changes.keys() | books.refunds.keys()) - confirmed):
        yield Finding(Kind.DUPLICATE, "", order, f"{order} was changed, and nobody had confirmed it")


def _change(order: str, told: int, books: Books) -> Iterator[tuple[Kind, str]]:
    changed, paid_back = books.changes[order], books.refunds[order]
    if told and not (changed and paid_back):
        yield Kind.LOST, f"{order} was told to be cancelled; the books have {changed} changes, {paid_back} refunds"
    if max(changed, paid_back, told) > 1:
        yield Kind.DUPLICATE, f"{order} was cancelled {changed} times, paid back {paid_back} times, told {told} times"


def _named(message: Written) -> str:
    return f"{message.id} ({message.word})"
