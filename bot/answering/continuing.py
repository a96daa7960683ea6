"""Whether a wish goes on with what the customer is being led through, or begins anew."""

from msgspec.structs import replace

from bot.answering.answer_reading import AnswerReading
from bot.answering.belongings import Belongings
from bot.answering.steps import STEPS, SWAPS
from bot.answering.turn import Turn
from bot.answering.wishes import Wish
from bot.sessions import Walk


def continued(reading: AnswerReading, turn: Turn, wish: Wish, own: Belongings | None) -> Walk:
    """The walk of a wish with what is known already: of the same wish, or of the order that was spoken of."""
    before = turn.session.walk
    walk = Walk(wish.action, order=wish.order, said=wish.text)
    if "order" not in STEPS[walk.action]:
        return before if before and before.action == walk.action else walk
    if before is None:
        return walk if walk.order else replace(walk, order=reading.spoken_of(turn, walk.said))
    if walk.order not in ("", before.order):
        return walk
    bought = reading.bought(turn, walk.said, own) if own else ()
    if bought and before.order not in bought:  # "return the lamp", after the boots
        return walk
    if not is_same(wish, before):  # "actually cancel it instead"
        return replace(walk, order=before.order) if turn.session.pending else walk
    if bought:
        return replace(walk, order=before.order)
    return replace(before, said=walk.said or before.said)


def is_same(wish: Wish, walk: Walk, wants: str = "") -> bool:
    """Whether the wish is what the customer is being led through; at a step, also whether it answers that."""
    if {wish.action, walk.action} <= set(SWAPS) or (wants, wish.action) == ("method", "change_payment"):
        return True
    return wish.action == walk.action or (wants, wish.action) == ("address", "change_address")
