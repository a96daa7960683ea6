"""Actions from a file, through the same door as a customer's: proposed, confirmed in a later message, done once."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import datetime

import msgspec

from bot.shop.action_lines import Malformed, SomebodyElse, Wanted, read_line
from bot.shop.actions import Action
from bot.shop.identity import Proof
from bot.shop.own_actions import Actor
from bot.shop.records import Order
from bot.shop.rules import Refusal
from bot.shop.store import ShopStore

MARK = b"\xef\xbb\xbf"  # with which some editors begin a file

Saying = Callable[[Refusal, str], Awaitable[str]]
"""A refusal in words, for the customer of this id."""


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    ok: bool = True
    order: Order | None  # as it is now; None where none is concerned


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    ok: bool = False
    rule: str
    message: str


class Applying:
    """`name` is the file's; `say` words a refusal."""

    def __init__(self, store: ShopStore, name: str, say: Saying, clock: Callable[[], datetime]) -> None:
        self._store, self._name, self._say, self._clock = store, name, say, clock

    async def apply(self, lines: Iterable[bytes], dry_run: bool = False) -> AsyncIterator[Applied | Refused]:
        """One outcome for each line, as soon as it is there. Raises StoreUnavailable when the database goes away."""
        for number, line in enumerate(lines, 1):
            try:
                wanted = read_line(line.removeprefix(MARK) if number == 1 else line)
            except Malformed as error:
                yield Refused(rule="malformed", message=f"Line {number}: {error}.")
            except SomebodyElse as error:
                yield Refused(rule="own_account", message=f"Line {number}: {error}.")
            else:
                yield await self._outcome(wanted, number, dry_run)

    async def _outcome(self, wanted: Wanted, number: int, dry_run: bool) -> Applied | Refused:
        if wanted.action is None:
            return Applied(order=None)
        conversation = f"apply:{self._name}:{number}"
        asking = Actor(wanted.customer, conversation, f"{conversation}:asked", Proof.CODE)
        confirming = Actor(wanted.customer, conversation, f"{conversation}:confirmed", Proof.CODE)
        done = await (self._decide(wanted.action, asking) if dry_run else self._do(wanted.action, asking, confirming))
        if not isinstance(done, Refusal):
            return Applied(order=done)
        return Refused(rule=done.rule, message=await self._say(done, wanted.customer))

    async def _do(self, action: Action, asking: Actor, confirming: Actor) -> Order | Refusal | None:
        proposal = await self._store.acting(asking, self._clock).propose(action)
        if isinstance(proposal, Refusal):
            return proposal
        done = await self._store.acting(confirming, self._clock).confirm(proposal.token)
        return done if isinstance(done, Refusal) else done.order

    async def _decide(self, action: Action, asking: Actor) -> Order | Refusal | None:
        effect = await self._store.acting(asking, self._clock).decide(action)
        if isinstance(effect, Refusal):
            return effect
        return await self._store.of(asking.customer).order(effect.order) if effect.order else None
