"""After staff have closed a conversation its customer is asked, once, how it was, and for a word; both are kept."""

from collections.abc import AsyncIterator

from bot.answering.ground import Ground
from bot.answering.intents import HUMAN
from bot.answering.turn import Turn
from bot.insights.masking import masked
from bot.manners.commands import RATE
from bot.messages import Button, Buttons, FinalText, Part
from bot.observing.turn_record import this_turn
from bot.sessions import Pending, Session

PRESSES = (RATE,)
SAY_WHY = f"{RATE}:why"
MOST, WELL, BADLY = 5, 4, 2  # stars
LONGEST = 500  # characters of the word


class Rating:
    def __init__(self, ground: Ground) -> None:
        self._prompts, self._order_number = ground.prompts, ground.profile.order_number

    def closed(self, session: Session) -> tuple[Part, ...]:
        """What is said when staff have closed the conversation."""
        language, say = session.language or self._prompts.languages[0], self._prompts.say
        session.may_rate, session.may_say_why = True, False
        stars = tuple(Button(f"{RATE}:{number}", str(number)) for number in range(1, MOST + 1))
        return FinalText(f"{say(language, 'closed')}\n\n{say(language, 'how_was_it')}"), Buttons(stars)

    def awaits(self, turn: Turn) -> bool:
        """Whether this is the word that was asked for: what is written next, unless something was pressed meanwhile."""
        asked = turn.session.pending
        return bool(turn.text and not turn.press and asked and asked.wants == "why" and asked.passed_over <= 1)

    def hear(self, turn: Turn) -> AsyncIterator[Part]:
        if not turn.press:
            return self._said_why(turn)
        return self._asked_why(turn) if turn.press == SAY_WHY else self._rated(turn)

    async def _rated(self, turn: Turn) -> AsyncIterator[Part]:
        said = turn.press.partition(":")[2]
        stars = int(said) if said in map(str, range(1, MOST + 1)) else 0
        if not (stars and turn.session.may_rate):
            yield self._say(turn, "rated_already" if stars else "button_old")
            return
        turn.session.may_rate, turn.session.may_say_why = False, True
        this_turn().noted.rated = f"{turn.event} {stars}"
        yield self._say(turn, "rated_well" if stars >= WELL else "rated_badly" if stars <= BADLY else "rated")
        why = Button(SAY_WHY, self._prompts.say(turn.language, "button_say_why"))
        human = Button(HUMAN, self._prompts.say(turn.language, "button_human"))
        yield Buttons((why, human) if stars <= BADLY else (why,))

    async def _asked_why(self, turn: Turn) -> AsyncIterator[Part]:
        if not turn.session.may_say_why:
            yield self._say(turn, "button_old")
            return
        turn.session.may_say_why, turn.session.pending = False, Pending(wants="why")
        yield self._say(turn, "say_why")

    async def _said_why(self, turn: Turn) -> AsyncIterator[Part]:
        turn.session.pending = None
        this_turn().noted.comment = f"{turn.event} {masked(turn.text, self._order_number)[:LONGEST]}"
        yield self._say(turn, "said_why")

    def _say(self, turn: Turn, name: str) -> FinalText:
        return FinalText(self._prompts.say(turn.language, name))
