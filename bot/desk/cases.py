"""What staff should know of a conversation before their first word: who it is, which orders, and what was said so far.

Shown is what the customer has proved; of who has proved nothing, only what they wrote themselves.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import msgspec

from bot.answering.belongings import Belongings, read_belongings
from bot.answering.presenting import Presenting
from bot.answering.prompting import DEFAULT_LANGUAGE, Prompts
from bot.desk.small_talk import SmallTalk
from bot.desk.summary import Talk, in_own_words, talk_of
from bot.desks import Case
from bot.keys import Keys
from bot.messages import Card, Event
from bot.redis.connection import Connection
from bot.sessions import Session, open_session
from bot.shop.identity import Level
from bot.shop.order_numbers import spoken
from bot.shop.records import Customer, Order
from bot.shop.store import ShopStore, StoreUnavailable

MOST_ORDERS = 3


class Known(msgspec.Struct, frozen=True):
    """What fills the places of a canned answer; "" where it is not known."""

    customer: str = ""
    order: str = ""


class Summaries(Protocol):
    async def summary(self, conversation: str, talk: str, language: str) -> str:
        """In this language; "" where there is none to be had, or none that can be trusted."""


class SavedSessions:
    """What the desk remembers of a conversation, to be read only."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis, self._keys = connection.commands, keys

    async def session(self, conversation: str) -> Session:
        saved: Any = await self._redis.get(self._keys.session(conversation))
        return open_session(conversation, saved or "")


class Cases:
    """`summaries`: none where there is no model."""

    def __init__(
        self,
        session: Callable[[str], Awaitable[Session]],
        store: ShopStore,
        presenting: Presenting,
        prompts: Prompts,
        small_talk: SmallTalk,
        summaries: Summaries | None = None,
    ) -> None:
        self._session, self._store, self._presenting, self._prompts = session, store, presenting, prompts
        self._small_talk, self._summaries = small_talk, summaries

    async def case(self, conversation: str, language: str, events: Sequence[Event]) -> Case:
        language = language if language in self._prompts.languages else DEFAULT_LANGUAGE
        session = await self._session(conversation)
        talk = talk_of(events)
        own = await self._own(session)
        orders = _concerned(own, talk, session) if own else []
        cards = [await self._order_card(order, language) for order in orders]
        written = ""
        if self._summaries:
            written = await self._summaries.summary(conversation, talk.as_text(), language)
        summary = written or in_own_words(
            talk, lambda name: self._prompts.say(language, f"case_{name}"), self._small_talk.is_it
        )
        customer = self._customer_card(own, session, language) if own else None
        return Case(summary, bool(written), customer, tuple(cards))

    async def known(self, conversation: str, events: Sequence[Event]) -> Known:
        session = await self._session(conversation)
        own = await self._own(session)
        if own is None:
            return Known()
        orders = _concerned(own, talk_of(events), session)
        return Known(own.customer.name, orders[0].number if orders else "")

    async def _own(self, session: Session) -> Belongings | None:
        try:
            return await read_belongings(self._store, session)
        except StoreUnavailable:  # the talk can be shown all the same
            return None

    async def _order_card(self, order: Order, language: str) -> Card:
        """With what was done to it at the customer's word."""
        card = await self._presenting.order_card(order, language)
        if not order.changes:
            return card
        say, date = self._prompts.say, self._presenting.date
        done = [f"{say(language, f'case_did_{one.action}')}, {date(one.at, language)}" for one in order.changes]
        return Card(card.title, (*card.rows, (say(language, "case_changed"), "; ".join(done))))

    def _customer_card(self, own: Belongings, session: Session, language: str) -> Card:
        def say(name: str) -> str:
            return self._prompts.say(language, f"case_{name}")

        rows = [(say("known_by"), say(_how_known(session)))]
        if session.may_see():
            rows += _of_the_account(own.customer, say)
            rows.append((say("orders"), str(len(own.orders))))
        return Card(own.customer.name, tuple(rows))


def _of_the_account(customer: Customer, say: Callable[[str], str]) -> list[tuple[str, str]]:
    rows = [(say("email"), customer.email), (say("phone"), customer.phone)]
    return [(label, value) for label, value in rows if value]


def _how_known(session: Session) -> str:
    """The name of the words for it."""
    if session.level is Level.VERIFIED:
        return "by_code" if session.by_code else "by_email" if session.by_email else "by_postcode"
    return {Level.SIGNED_IN: "signed_in", Level.LINKED: "linked"}.get(session.level, "guest")


def _concerned(own: Belongings, talk: Talk, session: Session) -> list[Order]:
    """Those that were named in the talk, then the newest."""
    said = spoken(" ".join(line.text for line in talk.lines))
    left = session.waits.order if session.waits else ""
    named = [order for order in own.orders if spoken(order.number) in said or order.number == left]
    return [*named, *(order for order in own.orders if order not in named)][:MOST_ORDERS]
