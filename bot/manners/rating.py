"""After staff have closed a conversation its customer is asked, once, how it was; what they say is kept."""

from collections.abc import AsyncIterator

from bot.answering.ground import Ground
from bot.answering.intents import HUMAN
from bot.answering.turn import Turn
from bot.manners.commands import RATE
from bot.messages import Button, Buttons, FinalText, Part
from bot.observing.turn_record import this_turn
from bot.sessions import Session

PRESSES = (RATE,)
MOST, WELL, BADLY = 5, 4, 2  # stars


class Rating:
    def __init__(self, ground: Ground) -> None:
        self._prompts = ground.prompts

    def closed(self, session: Session) -> tuple[Part, ...]:
        """What is said when staff have closed the conversation."""
        language, say = session.language or self._prompts.languages[0], self._prompts.say
        session.may_rate = True
        stars = tuple(Button(f"{RATE}:{number}", str(number)) for number in range(1, MOST + 1))
        return FinalText(f"{say(language, 'closed')}\n\n{say(language, 'how_was_it')}"), Buttons(stars)

    async def hear(self, turn: Turn) -> AsyncIterator[Part]:
        said = turn.press.partition(":")[2]
        stars = int(said) if said in map(str, range(1, MOST + 1)) else 0
        if not (stars and turn.session.may_rate):
            yield FinalText(self._prompts.say(turn.language, "rated_already" if stars else "button_old"))
            return
        turn.session.may_rate = False
        this_turn().noted.rated = f"{turn.event} {stars}"
        name = "rated_well" if stars >= WELL else "rated_badly" if stars <= BADLY else "rated"
        yield FinalText(self._prompts.say(turn.language, name))
        if stars <= BADLY:
            yield Buttons((Button(HUMAN, self._prompts.say(turn.language, "button_human")),))
