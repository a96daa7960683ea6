"""What the model may propose. A proposal is only noted here; the program shows it, and only the customer confirms it.

Whose order it is stands in the session, never in an argument. No tool confirms anything.
"""

from datetime import UTC, datetime
from typing import Annotated, Protocol

import msgspec
from langchain_core.tools import InjectedToolArg, tool

from bot.answering import bringing_in
from bot.answering.turn import Turn
from bot.shop.actions import (
    Action,
    CancelOrder,
    ChangeAddress,
    ChangeDefaultAddress,
    ChangeItems,
    ChangePayment,
    ExchangeItems,
    ReturnItems,
    order_of,
)
from bot.shop.forms import is_name, is_postal
from bot.shop.order_numbers import as_printed
from bot.shop.records import Address, ShopProfile
from bot.shop.rules import Refusal

NOTED = (
    "Noted. The program shows the customer a card with Confirm and Cancel after your turn; nothing is changed yet. "
    "Propose the next thing that the customer asked for, or write nothing more."
)
NO_NUMBER = "Not possible: this shop has no order numbers like that. Ask the customer for the number of the order."
NO_ADDRESS = (
    "Not possible: the street, the postcode, the city and the country are all needed, each as one line of no more than "
    "120 characters. Ask the customer for the address."
)
NO_NAMES = (
    "Not possible: name items by the SKUs that order_status shows, and payment methods by the ids of saved_details."
)
NO_REASON = (
    "Not possible: that reason is not among those that saved_details lists. Ask the customer which of them it is."
)
MOST_PIECES = 500


class Rules(Protocol):
    async def refuses(self, turn: Turn, action: Action) -> Refusal | None: ...
    async def why(self, turn: Turn, refusal: Refusal) -> str: ...


class ProposingHands:
    """Everything a proposing tool may touch, bound to one turn: it can ask what the rules say, and collect."""

    def __init__(self, turn: Turn, rules: Rules, profile: ShopProfile) -> None:
        self._turn, self._rules, self._profile = turn, rules, profile
        self.collected: list[Action] = []

    async def propose(self, action: Action) -> str:
        """What the model is told of it. A proof that is missing is asked for when the card would be shown."""
        if wrong := self._misshapen(action):
            return wrong
        action = self._in_the_shops_words(action)
        if action in self.collected:
            return NOTED
        refusal = await self._rules.refuses(self._turn, action) if self._may_be_told_why(action) else None
        if refusal is None:
            self.collected.append(action)
            return NOTED
        bringing_in.refused(self._turn, refusal)
        why = await self._rules.why(self._turn, refusal)
        if refusal.status or isinstance(action, ChangeDefaultAddress):  # else it names what the model alone has said
            self._turn.reading.texts.append(why)
        return f"Not possible: {why}"

    def _misshapen(self, action: Action) -> str:
        """Why no program should repeat what the model has put into it, nor keep it; "" where all is well."""
        number, reasons = order_of(action), self._reasons(action)
        if not isinstance(action, ChangeDefaultAddress) and not self._printed(number):
            return NO_NUMBER
        if isinstance(action, ChangeAddress | ChangeDefaultAddress) and not is_postal(action.address):
            return NO_ADDRESS
        if reasons and getattr(action, "reason", "") not in ("", *reasons):
            return NO_REASON
        names = (*getattr(action, "items", ()), *getattr(action, "new_items", ()), getattr(action, "method", ""))
        return "" if len(names) <= MOST_PIECES and all(map(is_name, names)) else NO_NAMES

    def _in_the_shops_words(self, action: Action) -> Action:
        """The number as the shop prints it; and no reason where none is asked for, for it would be the model's."""
        if isinstance(action, ChangeDefaultAddress):
            return action
        if isinstance(action, CancelOrder | ReturnItems) and not self._reasons(action):
            action = msgspec.structs.replace(action, reason="")
        return msgspec.structs.replace(action, order=self._printed(action.order))

    def _printed(self, number: str) -> str:
        printed = as_printed(number, self._profile.order_number)
        return printed if is_name(printed) else ""

    def _reasons(self, action: Action) -> tuple[str, ...]:
        rules = self._profile.rules
        of = {CancelOrder: rules.cancel_reasons, ReturnItems: rules.return_reasons}
        return tuple(of.get(type(action), ()))

    def _may_be_told_why(self, action: Action) -> bool:
        """A refusal tells of the order, and one about money of the account: only to whom these may be shown."""
        session = self._turn.session
        session.forget_old_proof(datetime.now(UTC))
        return session.may_see() or (isinstance(action, CancelOrder) and session.may_see(action.order))


