"""Facts into talks: a talk is what a customer brings up and what comes of it, until they are silent for a day."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from bot.desks import Reason
from bot.insights.facts import HandoffFact, TurnFact
from bot.insights.meanings import Meaning
from bot.messages import STAFF

SILENCE = 24 * 3600.0  # seconds; who writes after that begins another talk, unless staff still have the first

Who = Literal["", "bot", "staff"]
Word = Literal["", "said", "not"]
Stage = Literal["", "waiting", "taken", "returned", "closed", "withdrawn"]

STAGES: dict[str, Stage] = {
    "opened": "waiting",
    "quiet": "waiting",
    "took": "taken",
    "assigned": "taken",
    "returned": "returned",
    "closed": "closed",
    "withdrawn": "withdrawn",
}


class Heard(msgspec.Struct, frozen=True):
    """A turn, and what the customer meant by it."""

    turn: TurnFact
    meaning: Meaning

    @property
    def at(self) -> float:
        return self.turn.answered


WITH_STAFF: tuple[Stage, ...] = ("waiting", "taken")

Happened = Heard | HandoffFact


class Talk(msgspec.Struct, frozen=True):
    """Times are seconds since the epoch, durations seconds."""

    conversation: str
    began: float  # when the first message was accepted
    event: str  # of the turn that answered it
    channel: str
    language: str
    last: float  # when something was said or done last
    public: bool = False
    first_answer: float | None = None  # from the first message to the first answer, of whomever
    first_by: Who = ""
    answered_by: Who = ""  # who gave the last answer
    unanswered: bool = False  # what the customer asked last has no answer
    asks: bool = False  # the desk waits for something of the customer
    settled: Word = ""  # the customer's own word, since they asked last
    settled_at: float | None = None  # when the last answer was given: then it was settled, if it is
    reason: Reason | Literal[""] = ""  # why staff were brought in first
    state: Stage = ""
    waited: float | None = None  # from joining the line to the first words of staff, the first time
    member: str = ""  # login of who wrote them
    help: str = ""  # how it ended, as staff say
    overdue: bool = False  # nobody had come in time
    stars: int = 0
    comment: str = ""
    tone: float = 0.0  # the angriest


def talks_of(happened: Iterable[Happened]) -> list[Talk]:
    """In the order in which they began. What staff did before the customer ever wrote belongs to none.

    All of one conversation, from its beginning or that of a talk.
    """
    found: list[Talk] = []
    for one in sorted(happened, key=_order):
        if isinstance(one, Heard) and _begins(found, one):
            found.append(_begun(one.turn))
        if found:
            found[-1] = _with_turn(found[-1], one) if isinstance(one, Heard) else _with_deed(found[-1], one)
    return found


def _order(one: Happened) -> tuple[float, bool]:
    """A turn comes before what it did to the line. Redis writes the time of both with 14 digits: to 0.1 ms."""
    return round(one.at, 4), isinstance(one, HandoffFact)


def _begins(talks: Sequence[Talk], heard: Heard) -> bool:
    """Nothing begins with a word about what was before."""
    if heard.turn.channel == STAFF or heard.meaning == "aside" or (heard.meaning == "settled" and not heard.turn.done):
        return False
    if not talks:
        return True
    last = talks[-1]
    return last.state not in WITH_STAFF and heard.turn.at - last.last >= SILENCE


def _begun(turn: TurnFact) -> Talk:
    return Talk(turn.conversation, turn.at, turn.event, turn.channel, turn.language, turn.at)


def _with_turn(talk: Talk, heard: Heard) -> Talk:
    turn = heard.turn
    if heard.meaning == "aside":
        return msgspec.structs.replace(talk, stars=turn.stars or talk.stars, comment=turn.comment or talk.comment)
    is_word = heard.meaning == "settled" and not turn.done
    last, tone = talk.last if is_word else max(talk.last, turn.answered), max(talk.tone, turn.tone)
    talk = msgspec.structs.replace(talk, last=last, public=talk.public or turn.public, tone=tone)
    if turn.channel == STAFF:
        return _answered(talk, "staff", turn.answered) if turn.said else talk
    talk = msgspec.structs.replace(talk, language=turn.language or talk.language)
    if heard.meaning == "courtesy":
        return talk
    if heard.meaning == "settled":
        talk = msgspec.structs.replace(talk, settled="said", asks=False)
        return _answered(talk, "bot", turn.answered) if turn.done else talk
    # "it still does not work" says that an answer did not help; without one it is what is asked
    did_not_help = heard.meaning == "unsettled" and talk.answered_by != ""
    settled: Word = "not" if did_not_help else ""
    talk = msgspec.structs.replace(talk, unanswered=True, settled=settled, asks=turn.asks)
    is_answer = turn.replied and turn.by != STAFF and not turn.missed and turn.handoff is None
    is_answer = is_answer and talk.state not in WITH_STAFF  # who waits for a person is not served by what the bot says
    return _answered(talk, "bot", turn.answered) if is_answer else talk


def _with_deed(talk: Talk, fact: HandoffFact) -> Talk:
    reason, state = talk.reason or fact.reason, STAGES.get(fact.what, talk.state)
    talk = msgspec.structs.replace(talk, reason=reason, state=state, last=max(talk.last, fact.at))
    match fact.what:
        case "opened":
            return msgspec.structs.replace(talk, help="")
        case "overdue":
            return msgspec.structs.replace(talk, overdue=True)
        case "closed":
            return msgspec.structs.replace(talk, help=fact.help, asks=False)
        case "answered":
            talk = _answered(talk, "staff", fact.at)
            if talk.waited is None:
                return msgspec.structs.replace(talk, waited=max(0.0, fact.at - fact.since), member=fact.by)
    return talk


def _answered(talk: Talk, by: Who, at: float) -> Talk:
    if talk.first_answer is None:
        talk = msgspec.structs.replace(talk, first_answer=max(0.0, at - talk.began), first_by=by)
    asks = talk.asks and by == "bot"
    return msgspec.structs.replace(talk, answered_by=by, unanswered=False, settled_at=at, asks=asks)
