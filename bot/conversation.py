"""The conversation manager: one turn, from what was said to what is answered; what it decides, it decides in code."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from bot.answering.action_desk import ActionDesk
from bot.answering.entities import without_code
from bot.answering.intents import HUMAN, Intents
from bot.answering.link_desk import LinkDesk
from bot.answering.prompting import Prompts
from bot.answering.turn import Answerer, Turn
from bot.desk.handoff import Handoff
from bot.insights.noting import Noting
from bot.language import LanguageDetector
from bot.messages import (
    RESTARTED,
    STAFF,
    WAITING_FOR_STAFF,
    WITH_STAFF,
    FinalText,
    Incoming,
    Part,
    TextDelta,
)
from bot.observing.turn_record import this_turn
from bot.sessions import Line, Session
from bot.shop.identity import Identity, Level
from bot.shop.records import ShopProfile, in_language

log = logging.getLogger(__name__)

SILENT = timedelta(minutes=30)  # where several people write: then the conversation may be another's


class ConversationManager:
    def __init__(
        self,
        answerer: Answerer,
        actions: ActionDesk,
        links: LinkDesk,
        handoff: Handoff,
        identity: Identity,
        detector: LanguageDetector,
        prompts: Prompts,
        intents: dict[str, Intents],
        profile: ShopProfile,
    ) -> None:
        self._answerer, self._actions, self._links = answerer, actions, links
        self._handoff, self._identity = handoff, identity
        self._detector, self._prompts, self._intents = detector, prompts, intents
        self._profile, self._noting = profile, Noting(profile.order_number)

    async def turn(self, session: Session, messages: Sequence[Incoming], staff: str) -> AsyncGenerator[Part, None]:
        """Answer what waits, as one. Changes `session`; the caller saves it together with the parts, or drops both."""
        card = session.proposal if session.proposal_is_asked else ""
        for said_by_staff, group in groupby(messages, key=lambda message: message.channel == STAFF):
            said = list(group)
            if said_by_staff:
                for message in said:
                    session.remember(Line("staff", message.text))
                    self._noting.staff_said(message)
                session.proposal_is_asked = False
                continue
            async for part in self._customer_said(session, said, staff, card):
                yield part

    async def give_up(self, session: Session, messages: Sequence[Incoming], staff: str) -> AsyncGenerator[Part, None]:
        """What is said when no turn came to an end: staff look into it. The customer's words are kept."""
        for message in messages:
            by_staff = message.channel == STAFF
            session.remember(
                Line("staff", message.text) if by_staff else Line("customer", _kept(session, message.text))
            )
        if session.language not in self._prompts.languages:
            session.language = self._prompts.languages[0]
        apology = self._prompts.say(session.language, "apology")
        if staff:
            yield FinalText(apology)
            yield WITH_STAFF
            return
        yield FinalText(f"{apology}\n\n{await self._bring_in_staff(session, 'parked')}")
        yield WAITING_FOR_STAFF

    async def _customer_said(
        self, session: Session, messages: Sequence[Incoming], staff: str, card: str
    ) -> AsyncIterator[Part]:
        """Texts in a row are one question; a press, an answer to a card, and what somebody else writes on the channel
        stand alone: they mean the same however many messages come with them."""
        asked = bool(session.proposal)

        def belongs(one: Incoming) -> tuple[str, str, str, bool]:
            return one.customer, one.author, one.press, asked and self._actions.is_yes_or_no(one.text)

        for (customer, author, _, _), group in groupby(messages, key=belongs):
            said = list(group)
            whose = _session_of(author, session, _moment(said[0].accepted))
            await self._recognise(whose, customer)
            async for part in self._said(whose, said, staff, card if whose is session else None):
                yield part

    async def _said(
        self, session: Session, said: Sequence[Incoming], staff: str, card: str | None
    ) -> AsyncIterator[Part]:
        """`card` is the token of the card that was the last thing said before; None where it was for another."""
        pressed, text = said[0].press, "\n".join(message.text for message in said if message.text)
        session.in_bursts = len(said) > 1
        session.language = self._detector.detect("" if pressed else text, session.language, said[-1].locale)
        record = this_turn()
        record.language, record.answered_by = session.language, "staff" if staff else "code"
        session.remember(Line("customer", _kept(session, text) or f"[{pressed.partition(':')[0]}]"))
        if staff:
            session.proposal_is_asked = False
            yield WITH_STAFF
            return
        asking = [message.text for message in said if not self._wants_a_person(message, session)]
        turn = Turn(
            session,
            "" if pressed else "\n".join(asking),
            pressed,
            session.language,
            message=f"{said[0].channel}:{said[0].message}",  # the first: more may join it when the turn begins anew
            card=card or "",
            accepted=_moment(said[0].accepted),
        )
        if card is None and self._actions.is_yes_or_no(turn.text):
            yield FinalText(self._prompts.say(session.language, "not_yours"))
            return
        async for part in self._answered(turn, said[-1].accepted, wants_staff=len(asking) < len(said)):
            yield part

    async def _recognise(self, session: Session, customer: str) -> None:
        """Whom the channel vouches for is who is served; what belongs to another is forgotten first."""
        if customer == session.customer and session.level is Level.SIGNED_IN:
            return
        if session.level is Level.SIGNED_IN or (customer and session.customer not in ("", customer)):
            _begin_anew(session)
        if not customer:
            await self._links.recognise(session)
            return
        if await self._identity.signed_in(customer):
            session.identify(customer, Level.SIGNED_IN)
            session.pending = None
        else:
            log.warning("a channel vouched for a customer whom the shop does not know")
            _begin_anew(session)

    def _wants_a_person(self, message: Incoming, session: Session) -> bool:
        if message.press:
            return message.press == HUMAN
        if session.proposal and self._actions.is_yes_or_no(message.text):
            return False  # a bare "no" to a card sounds like much else
        return self._intents[session.language].likeliest(message.text).meant == HUMAN

    async def _answered(self, turn: Turn, event: str, wants_staff: bool) -> AsyncIterator[Part]:
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
        self._noting.replied(turn, rest, event)
        read = tuple(f"{one.id}@{one.version}" for one in turn.reading.passages)
        turn.session.remember(Line("desk", text, read))

    async def _parts(self, turn: Turn, wants_staff: bool) -> AsyncIterator[Part]:
        """Every text as deltas first, with a blank line between one text and the next."""
        before, in_pieces = "", False
        async for part in self._made(turn, wants_staff):
            if isinstance(part, TextDelta):
                yield TextDelta(before + part.text)
                before, in_pieces = "", True
                continue
            if isinstance(part, FinalText):
                if not in_pieces:
                    yield TextDelta(before + part.text)
                before, in_pieces = "\n\n", False
            yield part

    async def _made(self, turn: Turn, wants_staff: bool) -> AsyncIterator[Part]:
        if turn.text or (turn.press and not wants_staff):
            shown, answers_card = turn.session.proposal, self._actions.hears(turn)
            async for part in self._desk_for(turn)(turn):
                yield part
            if not answers_card and turn.session.proposal == shown:
                turn.session.proposal_is_asked = False  # something else was talked about
        if wants_staff or turn.asks_for_staff:
            yield FinalText(await self._bring_in_staff(turn.session, "asked" if wants_staff else "offered"))
            yield WAITING_FOR_STAFF
            turn.session.proposal_is_asked = False

    def _desk_for(self, turn: Turn) -> Callable[[Turn], AsyncIterator[Part]]:
        """What code alone decides never reaches an answerer: a yes to a card, a link."""
        if self._actions.hears(turn):
            return self._actions.hear
        return self._links.hear if self._links.hears(turn) else self._answerer.answer

    async def _bring_in_staff(self, session: Session, why: str) -> str:
        """The status that goes with this text puts the conversation into the line, when the turn is committed."""
        name = "handoff_already" if await self._handoff.is_waiting(session.conversation) else "handoff"
        this_turn().handoff = why if name == "handoff" else ""
        profile = self._profile
        hours = in_language(profile.hours, session.language)
        return self._prompts.say(session.language, name, email=profile.email, phone=profile.phone, hours=hours)


def _begin_anew(session: Session) -> None:
    """Nothing of the customer before may reach the next."""
    _become(session, Session(session.conversation, author=session.author, language=session.language))


def _session_of(author: str, session: Session, now: datetime) -> Session:
    """Nothing of the customer's, not even what was said, may reach another who can write here: they get a session of
    their own, for this one message. When the customer has fallen silent, or has nothing to keep, it becomes theirs."""
    whose = session
    if author != session.author:
        whose = Session(session.conversation, author=author, language=session.language)
        session.forget_old_proof(now)
        if not session.is_private or (session.heard and now - session.heard > SILENT):
            _become(session, whose)
            whose = session
    whose.heard = now
    return whose


def _become(session: Session, other: Session) -> None:
    for field in Session.__struct_fields__:
        setattr(session, field, getattr(other, field))


def _kept(session: Session, text: str) -> str:
    """A one-time code is not kept: the history is what a model is told."""
    return without_code(text) if session.pending and session.pending.wants == "code" else text


def _moment(event_id: str) -> datetime:
    """The time in the id of an event; without one, now."""
    milliseconds = event_id.partition("-")[0]
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds else datetime.now(UTC)
