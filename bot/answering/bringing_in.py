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


def leaves_it_to_staff(turn: Turn) -> bool:
    """Who is angry, and asks nothing that has an answer, hears of the person who comes, and no more."""
    return turn.angry and may_come(turn)


def not_known(turn: Turn, is_either: bool = False) -> bool:
    """The desk has no answer, or only topics that may be meant; whether a person is to come for it. Twice is twice for
    who asks, whatever was offered and not taken in between. `is_either`: it has two answers, and asks which; that is
    given one more try. What is pressed asks nothing that could be known."""
    if turn.press or not turn.text:
        return False
    turn.session.missed += 1
    comes = may_come(turn) and turn.session.missed >= IN_VAIN + is_either
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
