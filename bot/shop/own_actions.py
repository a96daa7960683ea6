"""The only door through which a customer's things are changed: propose, then confirm, in another message, once.

What the model says plays no part here, nor what a button names: a token stands for what was stored when the card was
shown, and everything is looked at again before it is done.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b

import msgspec
from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.shop.actions import Action, name_of, order_of
from bot.shop.case import Case, Sold
from bot.shop.database import Database
from bot.shop.effects import Effect, effect_of
from bot.shop.identity import Proof
from bot.shop.own_orders import read_customer, read_own_order
from bot.shop.performing import Overtaken, perform
from bot.shop.records import Order, ShopProfile, Variant
from bot.shop.rules import Refusal, decide
from bot.shop.tables import audit, customers, orders, proposals, shop, variants

PROPOSAL_LASTS = timedelta(minutes=10)
UNKNOWN, EXPIRED, WITHDRAWN, ALREADY_DONE, SAME_MESSAGE, CHANGED = (
    Refusal("proposal_unknown"),
    Refusal("proposal_expired"),
    Refusal("proposal_withdrawn"),
    Refusal("already_done"),
    Refusal("same_message"),
    Refusal("changed_meanwhile"),
)


class Actor(msgspec.Struct, frozen=True):
    """Who acts. Filled by code from the session, never from what somebody wrote."""

    customer: str
    conversation: str
    message: str  # the id of the customer's message that is being answered
    proof: Proof = Proof.NONE  # for the order that the action is about


class Proposal(msgspec.Struct, frozen=True):
    """A change that waits for the customer's yes."""

    token: str
    customer: str
    conversation: str
    asked: str  # the message in answer to which it is shown
    action: Action
    effect: Effect
    created: datetime
    expires: datetime


class Done(msgspec.Struct, frozen=True):
    proposal: Proposal
    order: Order | None  # as it is now; None where the account was changed


class Stored(msgspec.Struct, frozen=True):
    proposal: Proposal
    key: str
    state: str
    answered: str


