"""What the model may do: look things up for the customer of this session, and ask for a person. It changes nothing.

The customer is never an argument: `hands` is put in by the program and is not part of what the model sees.
"""

from datetime import UTC, datetime
from typing import Annotated

from langchain_core.tools import BaseTool, InjectedToolArg, tool

from bot.answering.ground import Ground
from bot.answering.turn import Turn
from bot.messages import Card
from bot.shop.identity import NoMatch, TooManyTries, Verified
from bot.shop.records import in_language
from bot.shop.store import OwnOrders

PASSAGES, PRODUCTS, ORDERS = 3, 4, 10
NOT_VERIFIED = (
    "The customer has not proved that this is theirs. Ask for the order number and the e-mail address of the account "
    "(a postcode opens only the order it was given for), then call verify_customer."
)


class Hands:
    """Everything a tool may touch, bound to one turn."""

    def __init__(self, turn: Turn, ground: Ground) -> None:
        self.turn, self.ground = turn, ground

    def own(self, order_number: str = "") -> OwnOrders | None:
        """The orders of the session's customer; None where they have not proved enough for this one, or for all."""
        session = self.turn.session
        session.forget_old_proof(datetime.now(UTC))
        return self.ground.store.of(session.customer) if session.may_see(order_number) else None

    def told(self, text: str) -> str:
        """Note what the shop says and the model gets to read: its reply may state this. Never an argument of a tool."""
        self.turn.reading.texts.append(text)
        return text


Injected = Annotated[Hands, InjectedToolArg]


@tool
async def search_knowledge(query: str, hands: Injected) -> str:
    """Search the shop's FAQ and policies. Returns numbered passages; cite them by number.

    Args:
        query: the customer's question, in their own words and language.
    """
    found = hands.ground.retriever.search(query, hands.turn.language, PASSAGES)
    passages = [one.passage for one in found if one.passage.kind != "product"]
    if not passages:
        return "Nothing found."
    return "\n\n".join(f"[{hands.turn.reading.passage(one)}] {one.title}\n{one.text}" for one in passages)


@tool
async def find_products(query: str, hands: Injected) -> str:
    """Find products of the shop with description, price and stock of each variant.

    Args:
        query: a product's name, kind or SKU.
    """
    language, described = hands.turn.language, []
    sold = {product.id: product for product in await hands.ground.store.products()}
    for found in hands.ground.retriever.search(query, language, PRODUCTS, kind="product"):
        if product := sold.get(found.passage.id.split(":")[1]):
            number = hands.turn.reading.passage(found.passage)
            card = hands.ground.presenting.product_card(product, language)
            text = in_language(product.description, language)
            described.append(f"[{number}] " + hands.told(f"{card.title}\n{text}\n{_rows(card)}"))
    return "\n\n".join(described) or "No such product."


@tool
async def order_status(order_number: str, hands: Injected) -> str:
    """Look up one order of the customer you are talking to: status, parcels, items, total.

    Args:
        order_number: as the customer wrote it.
    """
    own = hands.own(order_number)
    if own is None:
        return NOT_VERIFIED
    order = await own.order(order_number)
    if order is None:
        return f"This customer has no order {order_number}."
    language = hands.turn.language
    sentence = hands.ground.presenting.order_sentence(order, language, datetime.now(UTC))
    return hands.told(f"{sentence}\n{_rows(await hands.ground.presenting.order_card(order, language))}")


@tool
async def recent_orders(hands: Injected) -> str:
    """List the most recent orders of the customer you are talking to, the newest first."""
    own = hands.own()
    if own is None:
        return NOT_VERIFIED
    language, lines = hands.turn.language, []
    for order in await own.orders(ORDERS):
        placed = hands.ground.presenting.date(order.placed, language)
        items = await hands.ground.presenting.items(order, language)
        lines.append(f"{order.number}, {placed}, {hands.ground.presenting.status(order, language)}: {items}")
    if not lines:
        return "This customer has no orders."
    return hands.told("\n".join([hands.ground.prompts.say(language, "your_orders", count=len(lines)), *lines]))


@tool
async def verify_customer(order_number: str, email_or_postcode: str, hands: Injected) -> str:
    """Check the customer's proof that an order is theirs. Tries are limited.

    Args:
        order_number: as the customer wrote it.
        email_or_postcode: the e-mail address or postcode, as the customer wrote it.
    """
    session = hands.turn.session
    match await hands.ground.identity.verify(session.conversation, order_number, email_or_postcode):
        case Verified() as proof:
            session.verified(proof, order_number, datetime.now(UTC))
            return "Verified. This order can be looked up now" + (", and their others too." if proof.by_email else ".")
        case TooManyTries(seconds=seconds):
            return hands.told(f"Too many tries. The customer has to wait {max(1, round(seconds / 60))} minutes.")
        case NoMatch():
            return "The order number and this e-mail address or postcode do not match. The customer may check both."


@tool
async def offer_human(reason: str, hands: Injected) -> str:
    """Bring in one of the shop's staff: on the customer's wish, or when you cannot help.

    Args:
        reason: why, in a few words.
    """
    hands.turn.asks_for_staff = True
    return (
        "The customer is being put in the line for staff and told so by the program. Say nothing about waiting times."
    )


TOOLS: tuple[BaseTool, ...] = (
    search_knowledge,
    find_products,
    order_status,
    recent_orders,
    verify_customer,
    offer_human,
)


def _rows(card: Card) -> str:
    return "\n".join(f"{label}: {value}" for label, value in card.rows)
