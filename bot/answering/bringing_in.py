"""What an answerer notes of a turn that may need a person: a question without an answer, a rule that a person can lift.

Nobody is brought in where others read along, and nobody twice to a customer who waits already.
"""

from bot.answering.turn import Turn
from bot.shop.rules import Refusal

IN_VAIN = 2  # questions in a row without an answer
AT_ONCE = ("most_refund", "most_charge")  # amounts above which the shop wants a person to decide: one comes
OFFERED = (  # what a person could still decide: one is offered
    *AT_ONCE, "offered", "once", "items_changed", "one_payment", "delivery_date", "refund_target",
)  # fmt: skip
EXCEPTIONS = ("return_window", "exchange_window")  # a person may make one, and none is offered


def may_come(turn: Turn) -> bool:
    return not turn.public and turn.session.waits is None


def not_known(turn: Turn, offers_topics: bool = False) -> bool:
    """The desk has no answer; whether a person is to come for it. Topics to choose from are given one more try, and a
    button of what is not there any more asks nothing."""
    if turn.press:
        return False
    if not turn.text:
        return False  # a press asks nothing that could be known
    turn.session.missed += 1
    comes = may_come(turn) and turn.session.missed >= IN_VAIN + offers_topics
    if comes:
        turn.brings_in = turn.brings_in or "unknown"
    return comes


def refused(turn: Turn, refusal: Refusal, is_wanted: bool = True) -> bool:
    """A rule says no; whether a person is to come for it. `is_wanted`: it was asked for, and not only asked about."""
    if refusal.rule in (*OFFERED, *EXCEPTIONS):
        turn.session.refused = refusal.rule
    comes = is_wanted and refusal.rule in AT_ONCE and may_come(turn)
    if comes:
        turn.brings_in = turn.brings_in or "rule"
    return comes
