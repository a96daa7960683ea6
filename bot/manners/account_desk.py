"""Who the customer is to the desk in this chat: shown, and taken back."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from math import ceil

from bot.answering.ground import Ground
from bot.answering.link_desk import LINK_PRESS, UNLINK_PRESS, first_name
from bot.answering.turn import Turn
from bot.manners.commands import ACCOUNT, ORDERS, SIGN_OUT
from bot.manners.welcome import VERIFY
from bot.messages import Button, Buttons, FinalText, Part
from bot.sessions import PROOF_LASTS, Session
from bot.shop.identity import Level

PRESSES = (ACCOUNT, SIGN_OUT)


class AccountDesk:
    def __init__(self, ground: Ground, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._prompts, self._clock = ground.store, ground.prompts, clock

    async def hear(self, turn: Turn) -> AsyncIterator[Part]:
        turn.session.forget_old_proof(self._clock())
        for part in self._signed_out(turn) if turn.press == SIGN_OUT else await self._account(turn):
            yield part

    async def _account(self, turn: Turn) -> tuple[Part, ...]:
        session = turn.session
        customer = await self._store.of(session.customer).customer() if session.customer else None
        if customer is None:
            return self._shown(turn, "account_guest", {}, (VERIFY, "button_verify"))
        whom = {"whom": first_name(customer.name)}
        match session.level:
            case Level.SIGNED_IN:
                return self._shown(
                    turn, "account_signed_in", whom, (ORDERS, "button_orders"), (LINK_PRESS, "button_link")
                )
            case Level.LINKED:
                return self._shown(
                    turn, "account_linked", whom, (ORDERS, "button_orders"), (UNLINK_PRESS, "button_unlink")
                )
        values: dict[str, object] = {"hours": self._hours(session)}
        if session.by_email:
            name, orders = "account_verified", (ORDERS, "button_orders")
            return self._shown(turn, name, whom | values, orders, (SIGN_OUT, "button_sign_out"))
        proven = [await self._store.of(session.customer).order(number) for number in session.proven_orders]
        values["orders"] = ("、" if turn.language == "zh" else ", ").join(one.number for one in proven if one)
        return self._shown(turn, "account_orders", values, (SIGN_OUT, "button_sign_out"))

    def _signed_out(self, turn: Turn) -> tuple[Part, ...]:
        """What a link or the shop's page says of them is not ended here."""
        if turn.session.level is not Level.VERIFIED:
            return (self._say(turn, "not_known"),)
        turn.session.begin_anew()
        return (self._say(turn, "signed_out"),)

    def _hours(self, session: Session) -> int:
        """Until it has to be proved anew."""
        since = self._clock() - session.proved if session.proved else PROOF_LASTS
        return max(1, ceil((PROOF_LASTS - since).total_seconds() / 3600))

    def _shown(
        self, turn: Turn, name: str, values: dict[str, object] | dict[str, str], *buttons: tuple[str, str]
    ) -> tuple[Part, ...]:
        labelled = tuple(Button(press, self._prompts.say(turn.language, label)) for press, label in buttons)
        return self._say(turn, name, **values), Buttons(labelled)

    def _say(self, turn: Turn, name: str, **values: object) -> FinalText:
        return FinalText(self._prompts.say(turn.language, name, **values))
