"""Leads a customer through an action, question by question, until it can be proposed. No model: what is done is code's.

Where it stands is the session's walk, and what was asked last its pending question. Whatever is chosen is looked up
among the customer's own, and the shop's rules are asked as soon as the order is known, not after the last question.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from bot.answering.action_desk import ActionDesk
from bot.answering.answer_reading import Answer, AnswerReading
from bot.answering.asking import DO_PRESS, SLOT_PRESS, STOP, Asking, Offered
from bot.answering.belongings import Belongings, read_belongings
from bot.answering.continuing import continued
from bot.answering.entities import Entities
from bot.answering.ground import Ground
from bot.answering.order_desk import OrderDesk
from bot.answering.possible import OF_MONEY, Possible
from bot.answering.proving import Proving
from bot.answering.refusing import Refusing
from bot.answering.steps import ASKED, DONE, STEPS, Steps, Wants, action_of, left_over, open_piece, others
from bot.answering.turn import Turn
from bot.answering.wishes import Form, Wish, Wishes
from bot.messages import FinalText, Part
from bot.sessions import PATIENCE, Pending, Walk
from bot.shop.actions import ChangeItems, ExchangeItems, name_of
from bot.shop.rules import Refusal

SWAPPING = (ExchangeItems, ChangeItems)


class Walking:
    def __init__(
        self,
        ground: Ground,
        orders: OrderDesk,
        desk: ActionDesk,
        wishes: dict[str, Wishes],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._prompts, self._desk = ground.store, ground.prompts, desk
        self._steps = Steps(ground.profile.rules)
        self._asking = Asking(ground, self._steps)
        self._reading = AnswerReading(ground, self._steps, wishes)
        self._possible = Possible(desk, ground.profile.rules)
        self._proving = Proving(ground, orders, self._reading, clock)
        self.refusing = Refusing(ground.prompts, desk, self._possible, self._asking)

    async def begin(self, turn: Turn, wishes: Sequence[Wish], proof: str = "") -> AsyncIterator[Part]:
        """What was wished last counts; the same wish again goes on where it was. `proof` came with the wish."""
        session = turn.session
        own = await read_belongings(self._store, session)
        session.walk = continued(self._reading, turn, wishes[0], own)
        session.later = tuple(Walk(wish.action, order=wish.order, said=wish.text) for wish in wishes[1:])
        session.wanted, session.pending = (), None
        if proof and not self._proving.is_known(turn, session.walk):
            parts = self.prove(turn, Entities(session.walk.order, proof))
        else:
            parts = self.go_on(turn)
        async for part in parts:
            yield part

    async def pressed(self, turn: Turn) -> AsyncIterator[Part]:
        """ "do:return_items:OT-1", "slot:items:ML01-GRN" or "slot:stop"."""
        kind, _, rest = turn.press.partition(":")
        what, _, value = rest.partition(":")
        if kind + ":" == DO_PRESS and what in self._possible.offered and what in STEPS:
            parts = self.begin(turn, [Wish(what, Form.WISH, "", value)])
        elif kind + ":" == SLOT_PRESS and turn.session.walk:
            parts = self.stop(turn) if what == STOP else self._chosen(turn, turn.session.walk, what, value)
        else:
            parts = self.refusing.over(turn)
        async for part in parts:
            yield part

    async def _chosen(self, turn: Turn, walk: Walk, wants: str, value: str) -> AsyncIterator[Part]:
        own = await read_belongings(self._store, turn.session)
        chosen = self._steps.pressed(walk, wants, value, own) if own else None
        if wants == "more" and value == DONE and walk.items:
            parts = self.go_on(turn)
        elif own and chosen:
            order = own.order(chosen.order)
            more = wants in ("items", "more") and order and left_over(chosen, order)
            parts = self.go_on(turn, Answer(chosen, "more" if more else None))
        else:
            parts = self.refusing.over(turn)
        async for part in parts:
            yield part

    def stops(self, turn: Turn) -> bool:
        """ "No thanks" to "anything else?" ends the choice, not the walk."""
        asked = turn.session.pending
        is_done = asked and asked.wants == "more" and self._reading.is_done(turn)
        return not is_done and self._reading.stops(turn)

    async def hears(self, turn: Turn) -> bool:
        """Whether the message is an answer to what is asked, ends it, or asks where we were."""
        session = turn.session
        asked, walk = session.pending, session.walk
        if not (walk or session.wanted):
            return False
        if (asked and self.stops(turn)) or (walk and self._reading.resumes(turn)):
            return True
        if walk is None or asked is None or asked.wants not in ASKED:
            return False
        own = await read_belongings(self._store, session)
        return own is not None and self._reading.hears(turn, walk, asked, own)

    async def hear(self, turn: Turn) -> AsyncIterator[Part]:
        session, own = turn.session, await read_belongings(self._store, turn.session)
        walk, asked = session.walk, session.pending
        if asked and self.stops(turn):
            parts = self.stop(turn)
        elif walk and own and asked and asked.wants in ASKED and not self._reading.resumes(turn):
            possible = await self._possible.orders(turn, walk, own) if asked.wants == "order" else []
            parts = self.go_on(turn, self._reading.answer(turn, walk, asked, own, possible))
        else:
            parts = self.go_on(turn)
        async for part in parts:
            yield part

    async def correction(self, turn: Turn) -> Answer | None:
        """ "No, size 41 instead" at the card of an exchange: the same with another variant."""
        action = await self._desk.shown(turn)
        own = await read_belongings(self._store, turn.session) if isinstance(action, SWAPPING) else None
        if own is None or not isinstance(action, SWAPPING):
            return None
        walk = Walk(name_of(action), order=action.order, items=action.items, method=action.method)
        asked = Pending(wants="variant", order_number=walk.order)
        if self._reading.bought(turn, turn.text, own) or not self._reading.hears(turn, walk, asked, own):
            return None
        answer = self._reading.answer(turn, walk, asked, own, ())
        return answer if answer and answer.walk.order == walk.order else None  # of another order, it is no correction

    async def correct(self, turn: Turn, answer: Answer) -> AsyncIterator[Part]:
        await self._desk.take_back(turn)
        async for part in self.go_on(turn, answer):
            yield part

    async def stop(self, turn: Turn) -> AsyncIterator[Part]:
        """Of several things the customer leaves the one that is asked about."""
        session = turn.session
        if session.walk is None:
            session.wanted = session.wanted[1:]
        session.walk, session.pending = None, None
        yield FinalText(self._prompts.say(turn.language, "walk_stopped"))
        async for part in self._next(turn):
            yield part

    async def go_on(self, turn: Turn, answer: Answer | None = None) -> AsyncIterator[Part]:
        """Ask for what is missing next; propose where nothing is."""
        session = turn.session
        session.walk = walk = answer.walk if answer else session.walk
        if walk is None:
            parts = self._next(turn)
        elif not self._proving.is_known(turn, walk):
            parts = self.prove(turn, Entities(walk.order))
        elif own := await read_belongings(self._store, session):
            parts = self._led(turn, own, answer if answer and answer.wants else Answer(walk))
        else:
            parts = self.refusing.over(turn)
        async for part in parts:
            yield part

    async def _led(self, turn: Turn, own: Belongings, answer: Answer) -> AsyncIterator[Part]:
        possible = [] if answer.walk.order else await self._possible.orders(turn, answer.walk, own)
        if answer.wants is None:
            answer = self._reading.understood(turn, answer.walk, own, possible)
        walk, refusal = await self._possible.judged(turn, answer.walk)
        turn.session.walk, wants, offered = walk, answer.wants, answer.offered
        if refusal is None and wants is None:
            refusal = await self._possible.complete(turn, walk)
        if wants == "method" or (refusal and refusal.rule in OF_MONEY):
            parts = self._ask_method(turn, walk, own, refusal)
        elif refusal:
            parts = self._ended(turn, self.refusing.refused(turn, walk, refusal))
        elif wants is None:
            parts = self._complete(turn, walk)
        elif wants == "order" and not possible and len(own.orders) > 1 and not turn.session.may_see():
            parts = _at_once(self._proving.ask_for_others(turn, own))
        elif wants == "order" and not possible:
            parts = self._ended(turn, self.refusing.impossible(turn, walk, own))
        elif wants == "variant" and not others(open_piece(walk), own):
            parts = self._ended(turn, self.refusing.without_variant(turn, walk, open_piece(walk), own))
        else:
            parts = self._ask(turn, walk, wants, own, offered or Offered(orders=tuple(possible)))
        async for part in parts:
            yield part

    async def _ask(
        self, turn: Turn, walk: Walk, wants: Wants, own: Belongings, offered: Offered
    ) -> AsyncIterator[Part]:
        among = offered.among if wants == "items" else ()
        turn.session.pending = Pending(wants=wants, order_number=walk.order, among=among)
        for part in self._asking.asked(walk, wants, own, offered, turn.language):
            yield part

    async def _ask_method(
        self, turn: Turn, walk: Walk, own: Belongings, refusal: Refusal | None
    ) -> AsyncIterator[Part]:
        """Where the money goes over; of one that was named and will not do, why."""
        named, walk = walk.method, replace(walk, method="")
        methods, why = await self._possible.methods(turn, walk, own)
        turn.session.walk = walk
        if not turn.session.may_see():
            parts = _at_once(self._proving.ask_account(turn, own))
        elif not methods and why:
            parts = self._ended(turn, self.refusing.refused(turn, walk, why))
        else:
            if named and refusal:
                yield FinalText(await self._desk.why(turn, refusal))
            parts = self._ask(turn, walk, "method", own, Offered(among=methods))
        async for part in parts:
            yield part

    def is_asking(self, turn: Turn) -> bool:
        """Whether a step still waits; after something else was answered twice the walk rests until it is spoken of."""
        asked = turn.session.pending
        return bool(turn.session.walk and asked and asked.wants in ASKED and asked.passed_over < PATIENCE)

    async def ask_again(self, turn: Turn, before: str = "step_back") -> AsyncIterator[Part]:
        """The question of the step, inside of the sentence `before`."""
        asked, walk = turn.session.pending, turn.session.walk
        own = await read_belongings(self._store, turn.session)
        if not self.is_asking(turn) or walk is None or own is None or asked is None:
            return
        if asked.wants == "verification" or asked.wants == "code" or asked.wants == "why":
            return
        possible = await self._possible.orders(turn, walk, own) if asked.wants == "order" else []
        methods = (await self._possible.methods(turn, walk, own))[0] if asked.wants == "method" else ()
        offered = Offered(orders=tuple(possible), among=methods or asked.among)
        for part in self._asking.asked(walk, asked.wants, own, offered, turn.language, before):
            yield part

    async def prove(self, turn: Turn, given: Entities) -> AsyncIterator[Part]:
        """Who is not known well enough proves it; then what was wanted goes on."""
        parts = await self._proving.try_proof(turn, given)
        async for part in _at_once(parts) if parts else self.proved(turn):
            yield part

    async def proved(self, turn: Turn) -> AsyncIterator[Part]:
        """Go on with what the proof was for. Who proved an order in order to return something means that order."""
        session, own = turn.session, await read_belongings(self._store, turn.session)
        walk = session.walk
        proven = own.order(session.proven_orders[-1]) if own and session.proven_orders else None
        if walk and proven and not walk.order and "order" in STEPS[walk.action]:
            judged, refusal = await self._possible.judged(turn, replace(walk, order=proven.number))
            session.walk = judged if refusal is None else walk
        async for part in self.go_on(turn):
            yield part

    async def _complete(self, turn: Turn, walk: Walk) -> AsyncIterator[Part]:
        session = turn.session
        session.wanted = (*session.wanted, action_of(walk))
        session.walk, session.pending = None, None
        async for part in self._next(turn):
            yield part

    async def _next(self, turn: Turn) -> AsyncIterator[Part]:
        """What else was wanted; then all that is complete is proposed."""
        session = turn.session
        if session.later:
            session.walk, session.later = session.later[0], session.later[1:]
            parts = self.go_on(turn)
        else:
            parts = self._desk.go_on(turn)
        async for part in parts:
            yield part

    async def _ended(self, turn: Turn, why: AsyncIterator[Part]) -> AsyncIterator[Part]:
        """It is not possible; what else was wanted goes on."""
        session = turn.session
        session.walk, session.pending = None, None
        async for part in why:
            yield part
        if session.later or session.wanted:
            async for part in self._next(turn):
                yield part


async def _at_once(parts: Sequence[Part]) -> AsyncIterator[Part]:
    for part in parts:
        yield part
