"""The session: what we remember of a conversation between its turns."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from bot.shop.actions import Action
from bot.shop.identity import Level, Proof, Verified
from bot.shop.order_numbers import spoken
from bot.shop.records import Address

KEPT_LINES = 40  # history longer than this is folded
FOLDED_LINES = 20  # so many of the oldest at once: the lines that stay do not move at every turn
GIST_CHARACTERS = 120
SUMMARY_CHARACTERS = 2400
PATIENCE = 2  # messages about something else that a question of the desk outlives
PROOF_LASTS = timedelta(hours=24)
CODE_LASTS = timedelta(minutes=30)


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing said. The history is only appended to; what it holds is what the model is told."""

    by: Literal["customer", "desk", "staff"]
    text: str
    read: tuple[str, ...] = ()  # ids and versions of the passages that the line rests on


class Walk(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a customer wants done, as far as it is known: the desk asks for the rest step by step."""

    action: str  # "return_items"
    order: str = ""
    items: tuple[str, ...] = ()
    new_items: tuple[str, ...] = ()
    method: str = ""
    reason: str = ""
    address: Address | None = None
    said: str = ""  # the customer's words for it, from which what is still to be asked may be read


class Pending(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the desk has asked and waits to hear."""

    wants: Literal["verification", "code", "order", "items", "more", "variant", "reason", "method", "address", "why"]
    then: str = ""  # the intent to go on with afterwards; "" = what is wanted, or the walk
    order_number: str = ""
    proof: str = ""
    among: tuple[str, ...] = ()  # what a question was narrowed to: SKUs, of which only how many or which is open
    passed_over: int = 0  # messages since it was asked


class Waits(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a customer who waits for staff has left for them, and what they were asked to leave."""

    asks: Literal["", "email", "phone"] = ""
    contact: str = ""  # an e-mail address or a telephone number
    order: str = ""
    item: str = ""  # the name of a product
    photos: int = 0


class ModelTurns(msgspec.Struct, frozen=True, omit_defaults=True):
    """Turns that went to the model since a moment, within the hour after it."""

    since: datetime
    count: int = 0


class Session(msgspec.Struct, omit_defaults=True):
    conversation: str
    language: str = ""
    customer: str = ""  # the shop's customer id; only code that has proof sets it
    level: Level = Level.GUEST
    proved: datetime | None = None  # when a verified customer gave the oldest proof that still counts
    by_email: bool = False  # a verified customer proved the e-mail of the account, and not only a postcode
    proven_orders: tuple[str, ...] = ()  # the orders that were proved by a postcode
    by_code: datetime | None = None  # when the customer gave the one-time code that was mailed
    author: str = ""  # who of those who write on this channel is the customer; "" where only one can
    heard: datetime | None = None  # when that one wrote last
    walk: Walk | None = None
    later: tuple[Walk, ...] = ()  # what else was wanted in the same message
    wanted: tuple[Action, ...] = ()  # complete; the first waits for a proof, the others for their turn
    proposal: str = ""  # token of the one that was shown last
    proposal_is_asked: bool = False  # nothing else was said by the desk since: a "yes" is meant for it
    summary: str = ""
    history: list[Line] = []
    pending: Pending | None = None
    in_bursts: bool = False  # the last turn answered several texts at once
    missed: int = 0  # how many times in a row we had no answer
    model_turns: ModelTurns | None = None  # of a guest; those of a known customer are counted elsewhere
    offered: tuple[str, ...] = ()  # ids of the buttons of the last reply that a "yes" may mean: topics, things to do
    about: str = ""  # the id of the product that was described last, while it is what is talked about
    chosen_language: str = ""  # by the customer; "" where they have not chosen
    refused: str = ""  # the rule that the last reply named and that a person could lift; "" for none
    waits: Waits | None = None  # since staff were asked for, until they are done
    reach: str = ""  # the e-mail address to which what staff write goes as well, when the customer is away
    may_rate: bool = False  # staff have closed the conversation, and the customer was asked how it was
    may_say_why: bool = False  # they have said it in stars, and may add a word

    @property
    def is_private(self) -> bool:
        """Whether it holds what only the customer who writes here may use."""
        left = self.reach or (self.waits and (self.waits.contact or self.waits.order))
        return self.level is not Level.GUEST or bool(self.pending or self.walk or self.wanted or self.proposal or left)

    def become(self, other: "Session") -> None:
        for field in Session.__struct_fields__:
            setattr(self, field, getattr(other, field))

    def begin_anew(self) -> None:
        """Nothing of the customer before may reach the next."""
        self.become(
            Session(self.conversation, author=self.author, language=self.language, chosen_language=self.chosen_language)
        )

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
        if self.level is Level.LINKED and level is Level.VERIFIED and customer == self.customer:
            return  # a postcode takes nothing away from who is known already
        if self.customer not in ("", customer):  # a wish may hold an address
            self.walk, self.later, self.wanted = None, (), ()
            if customer:  # what staff write to them is not for the one before
                self.waits, self.reach = None, ""
        self.customer, self.level, self.pending = customer, level, None
        self.proved, self.by_email, self.proven_orders, self.by_code = None, False, (), None
        self.proposal, self.proposal_is_asked = "", False

    def verified(self, by: Verified, order_number: str, now: datetime) -> None:
        """A proof of this order. Proofs of one customer add up, and together they last as long as the oldest."""
        if self.level is Level.SIGNED_IN:
            return  # who the shop's page says it is needs no proof, and becomes nobody else by one
        before = (self.proved, self.by_email, self.proven_orders) if self.customer == by.customer else (None, False, ())
        self.identify(by.customer, Level.VERIFIED)
        proved, by_email, orders = before
        self.proved = now if by.by_email or proved is None else proved
        self.by_email = by_email or by.by_email
        self.proven_orders = tuple(dict.fromkeys((*orders, spoken(order_number))))

    def code_given(self, customer: str, now: datetime) -> None:
        """The one-time code that was mailed to this customer's account. Who is signed in as another stays that one."""
        if self.customer != customer or self.level is Level.GUEST:
            self.identify(customer, Level.VERIFIED)
        if self.customer == customer:
            self.proved, self.by_email, self.by_code = now, True, now

    def forget_old_proof(self, now: datetime) -> None:
        """Who proved something long ago is a guest again."""
        if self.level is Level.VERIFIED and (self.proved is None or now - self.proved > PROOF_LASTS):
            asked = self.pending
            self.identify("", Level.GUEST)
            self.pending = asked

    def proof(self, order_number: str, now: datetime) -> Proof:
        """What has been proved for this order; "" = for the account."""
        if self.level is Level.GUEST or not self.may_see(order_number):
            return Proof.NONE
        if self.by_code and now - self.by_code <= CODE_LASTS:
            return Proof.CODE
        return Proof.ACCOUNT if self.may_see() else Proof.ORDER

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
