"""What a customer proves for an action that he is being led through, and when it is asked for."""

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from bot.answering.action_desk import ACTION
from bot.answering.answer_reading import AnswerReading
from bot.answering.belongings import Belongings, read_belongings
from bot.answering.entities import Entities
from bot.answering.ground import Ground
from bot.answering.order_desk import OrderDesk
from bot.answering.steps import STEPS
from bot.answering.turn import Turn
from bot.messages import FinalText, Part
from bot.sessions import Pending, Walk
from bot.shop.identity import Level


class Proving:
    def __init__(
        self, ground: Ground, orders: OrderDesk, reading: AnswerReading, clock: Callable[[], datetime]
    ) -> None:
        self._store, self._prompts = ground.store, ground.prompts
        self._orders, self._reading, self._clock = orders, reading, clock

    def is_known(self, turn: Turn, walk: Walk) -> bool:
        """Whether enough is proved to be led on. Saved addresses and payment methods are the account's: a postcode
        opens an order and not them."""
        session = turn.session
        session.forget_old_proof(self._clock())
        if self._reading.means_account(turn, walk):
            return session.may_see()
        if walk.order or "order" not in STEPS[walk.action]:
            return session.may_see(walk.order)
        return session.level is not Level.GUEST

    async def try_proof(self, turn: Turn, given: Entities) -> tuple[Part, ...]:
        """Who is not known well enough proves it as for an order. What is said; nothing where something was proved."""
        session, before = turn.session, _standing(turn)
        own = await read_belongings(self._store, session)
        if own and own.orders and self._is_proved_but_the_account(turn, given):
            return self.ask_account(turn, own)
        parts = tuple([part async for part in self._orders.answer(turn, ACTION, given)])
        if _standing(turn) != before:
            session.pending = None
            return ()
        if session.pending and session.pending.wants == "verification":
            session.pending = replace(session.pending, then=ACTION)
        return parts

    def _is_proved_but_the_account(self, turn: Turn, given: Entities) -> bool:
        """A postcode once more would prove nothing new."""
        session, walk = turn.session, turn.session.walk
        if walk is None or session.may_see() or "@" in given.proof:
            return False
        number = given.order_number or walk.order
        return session.may_see(number) if number else bool(session.proven_orders)

    def ask_account(self, turn: Turn, own: Belongings) -> tuple[Part, ...]:
        """The e-mail of an order that a postcode has proved."""
        walk = turn.session.walk
        number = walk.order if walk and walk.order else own.orders[-1].number
        turn.session.pending = Pending(wants="verification", then=ACTION, order_number=number)
        return (FinalText(self._prompts.say(turn.language, "ask_account_proof", order=number)),)

    def ask_for_others(self, turn: Turn, own: Belongings) -> tuple[Part, ...]:
        """It is possible for none of the orders that are proved; for others of the account it may be."""
        numbers = ("、" if turn.language == "zh" else ", ").join(order.number for order in own.orders)
        turn.session.pending = Pending(wants="verification", then=ACTION, order_number=own.orders[0].number)
        return (FinalText(self._prompts.say(turn.language, "impossible_of_these", orders=numbers)),)


def _standing(turn: Turn) -> tuple[object, ...]:
    """What is proved."""
    session = turn.session
    return session.customer, session.level, session.by_email, session.proven_orders, session.by_code
