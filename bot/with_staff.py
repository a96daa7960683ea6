"""Where staff come into a conversation: why they are brought in, what they say, what is said when they come and go."""

import time
from collections.abc import Sequence

from bot.answering.prompting import Prompts
from bot.answering.turn import Turn
from bot.desk.clocks import is_ring
from bot.desk.line import Line as StaffLine
from bot.desk.waiting_room import WaitingRoom
from bot.desk.when import When
from bot.desks import Handoff, Reason
from bot.insights.noted import KEPT_WORDS, Opening
from bot.insights.noting import Noting
from bot.manners.rating import Rating
from bot.messages import CLOSE, RETURNED, TOOK, WAITING_FOR_STAFF, WITH_STAFF, FinalText, Incoming, Part
from bot.observing.turn_record import this_turn
from bot.sessions import Line, Session, Waits

ONCE = ("tone", "unknown", "rule", "failed")  # who waits already is not told so again for these


class WithStaff:
    def __init__(
        self, line: StaffLine, room: WaitingRoom, when: When, rating: Rating, prompts: Prompts, noting: Noting
    ) -> None:
        self._line, self._rating, self._prompts, self._noting = line, rating, prompts, noting
        self.room, self.when = room, when

    async def said(self, session: Session, said: Sequence[Incoming]) -> list[Part]:
        """What staff wrote or did, and what their clock says, in the order in which it came."""
        session.proposal_is_asked, session.offered = False, ()
        parts: list[Part] = []
        for message in said:
            if is_ring(message.press):
                told = await self.room.rings(session, await self.handoff(session), message.press)
                parts += [*told, WAITING_FOR_STAFF] if told else []
                continue
            self.when.anew(session)
            parts += await self._told(session, message)
            if not message.press:
                await self.room.staff_wrote(session, message.accepted)
        return parts

    async def _told(self, session: Session, message: Incoming) -> Sequence[Part]:
        language, was_open = session.language or self._prompts.languages[0], session.waits is not None
        if message.press == TOOK:
            session.waits = session.waits or Waits()
            return (FinalText(self._prompts.say(language, "staff_took", name=message.name)), WITH_STAFF)
        if message.press in (CLOSE, RETURNED):
            await self.handoff(session)  # the customer may have asked for the next one already
        if message.press == CLOSE:
            is_again = session.may_rate and not was_open  # two of staff have closed it
            return () if is_again else self._rating.closed(session)
        if message.press == RETURNED:
            return (FinalText(self._prompts.say(language, "staff_returned", name=message.name)),)
        session.remember(Line("staff", message.text))
        self._noting.staff_said(message, language)
        return ()

    async def handoff(self, session: Session) -> Handoff | None:
        """The one that is open, or opens with the reply that is being made. One that is over by now is forgotten."""
        found = await self._line.handoff(session.conversation)
        if found is None and session.waits is not None:
            found = _opening(session)
            if found is None:
                self.room.over(session)
        return found

    async def waited_for(self, session: Session) -> Handoff | None:
        """The same, without asking Redis where the customer waits for nobody."""
        return None if session.waits is None else await self.handoff(session)

    async def brought_in(self, session: Session, reason: Reason, words: str, channel: str, public: bool) -> list[Part]:
        """The status among these puts the conversation into the line, when the turn is committed."""
        already = await self.handoff(session)
        if already and reason in ONCE:
            return [WAITING_FOR_STAFF] if already.state == "waiting" else []
        record = this_turn()
        record.handoff = record.handoff if already else reason
        opening = Opening(reason, channel, session.language, words[:KEPT_WORDS], "1" if public else "")
        record.noted.handoff = opening
        parts = await self.room.brought_in(session, reason, already, public)
        self._tell_staff(session)
        return [*parts, WAITING_FOR_STAFF]

    async def overheard(self, turn: Turn, handoff: Handoff | None) -> list[Part]:
        """What the customer says while they wait, for staff to find there; and what there is to say to it."""
        parts = await self.room.overhear(turn, handoff)
        if handoff is not None:
            self._tell_staff(turn.session)
        return parts

    def _tell_staff(self, session: Session) -> None:
        known = self.room.for_staff(session)
        adds = {"contact": known.contact, "wanted": known.wanted, "language": session.language}
        this_turn().noted.adds.update({name: value for name, value in adds.items() if value})


def _opening(session: Session) -> Handoff | None:
    """What begins with the messages that are being answered: another of them may take it back."""
    opening, now = this_turn().noted.handoff, time.time()
    if opening is None:
        return None
    is_public = bool(opening.public)
    return Handoff(session.conversation, 0, opening.reason, "waiting", now, opening.channel, public=is_public)
