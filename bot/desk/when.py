"""Whether a person of the staff is to come, and why: one reason out of a fixed list, for every turn."""

from bot.answering.prompting import Prompts
from bot.answering.turn import Turn
from bot.desk.tone import Tone
from bot.desks import Reason
from bot.sessions import Session
from bot.shop.store import StoreUnavailable


class When:
    """`threshold`: from which tone on a person comes, 0 for never."""

    def __init__(self, tone: Tone, threshold: float) -> None:
        self._tone, self._threshold = tone, threshold

    @classmethod
    def of(cls, prompts: Prompts, threshold: float) -> "When":
        return cls(Tone.of(prompts), threshold)

    def listens(self, turn: Turn, written: str) -> None:
        """Before the reply is made. `written`: the customer's own words, "" where a button was pressed."""
        turn.tone = self._tone.anger(written) if written else 0.0
        turn.angry = 0 < self._threshold <= turn.tone
        turn.refused, turn.session.refused = turn.session.refused, ""

    def reason(self, turn: Turn, asked: bool) -> Reason | None:
        """After the reply is made; None where nobody is needed. Who is refused and then asks for a person asks for an
        exception; where others read along nobody comes unasked."""
        if asked:
            return "rule" if turn.refused else "asked"
        if turn.public:
            return None
        reason: Reason | None = turn.brings_in or ("tone" if turn.angry else None)
        if reason:
            turn.session.missed = 0  # should nobody come, it takes as many again
        return reason

    def gave_up(self, why: str) -> Reason:
        """For what was parked, by the word for it: that the shop does not answer is no fault of the message."""
        return "failed" if why == StoreUnavailable.__name__ else "parked"

    def anew(self, session: Session) -> None:
        """Staff were there: what the desk did not know before, or had to refuse, is theirs, and counts no more."""
        session.missed, session.refused = 0, ""
