"""What is written down of each turn and each deed of staff, so that a lead can see later how the desk has done."""

from typing import Literal

import msgspec

from bot.desks import Reason


class TurnFact(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="is", tag="turn"):
    """One turn, written with it in one step. Times are seconds since the epoch."""

    conversation: str
    event: str  # id of the newest message that it answers: its key, so that twice is once
    channel: str  # "staff" where it is their words
    language: str
    at: float  # when the first of its messages was accepted
    answered: float  # when the reply was committed
    said: str = ""  # by the customer, or by staff
    replied: str = ""  # by the desk
    by: str = ""  # who replied: the answerer's name, "code", "staff" (the bot was silent), "" for nobody
    handoff: Reason | None = None  # why staff were brought in by it
    missed: bool = False  # a question had no answer
    tone: float = 0.0  # 0 calm to 1 angry, of what the customer said
    done: str = ""  # the action that the customer confirmed and that was carried out
    thanks: bool = False  # the customer says that it is settled; found out where it is recorded
    stars: int = 0
    comment: str = ""  # the word that goes with the stars
    public: bool = False
    asks: bool = False  # the desk waits for something of the customer: a choice, a proof, a yes


class HandoffFact(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="is", tag="handoff"):
    """A change of a handoff, written with it in one step."""

    conversation: str
    number: int
    at: float
    what: Literal["opened", "took", "assigned", "answered", "returned", "closed", "quiet", "overdue", "withdrawn"]
    reason: Reason
    since: float
    channel: str
    language: str = ""
    by: str = ""  # login
    help: str = ""  # with "closed": resolved or unresolved, as staff say


Fact = TurnFact | HandoffFact
