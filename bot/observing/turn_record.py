"""What is noted of one turn: how long each part took, what answered, how it ended; then counted, traced and logged."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from bot.insights.noted import Noted, Unanswered
from bot.messages import Incoming
from bot.observing import metrics
from bot.observing.pseudonyms import PSEUDONYMS
from bot.observing.tracing import note, span

log = logging.getLogger(__name__)


@dataclass(slots=True)
class TurnRecord:
    """Whoever works on a turn finds the record of it with this_turn() and notes what only they know."""

    waited: float = 0.0  # seconds from the acceptance of its first message until a worker took it, by Redis' clock
    answered_by: str = "nobody"
    ended: str = "failed"
    language: str = ""
    handoff: str = ""  # why staff were brought in, "" where they were not
    noted: Noted = field(default_factory=Noted)  # what is kept with the turn
    blocked: tuple[str, ...] = ()  # what sentences of the model were not shown for, one word each
    parked: str = ""  # why its messages were set aside, "" where they were answered
    taken: float = field(default_factory=time.monotonic)
    begun: float = 0.0
    made: float = 0.0
    committed: float = 0.0
    first_text: float = 0.0

    def begins(self) -> None:
        """The customer has been given time to write more; now the reply is made."""
        self.begun, self.first_text = time.monotonic(), 0.0

    def shows_text(self) -> None:
        self.first_text = self.first_text or time.monotonic()

    @contextmanager
    def committing(self) -> Iterator[None]:
        self.made = time.monotonic()
        with span("commit"):
            yield
        self.committed = time.monotonic()


_current: ContextVar[TurnRecord | None] = ContextVar("turn_record", default=None)


def this_turn() -> TurnRecord:
    """The record of the turn that is being made here; one that nobody reads where none is."""
    return _current.get() or TurnRecord()


@contextmanager
def recorded_turn(messages: tuple[Incoming, ...], taken: str, tries: int) -> Iterator[TurnRecord]:
    """`taken` is the event id, and so the time, at which a worker took these messages."""
    record = TurnRecord(waited=max(0, _milliseconds(taken) - _milliseconds(messages[0].accepted)) / 1000)
    before = _current.set(record)
    where, newest = messages[0].conversation, messages[-1]
    try:
        with span(
            "turn", newest.trace, conversation=PSEUDONYMS.of(where), messages=len(messages), tries=tries
        ) as current:
            try:
                yield record
            except asyncio.CancelledError:
                record.ended = "handed_over"
                raise
            finally:
                note(current, ended=record.ended, answered_by=record.answered_by, language=record.language)
                if record.blocked:
                    note(current, blocked=",".join(record.blocked))
                _count(record)
                _tell(record, where, newest.accepted, len(messages), tries)
    finally:
        _current.reset(before)


def _count(record: TurnRecord) -> None:
    metrics.turns_total.labels(record.ended, record.answered_by).inc()
    if record.ended not in metrics.COMMITTED:
        return
    metrics.waited.observe(record.waited)
    metrics.whole.observe(record.waited + record.committed - record.taken)
    metrics.committed.observe(record.committed - record.made)
    if record.begun:
        metrics.answered.observe(record.made - record.begun)
    shown = record.first_text or record.committed  # a short reply is shown as a whole when it is committed
    metrics.first_text_seconds.observe(record.waited + shown - record.taken)
    if record.parked:
        metrics.parked_total.inc()
    for line in record.noted.lines if not record.parked else ():
        if isinstance(line, Unanswered):
            metrics.unanswered_total.labels(line.how).inc()
    if record.handoff:
        metrics.handoffs_total.labels(record.handoff).inc()


def _tell(record: TurnRecord, conversation: str, event: str, messages: int, tries: int) -> None:
    if not log.isEnabledFor(logging.INFO):
        return
    until = record.committed or time.monotonic()
    said = {
        "conversation": conversation,
        "event": event,
        "ended": record.ended,
        "answered_by": record.answered_by,
        "milliseconds": round((record.waited + until - record.taken) * 1000),
        "messages": messages,
        "language": record.language,
    }
    if record.blocked:
        said["blocked"] = ",".join(record.blocked)
    if tries > 1:
        said["tries"] = tries
    log.info("turn", extra=said)


def _milliseconds(event: str) -> int:
    return int(event.partition("-")[0] or 0)
