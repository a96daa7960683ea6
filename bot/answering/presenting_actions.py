"""Proposals, refusals and results in the customer's words: what changes, what it costs, what happens next and when."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bot.answering.presenting import Presenting, piece_name
from bot.answering.prompting import Prompts
from bot.messages import Card
from bot.shop.actions import name_of
from bot.shop.catalogue import Catalogue
from bot.shop.effects import Effect, Move
from bot.shop.order_status import OrderStatus
from bot.shop.own_actions import Proposal
from bot.shop.records import Address, Customer, PaymentMethod, ShopProfile, in_language
from bot.shop.rules import Refusal
from bot.shop.store import ShopStore

ARROW = " → "
GENERAL = "rule_other"
MINUTE, MOMENT = timedelta(minutes=1), timedelta(seconds=5)  # a card is shown a moment after it was made


@dataclass(frozen=True)
class Readable:
    """What names and numbers mean to this customer, in one language."""

    language: str
    catalogue: Catalogue
    methods: dict[str, PaymentMethod]
    unnamed: str  # what a payment method is called that may not be named
    mail: bool = False  # whether a letter about what was done reaches this customer

    def method(self, method_id: str) -> str:
        known = self.methods.get(method_id)
        return known.label if known else self.unnamed

    def pieces(self, skus: Iterable[str]) -> str:
        counted = Counter(skus)
        names = [f"{count} × {piece_name(sku, self.catalogue.by_sku, self.language)}" for sku, count in counted.items()]
        return ("，" if self.language == "zh" else ", ").join(names)


class PresentingActions:
    def __init__(
        self, store: ShopStore, prompts: Prompts, presenting: Presenting, profile: ShopProfile, mails: bool = False
    ) -> None:
        """`mails`: what is done is told by mail as well."""
        self._store, self._prompts, self._presenting, self._profile = store, prompts, presenting, profile
        self._mails = mails

    async def proposal(self, proposal: Proposal, customer: Customer, language: str, now: datetime) -> tuple[str, Card]:
        """The question, and the card on which every change stands with its before and after.

        Of the customer only what may be shown: of a payment method that is not his here, neither name nor balance.
        """
        readable = await self._readable(customer, language)
        title = self._title(proposal, language)
        minutes = max(1, (proposal.expires - now + MOMENT) // MINUTE)
        question = self._prompts.say(language, "proposal", what=title, minutes=minutes)
        return question, Card(title, tuple(self._rows(proposal, readable)))

    async def done(self, proposal: Proposal, customer: Customer, language: str) -> str:
        """What has happened, and what happens now."""
        readable = await self._readable(customer, language)
        said = [self._sentence("done", proposal, readable)]
        said += [self._move(move, readable) for move in proposal.effect.moves]
        if following := self._next(proposal, readable):
            said.append(following)
        return " ".join(said) if language != "zh" else "".join(said)

    async def changed(self, proposal: Proposal, customer: Customer, language: str) -> Card:
        """Every change with its before and after, and not what happens next."""
        readable = await self._readable(customer, language)
        return Card(self._title(proposal, language), tuple(self._changes(proposal, readable)))

    async def following(self, proposal: Proposal, customer: Customer, language: str) -> str:
        """What happens next; "" where there is nothing to say."""
        return self._next(proposal, await self._readable(customer, language))

    async def refusal(self, refusal: Refusal, language: str, customer: Customer | None = None) -> str:
        """Why not, and what is possible instead where there is something."""
        readable = await self._readable(customer, language)
        name = f"rule_{refusal.rule}"
        say = self._prompts.say
        return say(
            language,
            name if name in self._prompts.names else GENERAL,
            order=refusal.order,
            status=say(language, f"status_{refusal.status}") if refusal.status else "",
            until=say(language, f"status_{refusal.until}") if refusal.until else "",
            earlier=refusal.until is not OrderStatus.PENDING,
            days=refusal.days,
            amount="" if refusal.amount is None else self._presenting.money(refusal.amount, language),
            reasons=self.reasons(refusal, language),
            items=readable.pieces(refusal.skus),
            method=readable.method(refusal.method),
        )

    def reasons(self, refusal: Refusal, language: str) -> str:
        separator = "；" if language == "zh" else "; "
        return separator.join(in_language(words, language) for words in refusal.reasons.values())

    async def _readable(self, customer: Customer | None, language: str) -> Readable:
        methods = {method.id: method for method in customer.payment_methods} if customer else {}
        unnamed = self._prompts.say(language, "method_that_paid")
        mail = self._mails and bool(customer and customer.email)
        return Readable(language, await self._store.catalogue(), methods, unnamed, mail)

    def _title(self, proposal: Proposal, language: str) -> str:
        return self._prompts.say(language, f"propose_{name_of(proposal.action)}", order=proposal.effect.order)

    def _sentence(self, kind: str, proposal: Proposal, readable: Readable) -> str:
        name = f"{kind}_{name_of(proposal.action)}"
        days = {"posting_days": self._profile.rules.posting_days, "refund_days": self._profile.rules.refund_days}
        return self._prompts.say(
            readable.language,
            name,
            order=proposal.effect.order,
            email=self._profile.email,
            mail=readable.mail,
            **days,
        )

    def _rows(self, proposal: Proposal, readable: Readable) -> Iterator[tuple[str, str]]:
        yield from self._changes(proposal, readable)
        if following := self._next(proposal, readable):
            yield self._label("next", readable.language), following

    def _changes(self, proposal: Proposal, readable: Readable) -> Iterator[tuple[str, str]]:
        effect, language = proposal.effect, readable.language
        if effect.status:
            before, after = (self._prompts.say(language, f"status_{status}") for status in effect.status)
            yield self._label("status", language), before + ARROW + after
        yield from self._pieces(effect, readable)
        if effect.address:
            old, new = effect.address
            yield self._label("address", language), (one_line(old) + ARROW if old else "") + one_line(new)
        for move in effect.moves:
            yield self._label("refund" if move.refund > 0 else "to_pay", language), self._amount(move, readable)
        if effect.moves and len(effect.moves) > 1 and effect.refund == 0:
            yield self._label("difference", language), self._presenting.money(Decimal(0), language)
        for balance in effect.balances:
            if balance.method not in readable.methods:
                continue
            amounts = (self._presenting.money(amount, language) for amount in (balance.before, balance.after))
            yield readable.method(balance.method), ARROW.join(amounts)
        if effect.reason:
            yield self._label("reason", language), self._reason(effect.reason, language)

    def _pieces(self, effect: Effect, readable: Readable) -> Iterator[tuple[str, str]]:
        label = self._label("items", readable.language)
        if effect.new_pieces:
            swaps = Counter(zip(effect.pieces, effect.new_pieces, strict=True))
            for (old, new), count in swaps.items():
                yield label, readable.pieces([old] * count) + ARROW + readable.pieces([new] * count)
        elif effect.pieces:
            yield label, readable.pieces(effect.pieces)

    def _amount(self, move: Move, readable: Readable) -> str:
        name = "money_back" if move.refund > 0 else "money_charged"
        return self._say_move(name, move, readable)

    def _move(self, move: Move, readable: Readable) -> str:
        name = "done_money_back" if move.refund > 0 else "done_money_charged"
        return self._say_move(name, move, readable)

    def _say_move(self, name: str, move: Move, readable: Readable) -> str:
        return self._prompts.say(
            readable.language,
            name,
            amount=self._presenting.money(abs(move.refund), readable.language),
            method=readable.method(move.method),
            when=move.when,
            days=self._profile.rules.refund_days,
        )

    def _reason(self, reason: str, language: str) -> str:
        rules = self._profile.rules
        words = {**rules.cancel_reasons, **rules.return_reasons}.get(reason)
        return in_language(words, language) if words else reason

    def _next(self, proposal: Proposal, readable: Readable) -> str:
        name = name_of(proposal.action)
        is_said = name != "change_items" or self._profile.rules.items_change_is_last
        return self._sentence("next", proposal, readable) if is_said and f"next_{name}" in self._prompts.names else ""

    def _label(self, name: str, language: str) -> str:
        return self._prompts.say(language, f"label_{name}")


def one_line(address: Address) -> str:
    parts = (address.line1, address.line2, f"{address.postcode} {address.city}", address.region, address.country)
    return ", ".join(part for part in parts if part)
