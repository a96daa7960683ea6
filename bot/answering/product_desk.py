"""Product questions without a model: which product is meant, what is asked of it, and the answer from the shop."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import lru_cache

import msgspec

from bot.answering.ground import Ground
from bot.answering.intents import one_of
from bot.answering.presenting import topic_button
from bot.answering.turn import Turn
from bot.knowledge.fillers import fillers
from bot.knowledge.passages import Found, Passage
from bot.knowledge.searching.confidence import ANSWER, OFFER
from bot.knowledge.tokens import identifiers, tokens
from bot.messages import Buttons, FinalText, Part
from bot.shop.records import in_language

SHOWN = 3
OF_A_KIND = 6
BRIEF = 12  # tokens; who wants to see products says little else
SOLD = "sold"  # asks for products whatever else the shop has to say on the word
CLEARLY = 1.25  # so much more confident than the next product means this one


class Meant(msgspec.Struct, frozen=True):
    """What a question may mean among the products."""

    found: tuple[Found, ...]  # the best first
    named: bool  # the question holds the whole name of the best one
    asked: str  # "price", "sold", "stock", "variants" or ""
    of_a_kind: bool  # the question names a kind of product, or asks what is sold at all
    rest: str  # the question without that name and without the words that ask: what else it may be about

    @property
    def confidence(self) -> float:
        return self.found[0].confidence if self.found else 0.0

    @property
    def one(self) -> bool:
        """Whether the best is clearly the one that is meant."""
        return self.named or len(self.found) == 1 or self.confidence >= CLEARLY * self.found[1].confidence


class ProductWords:
    """What is asked of a product, told by words that stand in the question."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        self._patterns = {asked: re.compile(one_of(said), re.IGNORECASE) for asked, said in words.items()}

    def read(self, text: str) -> tuple[str, str]:
        """What is asked, "" for nothing in particular, and the text without the words that ask it."""
        for asked, pattern in self._patterns.items():
            if pattern.search(text):
                return asked, pattern.sub(" ", text)
        return "", text


class ProductDesk:
    def __init__(self, ground: Ground) -> None:
        self._store, self._retriever = ground.store, ground.retriever
        self._presenting, self._prompts = ground.presenting, ground.prompts
        tables = {language: ground.prompts.table(language, "intents.toml") for language in ground.prompts.languages}
        self._words = {language: ProductWords(table["product"]) for language, table in tables.items()}
        self._quiet = {
            language: fillers() | _words_of(" ".join(table["quiet"]["words"])) for language, table in tables.items()
        }

    async def read(self, turn: Turn) -> Meant:
        asked, text = self._words[turn.language].read(turn.text)
        said = frozenset(tokens(text)) - self._quiet[turn.language]
        if exact := await self._by_sku(turn):
            return Meant((exact,), True, asked, False, text)
        if not said:  # "how much is it?"
            before = await self._passage(turn.session.about, turn.language) if asked not in ("", SOLD) else None
            return Meant((_certain(before),) if before else (), bool(before), asked, asked == SOLD, text)
        if len(tokens(turn.text)) <= BRIEF and (kind := await self._of_kind(said, turn.language)):
            return Meant(tuple(map(_certain, kind)), len(kind) == 1, asked, True, text)
        found = await self._found(text, turn.language)
        named = next(
            (one for one in found if said.issuperset(_words_of(one.passage.title) - self._quiet[turn.language])), None
        )
        rest = _without(text, named.passage.title) if named else text
        ordered = [named, *(one for one in found if one is not named)] if named else found
        return Meant(tuple(ordered), bool(named), asked, False, rest)

    async def _found(self, text: str, language: str) -> list[Found]:
        """Each product once, in the customer's language where it is described in it."""
        by_product: dict[str, Found] = {}
        for one in await self._retriever.search(text, language, SHOWN + 2, kind="product"):
            passage = await self._passage(product_id(one.passage), language) or one.passage
            by_product.setdefault(product_id(passage), msgspec.structs.replace(one, passage=passage))
        return list(by_product.values())

    async def _of_kind(self, said: frozenset[str], language: str) -> list[Passage]:
        """Products whose name, else whose name and category, hold every word that says anything."""
        products = await self._retriever.all("product", language)
        return [one for one in products if said <= _words_of(one.title)] or [
            one for one in products if said <= _words_of(f"{one.title} {one.topic}")
        ]

    async def _by_sku(self, turn: Turn) -> Found | None:
        """A SKU names its product, however little else of the question does."""
        for identifier in identifiers(turn.text):
            if sold := await self._store.by_sku(identifier.upper()):
                passage = await self._passage(sold[0].id, turn.language)
                return _certain(passage) if passage else None
        return None

    async def _passage(self, about: str, language: str) -> Passage | None:
        return await self._retriever.passage(f"product:{about}:{language}") if about else None

    def is_meant(self, meant: Meant, other: float) -> bool:
        """Whether the question is about products rather than what else matches it with confidence `other`."""
        if meant.of_a_kind:
            return True
        if not meant.found:
            return False
        if meant.asked == SOLD:
            return meant.confidence >= ANSWER
        if meant.named:
            return bool(meant.asked) or other < ANSWER
        return meant.confidence > other and meant.confidence >= (OFFER if meant.asked else ANSWER)

    async def answer(self, turn: Turn, meant: Meant) -> AsyncIterator[Part]:
        if not meant.found:
            yield FinalText(self._prompts.say(turn.language, "we_sell", kinds=await self._kinds(turn.language)))
            return
        if meant.one:
            async for part in self.describe(turn, meant.found[0].passage, meant.asked):
                yield part
            return
        shown = OF_A_KIND if meant.of_a_kind else SHOWN
        likely = [one for one in meant.found if one.confidence * CLEARLY >= meant.confidence][:shown]
        lines = []
        for one in likely:
            if product := await self._store.product(product_id(one.passage)):
                sentences = self._presenting.product_sentences(product, turn.language)
                turn.reading.passage(one.passage)
                lines.append("- " + sentences.get(meant.asked, sentences["price"]))
        yield FinalText("\n".join([self._prompts.say(turn.language, "products_found"), *lines]))
        yield Buttons(tuple(topic_button(one.passage) for one in likely))

    async def _kinds(self, language: str) -> str:
        kinds = dict.fromkeys(one.topic for one in await self._retriever.all("product", language))
        return ("、" if language == "zh" else ", ").join(kinds)

    async def describe(self, turn: Turn, passage: Passage, asked: str) -> AsyncIterator[Part]:
        """One product: what was asked of it, or all of it."""
        product = await self._store.product(product_id(passage))
        if product is None:
            yield FinalText(self._prompts.say(turn.language, "product_gone"))
            return
        turn.reading.passage(passage)
        turn.session.about = product.id
        sentences = self._presenting.product_sentences(product, turn.language)
        yield FinalText(
            sentences.get(asked) or f"{in_language(product.description, turn.language)}\n\n{sentences['price']}"
        )
        yield self._presenting.product_card(product, turn.language)


@lru_cache(maxsize=4096)
def _words_of(name: str) -> frozenset[str]:
    return frozenset(tokens(name))


def _certain(passage: Passage) -> Found:
    return Found(passage, score=1.0, confidence=1.0)


def product_id(passage: Passage) -> str:
    """ "product:moss-lantern:en" is about moss-lantern."""
    return passage.id.split(":")[1]


def _without(text: str, name: str) -> str:
    return re.sub(re.escape(name), " ", text, flags=re.IGNORECASE)
