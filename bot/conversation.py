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
from bot.manners.commands import FORGET_NOW, START, as_press, kind_of, marked
from bot.manners.forgetting import not_forgotten
from bot.manners.manners import Manners
from bot.manners.quoting import as_told
from bot.manners.wordless import kept_in
from bot.messages import (
    CLOSE,
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
        manners: Manners,
    ) -> None:
        self._answerer, self._actions, self._links = answerer, actions, links
        self._handoff, self._identity = handoff, identity
        self._detector, self._prompts, self._intents = detector, prompts, intents
        self._profile, self._noting = profile, Noting(profile.order_number)
        self._manners = manners

    async def turn(self, session: Session, messages: Sequence[Incoming], staff: str) -> AsyncGenerator[Part, None]:
        """Answer what waits, as one. Changes `session`; the caller saves it together with the parts, or drops both."""
        async for part in _in_pieces(self._heard(session, messages, staff)):
            yield part

    async def _heard(self, session: Session, messages: Sequence[Incoming], staff: str) -> AsyncIterator[Part]:
        card = session.proposal if session.proposal_is_asked else ""
        heard = not_forgotten([as_press(message) for message in messages], lambda one: _is_theirs(one, session))
        for said_by_staff, group in groupby(heard, key=lambda message: message.channel == STAFF):
            said = list(group)
            if said_by_staff:
                for part in self._staff_said(session, said):
                    yield part
                continue
            async for part in self._customer_said(session, said, staff, card):
                yield part

    def _staff_said(self, session: Session, said: Sequence[Incoming]) -> list[Part]:
        session.proposal_is_asked = False
        parts: list[Part] = []
        for message in said:
            if message.press == CLOSE:
                parts += self._manners.rating.closed(session)
                continue
            session.remember(Line("staff", message.text))
            self._noting.staff_said(message)
        return parts

    async def give_up(self, session: Session, messages: Sequence[Incoming], staff: str) -> AsyncGenerator[Part, None]:
        """What is said when no turn came to an end: staff look into it. The customer's words are kept."""
        for message in messages:
            by_staff = message.channel == STAFF
            kept = self._manners.public.masked(message.text) if message.public else _kept(session, message.text)
            session.remember(Line("staff", message.text) if by_staff else Line("customer", kept))
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

        def belongs(one: Incoming) -> tuple[str, str, bool, str, bool]:
            return one.customer, one.author, one.public, one.press, asked and self._actions.is_yes_or_no(one.text)

        for (customer, author, public, _, _), group in groupby(messages, key=belongs):
            said = list(group)
            whose = _session_of(author, session, _moment(said[0].accepted))
            was_linked = whose.level is Level.LINKED
            if not public:
                await self._recognise(whose, customer)
            elif whose.customer or whose.is_private:
                whose.begin_anew()
            async for part in self._said(whose, said, staff, card if whose is session else None, was_linked):
                yield part

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
            accepted=_moment(said[0].accepted),
            event=said[-1].accepted,
            public=said[0].public,
            was_linked=was_linked,
            photos=kept_in(attached),
            attached=attached,
        )
        self._remember(turn, as_told(f"[{kind_of(pressed)}]" if pressed else text, meant.quoted, attached))
        if staff and not self._manners.hears_beside_staff(turn):
            session.proposal_is_asked = False
            yield WITH_STAFF
            return
        not_theirs = self._not_theirs(turn) if card is None else ""
        if not_theirs:
            yield FinalText(self._prompts.say(session.language, not_theirs))
            return
        parts = self._answered(turn, wants_staff := len(asking) < len(said))
        if turn.public:
            parts = self._manners.public.answered(turn, text, wants_staff, parts)
        async for part in parts:
            yield part
        if staff and pressed != FORGET_NOW:
            yield WITH_STAFF

    def _remember(self, turn: Turn, told: str) -> None:
        kept = self._manners.public.masked(told) if turn.public else _kept(turn.session, told)
        turn.session.remember(Line("customer", kept))

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
        return self._intents[session.language].likeliest(message.text).meant == HUMAN

    async def _answered(self, turn: Turn, wants_staff: bool) -> AsyncIterator[Part]:
        """The reply, then the line for staff where the customer or the answerer asked: one text, then the rest."""
        texts: list[str] = []
        rest: list[Part] = []
        async for part in _in_pieces(self._made(turn, wants_staff)):
            if isinstance(part, FinalText):
                texts.append(part.text)
            elif isinstance(part, TextDelta) or part == RESTARTED:
                yield part
            else:
                rest.append(marked(part) if isinstance(part, Buttons) else part)
        text = "\n\n".join(texts)
        yield FinalText(text)
        for part in rest:
            yield part
        self._noting.replied(turn, rest, turn.event)
        read = tuple(f"{one.id}@{one.version}" for one in turn.reading.passages)
        turn.session.remember(Line("desk", text, read))

    async def _made(self, turn: Turn, wants_staff: bool) -> AsyncIterator[Part]:
        if turn.text or (turn.press and not wants_staff) or (turn.photos and self._manners.sees):
            shown, answers_card = turn.session.proposal, self._actions.hears(turn)
            async for part in self._desk_for(turn)(turn):
                yield part
            if not answers_card and turn.session.proposal == shown:
                turn.session.proposal_is_asked = False  # something else was talked about
        if turn.attached and not wants_staff:
            for part in self._manners.wordless.answer(turn):
                yield part
        if wants_staff or turn.asks_for_staff:
            yield FinalText(await self._bring_in_staff(turn.session, "asked" if wants_staff else "offered"))
            yield WAITING_FOR_STAFF
            turn.session.proposal_is_asked = False

    def _desk_for(self, turn: Turn) -> Callable[[Turn], AsyncIterator[Part]]:
        """What code alone decides never reaches an answerer: a yes to a card, a link."""
        if self._manners.hears(turn):
            return self._manners.hear
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


def _session_of(author: str, session: Session, now: datetime) -> Session:
    """Nothing of the customer's, not even what was said, may reach another who can write here: they get a session of
    their own, for this one message. When the customer has fallen silent, or has nothing to keep, it becomes theirs."""
    whose = session
    if author != session.author:
        whose = Session(session.conversation, author=author, language=session.language)
        session.forget_old_proof(now)
        if _is_free(session, now):
            session.become(whose)
            whose = session
    whose.heard = now
    return whose


def _is_free(session: Session, now: datetime) -> bool:
    return not session.is_private or bool(session.heard and now - session.heard > SILENT)


def _is_theirs(one: Incoming, session: Session) -> bool:
    """Whether the conversation is, or becomes, that of who wrote this."""
    return one.author == session.author or _is_free(session, _moment(one.accepted))


def _kept(session: Session, text: str) -> str:
    """A one-time code is not kept: the history is what a model is told."""
    return without_code(text) if session.pending and session.pending.wants == "code" else text


def _moment(event_id: str) -> datetime:
    """The time in the id of an event; without one, now."""
    milliseconds = event_id.partition("-")[0]
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds else datetime.now(UTC)
