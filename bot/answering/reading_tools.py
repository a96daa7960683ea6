"""What the model may look up for the customer of this session, and how it asks for a proof or for a person.

The customer is never an argument: `hands` is put in by the program and is not part of what the model sees. Nothing
here changes anything of the shop, and nothing here can: see `Readable`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Protocol

from langchain_core.tools import InjectedToolArg, tool

from bot.answering.code_desk import CodeDesk
from bot.answering.facts import plain
from bot.answering.ground import Ground
from bot.answering.presenting import variant_name
from bot.answering.turn import Missed, Turn
from bot.desks import Reason
from bot.knowledge.passages import Found
from bot.knowledge.searching.confidence import ANSWER
from bot.messages import Card
from bot.shop.catalogue import Catalogue
from bot.shop.identity import TRIES_OF_A_CONVERSATION, NoMatch, Proof, TooManyTries, Verified
from bot.shop.own_orders import OwnOrders
from bot.shop.records import Address, Customer, Order, Words, in_language

PASSAGES, PRODUCTS, ORDERS = 3, 4, 10
LONGEST_QUERY = 500  # characters
NOT_VERIFIED = (
    "The customer has not proved that this is theirs. Ask for the order number and the e-mail address of the account "
    "(a postcode opens only the order it was given for), then call verify_customer."
)
NOT_WRITTEN = "The customer has not written this. Ask them for the order number and the e-mail address or postcode."
CLOSED = (
    "There were too many wrong tries with this order number, or with this e-mail address or postcode: they open "
    "nothing for now, so do not ask for them again. "
)
BY_CODE = (
    "The customer can have a code sent to the e-mail address of the account: the program puts a button for it under "
    "your reply. Or you offer a person."
)
BY_STAFF = "Offer the customer a person."


class Readable(Protocol):
    """Of the shop's store, what a reading tool may touch."""

    async def catalogue(self) -> Catalogue: ...
    def of(self, customer_id: str) -> OwnOrders: ...


class ReadingHands:
    """Everything a reading tool may touch, bound to one turn."""

    def __init__(self, turn: Turn, ground: Ground) -> None:
        self.turn = turn
        self.shop: Readable = ground.store
        self.rules = ground.profile.rules
        self.retriever, self.identity = ground.retriever, ground.identity
        self.presenting, self.prompts = ground.presenting, ground.prompts
        self.has_proved = False  # something new, in this turn
        self.lacks_proof = False  # of what was looked for
        self.codes_are_possible = CodeDesk(ground).is_possible

    @property
    def language(self) -> str:
        return self.turn.language

    def own(self, order_number: str = "") -> OwnOrders | None:
        """The orders of the session's customer; None where they have not proved enough for this one, or for all."""
        session = self.turn.session
        session.forget_old_proof(datetime.now(UTC))
        return self.shop.of(session.customer) if session.may_see(order_number) else None

    def has_account(self) -> bool:
        """Whether the proof is of the whole account, and not of one order alone."""
        return self.turn.session.proof("", datetime.now(UTC)) >= Proof.ACCOUNT

    def has_written(self, text: str) -> bool:
        """Whether the customer wrote this themselves, in this conversation."""
        lines = [line.text for line in self.turn.session.history if line.by == "customer"]
        return bool(_squeezed(text)) and any(_squeezed(text) in _squeezed(line) for line in [*lines, self.turn.text])

    def unproved(self) -> str:
        self.lacks_proof = True
        return NOT_VERIFIED

    def told(self, text: str) -> str:
        """Note what the shop says and the model gets to read: its reply may state this. Never an argument of a tool."""
        self.turn.reading.texts.append(text)
        return text

    def misses(self, found: Sequence[Found]) -> None:
        """Note that the knowledge has no answer, unless one is found all the same: then the agent takes it back."""
        reading, best = self.turn.reading, found[0].confidence if found else 0.0
        if best < ANSWER and not reading.missed:
            reading.missed.append(Missed(self.turn.text, "declined", found[0].passage.id if found else "", best))

    def label(self, name: str) -> str:
        return self.prompts.say(self.language, f"label_{name}")


