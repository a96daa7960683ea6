"""The desk where things are done: an action becomes a card, a card becomes a deed, and only the customer makes it so.

Both answerers bring complete actions here. Presses of the card and a plain yes or no to it never reach an answerer:
the conversation manager hands them to `hear`.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

import msgspec

from bot.answering import bringing_in
from bot.answering.code_desk import CodeDesk, by_mail_button
from bot.answering.deed_mail import DeedMail
from bot.answering.ground import Ground
from bot.answering.intents import HUMAN
from bot.answering.presenting_actions import PresentingActions
from bot.answering.turn import Turn
from bot.answering.yes_and_no import YesAndNo
from bot.messages import Button, Buttons, FinalText, Part
from bot.sessions import Pending
from bot.shop.actions import Action, name_of, order_of
from bot.shop.identity import Level, Proof
from bot.shop.own_actions import Actor, Done, OwnActions, Proposal
from bot.shop.records import Customer
from bot.shop.rules import Refusal

CONFIRM_PRESS, WITHDRAW_PRESS = "confirm:", "withdraw:"
ACTION = "action"  # what a verification is for: an action in session.wanted or a walk, rather than to see an order
ASK_ANEW = ("proposal_expired", "changed_meanwhile")


class ActionDesk:
    def __init__(self, ground: Ground, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._prompts, self._profile = ground.store, ground.prompts, ground.profile
        self._presenting = PresentingActions(
            ground.store, ground.prompts, ground.presenting, ground.profile, mails=ground.postroom is not None
        )
        self._mail = DeedMail(ground)
        self._codes = CodeDesk(ground, clock)
        self._answers = YesAndNo.read(ground.prompts)
        self._clock = clock

    async def refuses(self, turn: Turn, action: Action) -> Refusal | None:
        """The rule against it, as far as the action is known; a proof that is missing can still be given.

        A refusal tells of the order and of the account: who has not proved the account is told by what is proved.
        """
        session = turn.session
        session.forget_old_proof(self._clock())
        actor = Actor(session.customer, turn.conversation, turn.message, self._proof(turn, action))
        if session.may_see():
            actor = msgspec.structs.replace(actor, proof=Proof.CODE)
        decided = await self._store.acting(actor, self._clock).decide(action)
        return decided if isinstance(decided, Refusal) and decided.rule != "proof" else None

    async def why(self, turn: Turn, refusal: Refusal) -> str:
        """The refusal in a sentence."""
        customer = await self._customer(turn)
        return await self._presenting.refusal(refusal, turn.language, customer and _known(turn, customer))

    async def propose(self, turn: Turn, actions: Sequence[Action]) -> AsyncIterator[Part]:
        """Show the first that may be done; the others wait for their turn, before those that wait behind an open card.
        Says why for those that may not."""
        session = turn.session
        behind = session.wanted if session.proposal else ()
        session.wanted = (*actions, *(action for action in behind if action not in actions))
        async for part in self.go_on(turn):
            yield part

    async def go_on(self, turn: Turn) -> AsyncIterator[Part]:
        """The next of what is wanted; also after a proof was given, or after the card before it was answered."""
        session = turn.session
        while session.wanted:
            action = session.wanted[0]
            session.forget_old_proof(self._clock())
            outcome = await self._acting(turn, action).propose(action)
            if isinstance(outcome, Refusal) and outcome.rule == "proof":
                async for part in self._ask_proof(turn, action, outcome.needs):
                    yield part
                return
            session.wanted = session.wanted[1:]
            parts = self._shown(turn, outcome) if isinstance(outcome, Proposal) else self._refused(turn, outcome)
            async for part in parts:
                yield part
            if isinstance(outcome, Proposal):
                return

    def hears(self, turn: Turn) -> bool:
        """Whether this is an answer to a card: one of its buttons, or a plain yes or no while one is open. What may be
        meant as a yes, right after the card, is for this desk too: to say that nothing is done yet."""
        if turn.press:
            return turn.press.startswith((CONFIRM_PRESS, WITHDRAW_PRESS))
        session, text = turn.session, turn.text
        nearly = session.proposal_is_asked and self._answers.is_unsure(text)
        return bool(session.proposal) and (nearly or self.is_yes_or_no(text))

    async def shown(self, turn: Turn) -> Action | None:
        """What the card would do that was the last thing said."""
        if not (turn.session.proposal and turn.session.proposal_is_asked):
            return None
        proposal = await self._acting(turn).proposal(turn.session.proposal)
        return proposal.action if isinstance(proposal, Proposal) else None

    async def take_back(self, turn: Turn) -> None:
        """The card that is open: another takes its place."""
        await self._acting(turn).withdraw(turn.session.proposal)
        turn.session.proposal, turn.session.proposal_is_asked = "", False

    def is_yes_or_no(self, text: str) -> bool:
        return self._answers.is_yes(text) or self._answers.is_no(text)

    async def hear(self, turn: Turn) -> AsyncIterator[Part]:
        session = turn.session
        session.forget_old_proof(self._clock())
        was_asked, session.proposal_is_asked = session.proposal_is_asked, False  # until a card is shown again
        kind, _, token = turn.press.partition(":") if turn.press else ("", "", session.proposal)
        no = kind + ":" == WITHDRAW_PRESS if turn.press else self._answers.is_no(turn.text)
        acting = self._acting(turn)
        proposal = await acting.proposal(token)
        if isinstance(proposal, Refusal):
            parts = self._refused(turn, proposal)
        elif no:
            parts = self._withdrawn(turn, acting, proposal)
        elif self._clock() >= proposal.expires or self._says_yes(turn, proposal, was_asked):
            parts = self._confirmed(turn, proposal)
        else:
            parts = self._shown(turn, proposal, "not_yet")
        async for part in parts:
            yield part

    def _says_yes(self, turn: Turn, proposal: Proposal, was_asked: bool) -> bool:
        """By its button, or by a plain yes to the card that was the last thing said: after other talk, who knows what a
        yes means."""
        if turn.press:
            return True
        return self._answers.is_yes(turn.text) and was_asked and _was_there_before(turn, proposal)

    async def _confirmed(self, turn: Turn, proposal: Proposal) -> AsyncIterator[Part]:
        session = turn.session
        session.forget_old_proof(self._clock())
        if self._clock() < proposal.expires:
            await self._mail.expect(turn.language, proposal)
        outcome = await self._acting(turn, proposal.action).confirm(proposal.token)
        if isinstance(outcome, Refusal) and outcome.rule == "proof":
            session.wanted = (proposal.action, *session.wanted)
            async for part in self._ask_proof(turn, proposal.action, outcome.needs):
                yield part
            return
        self._forget(turn, proposal)
        if isinstance(outcome, Done):
            turn.done = name_of(outcome.proposal.action)
            await self._mail.tell(turn.language, outcome.proposal)
            yield FinalText(await self._said_of(turn, outcome))
        else:
            async for part in self._refused(turn, outcome):
                yield part
            if outcome.rule in ASK_ANEW:
                session.wanted = (proposal.action, *session.wanted)
        async for part in self.go_on(turn):
            yield part

    async def _said_of(self, turn: Turn, done: Done) -> str:
        customer = await self._customer(turn)
        if customer is None:
            raise ValueError("something was done for a customer who is not there")
        return await self._presenting.done(done.proposal, _known(turn, customer), turn.language)

    async def _withdrawn(self, turn: Turn, acting: OwnActions, proposal: Proposal) -> AsyncIterator[Part]:
        self._forget(turn, proposal)
        refusal = await acting.withdraw(proposal.token)
        yield FinalText(await self.why(turn, refusal) if refusal else self._prompts.say(turn.language, "withdrawn"))
        async for part in self.go_on(turn):
            yield part

    async def _shown(self, turn: Turn, proposal: Proposal, first: str = "") -> AsyncIterator[Part]:
        """`first` names a sentence that is said before the question."""
        customer = await self._customer(turn)
        if customer is None:
            raise ValueError("something was proposed to a customer who is not there")
        known = _known(turn, customer)
        text, card = await self._presenting.proposal(proposal, known, turn.language, self._clock())
        turn.session.proposal, turn.session.proposal_is_asked = proposal.token, True
        said = [self._prompts.say(turn.language, first), text] if first else [text]
        yield FinalText(("" if turn.language == "zh" else " ").join(said))
        yield card
        yield Buttons(
            (
                Button(CONFIRM_PRESS + proposal.token, self._prompts.say(turn.language, "button_confirm"), "primary"),
                Button(WITHDRAW_PRESS + proposal.token, self._prompts.say(turn.language, "button_withdraw")),
            )
        )

    async def _refused(self, turn: Turn, refusal: Refusal) -> AsyncIterator[Part]:
        """Whatever a person could still decide is offered to one, or brings one in."""
        comes = bringing_in.refused(turn, refusal)
        yield FinalText(await self.why(turn, refusal))
        if refusal.rule in bringing_in.OFFERED and not comes:
            yield Buttons((Button(HUMAN, self._prompts.say(turn.language, "button_human")),))

    async def _ask_proof(self, turn: Turn, action: Action, needs: Proof) -> AsyncIterator[Part]:
        """What is proved already decides what is asked: the order and its e-mail or postcode, the e-mail, the code."""
        session, number, say = turn.session, order_of(action), self._prompts.say
        if needs is Proof.CODE and session.may_see():
            async for part in self._codes.ask(turn):
                yield part
            return
        if session.level is Level.GUEST or not session.may_see(number):
            text = say(turn.language, "ask_proof", number=number) if number else self._ask_verification(turn)
        else:
            text = say(turn.language, "ask_account_proof", order=number)
        session.pending = Pending(wants="verification", then=ACTION, order_number=number)
        yield FinalText(text)
        if self._codes.is_possible:
            yield Buttons((by_mail_button(say(turn.language, "button_code_mail")),))

    def _ask_verification(self, turn: Turn) -> str:
        return self._prompts.say(turn.language, "ask_verification", example=self._profile.order_number_example)

    def _acting(self, turn: Turn, action: Action | None = None) -> OwnActions:
        """As the session's customer, with what he has proved for this action's order."""
        actor = Actor(turn.session.customer, turn.conversation, turn.message, self._proof(turn, action))
        return self._store.acting(actor, self._clock)

    def _proof(self, turn: Turn, action: Action | None) -> Proof:
        session = turn.session
        if session.level is Level.SIGNED_IN and not self._profile.rules.code_when_signed_in:
            return Proof.CODE
        return session.proof(order_of(action) if action else "", self._clock())

    async def _customer(self, turn: Turn) -> Customer | None:
        return await self._store.of(turn.session.customer).customer()

    def _forget(self, turn: Turn, proposal: Proposal) -> None:
        if turn.session.proposal == proposal.token:
            turn.session.proposal, turn.session.proposal_is_asked = "", False


def _known(turn: Turn, customer: Customer) -> Customer:
    """As much of the customer as may be shown: a postcode opens an order, not what the account pays with."""
    return customer if turn.session.may_see() else msgspec.structs.replace(customer, payment_methods=())


def _was_there_before(turn: Turn, proposal: Proposal) -> bool:
    """Whether the card was there when the yes was written: of an earlier turn, and older than the yes."""
    return turn.card == proposal.token and turn.accepted >= _whole_milliseconds(proposal.created)


def _whole_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
