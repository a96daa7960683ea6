"""Orders and products in the customer's words: the same sentences and cards for every answerer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache

from babel import UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency

from bot.answering.prompting import Prompts
from bot.knowledge.passages import Passage
from bot.messages import Button, Card
from bot.shop.records import Fulfilment, Order, OrderStatus, Product, Variant, in_language
from bot.shop.store import ShopStore

ASK_PRESS = "ask:"  # and the id of a passage
FEW = 3  # a stock of so many or fewer is worth telling


class Presenting:
    """Says what was read from the store, in one language at a time."""

    def __init__(self, store: ShopStore, prompts: Prompts, currency: str) -> None:
        self._store = store
        self._prompts = prompts
        self._currency = currency

    def money(self, amount: Decimal, language: str) -> str:
        """1299.00 as $1,299.00 or US$1,299.00, as the language has it."""
        return _money(amount, self._currency, _locale(language))

    def date(self, moment: datetime, language: str) -> str:
        return format_date(moment, format="long", locale=_locale(language))

    def order_sentence(self, order: Order, language: str, now: datetime) -> str:
        """Where the order is, in one or two sentences."""
        values: dict[str, object] = {"number": order.number, "placed": self.date(order.placed, language)}
        name = f"order_{order.status}"
        parcel = _latest(order.fulfilments)
        if order.status is OrderStatus.SHIPPED and parcel:
            values |= {"carrier": parcel.carrier, "tracking": parcel.tracking, "expected": ""}
            if parcel.expected:
                values["expected"] = self.date(parcel.expected, language)
                name = "order_late" if parcel.expected < now else name
        if order.status is OrderStatus.DELIVERED:
            if parcel and parcel.delivered:
                values["delivered"] = self.date(parcel.delivered, language)
            else:
                name = "order_delivered_undated"
        refunded = sum((p.amount for p in order.payments if p.kind == "refund"), Decimal(0))
        values["refunded"] = self.money(refunded, language) if refunded else ""
        sentence = self._prompts.say(language, name, **values)
        if order.status is OrderStatus.SHIPPED and len(order.fulfilments) > 1:
            sentence += " " + self._prompts.say(language, "order_parcels", count=len(order.fulfilments))
        return sentence

    async def order_card(self, order: Order, language: str) -> Card:
        rows = [
            (self._label("status", language), self.status(order, language)),
            (self._label("placed", language), self.date(order.placed, language)),
            (self._label("items", language), await self.items(order, language)),
            (self._label("total", language), self.money(total(order), language)),
        ]
        for number, parcel in enumerate(order.fulfilments, 1):
            which = f" {number}" if len(order.fulfilments) > 1 else ""
            rows.append((self._label("tracking", language) + which, f"{parcel.carrier} {parcel.tracking}"))
            if parcel.delivered:
                rows.append((self._label("delivered", language) + which, self.date(parcel.delivered, language)))
            elif parcel.expected:
                rows.append((self._label("expected", language) + which, self.date(parcel.expected, language)))
        return Card(f"{self._label('order', language)} {order.number}", tuple(rows))

    def status(self, order: Order, language: str) -> str:
        return self._prompts.say(language, f"status_{order.status}")

    async def items(self, order: Order, language: str) -> str:
        sold = (await self._store.catalogue()).by_sku
        names = [f"{item.quantity} × {piece_name(item.sku, sold, language)}" for item in order.items]
        return ", ".join(names) if language != "zh" else "，".join(names)

    def product_sentences(self, product: Product, language: str) -> dict[str, str]:
        """What can be said of a product: its price, its stock, its variants."""
        say, name = self._prompts.say, in_language(product.name, language)
        prices = sorted({variant.price for variant in product.variants})
        low, high = self.money(prices[0], language), self.money(prices[-1], language)
        several = len(product.variants) > 1
        return {
            "price": say(language, "product_priced", product=name, price=low)
            if low == high
            else say(language, "product_priced_between", product=name, low=low, high=high),
            "stock": self._stock_sentence(product, language),
            "variants": say(
                language, "product_variants", product=name, variants=variant_list(product.variants, language)
            )
            if several
            else say(language, "product_one_variant", product=name),
        }

    def _stock_sentence(self, product: Product, language: str) -> str:
        """Names the variants where there are several: who asks for a colour hears whether there is one."""
        available = [v for v in product.variants if v.stock > 0]
        gone = [v for v in product.variants if v.stock <= 0]
        left = sum(v.stock for v in available)
        several = len(product.variants) > 1
        name = "in_stock" if not gone else "partly_in_stock" if available else "out_of_stock"
        return self._prompts.say(
            language,
            f"product_{name}",
            product=in_language(product.name, language),
            available=variant_list(available, language) if several else "",
            gone=variant_list(gone, language) if several else "",
            few=left if left <= FEW else "",
        )

    def product_card(self, product: Product, language: str) -> Card:
        """One row for each variant: price and stock."""
        rows = [(self._label("category", language), in_language(product.category, language))]
        for variant in product.variants:
            label = variant_name(variant, language) or self._label("price", language)
            rows.append((label, f"{self.money(variant.price, language)}, {self._stock(variant, language)}"))
        return Card(f"{product.picture} {in_language(product.name, language)}".strip(), tuple(rows))

    def _stock(self, variant: Variant, language: str) -> str:
        if variant.stock <= 0:
            return self._prompts.say(language, "stock_none")
        if variant.stock <= FEW:
            return self._prompts.say(language, "stock_few", count=variant.stock)
        return self._prompts.say(language, "label_stock").lower()

    def _label(self, name: str, language: str) -> str:
        return self._prompts.say(language, f"label_{name}")


def topic_button(topic: Passage) -> Button:
    """A press of it asks for the passage."""
    return Button(ASK_PRESS + topic.id, topic.title)


def piece_name(sku: str, sold: Mapping[str, tuple[Product, Variant]], language: str) -> str:
    if sku not in sold:
        return sku  # bought before it left the catalogue
    product, variant = sold[sku]
    options = variant_name(variant, language)
    return in_language(product.name, language) + (f" ({options})" if options else "")


def total(order: Order) -> Decimal:
    return sum((item.price * item.quantity for item in order.items), Decimal(0)) + order.shipping


def variant_name(variant: Variant, language: str) -> str:
    return " / ".join(in_language(value, language) for value in variant.options.values())


def variant_list(variants: Sequence[Variant], language: str) -> str:
    return ("、" if language == "zh" else ", ").join(variant_name(one, language) or one.sku for one in variants)


def _latest(parcels: Sequence[Fulfilment]) -> Fulfilment | None:
    return max(parcels, key=lambda parcel: parcel.shipped, default=None)


@lru_cache(4096)
def _money(amount: Decimal, currency: str, locale: str) -> str:
    """The same prices are shown again and again."""
    return format_currency(amount, currency, locale=locale)


@cache
def _locale(language: str) -> str:
    try:
        format_date(datetime(2000, 1, 1), locale=language)
    except UnknownLocaleError:
        return "en"
    return language