Injected = Annotated[ProposingHands, InjectedToolArg]


@tool
async def propose_cancel_order(order_number: str, hands: Injected, reason: str = "") -> str:
    """Propose to cancel a whole order.

    Args:
        order_number: as the customer wrote it.
        reason: one of the reasons that saved_details lists for a cancellation; empty where it lists none.
    """
    return await hands.propose(CancelOrder(order_number, reason))


@tool
async def propose_address(
    order_number: str,
    line1: str,
    postcode: str,
    city: str,
    country: str,
    hands: Injected,
    line2: str = "",
    region: str = "",
) -> str:
    """Propose another delivery address for an order.

    Args:
        order_number: as the customer wrote it.
        line1: street and number.
        postcode: postcode.
        city: city.
        country: country.
        line2: what else stands on the label; may be empty.
        region: state or province; may be empty.
    """
    address = _address(line1, city, postcode, country, line2, region)
    return await hands.propose(ChangeAddress(order_number, address))


@tool
async def propose_default_address(
    line1: str, postcode: str, city: str, country: str, hands: Injected, line2: str = "", region: str = ""
) -> str:
    """Propose another default address for the customer's account; orders that were placed keep theirs.

    Args:
        line1: street and number.
        postcode: postcode.
        city: city.
        country: country.
        line2: what else stands on the label; may be empty.
        region: state or province; may be empty.
    """
    return await hands.propose(ChangeDefaultAddress(_address(line1, city, postcode, country, line2, region)))


@tool
async def propose_payment(order_number: str, payment_method: str, hands: Injected) -> str:
    """Propose to pay an order with another payment method.

    Args:
        order_number: as the customer wrote it.
        payment_method: the id that saved_details shows.
    """
    return await hands.propose(ChangePayment(order_number, payment_method))


@tool
async def propose_change_items(
    order_number: str, items: list[str], new_items: list[str], hands: Injected, payment_method: str = ""
) -> str:
    """Propose other variants of the same products, for an order that has not been sent yet.

    Args:
        order_number: as the customer wrote it.
        items: SKUs of the order, one for each piece; twice for two pieces.
        new_items: the SKU that takes the place of each, in the same order.
        payment_method: the id of the one that the difference goes over; empty: the one that paid.
    """
    return await hands.propose(ChangeItems(order_number, tuple(items), tuple(new_items), payment_method))


@tool
async def propose_return(
    order_number: str, items: list[str], hands: Injected, reason: str = "", payment_method: str = ""
) -> str:
    """Propose to return items of an order that was delivered.

    Args:
        order_number: as the customer wrote it.
        items: SKUs of the order, one for each piece; twice for two pieces.
        reason: one of the reasons that saved_details lists for a return; empty where it lists none.
        payment_method: the id of the one that gets the refund; empty: the one that paid.
    """
    return await hands.propose(ReturnItems(order_number, tuple(items), payment_method, reason))


@tool
async def propose_exchange(
    order_number: str, items: list[str], new_items: list[str], hands: Injected, payment_method: str = ""
) -> str:
    """Propose to exchange items of an order that was delivered for other variants of the same products.

    Args:
        order_number: as the customer wrote it.
        items: SKUs of the order, one for each piece; twice for two pieces.
        new_items: the SKU that comes for each, in the same order.
        payment_method: the id of the one that the difference goes over; empty: the one that paid.
    """
    return await hands.propose(ExchangeItems(order_number, tuple(items), tuple(new_items), payment_method))


def _address(*parts: str) -> Address:
    return Address("", *(part.strip() for part in parts))
