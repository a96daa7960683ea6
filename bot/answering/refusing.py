"""Says that an action is possible or why it is not, and offers to begin it, or what is possible instead."""

from collections.abc import AsyncIterator

from msgspec.structs import replace

from bot.answering import bringing_in
from bot.answering.action_desk import ActionDesk
from bot.answering.asking import Asking
from bot.answering.belongings import Belongings
from bot.answering.possible import Possible
from bot.answering.presenting import piece_name
from bot.answering.prompting import Prompts
from bot.answering.turn import Turn
from bot.answering.wishes import Wish
from bot.messages import Button, Buttons, FinalText, Part
from bot.sessions import Walk
from bot.shop.rules import Refusal


class Refusing:
    def __init__(self, prompts: Prompts, desk: ActionDesk, possible: Possible, asking: Asking) -> None:
        self._prompts, self._desk, self._possible, self._asking = prompts, desk, possible, asking

    async def refused(self, turn: Turn, walk: Walk, refusal: Refusal, is_wanted: bool = True) -> AsyncIterator[Part]:
        """`is_wanted`: the customer wants it done, and does not only ask whether it can be."""
        why = await self._desk.why(turn, refusal)
        async for part in self._said(turn, walk, why, refusal, is_wanted):
            yield part

    async def impossible(self, turn: Turn, walk: Walk, own: Belongings) -> AsyncIterator[Part]:
        """For none of the orders: where there is but one, its own reason says more."""
        why = self._prompts.say(turn.language, f"impossible_{walk.action}")
        refusal = None
        if len(own.orders) == 1:
            walk = replace(walk, order=own.orders[0].number)
            _, refusal = await self._possible.judged(turn, walk)
            why = await self._desk.why(turn, refusal) if refusal else why
        async for part in self._said(turn, walk, why, refusal):
            yield part

    async def without_variant(self, turn: Turn, walk: Walk, sku: str, own: Belongings) -> AsyncIterator[Part]:
        item = piece_name(sku, own.sold, turn.language)
        async for part in self._said(turn, walk, self._prompts.say(turn.language, "no_other_variant", item=item)):
            yield part

    async def over(self, turn: Turn) -> AsyncIterator[Part]:
        """To a button of something that is done with, or that was made up."""
        yield FinalText(self._prompts.say(turn.language, "step_over"))
        yield Buttons((self._asking.human(turn.language),))

    async def offer(self, turn: Turn, wish: Wish) -> AsyncIterator[Part]:
        """To a question: whether it can be done with this order, and a button that begins it."""
        if wish.action not in self._possible.offered:
            return
        walk = Walk(wish.action, order=wish.order)
        if wish.order and turn.session.may_see(wish.order):
            walk, refusal = await self._possible.judged(turn, walk)
            if refusal:
                async for part in self.refused(turn, walk, refusal, is_wanted=False):
                    yield part
                return
            yield FinalText(self._prompts.say(turn.language, "possible_now", order=walk.order))
        yield Buttons((self._start(walk, turn.language), self._asking.human(turn.language)))

    async def _said(
        self, turn: Turn, walk: Walk, why: str, refusal: Refusal | None = None, is_wanted: bool = True
    ) -> AsyncIterator[Part]:
        """A person is offered where nothing else that was wanted goes on, or where only a person can do it; not where
        one comes."""
        comes = refusal is not None and bringing_in.refused(turn, refusal, is_wanted)
        yield FinalText(why)
        instead = [self._start(other, turn.language) for other in await self._possible.instead(turn, walk)]
        for_staff = refusal is not None and refusal.rule in bringing_in.OFFERED
        if not comes and (for_staff or not (turn.session.later or turn.session.wanted)):
            instead.append(self._asking.human(turn.language))
        if instead:
            yield Buttons(tuple(instead))

    def _start(self, walk: Walk, language: str) -> Button:
        return self._asking.start(walk.action, walk.order, language)
