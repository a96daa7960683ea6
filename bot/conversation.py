"""The conversation manager: one turn, from what was said to what is answered; what it decides, it decides in code."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from itertools import groupby

from bot.answering.action_desk import ActionDesk
from bot.answering.intents import HUMAN, Intents
from bot.answering.link_desk import LinkDesk
from bot.answering.prompting import Prompts
from bot.answering.turn import Answerer, Turn
from bot.desks import Handoff
from bot.insights.noting import Noting
from bot.language import LanguageDetector
from bot.manners.commands import FORGET_NOW, START, as_press, kind_of, marked
from bot.manners.forgetting import not_forgotten
from bot.manners.manners import Manners
from bot.manners.quoting import as_told
from bot.manners.wordless import kept_in
from bot.messages import (
    RESTARTED,
    STAFF,
    WAITING_FOR_STAFF,
    WITH_STAFF,
    Buttons,
    FinalText,
    Incoming,
    Part,
    TextDelta,
)
from bot.observing.turn_record import this_turn
from bot.sessions import Line, Session
from bot.shop.identity import Identity, Level
from bot.whose import is_theirs, moment, session_of, without_codes
from bot.with_staff import WithStaff

log = logging.getLogger(__name__)


class ConversationManager:
    def __init__(
        self,
        answerer: Answerer,
        actions: ActionDesk,
        links: LinkDesk,
        with_staff: WithStaff,
        identity: Identity,
        detector: LanguageDetector,
        prompts: Prompts,
        intents: dict[str, Intents],
        noting: Noting,
        manners: Manners,
    ) -> None:
        self._answerer, self._actions, self._links = answerer, actions, links
        self._staff, self._identity = with_staff, identity
        self._detector, self._prompts, self._intents = detector, prompts, intents
        self._noting, self._manners = noting, manners

    async def turn(self, session: Session, messages: Sequence[Incoming], staff: str) -> AsyncGenerator[Part, None]:
        """Answer what waits, as one. Changes `session`; the caller saves it together with the parts, or drops both."""
        async for part in _in_pieces(self._heard(session, messages, staff)):
            yield part

    async def _heard(self, session: Session, messages: Sequence[Incoming], staff: str) -> AsyncIterator[Part]:
        card = session.proposal if session.proposal_is_asked else ""
        heard = not_forgotten([as_press(message) for message in messages], lambda one: is_theirs(one, session))
        for said_by_staff, group in groupby(heard, key=lambda message: message.channel == STAFF):
            said = list(group)
            if said_by_staff:
                for part in await self._staff.said(session, said):
                    yield part
                continue
            async for part in self._customer_said(session, said, staff, card):
                yield part

    async def give_up(
        self, session: Session, messages: Sequence[Incoming], staff: str, why: str
    ) -> AsyncGenerator[Part, None]:
        """What is said when no turn came to an end: staff look into it. The customer's words are kept. `why` in a word:
        bot/parking.py."""
        for message in messages:
            by_staff = message.channel == STAFF
            kept = self._manners.public.masked(message.text) if message.public else without_codes(session, message.text)
            session.remember(Line("staff", message.text) if by_staff else Line("customer", kept))
        if session.language not in self._prompts.languages:
            session.language = self._prompts.languages[0]
        apology = self._prompts.say(session.language, "apology")
        if staff:
            yield FinalText(apology)
            yield WITH_STAFF
            return
        yield FinalText(apology)
        newest, reason = messages[-1], self._staff.when.gave_up(why)
        for part in await self._staff.brought_in(session, reason, newest.text, newest.channel, newest.public):
            yield part

    async def _customer_said(
        self, session: Session, messages: Sequence[Incoming], staff: str, card: str
    ) -> AsyncIterator[Part]:
        """Texts in a row are one question; a press, an answer to a card, word that nobody is needed any more, and what
        somebody else writes on the channel stand alone: they mean the same however many messages come with them."""
        asked, leaving = bool(session.proposal), self._leaving(session, messages)

        def belongs(one: Incoming) -> tuple[str, str, bool, str, bool]:
            stands_alone = one.message in leaving or (asked and self._actions.is_yes_or_no(one.text))
            return one.customer, one.author, one.public, one.press, stands_alone

        for (customer, author, public, _, _), group in groupby(messages, key=belongs):
            said = list(group)
            whose = session_of(author, session, moment(said[0].accepted))
            was_linked = whose.level is Level.LINKED
            if not public:
                await self._recognise(whose, customer)
            elif whose.customer or whose.is_private:
                whose.begin_anew()
            async for part in self._said(whose, said, staff, card if whose is session else None, was_linked):
                yield part

    def _leaving(self, session: Session, messages: Sequence[Incoming]) -> set[str]:
        """Which of several messages take the wish for a person back: of who waits, or has asked in one of them."""
        found = {one.message for one in messages if self._staff.room.leaves(one.text)} if len(messages) > 1 else set()
        return found if found and (session.waits or any(map(self._calls, messages))) else set()

    def _calls(self, message: Incoming) -> bool:
        if self._staff.room.leaves(message.text):
            return False
        said = (intents.likeliest(message.text).meant for intents in self._intents.values())
        return message.press == HUMAN or HUMAN in said

    async def _said(
        self, session: Session, said: Sequence[Incoming], staff: str, card: str | None, was_linked: bool
    ) -> AsyncIterator[Part]:
        """`card` is the token of the card that was the last thing said before; None where it was for another."""
        text = "\n".join(message.text for message in said if message.text)
        attached = tuple(one for message in said for one in message.attachments)
        pressed = said[0].press or ("" if text.strip() or attached else START)  # who says nothing at all is greeted
        session.in_bursts = len(said) > 1
        before = session.chosen_language or session.language
        session.language = self._detector.detect("" if pressed else text, before, said[-1].locale)
        record = this_turn()
        record.language, record.answered_by = session.language, "staff" if staff else "code"
        asking = [message.text for message in said if not self._wants_a_person(message, session)]
        meant = await self._manners.quoting.read(said, "" if pressed else "\n".join(filter(None, asking)), session)
        turn = Turn(
            session,
            meant.text,
            pressed,
            session.language,
            message=f"{said[0].channel}:{said[0].message}",  # the first: more may join it when the turn begins anew
            card=card or "",
            accepted=moment(said[0].accepted),
            event=said[-1].accepted,
            public=said[0].public,
            was_linked=was_linked,
            photos=kept_in(attached),
            attached=attached,
        )
        self._staff.when.listens(turn, "" if pressed else text)
        kept = self._remember(turn, as_told(f"[{kind_of(pressed)}]" if pressed else text, meant.quoted, attached))
        replied: list[str] = []
        async for part in self._replied(turn, said, text, len(asking) < len(said), staff, card):
            if isinstance(part, FinalText):
                replied.append(part.text)
            yield part
        self._noting.turned(turn, said, kept, "\n\n".join(replied))

    async def _replied(
        self, turn: Turn, said: Sequence[Incoming], text: str, wants_staff: bool, staff: str, card: str | None
    ) -> AsyncIterator[Part]:
        session = turn.session
        if staff and not self._manners.hears_beside_staff(turn):
            session.proposal_is_asked, session.offered = False, ()
            await self._staff.overheard(turn, await self._staff.waited_for(session))
            yield WITH_STAFF
            return
        not_theirs = self._not_theirs(turn) if card is None else ""
        if not_theirs:
            yield FinalText(self._prompts.say(session.language, not_theirs))
            return
        parts = self._answered(turn, said[-1].channel, wants_staff)
        if turn.public:
            parts = self._manners.public.answered(turn, text, wants_staff, parts)
        async for part in parts:
            yield part
        if staff and turn.press != FORGET_NOW:
            yield WITH_STAFF

    def _remember(self, turn: Turn, told: str) -> str:
        kept = self._manners.public.masked(told) if turn.public else without_codes(turn.session, told)
        turn.session.remember(Line("customer", kept))
        return kept

    def _not_theirs(self, turn: Turn) -> str:
        """The sentence for what only the customer of the conversation may answer."""
        return "not_yours" if self._actions.is_yes_or_no(turn.text) else self._manners.not_theirs(turn.press)

    async def _recognise(self, session: Session, customer: str) -> None:
        """Whom the channel vouches for is who is served; what belongs to another is forgotten first."""
        if customer == session.customer and session.level is Level.SIGNED_IN:
            return
        if session.level is Level.SIGNED_IN or (customer and session.customer not in ("", customer)):
            session.begin_anew()
        if not customer:
            await self._links.recognise(session)
            return
        if await self._identity.signed_in(customer):
            session.identify(customer, Level.SIGNED_IN)
            session.pending = None
        else:
            log.warning("a channel vouched for a customer whom the shop does not know")
            session.begin_anew()

    def _wants_a_person(self, message: Incoming, session: Session) -> bool:
        if message.press:
            return message.press == HUMAN
        if session.proposal and self._actions.is_yes_or_no(message.text):
            return False  # a bare "no" to a card sounds like much else
        if self._staff.room.leaves(message.text):
            return False
        return self._intents[session.language].likeliest(message.text).meant == HUMAN

    async def _answered(self, turn: Turn, channel: str, wants_staff: bool) -> AsyncIterator[Part]:
        """The reply, then the line for staff where the customer or the answerer asked: one text, then the rest."""
        texts: list[str] = []
        rest: list[Part] = []
        async for part in _in_pieces(self._made(turn, channel, wants_staff)):
            if isinstance(part, FinalText):
                texts.append(part.text)
            elif isinstance(part, TextDelta) or part == RESTARTED:
                yield part
            elif part != Buttons(()):  # who waits for a person is not offered one
                rest.append(marked(part) if isinstance(part, Buttons) else part)
        text = "\n\n".join(texts)
        yield FinalText(text)
        for part in rest:
            yield part
        self._noting.replied(turn, rest, turn.event)
        read = tuple(f"{one.id}@{one.version}" for one in turn.reading.passages)
        turn.session.remember(Line("desk", text, read))

    async def _made(self, turn: Turn, channel: str, wants_staff: bool) -> AsyncIterator[Part]:
        handoff = await self._staff.waited_for(turn.session)
        to_the_room = self._staff.room.hears(turn, handoff)
        if to_the_room or turn.text or (turn.press and not wants_staff) or (turn.photos and self._manners.sees):
            shown, answers_card = turn.session.proposal, self._actions.hears(turn)
            async for part in self._desk_for(turn, handoff):
                yield part
            if not answers_card and turn.session.proposal == shown:
                turn.session.proposal_is_asked = False  # something else was talked about
        if turn.attached and not (wants_staff or to_the_room):
            for part in self._manners.wordless.answer(turn):
                yield part
        for part in await self._staff.overheard(turn, handoff):
            yield part
        if reason := self._staff.when.reason(turn, wants_staff):
            words = turn.session.history[-1].text
            for part in await self._staff.brought_in(turn.session, reason, words, channel, turn.public):
                yield part
            turn.session.proposal_is_asked = False
        elif turn.session.waits and handoff and handoff.state == "waiting":
            yield WAITING_FOR_STAFF  # still: nobody who is answered meanwhile is to think that they were dropped

    def _desk_for(self, turn: Turn, handoff: Handoff | None) -> AsyncIterator[Part]:
        """What code alone decides never reaches an answerer: a yes to a card, a link."""
        offered, turn.session.offered = turn.session.offered, ()  # by the reply before: what is said now offers anew
        if self._manners.hears(turn):
            return self._manners.hear(turn)
        if self._actions.hears(turn):
            return self._actions.hear(turn)
        if self._staff.room.hears(turn, handoff):
            return self._staff.room.hear(turn, handoff)
        if self._links.hears(turn):
            return self._links.hear(turn)
        turn.session.offered = offered
        return self._answerer.answer(turn)


async def _in_pieces(parts: AsyncIterator[Part]) -> AsyncIterator[Part]:
    """Every text as deltas first, with a blank line between one text and the next."""
    before, in_pieces = "", False
    async for part in parts:
        if isinstance(part, TextDelta):
            yield TextDelta(before + part.text)
            before, in_pieces = "", True
            continue
        if isinstance(part, FinalText):
            if not in_pieces:
                yield TextDelta(before + part.text)
            before, in_pieces = "\n\n", False
        yield part
