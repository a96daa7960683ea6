"""Order questions without a model: prove who you are step by step, then the order itself."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

from bot.answering.code_desk import CodeDesk, by_mail_button
from bot.answering.entities import Entities, EntityReader
from bot.answering.ground import Ground
from bot.answering.intents import HUMAN
from bot.answering.turn import Turn
from bot.messages import Button, Buttons, FinalText, Part
from bot.sessions import Pending
from bot.shop.identity import TRIES_OF_A_CONVERSATION, Level, TooManyTries, Verified
from bot.shop.records import Order

SHOWN_ORDERS = 5
ORDER_PRESS = "order:"


class OrderDesk:
    def __init__(self, ground: Ground, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._identity = ground.store, ground.identity
        self._presenting, self._prompts = ground.presenting, ground.prompts
        self._reader = EntityReader(ground.profile.order_number)
        self._codes = CodeDesk(ground)
        self._example = ground.profile.order_number_example
        self._clock = clock

    async def read(self, turn: Turn) -> Entities:
        given = self._reader.read(turn.text, expect_postcode=_waits_for_proof(turn))
        if given.proof and await self._store.by_sku(given.proof.upper()):
            return Entities(given.order_number)  # the name of a thing that we sell only looks like a postcode
        return given

    def named(self, text: str) -> Entities:
        """The order number in what a button names."""
        return Entities(self._reader.read(text).order_number)

    async def answer(self, turn: Turn, wanted: str, given: Entities) -> AsyncIterator[Part]:
        """`wanted` is the intent order_status or recent_orders; what is not proved yet has to be proved first."""
        turn.session.forget_old_proof(self._clock())
        if not turn.session.may_see(given.order_number) or await self._proves_another(turn, given):
            parts = self._verify(turn, wanted, given)
        elif given.order_number:
            parts = self._one(turn, given.order_number)
        else:
            parts = self._recent(turn)
        async for part in parts:
            yield part

    async def _proves_another(self, turn: Turn, given: Entities) -> bool:
        """Who has proved one account may prove an order of another; who is signed in is that customer and no other."""
        if turn.session.level is not Level.VERIFIED or not (given.order_number and given.proof):
            return False
        return await self._store.of(turn.session.customer).order(given.order_number) is None

    async def _verify(self, turn: Turn, wanted: str, given: Entities) -> AsyncIterator[Part]:
        """Ask for what is missing; with both at hand, try them. After a try only something new makes another."""
        session, say = turn.session, self._prompts.say
        before = session.pending or Pending(wants="verification", then=wanted)
        number, proof = given.order_number or before.order_number, given.proof or before.proof
        session.pending = Pending(wants="verification", then=wanted, order_number=number, proof=proof)
        if "@" in given.proof and not number and self._codes.is_possible:
            async for part in self._codes.ask_at(turn, given.proof, wanted):
                yield part
            return
        if not (number and proof and (given.order_number or given.proof)):
            yield FinalText(self._question(turn, number, proof))
            if self._codes.is_possible:  # who has no order number at hand
                yield Buttons((by_mail_button(say(turn.language, "button_code_mail")),))
            return
        match await self._identity.verify(turn.conversation, number, proof):
            case Verified() as by:
                session.verified(by, number, self._clock())
                async for part in self._proved(turn, wanted, number):
                    yield part
            case TooManyTries(seconds=seconds):
                async for part in self._too_many(turn, wanted, seconds):
                    yield part
            case _:
                yield FinalText(say(turn.language, "no_match"))

    async def _proved(self, turn: Turn, wanted: str, number: str) -> AsyncIterator[Part]:
        """What was wanted, as far as the proof reaches."""
        everything = wanted == "recent_orders"
        if everything and turn.session.may_see():
            async for part in self._recent(turn):
                yield part
            return
        async for part in self._one(turn, number):
            yield part
        if everything:
            yield FinalText(self._ask_email(turn, number))

    async def _too_many(self, turn: Turn, wanted: str, seconds: int) -> AsyncIterator[Part]:
        """A conversation waits some minutes; where an order or a proof is closed for longer, a code or a
        person helps."""
        turn.session.pending = None
        say, by_code = self._prompts.say, self._codes.is_possible
        if seconds <= TRIES_OF_A_CONVERSATION[1]:
            yield FinalText(say(turn.language, "too_many_tries", minutes=max(1, round(seconds / 60))))
            return
        yield FinalText(say(turn.language, "too_many_wrong", by_code=by_code))
        if by_code:
            turn.session.pending = Pending(wants="verification", then=wanted)
            yield Buttons((by_mail_button(say(turn.language, "button_code_mail")),))
        else:
            yield Buttons((Button(HUMAN, say(turn.language, "button_human")),))

    def _question(self, turn: Turn, number: str, proof: str) -> str:
        say, session = self._prompts.say, turn.session
        if not number and session.level is Level.VERIFIED:
            return self._ask_email(turn, session.proven_orders[-1] if session.proven_orders else "")
        if number:
            return say(turn.language, "ask_proof", number=number)
        return say(turn.language, "ask_number" if proof else "ask_verification", example=self._example)

    def _ask_email(self, turn: Turn, number: str) -> str:
        """A postcode has proved one order; the e-mail it was placed with opens the others."""
        turn.session.pending = Pending(wants="verification", then="recent_orders", order_number=number)
        return self._prompts.say(turn.language, "ask_email")

    async def _one(self, turn: Turn, number: str) -> AsyncIterator[Part]:
        order = await self._store.of(turn.session.customer).order(number)
        if order is None:
            yield FinalText(self._prompts.say(turn.language, "no_such_order", number=number))
            return
        yield FinalText(self._presenting.order_sentence(order, turn.language, self._clock()))
        yield await self._presenting.order_card(order, turn.language)

    async def _recent(self, turn: Turn) -> AsyncIterator[Part]:
        orders = await self._store.of(turn.session.customer).orders(SHOWN_ORDERS)
        if not orders:
            yield FinalText(self._prompts.say(turn.language, "no_orders"))
        elif len(orders) == 1:
            async for part in self._one(turn, orders[0].number):
                yield part
        else:
            heading = self._prompts.say(turn.language, "your_orders", count=len(orders))
            lines = [await self._line(order, turn.language) for order in orders]
            yield FinalText("\n".join([heading, *lines]))
            yield Buttons(tuple(Button(ORDER_PRESS + order.number, order.number) for order in orders))

    async def _line(self, order: Order, language: str) -> str:
        placed = self._presenting.date(order.placed, language)
        what = await self._presenting.items(order, language)
        return f"- {order.number} ({placed}, {self._presenting.status(order, language)}): {what}"


def _waits_for_proof(turn: Turn) -> bool:
    return turn.session.pending is not None and turn.session.pending.wants == "verification"
