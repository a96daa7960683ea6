"""What is said differently in tau2-bench's database and in ours, each with its way there and its way back."""

import re
from decimal import Decimal

from bot.shop.order_status import OrderStatus
from bot.shop.records import Address, PaymentMethod
from bot.shop.tables import HUNDREDTH
from bot.shop.tau2.database import MODIFIED, CreditCard, GiftCard, Means, Name, Paypal, Place

DUST = Decimal("0.001")  # 0.04999999999999716 is five hundredths; 0.045 is none
CARD_LABEL = re.compile(r"(.+?) ending(?: in)? (\d{4})")
BETWEEN = ", "  # tracking numbers of one parcel
NAMED = {
    "pending": OrderStatus.PENDING,
    "processed": OrderStatus.PROCESSED,
    "delivered": OrderStatus.DELIVERED,
    "cancelled": OrderStatus.CANCELLED,
    "return requested": OrderStatus.RETURN_REQUESTED,
    "exchange requested": OrderStatus.EXCHANGE_REQUESTED,
}
STATUSES = {**NAMED, MODIFIED: OrderStatus.PENDING}
STATUS_NAMES = {ours: theirs for theirs, ours in NAMED.items()} | {OrderStatus.SHIPPED: "processed"}


def amount_of(number: float) -> Decimal:
    """Floats of the benchmark carry the dust of its arithmetic. Raises ValueError where it is more than that."""
    written = Decimal(repr(number))
    amount = written.quantize(HUNDREDTH)
    if abs(written - amount) > DUST:
        raise ValueError(f"{number} has more than two decimals")
    return amount


def number_of(amount: Decimal) -> float:
    return float(amount)


def full_name(name: Name) -> str:
    return f"{name.first_name} {name.last_name}"


def split_name(name: str) -> Name:
    """At the last space."""
    first, _, last = name.rpartition(" ")
    return Name(first, last)


def address_of(place: Place, address_id: str = "") -> Address:
    return Address(
        id=address_id,
        line1=place.address1,
        line2=place.address2,
        city=place.city,
        region=place.state,
        postcode=place.zip,
        country=place.country,
    )


def place_of(address: Address) -> Place:
    return Place(
        address1=address.line1,
        address2=address.line2,
        city=address.city,
        state=address.region,
        zip=address.postcode,
        country=address.country,
    )


def method_of(means: Means) -> PaymentMethod:
    if isinstance(means, CreditCard):
        if not (means.last_four.isdecimal() and len(means.last_four) == 4):
            raise ValueError(f"last_four of {means.id} is not four digits")
        return PaymentMethod(means.id, "card", f"{means.brand.capitalize()} ending in {means.last_four}")
    if isinstance(means, Paypal):
        return PaymentMethod(means.id, "wallet", "PayPal")
    return PaymentMethod(means.id, "gift_card", "Gift card", amount_of(means.balance))


def means_of(method: PaymentMethod) -> Means:
    if method.kind == "card":
        found = CARD_LABEL.fullmatch(method.label)
        brand, last_four = found.groups() if found else (method.label, "")
        return CreditCard(method.id, brand.lower(), last_four)
    if method.kind == "wallet":
        return Paypal(method.id)
    return GiftCard(method.id, number_of(method.balance or Decimal(0)))
