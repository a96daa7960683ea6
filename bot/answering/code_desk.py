"""The one-time code in a conversation: sent by mail, asked for, and compared."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from math import ceil

import msgspec

from bot.answering.entities import read_code
from bot.answering.ground import Ground
from bot.answering.intents import HUMAN
from bot.answering.turn import Turn
from bot.letters.mail import Letter, MailFailed
from bot.messages import Button, Buttons, FinalText, Part
from bot.one_time_codes import CODE_SECONDS, Gone, NewCode, Purpose, Right, Wait, Wrong
from bot.sessions import Pending
from bot.shop.identity import plain
from bot.shop.records import in_language

CODE_PRESS = "code:"
AGAIN_PRESS, BY_MAIL_PRESS = CODE_PRESS + "again", CODE_PRESS + "mail"


class Answered(msgspec.Struct, frozen=True):
    """What is said to a code. After a right one the caller goes on with what was wanted."""

    parts: tuple[Part, ...]
    right: bool = False
    then: str = ""  # the intent to go on with; "" = what is wanted, or the walk


class CodeDesk:
    def __init__(self, ground: Ground, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._prompts, self._profile = ground.store, ground.prompts, ground.profile
        self._codes = ground.codes if ground.postroom else None
        self._postroom, self._clock = ground.postroom, clock

    @property
    def is_possible(self) -> bool:
        """Whether codes can be mailed at all; else what needs one can be done by a person only."""
        return self._codes is not None

    def brings_code(self, turn: Turn) -> bool:
        """Whether the message is for `answer`: a code where one is waited for, or a press of one of our buttons."""
        if turn.press:
            return turn.press.startswith(CODE_PRESS)
        pending = turn.session.pending
        return bool(pending and pending.wants == "code" and read_code(turn.text))

    async def ask(self, turn: Turn, then: str = "") -> AsyncIterator[Part]:
        """Mail a code to the account of the session's customer, and say so. `then` is an intent to go on with."""
        customer = await self._store.of(turn.session.customer).customer()
        if self._codes is None or customer is None or not customer.email:
            for part in self._impossible(turn):
                yield part
            return
        new = await self._codes.new(turn.conversation, Purpose.STEP_UP, customer.id)
        if isinstance(new, NewCode):
            await self._mail(turn, Purpose.STEP_UP, new, customer.id)
        turn.session.pending = Pending(wants="code", then=then)
        yield (
            self._too_many(turn, new)
            if isinstance(new, Wait)
            else self._say(turn, "code_sent", address=masked(customer.email), minutes=CODE_SECONDS // 60)
        )
        yield self._buttons(turn, again=not isinstance(new, Wait))

    async def ask_at(self, turn: Turn, address: str, then: str) -> AsyncIterator[Part]:
        """Mail a code to the account of this address, if there is one. Nothing that is said or done before the reply
        depends on that: it is looked up when the reply is on its way."""
        if self._codes is None:
            for part in self._impossible(turn):
                yield part
            return
        target = plain(address)
        new = await self._codes.new(turn.conversation, Purpose.OPEN_ACCOUNT, target)
        if isinstance(new, NewCode):
            await self._mail(turn, Purpose.OPEN_ACCOUNT, new, target)
        turn.session.pending = Pending(wants="code", then=then, proof=address)
        yield (
            self._too_many(turn, new)
            if isinstance(new, Wait)
            else self._say(
                turn, "code_perhaps_sent", minutes=CODE_SECONDS // 60, example=self._profile.order_number_example
            )
        )
        yield self._buttons(turn, again=not isinstance(new, Wait))

    async def answer(self, turn: Turn) -> Answered:
        """To a message that brings a code. The right one makes the session that customer's."""
        pending = turn.session.pending
        asked = pending if pending and pending.wants == "code" else None
        if turn.press == BY_MAIL_PRESS:
            return self.ask_address(turn, pending.then if pending else "")
        if turn.press:
            return await self._again(turn, asked)
        if self._codes is None or asked is None:
            return Answered(tuple(self._impossible(turn)))
        checked = await self._check(turn, asked)
        if isinstance(checked, Right):
            turn.session.pending = None
            return Answered((self._say(turn, "code_right"),), right=True, then=asked.then)
        turn.session.pending = msgspec.structs.replace(asked, passed_over=0)
        return Answered((self._wrong(turn, checked), self._buttons(turn, again=not isinstance(checked, Wait))))

    async def _check(self, turn: Turn, asked: Pending) -> Right | Wrong | Gone | Wait:
        """A right code of an address that has no account opens nothing."""
        if self._codes is None:
            return Gone()
        purpose = Purpose.OPEN_ACCOUNT if asked.proof else Purpose.STEP_UP
        checked = await self._codes.check(turn.conversation, purpose, read_code(turn.text))
        if not isinstance(checked, Right):
            return checked
        customer = checked.target if purpose is Purpose.STEP_UP else await self._store.account(checked.target)
        if not customer or (purpose is Purpose.STEP_UP and customer != turn.session.customer):
            return Gone()
        turn.session.code_given(customer, self._clock())
        return checked

    async def _again(self, turn: Turn, asked: Pending | None) -> Answered:
        if asked and asked.proof:
            return Answered(tuple([part async for part in self.ask_at(turn, asked.proof, asked.then)]))
        if turn.session.may_see():
            return Answered(tuple([part async for part in self.ask(turn, asked.then if asked else "")]))
        return self.ask_address(turn, asked.then if asked else "")

    def ask_address(self, turn: Turn, then: str) -> Answered:
        """Of a guest: to which address should a code go?"""
        if not self.is_possible:
            return Answered(tuple(self._impossible(turn)))
        turn.session.pending = Pending(wants="verification", then=then or "recent_orders")
        return Answered((self._say(turn, "ask_code_address"),))

    async def _mail(self, turn: Turn, purpose: Purpose, code: NewCode, target: str) -> None:
        """Where too many mails are on their way it is not sent, and another may be asked for at once."""
        if self._postroom is None or self._codes is None:
            return
        if not self._postroom.soon(self._deliver(turn.conversation, turn.language, purpose, code, target)):
            await self._codes.withdraw(turn.conversation, purpose, code)

    async def _deliver(self, conversation: str, language: str, purpose: Purpose, code: NewCode, target: str) -> None:
        """Raises MailFailed; the customer may ask again at once then."""
        customer_id = target if purpose is Purpose.STEP_UP else await self._store.account(target)
        customer = await self._store.of(customer_id).customer() if customer_id else None
        if customer is None or self._postroom is None or self._codes is None:
            return
        language = customer.language if customer.language in self._prompts.languages else language
        values = {"code": code.digits, "shop": in_language(self._profile.name, language)}
        subject = self._prompts.say(language, "mail_code_subject", **values)
        text = self._prompts.say(language, "mail_code_text", minutes=CODE_SECONDS // 60, **values)
        try:
            await self._postroom.send(Letter(customer.email, subject, text))
        except MailFailed:
            await self._codes.withdraw(conversation, purpose, code)
            raise

    def _wrong(self, turn: Turn, checked: Wrong | Gone | Wait) -> Part:
        match checked:
            case Wait():
                return self._too_many(turn, checked)
            case Wrong(tries_left=left) if left:
                return self._say(turn, "code_wrong", left=left)
            case Wrong():
                return self._say(turn, "code_used_up")
            case _:
                return self._say(turn, "code_gone")

    def _too_many(self, turn: Turn, wait: Wait) -> Part:
        hours = ceil(wait.seconds / 3600)
        return self._say(turn, "code_wait", hours=hours if hours > 1 else "", minutes=ceil(wait.seconds / 60))

    def _impossible(self, turn: Turn) -> list[Part]:
        profile = self._profile
        said = self._say(turn, "code_impossible", email=profile.email, phone=profile.phone)
        return [said, self._buttons(turn, again=False)]

    def _buttons(self, turn: Turn, again: bool) -> Buttons:
        say = self._prompts.say
        human = Button(HUMAN, say(turn.language, "button_human"))
        return Buttons((Button(AGAIN_PRESS, say(turn.language, "button_code_again")), human) if again else (human,))

    def _say(self, turn: Turn, name: str, **values: object) -> FinalText:
        return FinalText(self._prompts.say(turn.language, name, **values))


def by_mail_button(label: str) -> Button:
    """A press of it asks for the address to which a code is mailed."""
    return Button(BY_MAIL_PRESS, label)


def masked(address: str) -> str:
    """a•••@example.com"""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}•••@{domain}"
