"""The session: what we remember of a conversation between its turns."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from bot.shop.identity import Level, Verified
from bot.shop.order_numbers import spoken

KEPT_LINES = 40  # history longer than this is folded
FOLDED_LINES = 20  # so many of the oldest at once: the lines that stay do not move at every turn
GIST_CHARACTERS = 120
SUMMARY_CHARACTERS = 2400
PATIENCE = 2  # messages about something else that a question of the desk outlives
PROOF_LASTS = timedelta(hours=24)


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing said. The history is only appended to; what it holds is what the model is told."""

    by: Literal["customer", "desk", "staff"]
    text: str
    read: tuple[str, ...] = ()  # ids and versions of the passages that the line rests on


class Pending(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the desk has asked and waits to hear."""

    wants: Literal["verification"]
    then: str  # the intent to go on with afterwards
    order_number: str = ""
    proof: str = ""
    passed_over: int = 0  # messages since it was asked


class Session(msgspec.Struct, omit_defaults=True):
    conversation: str
    language: str = ""
    customer: str = ""  # the shop's customer id; only code that has proof sets it
    level: Level = Level.GUEST
    proved: datetime | None = None  # when a verified customer gave the oldest proof that still counts
    by_email: bool = False  # a verified customer proved the e-mail of the account, and not only a postcode
    proven_orders: tuple[str, ...] = ()  # the orders that were proved by a postcode
    summary: str = ""
    history: list[Line] = []
    pending: Pending | None = None
    missed: int = 0  # how many times in a row we had no answer
    about: str = ""  # the id of the product that was described last, while it is what is talked about

    def remember(self, line: Line) -> None:
        """Append to the history; fold its oldest lines into the summary when it grows long.

        Whatever the customer says ages the desk's question; the desk asks it anew where it was said in answer to it.
        """
        if line.by == "customer" and (asked := self.pending):
            passed_over = asked.passed_over + 1
            self.pending = msgspec.structs.replace(asked, passed_over=passed_over) if passed_over <= PATIENCE else None
        self.history.append(line)
        if len(self.history) > KEPT_LINES:
            folded, self.history = self.history[:FOLDED_LINES], self.history[FOLDED_LINES:]
            self.summary = _shortened("\n".join([self.summary, *map(_gist, folded)]).strip())

    def identify(self, customer: str, level: Level) -> None:
        """Begin to be this customer, with nothing proved yet; what the one before was asked is asked no more.

        Who is signed in does not become somebody else by what they can prove.
        """
        if self.level is Level.SIGNED_IN and level is not Level.SIGNED_IN:
            return
        self.customer, self.level, self.pending = customer, level, None
        self.proved, self.by_email, self.proven_orders = None, False, ()

    def verified(self, by: Verified, order_number: str, now: datetime) -> None:
        """A proof of this order. Proofs of one customer add up, and together they last as long as the oldest."""
        before = (self.proved, self.by_email, self.proven_orders) if self.customer == by.customer else (None, False, ())
        self.identify(by.customer, Level.VERIFIED)
        proved, by_email, orders = before
        self.proved = now if by.by_email or proved is None else proved
        self.by_email = by_email or by.by_email
        self.proven_orders = tuple(dict.fromkeys((*orders, spoken(order_number))))

    def forget_old_proof(self, now: datetime) -> None:
        """Who proved something long ago is a guest again."""
        if self.level is Level.VERIFIED and (self.proved is None or now - self.proved > PROOF_LASTS):
            asked = self.pending
            self.identify("", Level.GUEST)
            self.pending = asked

    def may_see(self, order_number: str = "") -> bool:
        """One of the customer's orders; without a number: all of them. A postcode opens only the order it was given
        for, as it stands on every parcel."""
        if self.level is Level.VERIFIED and not self.by_email:
            return bool(order_number) and spoken(order_number) in self.proven_orders
        return self.level is not Level.GUEST


_decoder = msgspec.json.Decoder(Session)


def open_session(conversation: str, saved: str) -> Session:
    return _decoder.decode(saved) if saved else Session(conversation)


def saved(session: Session) -> str:
    return msgspec.json.encode(session).decode()


def _gist(line: Line) -> str:
    text = " ".join(line.text.split())
    return f"{line.by}: {text if len(text) <= GIST_CHARACTERS else text[:GIST_CHARACTERS] + '…'}"


def _shortened(summary: str) -> str:
    """The newest lines that fit."""
    if len(summary) <= SUMMARY_CHARACTERS:
        return summary
    return summary[-SUMMARY_CHARACTERS:].partition("\n")[2]
