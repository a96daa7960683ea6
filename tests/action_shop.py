"""A shop made for asking what may be changed in it: two customers, and an order for every state that rules know."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec

from bot.shop.files import ShopFiles
from bot.shop.order_status import OrderStatus
from bot.shop.records import (
    Address,
    Change,
    Customer,
    Fulfilment,
    Item,
    Order,
    Payment,
    PaymentMethod,
    Product,
    ShopProfile,
    Variant,
)
from bot.shop.rule_settings import RuleSettings

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
ANN, BEN = "c-ann", "c-ben"
HOME = Address("home", "1 Mill Lane", "Ghent", "9000", "Belgium")
OFFICE = Address("office", "2 Quay", "Ghent", "9000", "Belgium")
NEW_HOME = Address("", "7 Hill Road", "Bruges", "8000", "Belgium")
RULES = RuleSettings(
    cancel_reasons={"mistake": {"en": "ordered by mistake", "zh": "下错单"}},
    return_reasons={"faulty": {"en": "it is faulty", "zh": "有瑕疵"}},
    change_address_until=OrderStatus.PROCESSED,
    most_refund=Decimal("400.00"),
    most_charge=Decimal("150.00"),
)


def money(amount: str) -> Decimal:
    return Decimal(amount)


BOOTS = Product(
    "boots",
    {"en": "Boots", "zh": "靴子"},
    {"en": "Shoes"},
    {"en": "Boots."},
    (
        Variant("B-38", money("100.00"), 5, {"size": {"en": "38"}}),
        Variant("B-39", money("110.00"), 1, {"size": {"en": "39"}}),
        Variant("B-40", money("100.00"), 0, {"size": {"en": "40"}}),
        Variant("B-41", money("60.00"), 5, {"size": {"en": "41"}}),
        Variant("B-GOLD", money("300.00"), 5, {"size": {"en": "gold"}}),
        Variant("B-45", money("135.00"), 5, {"size": {"en": "45"}}),
    ),
)
LAMP = Product("lamp", {"en": "Lamp"}, {"en": "Light"}, {"en": "A lamp."}, (Variant("L-1", money("20.00"), 9),))
TENT = Product("tent", {"en": "Tent"}, {"en": "Tents"}, {"en": "A tent."}, (Variant("T-1", money("450.00"), 9),))

CARD, WALLET = PaymentMethod("card", "card", "Visa ending 4242"), PaymentMethod("wallet", "wallet", "PayPigeon")
GIFT = PaymentMethod("gift", "gift_card", "Gift card ending 7Q2M", money("30.00"))
BENS_CARD = PaymentMethod("bens-card", "card", "Visa ending 1111")


def order(
    number: str,
    status: OrderStatus,
    *items: Item,
    customer: str = ANN,
    paid: tuple[tuple[str, str], ...] = (),
    delivered_days_ago: int = 5,
    changes: tuple[Change, ...] = (),
) -> Order:
    """Paid by card unless it is said otherwise, and with one parcel once it has left."""
    placed = NOW - timedelta(days=delivered_days_ago + 3)
    total = sum((item.price * item.quantity for item in items), money("0.00"))
    amounts = [(method, money(amount)) for method, amount in paid] or [("card", total)]
    left = status not in (OrderStatus.PENDING, OrderStatus.PROCESSED, OrderStatus.CANCELLED)
    came = NOW - timedelta(days=delivered_days_ago) if left and status is not OrderStatus.SHIPPED else None
    parcel = Fulfilment("Heron Post", f"HP{number[-4:]}", tuple(i.sku for i in items), placed, None, came)
    return Order(
        number=number,
        customer=customer,
        placed=placed,
        status=status,
        items=items,
        address=msgspec.structs.replace(HOME),
        fulfilments=(parcel,) if left else (),
        payments=tuple(Payment("payment", method, amount, placed) for method, amount in amounts),
        changes=changes,
    )


def piece(sku: str, price: str, quantity: int = 1) -> Item:
    return Item(sku, quantity, money(price))


BOUGHT = (piece("B-38", "100.00"), piece("L-1", "20.00", 2))
UNDATED = msgspec.structs.replace(
    order("A-UNDATED", OrderStatus.DELIVERED, *BOUGHT),
    fulfilments=tuple(
        Fulfilment("Heron Post", f"HP-{n}", ("L-1",), NOW, None, day) for n, day in enumerate((NOW, None))
    ),
)
UNPAID = order("A-UNPAID", OrderStatus.DELIVERED, *BOUGHT, paid=(("card", "50.00"),))
ORDERS = (
    order("A-PENDING", OrderStatus.PENDING, *BOUGHT),
    order("A-GIFT", OrderStatus.PENDING, piece("L-1", "20.00"), paid=(("gift", "20.00"),)),
    order("A-MIXED", OrderStatus.PENDING, *BOUGHT, paid=(("gift", "40.00"), ("card", "100.00"))),
    order("A-DEAR", OrderStatus.PENDING, piece("T-1", "450.00")),
    order("A-PROCESSED", OrderStatus.PROCESSED, *BOUGHT),
    order("A-SHIPPED", OrderStatus.SHIPPED, *BOUGHT),
    order("A-DELIVERED", OrderStatus.DELIVERED, *BOUGHT),
    order("A-TWICE", OrderStatus.DELIVERED, piece("B-38", "90.00"), piece("B-38", "100.00", 2)),
    order("A-OLD", OrderStatus.DELIVERED, *BOUGHT, delivered_days_ago=31),
    order("A-LAST-DAY", OrderStatus.DELIVERED, *BOUGHT, delivered_days_ago=30),
    order("A-RETURNED", OrderStatus.RETURN_REQUESTED, *BOUGHT),
    order("A-EXCHANGED", OrderStatus.EXCHANGE_REQUESTED, *BOUGHT),
    order("A-CANCELLED", OrderStatus.CANCELLED, *BOUGHT),
    UNDATED,
    UNPAID,
    order("A-CHANGED", OrderStatus.PENDING, *BOUGHT, changes=(Change("change_items", NOW),)),
    order("B-PENDING", OrderStatus.PENDING, *BOUGHT, customer=BEN, paid=(("bens-card", "140.00"),)),
    order("B-DELIVERED", OrderStatus.DELIVERED, *BOUGHT, customer=BEN, paid=(("bens-card", "140.00"),)),
)


def action_shop(rules: RuleSettings = RULES) -> ShopFiles:
    profile = ShopProfile(
        name={"en": "Two Doors"}, currency="EUR", order_number=r"[AB]-[A-Z-]+", email="help@two.example", rules=rules
    )
    customers = (
        Customer(ANN, "Ann Aertsen", "ann@example.com", "en", (HOME, OFFICE), (CARD, WALLET, GIFT), "", "home"),
        Customer(BEN, "Ben Bos", "ben@example.com", "en", (HOME,), (BENS_CARD,), "", "home"),
    )
    return ShopFiles(profile, (BOOTS, LAMP, TENT), customers, ORDERS, date(2026, 3, 31))