Injected = Annotated[ReadingHands, InjectedToolArg]


@tool
async def search_knowledge(query: str, hands: Injected) -> str:
    """Search the shop's FAQ and policies. Returns numbered passages; cite them by number.

    Args:
        query: the customer's question, in their own words and language.
    """
    found = await hands.retriever.search(query[:LONGEST_QUERY], hands.language, PASSAGES)
    hands.misses(found)
    passages = [one.passage for one in found if one.passage.kind != "product"]
    if not passages:
        return "Nothing found."
    return "\n\n".join(f"[{hands.turn.reading.passage(one)}] {one.title}\n{one.text}" for one in passages)


@tool
async def find_products(query: str, hands: Injected) -> str:
    """Find products of the shop with description, and SKU, price and stock of each variant.

    Args:
        query: a product's name, kind or SKU.
    """
    language, described = hands.language, []
    sold = (await hands.shop.catalogue()).by_id
    for found in await hands.retriever.search(query[:LONGEST_QUERY], language, PRODUCTS, kind="product"):
        if product := sold.get(found.passage.id.split(":")[1]):
            number = hands.turn.reading.passage(found.passage)
            card = hands.presenting.product_card(product, language)
            skus = ", ".join(f"{one.sku} {variant_name(one, language)}".strip() for one in product.variants)
            text = f"{in_language(product.description, language)}\n{_rows(card)}\n{hands.label('skus')}: {skus}"
            described.append(f"[{number}] " + hands.told(f"{card.title}\n{text}"))
    return "\n\n".join(described) or "No such product."


@tool
async def order_status(order_number: str, hands: Injected) -> str:
    """Look up one order of the customer you are talking to: status, parcels, items with their SKUs, total.

    Args:
        order_number: as the customer wrote it.
    """
    own = hands.own(order_number)
    if own is None:
        return hands.unproved()
    order = await own.order(order_number)
    if order is None:
        return "This customer has no order of that number."
    sentence = hands.presenting.order_sentence(order, hands.language, datetime.now(UTC))
    card = await hands.presenting.order_card(order, hands.language)
    lines = [sentence, _rows(card), await _pieces(order, hands)]
    if hands.has_account():
        lines += _private(order, await own.customer(), hands)
    return hands.told("\n".join(lines))


@tool
async def recent_orders(hands: Injected) -> str:
    """List the most recent orders of the customer you are talking to, the newest first."""
    own = hands.own()
    if own is None:
        return hands.unproved()
    language, lines = hands.language, []
    for order in await own.orders(ORDERS):
        placed = hands.presenting.date(order.placed, language)
        items = await hands.presenting.items(order, language)
        lines.append(f"{order.number}, {placed}, {hands.presenting.status(order, language)}: {items}")
    if not lines:
        return "This customer has no orders."
    return hands.told("\n".join([hands.prompts.say(language, "your_orders", count=len(lines)), *lines]))


@tool
async def saved_details(hands: Injected) -> str:
    """Show the saved addresses and payment methods of the customer you are talking to, by id, and the reasons that the
    shop accepts for a cancellation and for a return."""
    reasons = _reasons("cancel_reasons", hands.rules.cancel_reasons, hands)
    reasons += _reasons("return_reasons", hands.rules.return_reasons, hands)
    own = hands.own()
    customer = await own.customer() if own and hands.has_account() else None
    if customer is None:
        return "\n".join([hands.unproved(), *([hands.told("\n".join(reasons))] if reasons else [])])
    return hands.told("\n".join([*_addresses(customer, hands), *_methods(customer, hands), *reasons]))


