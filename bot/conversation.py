"""The conversation manager: one turn, from what was said to what is answered; what it decides, it decides in code."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from itertools import groupby

from bot.answering.intents import HUMAN, Intents
from bot.answering.prompting import Prompts
from bot.answering.turn import Answerer, Turn
from bot.desk.handoff import Handoff
from bot.language import LanguageDetector
from bot.messages import (
    RESTARTED,
    STAFF,
    WAITING_FOR_STAFF,
    WITH_STAFF,
    Button,
    Buttons,
    FinalText,
    Incoming,
    Part,
    TextDelta,
)
from bot.sessions import Line, Session
from bot.shop.identity import Identity, Level
from bot.shop.records import ShopProfile, in_language

log = logging.getLogger(__name__)


class ConversationManager:
    def __init__(
        self,
        answerer: Answerer,
        handoff: Handoff,
        identity: Identity,
        detector: LanguageDetector,
        prompts: Prompts,
        intents: dict[str, Intents],
        profile: ShopProfile,
    ) -> None:
        self._answerer, self._handoff, self._identity = answerer, handoff, identity
        self._detector, self._prompts, self._intents = detector, prompts, intents
        self._profile = profile

    async def turn(self, session: Session, messages: Sequence[Incoming], staff: str) -> AsyncGenerator[Part, None]:
        """Answer what waits, as one. Changes `session`; the caller saves it together with the parts, or drops both."""
        for said_by_staff, group in groupby(messages, key=lambda message: message.channel == STAFF):
            said = list(group)
            if said_by_staff:
                for message in said:
                    session.remember(Line("staff", message.text))
                continue
            async for part in self._customer_said(session, said, staff):
                yield part

    def apologise(self, session: Session, messages: Sequence[Incoming]) -> Sequence[Part]:
        """What is said when a turn failed. The customer's words are kept."""
        for message in messages:
            session.remember(Line("staff" if message.channel == STAFF else "customer", message.text))
        if session.language not in self._prompts.languages:
            session.language = self._prompts.languages[0]
        return FinalText(self._prompts.say(session.language, "apology")), self._human_button(session.language)

    async def _customer_said(self, session: Session, messages: Sequence[Incoming], staff: str) -> AsyncIterator[Part]:
        """Texts in a row are one question; a press, and what another customer of the channel writes, is its own."""
        for (customer, pressed), group in groupby(messages, key=lambda message: (message.customer, message.press)):
            said = list(group)
            await self._recognise(session, customer)
            text = "\n".join(message.text for message in said if message.text)
            session.language = self._detector.detect("" if pressed else text, session.language, said[-1].locale)
            session.remember(Line("customer", text or f"[{pressed}]"))
            if staff:
                yield WITH_STAFF
                continue
            asking = [message.text for message in said if not self._wants_a_person(message, session.language)]
            turn = Turn(session, "" if pressed else "\n".join(asking), pressed, session.language)
            async for part in self._answered(turn, wants_staff=len(asking) < len(said)):
                yield part

    async def _recognise(self, session: Session, customer: str) -> None:
        """Whom the channel vouches for is who is served; what belongs to another is forgotten first."""
        if customer == session.customer and session.level is Level.SIGNED_IN:
            return
        if session.level is Level.SIGNED_IN or (customer and session.customer not in ("", customer)):
            _begin_anew(session)
        if not customer:
            return
        if await self._identity.signed_in(customer):
            session.identify(customer, Level.SIGNED_IN)
            session.pending = None
        else:
            log.warning("a channel vouched for a customer whom the shop does not know")
            _begin_anew(session)

    def _wants_a_person(self, message: Incoming, language: str) -> bool:
        return message.press == HUMAN or (
            not message.press and self._intents[language].likeliest(message.text).meant == HUMAN
        )

    async def _answered(self, turn: Turn, wants_staff: bool) -> AsyncIterator[Part]:
        """The reply, then the line for staff where the customer or the answerer asked: one text, then the rest."""
        texts: list[str] = []
        rest: list[Part] = []
        async for part in self._parts(turn, wants_staff):
            if isinstance(part, FinalText):
                texts.append(part.text)
            elif isinstance(part, TextDelta) or part == RESTARTED:
                yield part
            else:
                rest.append(part)
        text = "\n\n".join(texts)
        yield FinalText(text)
        for part in rest:
            yield part
        read = tuple(f"{one.id}@{one.version}" for one in turn.reading.passages)
        turn.session.remember(Line("desk", text, read))

    async def _parts(self, turn: Turn, wants_staff: bool) -> AsyncIterator[Part]:
        before = ""  # what stands between one text and the next
        if turn.text or (turn.press and not wants_staff):
            async for part in self._answerer.answer(turn):
                if isinstance(part, TextDelta):
                    part, before = TextDelta(before + part.text), ""
                elif isinstance(part, FinalText):
                    before = "\n\n"
                yield part
        if wants_staff or turn.asks_for_staff:
            text = await self._bring_in_staff(turn)
            yield TextDelta(before + text)
            yield FinalText(text)
            yield WAITING_FOR_STAFF

    async def _bring_in_staff(self, turn: Turn) -> str:
        """The status that goes with this text puts the conversation into the line, when the turn is committed."""
        name = "handoff_already" if await self._handoff.is_waiting(turn.conversation) else "handoff"
        profile = self._profile
        hours = in_language(profile.hours, turn.language)
        return self._prompts.say(turn.language, name, email=profile.email, phone=profile.phone, hours=hours)

    def _human_button(self, language: str) -> Buttons:
        return Buttons((Button(HUMAN, self._prompts.say(language, "button_human")),))


def _begin_anew(session: Session) -> None:
    """Nothing of the customer before may reach the next."""
    fresh = Session(session.conversation, language=session.language)
    for field in Session.__struct_fields__:
        setattr(session, field, getattr(fresh, field))
