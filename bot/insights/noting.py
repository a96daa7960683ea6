"""Notes, while a turn is made, what is kept of it: what it told, what it had no answer to, and what staff said then."""

from collections.abc import Iterable

from bot.answering.presenting import ASK_PRESS
from bot.answering.turn import Turn
from bot.insights.masking import masked
from bot.insights.noted import CORRECTION, Chose, StaffSaid, Unanswered, WantedPerson
from bot.messages import WAITING_FOR_STAFF, Incoming, Part, Sources
from bot.observing.turn_record import this_turn


class Noting:
    """`order_number`: the regular expression of the shop's order numbers; they are not kept."""

    def __init__(self, order_number: str) -> None:
        self._order_number = order_number

    def staff_said(self, message: Incoming) -> None:
        if not message.message.startswith(CORRECTION):
            this_turn().noted.lines.append(StaffSaid(message.accepted, masked(message.text, self._order_number)))

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
        if WAITING_FOR_STAFF in parts:
            noted.lines.append(WantedPerson(event))
