"""What the desk says and collects while a customer waits for staff: it promises nothing that no clock keeps."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from bot.answering.ground import Ground
from bot.answering.turn import Turn
from bot.desk.answer_mail import AnswerMail
from bot.desk.clocks import COME_BACK, OFFER, OVERDUE, QUIET, kind_of_step, read_ring
from bot.desk.expected_wait import ExpectedWait
from bot.desk.left_for_staff import ForStaff, LeftForStaff, for_staff
from bot.desk.waiting_words import WaitingWords
from bot.desks import Handoff, Reason
from bot.manners.commands import CALL_BACK, LEAVE_EMAIL, LEAVE_LINE
from bot.messages import LEFT_THE_LINE, FinalText, Part
from bot.observing.turn_record import this_turn
from bot.sessions import Line, Session, Waits

PRESSES = (LEAVE_EMAIL, CALL_BACK, LEAVE_LINE)
SENTENCES = {OFFER: "clock_offer", COME_BACK: "clock_come_back", OVERDUE: "clock_overdue", QUIET: "clock_quiet"}


class WaitingRoom:
    """`answers`: how staff's words reach who is away; without them no address is promised to be written to."""

    def __init__(
        self,
        ground: Ground,
        expected: ExpectedWait,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        answers: AnswerMail | None = None,
    ) -> None:
        self._store, self._expected, self._now = ground.store, expected, now
        self._answers = answers if ground.errands else None
        self._presses = PRESSES if ground.profile.desk.calls_back else tuple(one for one in PRESSES if one != CALL_BACK)
        self._languages = ground.prompts.languages
        self._words = WaitingWords(ground, mails=self._answers is not None)
        tables = {language: ground.prompts.table(language, "intents.toml") for language in self._languages}
        self._left = LeftForStaff(
            ground.profile.order_number,
            {
                language: (table["waiting"]["leaves"], table["wanted"]["answers"]["beside"])
                for language, table in tables.items()
            },
        )

    async def brought_in(
        self, session: Session, reason: Reason, already: Handoff | None, public: bool = False
    ) -> list[Part]:
        """To a customer for whom staff are called. `already`: they are in the line. `public`: others read along."""
        now, language = self._now(), self._language(session)
        left = session.waits or Waits()
        if not public and not left.order:
            left = replace(left, order=self._left.spoken_of(session))
        session.waits = left
        handoff = already
        if handoff is None:
            session.reach = ""
            expected = round(await self._expected.seconds())
            this_turn().noted.adds["expected"] = str(expected)  # the clock counts from what was told
            handoff = Handoff(
                session.conversation, 0, reason, "waiting", now.timestamp(), "", public=public, expected=expected
            )
        text = self._words.joined(language, handoff, left, now, already is not None)
        return [FinalText(text), *self._words.buttons(language, handoff, left)]

    def leaves(self, text: str) -> bool:
        """Whether it says, in any language of the desk, that nobody is needed any more."""
        return any(self._left.leaves(text, language) for language in self._languages)

    def hears(self, turn: Turn, handoff: Handoff | None) -> bool:
        """What is said to the waiting room, and not to who answers questions meanwhile."""
        if turn.press:
            return turn.press in self._presses and not turn.public
        return bool(handoff and handoff.state == "waiting" and not turn.public and self._meant(turn))

    async def hear(self, turn: Turn, handoff: Handoff | None) -> AsyncIterator[Part]:
        language, say = turn.language, self._words.say
        if handoff is None or handoff.state != "waiting":
            turn.session.waits = None
            yield FinalText(say(language, "not_in_line"))
            yield self._words.human(language)
            return
        turn.session.waits = left = turn.session.waits or Waits()
        match turn.press or self._meant(turn):
            case "leave_line":
                parts = self._left_the_line(turn)
            case "leave_email" | "call_back" as wanted:
                parts = await self._asked(turn, left, "email" if wanted == LEAVE_EMAIL else "phone")
            case "contact":
                parts = self._contact_given(turn, left)
            case "unclear":
                parts = (FinalText(say(language, f"contact_unclear_{left.asks}")),)
            case "not_left":
                turn.session.waits = replace(left, asks="")
                parts = (FinalText(say(language, "contact_not_left")),)
            case "order":
                turn.session.waits = replace(left, order=self._left.only_order(turn.text))
                parts = (self._noted(turn, turn.session.waits.order),)
            case _:
                turn.session.waits = replace(left, photos=left.photos + len(turn.photos))
                parts = (FinalText(say(language, "noted_photo")),)
        for part in parts:
            yield part

    async def overhear(self, turn: Turn, handoff: Handoff | None) -> list[Part]:
        """Collect for staff what the customer says to whom it may be, and say what of it was noted."""
        if handoff is None or turn.public or turn.press or self.hears(turn, handoff):
            return []
        before = turn.session.waits or Waits()
        products = (await self._store.catalogue()).products if turn.text else ()
        left = turn.session.waits = self._left.overheard(turn.session, turn.text, len(turn.photos), products)
        return [self._noted(turn, left.order)] if left.order != before.order else []

    async def rings(self, session: Session, handoff: Handoff | None, press: str) -> list[Part]:
        """What the clock has to say; nothing where that is over."""
        ring = read_ring(press)
        if ring is None or handoff is None or handoff.number != ring.number or handoff.state != "waiting":
            return []
        sentence = SENTENCES.get(kind_of_step(ring.step))
        if sentence is None:
            return []
        language, session.waits = self._language(session), session.waits or Waits()
        text = self._words.stands(language, sentence, handoff, session.waits, self._now())
        session.remember(Line("desk", text))
        return [FinalText(text), *self._words.buttons(language, handoff, session.waits)]

    async def staff_wrote(self, session: Session, event: str) -> None:
        """Who is away and has left an address finds it in their mail, too. Raises NotNoted."""
        if self._answers:
            await self._answers.expect(session, event)

    def for_staff(self, session: Session) -> ForStaff:
        """What was collected."""
        return for_staff(session)

    def over(self, session: Session) -> None:
        """Staff are done, or the customer is with nobody any more."""
        session.waits = None

    def _meant(self, turn: Turn) -> str:
        """What a text means to the waiting room; "" where it is for who answers."""
        session, text = turn.session, turn.text
        if not text:
            return "photo" if turn.photos else ""
        asks = session.waits.asks if session.waits else ""
        if session.pending or session.proposal_is_asked:
            return ""  # it was asked later
        if asks and self._contact_in(text, asks):
            return "contact"
        if self._left.leaves(text, turn.language):
            return "not_left" if asks else "" if session.walk else "leave_line"
        if asks and self._left.tries(text, asks):
            return "unclear"
        if session.walk:
            return ""
        if self._left.only_contact(text):
            return "contact"
        return "order" if self._left.only_order(text) else ""

    def _contact_in(self, text: str, asks: str) -> str:
        if not asks:
            return self._left.only_contact(text)
        return self._left.email(text) if asks == "email" else self._left.phone(text)

    def _contact_given(self, turn: Turn, left: Waits) -> tuple[Part, ...]:
        contact = self._contact_in(turn.text, left.asks)
        return self._reachable(turn, left, contact, "contact_noted")

    def _reachable(self, turn: Turn, left: Waits, contact: str, sentence: str) -> tuple[Part, ...]:
        """What staff write goes to an e-mail address as well, where mail can be sent."""
        is_email = self._left.email(contact) == contact
        turn.session.waits = replace(left, asks="", contact=contact)
        turn.session.reach = contact if self._answers and is_email else ""
        values = {"contact": contact, "email": is_email, "mail": bool(turn.session.reach)}
        return (FinalText(self._words.say(turn.language, sentence, **values)),)

    async def _asked(self, turn: Turn, left: Waits, what: str) -> tuple[Part, ...]:
        """For what the account does not say already. This is the newest question of the desk, and the only one."""
        session, say = turn.session, self._words.say
        session.pending = None
        known = session.customer and session.may_see()
        customer = await self._store.of(session.customer).customer() if known else None
        contact = (customer.email if what == "email" else customer.phone) if customer else ""
        if contact:
            return self._reachable(turn, left, contact, "contact_of_account")
        if what == "email":
            session.waits = replace(left, asks="email")
            return (FinalText(say(turn.language, "ask_contact_email")),)
        session.waits = replace(left, asks="phone")
        hours = self._words.hours_in_words(turn.language)
        return (FinalText(say(turn.language, "ask_contact_phone", hours=hours)),)

    def _left_the_line(self, turn: Turn) -> tuple[Part, ...]:
        turn.session.waits, turn.session.reach = None, ""
        record = this_turn()
        record.handoff, record.noted.handoff = "", None  # where they were about to join it
        text = FinalText(self._words.say(turn.language, "left_line"))
        return text, LEFT_THE_LINE, self._words.human(turn.language)

    def _noted(self, turn: Turn, order: str) -> FinalText:
        what = self._words.say(turn.language, "noted_order", order=order)
        return FinalText(self._words.say(turn.language, "noted_for_staff", what=what))

    def _language(self, session: Session) -> str:
        return session.language if session.language in self._languages else self._languages[0]