class OwnActions:
    """Bound to one customer when it is made. Every method raises StoreUnavailable when the database is away."""

    def __init__(self, database: Database, actor: Actor, clock: Callable[[], datetime]) -> None:
        self._database, self._actor, self._clock = database, actor, clock

    async def decide(self, action: Action) -> Effect | Refusal:
        """What the action would change, or the rule that forbids it. Stores nothing."""
        async with self._database.reading() as connection:
            return _decided(await self._case(connection, action))

    async def propose(self, action: Action) -> Proposal | Refusal:
        """Decide, and keep the effect for ten minutes to be confirmed.

        What was proposed before in this conversation about the same order, or about the account, is taken back.
        """
        decided = await self.decide(action)
        if isinstance(decided, Refusal):
            return decided
        now, actor = self._clock(), self._actor
        proposal = Proposal(
            token=secrets.token_urlsafe(16),
            customer=actor.customer,
            conversation=actor.conversation,
            asked=actor.message,
            action=action,
            effect=decided,
            created=now,
            expires=now + PROPOSAL_LASTS,
        )
        async with self._database.writing() as connection:  # writers wait for each other: not before there is a reason
            await self._keep(connection, proposal)
        return proposal

    async def proposal(self, token: str) -> Proposal | Refusal:
        """One of this customer and conversation, whatever became of it."""
        async with self._database.reading() as connection:
            stored = await self._stored(connection, token)
        return stored.proposal if stored else UNKNOWN

    async def confirm(self, token: str) -> Done | Refusal:
        """Run it: one transaction, once. The same message again (a turn that began anew) is told the same again."""
        try:
            async with self._database.writing() as connection:
                stored = await self._stored(connection, token)
                if stored is None:
                    return UNKNOWN
                if stored.state == "done" and stored.answered == self._actor.message:
                    return await self._done(connection, stored.proposal)
                if refusal := self._unfit(stored):
                    return refusal
                return await self._run(connection, stored)
        except Overtaken:
            return CHANGED

    async def withdraw(self, token: str) -> Refusal | None:
        """The customer does not want it; None when it is withdrawn now."""
        async with self._database.writing() as connection:
            stored = await self._stored(connection, token)
            if stored is None:
                return UNKNOWN
            if stored.state == "done":
                return ALREADY_DONE
            await self._end(connection, token, "withdrawn")
        return None

    async def _keep(self, connection: AsyncConnection, proposal: Proposal) -> None:
        target = _target(proposal.effect, proposal.customer)
        same = (proposals.c.target == target) & (proposals.c.state == "open")
        before = update(proposals).where(self._mine(), same)
        await connection.execute(before.values(state="withdrawn", answered=self._actor.message))
        row = {**msgspec.structs.asdict(proposal), "key": await self._key(connection, proposal), "target": target}
        row |= {name: msgspec.to_builtins(row[name]) for name in ("action", "effect")}
        await connection.execute(insert(proposals), row | {"state": "open", "answered": ""})

    def _mine(self) -> ColumnElement[bool]:
        """A token of another customer or another conversation is as unknown as one that never was."""
        actor = self._actor
        return (proposals.c.customer == actor.customer) & (proposals.c.conversation == actor.conversation)

    def _unfit(self, stored: Stored) -> Refusal | None:
        """Why this proposal cannot be confirmed by this message, whatever the shop's rules say."""
        about = {"order": stored.proposal.effect.order}
        if stored.state != "open":
            refusal = ALREADY_DONE if stored.state == "done" else WITHDRAWN
        elif self._clock() >= stored.proposal.expires:
            refusal = EXPIRED
        elif stored.proposal.asked == self._actor.message:
            refusal = SAME_MESSAGE
        else:
            return None
        return msgspec.structs.replace(refusal, **about)

    async def _run(self, connection: AsyncConnection, stored: Stored) -> Done | Refusal:
        proposal, now = stored.proposal, self._clock()
        await _lock(connection, proposal)
        if await _is_audited(connection, stored.key):
            return msgspec.structs.replace(ALREADY_DONE, order=proposal.effect.order)
        case = await self._case(connection, proposal.action)
        decided = _decided(case)
        if isinstance(decided, Refusal):
            return decided
        if decided != proposal.effect or case.customer is None:
            return msgspec.structs.replace(CHANGED, order=proposal.effect.order)
        await perform(connection, case.name, decided, case.customer, case.rules.counts_stock, now)
        await connection.execute(
            insert(audit),
            {
                "key": stored.key,
                "at": now,
                "target": _target(proposal.effect, proposal.customer),
                "customer": proposal.customer,
                "conversation": proposal.conversation,
                "confirmed": self._actor.message,
                "token": proposal.token,
                "action": msgspec.to_builtins(proposal.action),
                "effect": msgspec.to_builtins(decided),
            },
        )
        await self._end(connection, proposal.token, "done")
        return await self._done(connection, proposal)

    async def _done(self, connection: AsyncConnection, proposal: Proposal) -> Done:
        number = proposal.effect.order
        return Done(proposal, await read_own_order(connection, proposal.customer, number) if number else None)

    async def _case(self, connection: AsyncConnection, action: Action) -> Case:
        number = order_of(action)
        order = await read_own_order(connection, self._actor.customer, number) if number else None
        wanted = {item.sku for item in order.items} if order else set()
        profile = (await connection.execute(select(shop.c.profile))).scalar_one()
        return Case(
            action=action,
            proof=self._actor.proof,
            customer=await read_customer(connection, self._actor.customer),
            order=order,
            sold=await _read_sold(connection, wanted | set(getattr(action, "new_items", ()))),
            rules=msgspec.convert(profile, ShopProfile).rules,
            now=self._clock(),
        )

    async def _stored(self, connection: AsyncConnection, token: str) -> Stored | None:
        row = (
            await connection.execute(select(proposals).where(self._mine(), proposals.c.token == token))
        ).one_or_none()
        if row is None:
            return None
        return Stored(_proposal(row), row.key, row.state, row.answered)

    async def _end(self, connection: AsyncConnection, token: str, state: str) -> None:
        query = update(proposals).where(proposals.c.token == token)
        await connection.execute(query.values(state=state, answered=self._actor.message))

    async def _key(self, connection: AsyncConnection, proposal: Proposal) -> str:
        """The same action, on a target to which the same number of things was done before, is the same deed."""
        target = _target(proposal.effect, proposal.customer)
        before = (await connection.execute(select(func.count()).where(audit.c.target == target))).scalar_one()
        named = [proposal.customer, target, before, name_of(proposal.action), proposal.effect]
        return blake2b(msgspec.json.encode(named), digest_size=16).hexdigest()


async def read_deed(connection: AsyncConnection, token: str) -> Proposal | None:
    """What was done under this token, of whichever customer: for the letter about it alone."""
    query = select(proposals).where(proposals.c.token == token, proposals.c.state == "done")
    row = (await connection.execute(query)).one_or_none()
    return _proposal(row) if row else None


def _proposal(row: Row[tuple[object, ...]]) -> Proposal:
    return Proposal(
        token=row.token,
        customer=row.customer,
        conversation=row.conversation,
        asked=row.asked,
        action=msgspec.convert(row.action, Action),
        effect=msgspec.convert(row.effect, Effect),
        created=row.created,
        expires=row.expires,
    )


def _decided(case: Case) -> Effect | Refusal:
    return decide(case) or effect_of(case)


def _target(effect: Effect, customer: str) -> str:
    return effect.order or f"customer {customer}"


async def _is_audited(connection: AsyncConnection, key: str) -> bool:
    return (await connection.execute(select(audit.c.key).where(audit.c.key == key))).first() is not None


async def _lock(connection: AsyncConnection, proposal: Proposal) -> None:
    """Whoever else writes into this database waits for us at these rows (where the database can do that)."""
    owner = select(customers.c.id).where(customers.c.id == proposal.customer)
    order = select(orders.c.number).where(orders.c.number == proposal.effect.order)
    for query in (owner, order):
        await connection.execute(query.with_for_update())


async def _read_sold(connection: AsyncConnection, skus: set[str]) -> dict[str, Sold]:
    query = select(variants).where(variants.c.sku.in_(skus))
    return {
        row.sku: Sold(row.owner, Variant(sku=row.sku, price=row.price, stock=row.stock, options=row.options))
        for row in await connection.execute(query)
    }
