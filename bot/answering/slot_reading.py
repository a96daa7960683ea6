"""What a customer's words name among the things that are theirs: items, another variant, a reason, a payment method."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bot.answering.intents import compiled, one_of, whole
from bot.answering.naming import Sold, absent, contained, name_words, spoken_words
from bot.answering.number_words import DIGITS, WORDS
from bot.answering.saved_addresses import SavedAddresses
from bot.answering.wishes import Phrases
from bot.knowledge.fillers import fillers
from bot.knowledge.tokens import IS_CHINESE, is_chinese, tokens
from bot.shop.records import Address, Item, Order, PaymentMethod, Product, Variant

FIGURE = re.compile(r"\d+")
SIZE = re.compile(r"(?<![\w-])\d{2}(?:[.,]5)?(?![\w-])|\d{2}(?= ?码)")
COLOURS = ("colour", "color")
BRIEF = 8  # tokens; a word of a reason in a longer message need not be meant as one
LABEL_SAYS = 3  # signs; a shorter word of a label is no name


class Items(msgspec.Struct, frozen=True):
    """Pieces that are named, and SKUs between which the words do not decide, or not how many of them."""

    pieces: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()


class NewVariant(msgspec.Struct, frozen=True):
    """The variant that is meant; else one that is meant and sold out; else those that may be meant."""

    sku: str = ""
    sold_out: str = ""
    among: tuple[str, ...] = ()
    unknown: str = ""  # what was asked for and does not exist: "39"


class SlotReader:
    """Reads answers in one language; names of products and variants in any that the shop has them in."""

    def __init__(self, wanted: Mapping[str, Any]) -> None:
        """`wanted` is the table of that name in prompts/*/intents.toml."""
        answers: Mapping[str, Sequence[str]] = wanted["answers"]
        self._said = {name: compiled(one_of(words)) for name, words in answers.items()}
        self._joins = self._said["joins"]
        self._places, self._numbers = answers["places"], answers["numbers"]
        self._reasons = Phrases(wanted["reasons"])
        self._spellings = [(compiled(whole(word)), name) for word, name in wanted["spellings"].items()]
        phrases = [said for some in wanted["wishes"].values() for said in some]
        self._phrases = frozenset(token for said in phrases for token in tokens(said))  # these name no item
        kinds = [word for kind in ("card", "wallet", "gift_card") for word in answers[kind]]
        self._kinds = frozenset(token for word in kinds for token in tokens(word))
        self._quiet = fillers() | {
            token for name in ("all", "done", "newest", "no_name") for word in answers[name] for token in tokens(word)
        }
        self._saved = SavedAddresses(wanted["address_names"], self._phrases)

    def says(self, name: str, text: str) -> bool:
        """Whether one of the words of [wanted.answers] is in it."""
        return bool(self._said[name].search(text))

    def says_only(self, name: str, text: str) -> bool:
        """Whether the message is such words and nothing else that says anything."""
        rest = self._said[name].sub(" ", text)
        return self.says(name, text) and fillers().issuperset(tokens(rest))

    def stops(self, text: str) -> bool:
        """ "Never mind", and not "never mind the boots"."""
        rest = self._said["beside"].sub(" ", self._said["stop"].sub(" ", text))
        return self.says("stop", text) and not tokens(rest)

    def place(self, text: str, of: int) -> int | None:
        """ "The second one" is 1."""
        for at, word in enumerate(self._places[:of]):
            if re.search(whole(word), text, re.IGNORECASE):
                return at
        return None

    def named(self, text: str, choices: Mapping[str, str], quiet: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Which of them the text names by words that not all of them have: the best, or several that are as good."""
        names = {value: name_words(name) - self._quiet for value, name in choices.items()}
        said = (spoken_words(text) | contained(text, names.values())) - self._quiet - quiet
        shared = Counter(word for words in names.values() for word in words)
        telling = {word for word, many in shared.items() if many < len(names) or len(names) == 1}
        scores = {value: sum(1 / shared[word] for word in said & words & telling) for value, words in names.items()}
        best = max(scores.values(), default=0)
        return tuple(value for value, score in scores.items() if best and score == best)

    def items(self, text: str, order: Order, sold: Sold, swapped: bool = False) -> Items:
        """Of the order: "both", "the boots and one pair of socks", "the first one". What is `swapped` stands before
        "for", and behind it what it is swapped for."""
        if self.says("all", text) and not self._named_item(text, order, sold):
            return Items(tuple(item.sku for item in order.items for _ in range(item.quantity)))
        mentions = [self._old_part(one, order, sold) if swapped else one for one in self._joins.split(text)]
        found = [self._item(mention, order, sold) for mention in mentions]
        return Items(
            tuple(piece for one in found for piece in one.pieces),
            tuple(dict.fromkeys(sku for one in found for sku in one.unsure)),
        )

    def absent(self, text: str, fitting: Sequence[str], sold: Sold, swapped: bool = False) -> str:
        """The word with which the customer names a thing, where none of the fitting SKUs is one: "lamp"."""
        said = self._said["dividers"].split(text)[0] if swapped else text
        return absent(said, fitting, sold, self._quiet | self._phrases)

    def _item(self, mention: str, order: Order, sold: Sold) -> Items:
        named = self._named_item(mention, order, sold)
        if not named and (at := self.place(mention, len(order.items))) is not None:
            named = (order.items[at].sku,)
        if len(named) != 1:
            return Items(unsure=named if len(named) < len(order.items) else ())
        item = next(item for item in order.items if item.sku == named[0])
        many = self.how_many(mention, item)
        return Items((item.sku,) * many) if many else Items(unsure=(item.sku,))

    def how_many(self, mention: str, item: Item) -> int:
        """0 where there are several and it is not said."""
        if item.quantity == 1:
            return 1
        if self.says("all", mention):
            return item.quantity
        words = [WORDS.get(word, 0) for word in re.findall(r"[a-z]+", mention.lower())]
        words += [DIGITS.get(sign, 0) for sign in mention]
        said = [int(figure) for figure in FIGURE.findall(mention) if len(figure) < LABEL_SAYS] + words
        return next((number for number in said if 0 < number <= item.quantity), 0)

    def _old_part(self, mention: str, order: Order, sold: Sold) -> str:
        """What stands before "for" in "the green mug for a blue one"; the names of things in "I want to exchange the
        boots", where nothing is named before it."""
        before, *behind = self._said["dividers"].split(mention)
        if not behind or self._named_item(before, order, sold) or self.place(before, len(order.items)) is not None:
            return before
        names = {item.sku: _name(item.sku, sold) for item in order.items}
        return mention if self.named(mention, names, self._phrases) else before

    def _named_item(self, text: str, order: Order, sold: Sold) -> tuple[str, ...]:
        """By its name, else by the kind of thing that it is."""
        for describe in (described, kind_of):
            if named := self.named(text, {item.sku: describe(item.sku, sold) for item in order.items}, self._phrases):
                return named
        return ()

    def versions(self, text: str, product: Product, sold: Sold) -> int:
        """How many new versions of it are spoken of: 2 in "one to pine, one to cream"."""
        behind = [self._said["dividers"].split(one)[1:] for one in self._joins.split(self._spelt(text))]
        return sum(
            any(self._options(one, product) or self._unknown(one, product, sold) for one in some) for some in behind
        )

    def variant(self, text: str, product: Product, present: Variant, sold: Sold | None = None) -> NewVariant:
        """Another variant of the product; what is not said of it stays as it is."""
        spelt = self._spelt(text)
        last = self._said["dividers"].split(spelt)[-1]  # "the green one for a blue one"
        wanted = [part for one in self._joins.split(spelt) for part in self._said["dividers"].split(one)[1:]]
        unknown = next((said for one in wanted or [text] if (said := self._unknown(one, product, sold or {}))), "")
        if unknown:
            return NewVariant(unknown=unknown)
        if meant := self._options(spelt, product) | self._options(last, product):
            return _fitting(product, present, meant)
        return self._next_size(text, product, present)

    def _unknown(self, text: str, product: Product, sold: Sold) -> str:
        """A size or a colour in it that the product does not come in."""
        if self._options(text, product):
            return ""
        sizes = SIZE.findall(text)
        shown = " ".join(
            value for one in product.variants for words in one.options.values() for value in words.values()
        )
        colours = {
            value
            for _, variant in sold.values()
            for option, words in variant.options.items()
            if option in COLOURS
            for value in words.values()
        }
        found = [one for one in colours if re.search(whole(one), text, re.IGNORECASE)]
        found += [said.group() for said in self._said["colours"].finditer(text)]
        has_sizes = any(sign.isdigit() for sign in shown) or self.says("size", text)
        return max(found, key=len) if found else sizes[0] if sizes and has_sizes else ""

    def _options(self, text: str, product: Product) -> dict[str, tuple[str, ...]]:
        """Each option that the text speaks of, and its values that are meant."""
        found = {}
        for option in dict.fromkeys(name for variant in product.variants for name in variant.options):
            values = {
                _value(one, option): " ".join(one.options[option].values())
                for one in product.variants
                if option in one.options
            }
            if len(values) > 1 and (named := self.named(text, values)):
                found[option] = named
        return found

    def _next_size(self, text: str, product: Product, present: Variant) -> NewVariant:
        """ "One size bigger": the shop lists the variants from small to large."""
        step = 1 if self.says("bigger", text) else -1 if self.says("smaller", text) else 0
        sizes = [one for one in product.variants if _differs_by_one(one, present)] if step else []
        at = next((at for at, one in enumerate(sizes) if one.sku == present.sku), 0) + step
        if not step or not 0 <= at < len(sizes):
            return NewVariant()
        return NewVariant(sku=sizes[at].sku) if sizes[at].stock > 0 else NewVariant(sold_out=sizes[at].sku)

    def _spelt(self, text: str) -> str:
        for word, name in self._spellings:
            text = word.sub(lambda found, name=name: f"{found.group()} {name}", text)  # type: ignore[misc]
        return text

    def reason(self, text: str, reasons: Mapping[str, Mapping[str, str]]) -> str:
        """The name of the reason that is given; "" where it is none of them, or not clear."""
        for told in self._reasons.actions_in(text):
            if told in reasons:
                return told
        named = [
            name for name, words in reasons.items() if any(self._is_label(text, one) for one in [name, *words.values()])
        ]
        return named[0] if len(named) == 1 and (not text.isascii() or len(tokens(text)) <= BRIEF) else ""

    def _is_label(self, text: str, label: str) -> bool:
        """Whether at least half of what the label says is said; a word that any message may hold says nothing."""
        if IS_CHINESE.search(label):
            least = max(LABEL_SAYS, (len(label) + 1) // 2)
            return any(label[at : at + least] in text for at in range(len(label) - least + 1))
        words = frozenset(tokens(label)) - self._quiet - self._phrases
        return bool(words) and 2 * len(words & frozenset(tokens(text))) >= len(words)

    def method(self, text: str, methods: Sequence[PaymentMethod]) -> str:
        """The id of the one payment method that is named; "" for none or several."""
        without_gift_card = self._said["gift_card"].sub(" ", text)
        said = frozenset(tokens(text))
        scores = {
            one.id: 2 * len(self._label_words(one) & said)
            + (one.kind in self._said and self.says(one.kind, text if one.kind == "gift_card" else without_gift_card))
            for one in methods
        }
        best = max(scores.values(), default=0)
        named = [name for name, score in scores.items() if best and score == best]
        return named[0] if len(named) == 1 else ""

    def _label_words(self, method: PaymentMethod) -> frozenset[str]:
        words = frozenset(tokens(method.label)) - self._kinds
        return frozenset(word for word in words if len(word) >= LABEL_SAYS - is_chinese(word))

    def orders(self, text: str, orders: Sequence[Order], sold: Sold) -> tuple[str, ...]:
        """The numbers of those in which something is that the text names, the newest first."""
        for describe in (described, kind_of):
            choices = {one.number: " ".join(describe(item.sku, sold) for item in one.items) for one in orders}
            if len(orders) > 1 and (named := self.named(text, choices, self._phrases)):
                return named
        return ()

    def placed(self, text: str, orders: Sequence[Order]) -> tuple[Order, ...]:
        """The one that is named by its place in the list: "the second one", "my last order"."""
        if orders and self.says("newest", text):
            return (orders[0],)
        at = self.place(text, len(orders))
        return () if at is None else (orders[at],)

    def saved_address(self, text: str, addresses: Sequence[Address], by_city: bool = True) -> Address | None:
        """ "To my cabin": one of those that the customer has."""
        return self._saved.meant(text, addresses, by_city)


def described(sku: str, sold: Sold) -> str:
    """Everything by which a customer may call what was bought, in all languages."""
    if sku not in sold:
        return sku
    product, variant = sold[sku]
    options = [word for values in variant.options.values() for word in values.values()]
    return " ".join([sku, *product.name.values(), *options])


def _name(sku: str, sold: Sold) -> str:
    return " ".join(sold[sku][0].name.values()) if sku in sold else sku


def kind_of(sku: str, sold: Sold) -> str:
    return " ".join(sold[sku][0].category.values()) if sku in sold else ""


def _value(variant: Variant, option: str) -> str:
    return " ".join(variant.options.get(option, {}).values())


def _differs_by_one(variant: Variant, present: Variant) -> bool:
    return sum(_value(variant, option) != _value(present, option) for option in present.options) <= 1 and all(
        _value(variant, option) == _value(present, option) for option in present.options if option in COLOURS
    )


def _fitting(product: Product, present: Variant, said: Mapping[str, tuple[str, ...]]) -> NewVariant:
    fit = [
        one
        for one in product.variants
        if one.sku != present.sku and all(_value(one, option) in values for option, values in said.items())
    ]
    alike = [
        one
        for one in fit
        if all(_value(one, option) == _value(present, option) for option in present.options if option not in said)
    ]
    there = [one.sku for one in alike or fit if one.stock > 0]
    if len(there) == 1:
        return NewVariant(sku=there[0])
    return (
        NewVariant(among=tuple(there)) if there else NewVariant(sold_out=(alike or fit)[0].sku) if fit else NewVariant()
    )