@tool
async def verify_customer(order_number: str, email_or_postcode: str, hands: Injected) -> str:
    """Check the customer's proof that an order is theirs. Tries are limited.

    Args:
        order_number: as the customer wrote it.
        email_or_postcode: the e-mail address or postcode, as the customer wrote it.
    """
    if not (hands.has_written(order_number) and hands.has_written(email_or_postcode)):
        return NOT_WRITTEN  # a text that was read may name somebody else's: it is not tried, and costs no try
    session = hands.turn.session
    match await hands.identity.verify(session.conversation, order_number, email_or_postcode):
        case Verified() as proof:
            session.verified(proof, order_number, datetime.now(UTC))
            hands.has_proved = True
            return "Verified. This order can be looked up now" + (", and their others too." if proof.by_email else ".")
        case TooManyTries(seconds=seconds):
            hands.lacks_proof = True
            if seconds <= TRIES_OF_A_CONVERSATION[1]:
                return hands.told(f"Too many tries. The customer has to wait {max(1, round(seconds / 60))} minutes.")
            return CLOSED + (BY_CODE if hands.codes_are_possible else BY_STAFF)
        case NoMatch():
            hands.lacks_proof = True
            return "The order number and this e-mail address or postcode do not match. The customer may check both."


@tool
async def offer_human(reason: str, hands: Injected) -> str:
    """Bring in one of the shop's staff: on the customer's wish, or when you cannot help.

    Args:
        reason: why, in a few words.
    """
    turn = hands.turn
    because: Reason = "rule" if turn.session.refused or turn.refused else "unknown" if turn.reading.missed else "asked"
    turn.brings_in = turn.brings_in or because
    return (
        "The customer is being put in the line for staff and told so by the program. Say nothing about waiting times."
    )


def _rows(card: Card) -> str:
    return "\n".join(f"{label}: {value}" for label, value in card.rows)


async def _pieces(order: Order, hands: ReadingHands) -> str:
    sold = (await hands.shop.catalogue()).by_sku
    named = []
    for item in order.items:
        of = sold.get(item.sku)
        name = f"{in_language(of[0].name, hands.language)} {variant_name(of[1], hands.language)}".strip() if of else ""
        price = hands.presenting.money(item.price, hands.language)
        named.append(" ".join(filter(None, (item.sku, f"{item.quantity} × {price}", name))))
    return f"{hands.label('skus')}: {'; '.join(named)}"


def _private(order: Order, customer: Customer | None, hands: ReadingHands) -> list[str]:
    """What the postcode on a parcel does not open."""
    labels = {method.id: method.label for method in customer.payment_methods} if customer else {}
    paid = dict.fromkeys(payment.method for payment in order.payments if payment.kind == "payment")
    lines = [f"{hands.label('delivered_to')}: {_one_line(order.address)}"]
    if paid:
        named = ", ".join(f"{method} ({labels[method]})" if method in labels else method for method in paid)
        lines.append(f"{hands.label('paid_with')}: {named}")
    if order.note:
        lines.append(f"{hands.label('note')}: {order.note}")
    return lines


def _addresses(customer: Customer, hands: ReadingHands) -> list[str]:
    default = customer.default_address or (customer.addresses[0].id if customer.addresses else "")
    lines = [
        f"- {at.id}{' (' + hands.label('default') + ')' if at.id == default else ''}: {_one_line(at)}"
        for at in customer.addresses
    ]
    return [f"{hands.label('addresses')}:", *lines] if lines else []


def _methods(customer: Customer, hands: ReadingHands) -> list[str]:
    lines = []
    for by in customer.payment_methods:
        balance = "" if by.balance is None else f", {hands.presenting.money(by.balance, hands.language)}"
        lines.append(f"- {by.id}: {by.label}{balance}")
    return [f"{hands.label('payment_methods')}:", *lines] if lines else []


def _reasons(name: str, reasons: Mapping[str, Words], hands: ReadingHands) -> list[str]:
    lines = [f"- {reason}: {in_language(words, hands.language)}" for reason, words in reasons.items()]
    return [f"{hands.label(name)}:", *lines] if lines else []


def _one_line(at: Address) -> str:
    return ", ".join(filter(None, (at.line1, at.line2, at.postcode, at.city, at.region, at.country)))


def _squeezed(text: str) -> str:
    return "".join(plain(text).split()).replace("-", "")
