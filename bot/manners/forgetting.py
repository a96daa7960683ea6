"""A conversation is deleted at its customer's wish: asked once, then done together with the reply that says so."""

from collections.abc import AsyncIterator, Callable, Sequence

from bot.answering.ground import Ground
from bot.answering.turn import Turn
from bot.manners.commands import FORGET, FORGET_NOW, NO
from bot.messages import STAFF, Button, Buttons, FinalText, Incoming, Part
from bot.observing.turn_record import this_turn
from bot.shop.identity import Level
from bot.shop.linking import person_of

PRESSES = (FORGET,)


class Forgetting:
    def __init__(self, ground: Ground) -> None:
        self._links, self._prompts = ground.store.links, ground.prompts

    async def hear(self, turn: Turn) -> AsyncIterator[Part]:
        if turn.press == FORGET_NOW:
            linked = await self._forget(turn)
            yield self._say(turn, "forgotten", linked=linked)
        elif turn.press == f"{FORGET}:{NO}":
            yield self._say(turn, "kept_it")
        else:
            yield self._say(turn, "forget_ask", linked=turn.session.level is Level.LINKED)
            say = self._prompts.say
            yield Buttons(
                (
                    Button(FORGET_NOW, say(turn.language, "button_forget")),
                    Button(f"{FORGET}:{NO}", say(turn.language, "button_keep")),
                )
            )

    async def _forget(self, turn: Turn) -> bool:
        """Whether there was a link. Where others read along nobody is linked: that is undone where it was made."""
        session = turn.session
        linked = not turn.public and (
            await self._links.unlink(person_of(turn.conversation, session.author)) or turn.was_linked
        )
        heard = session.heard
        session.begin_anew()
        session.heard = heard
        this_turn().noted.forget = turn.event
        return linked

    def _say(self, turn: Turn, name: str, **values: object) -> FinalText:
        return FinalText(self._prompts.say(turn.language, name, **values))


def not_forgotten(messages: Sequence[Incoming], is_theirs: Callable[[Incoming], bool]) -> Sequence[Incoming]:
    """Without what somebody wrote before they had everything deleted, and what staff did: nobody waits for an answer.

    What others wrote is answered. `is_theirs`: whether the conversation is that of who wrote this.
    """
    deleted = {one.author: number for number, one in enumerate(messages) if one.press == FORGET_NOW and is_theirs(one)}
    newest = max(deleted.values(), default=-1)

    def is_deleted(number: int, one: Incoming) -> bool:
        return number < (newest if one.channel == STAFF else deleted.get(one.author, -1))

    return [one for number, one in enumerate(messages) if not is_deleted(number, one)]
