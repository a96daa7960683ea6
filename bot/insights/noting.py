"""Notes, while a turn is made, what is kept of it: what it told, what it had no answer to, and what staff said then."""

from collections.abc import Iterable, Sequence

from bot.answering.presenting import ASK_PRESS
from bot.answering.turn import Turn
from bot.insights.facts import TurnFact
from bot.insights.masking import masked
from bot.insights.noted import CORRECTION, Chose, StaffSaid, Unanswered, WantedPerson
from bot.messages import STAFF, Incoming, Part, Sources
from bot.observing.turn_record import this_turn


class Noting:
    """`order_number`: the regular expression of the shop's order numbers; they are not kept."""

    def __init__(self, order_number: str) -> None:
        self._order_number = order_number

    def staff_said(self, message: Incoming, language: str) -> None:
        """A correction is sent in their name, days later and to many: it is no answer of theirs."""
        if message.message.startswith(CORRECTION):
            return
        noted = this_turn().noted
        noted.facts.append(
            TurnFact(
                message.conversation,
                message.accepted,
                STAFF,
                language,
                at=seconds(message.accepted),
                answered=0,
                said=message.text,
                by="staff",
            )
        )
        noted.lines.append(StaffSaid(message.accepted, masked(message.text, self._order_number)))

    def turned(self, turn: Turn, said: Sequence[Incoming], kept: str, replied: str) -> None:
        """`kept`: what is remembered of what the customer said in `said`."""
        record, session = this_turn(), turn.session
        stars, comment = _of(turn.event, record.noted.rated), _of(turn.event, record.noted.comment)
        fact = TurnFact(
            turn.conversation,
            said[-1].accepted,
            said[0].channel,
            turn.language,
            at=seconds(said[0].accepted),
            answered=0,
            said=kept,
            replied=replied,
            by=record.answered_by if replied else "staff",
            handoff=record.noted.handoff.reason if record.noted.handoff else None,
            missed=bool(turn.reading.missed),
            tone=turn.tone,
            done=turn.done,
            stars=int(stars or 0),
            comment=comment,
            public=turn.public,
            asks=bool(session.pending or session.walk or session.proposal_is_asked),
        )
        record.noted.facts.append(fact)

    def replied(self, turn: Turn, parts: Iterable[Part], event: str) -> None:
        """`parts` went with the text of the reply; `event`: of the customer's message."""
        noted, parts = this_turn().noted, list(parts)
        cited = {one.id for part in parts if isinstance(part, Sources) for one in part.sources}
        noted.told += [one for one in turn.reading.passages if one.id in cited]
        if turn.press.startswith(ASK_PRESS):
            noted.lines.append(Chose(event, turn.press.removeprefix(ASK_PRESS)))
        for one in turn.reading.missed:
            question = masked(one.text, self._order_number)
            noted.lines.append(Unanswered(event, question, turn.language, one.how, one.nearest, one.confidence))
        if noted.handoff:
            noted.lines.append(WantedPerson(event))


def _of(event: str, noted: str) -> str:
    """What was noted of this one; others may have written in the same turn."""
    of, _, what = noted.partition(" ")
    return what if of == event else ""


def seconds(event: str) -> float:
    """Since the epoch, of an event id."""
    return int(event.partition("-")[0] or 0) / 1000
