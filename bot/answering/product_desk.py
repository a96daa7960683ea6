"""Product questions without a model: the answer from the shop, for one product or for some of a kind."""

from collections.abc import AsyncIterator

from bot.answering.ground import Ground
from bot.answering.presenting import topic_button
from bot.answering.product_reading import (
    CHEAPEST,
    CLEARLY,
    COMPARED,
    DEAREST,
    SHOWN,
    SOLD,
    Meant,
    ProductReading,
    lowest,
    product_id,
)
from bot.answering.turn import Turn
from bot.knowledge.passages import Passage
from bot.knowledge.searching.confidence import ANSWER, OFFER
from bot.messages import Buttons, FinalText, Part
from bot.shop.records import Product, in_language

OF_A_KIND = 6


class ProductDesk:
    def __init__(self, ground: Ground) -> None:
        self._store, self._retriever = ground.store, ground.retriever
        self._presenting, self._prompts = ground.presenting, ground.prompts
        self._reading = ProductReading(ground)

    async def read(self, turn: Turn) -> Meant:
        return await self._reading.read(turn)

    def is_meant(self, meant: Meant, other: float) -> bool:
        """Whether the question is about products rather than what else matches it with confidence `other`."""
        if meant.of_a_kind:
            return True
        if not meant.found:
            return False
        if meant.asked == SOLD:
            return meant.confidence >= ANSWER
        if meant.named:
            return bool(meant.asked) or meant.told or other < ANSWER
        if meant.among_others:
            return other < ANSWER
        return meant.confidence > other and meant.confidence >= (OFFER if meant.asked else ANSWER)

    async def answer(self, turn: Turn, meant: Meant) -> AsyncIterator[Part]:
        if not meant.found:
            yield FinalText(self._prompts.say(turn.language, "we_sell", kinds=await self._kinds(turn.language)))
            return
        if meant.one:
            async for part in self.describe(turn, meant.found[0].passage, meant.asked):
                yield part
            return
        likely = await self._likely(meant)
        lines = []
        for passage, product in likely:
            turn.reading.passage(passage)
            lines.append("- " + self._line(product, meant, turn.language))
        yield FinalText("\n".join([self._prompts.say(turn.language, "products_found"), *lines]))
        yield Buttons(tuple(topic_button(passage) for passage, _ in likely))

    async def _likely(self, meant: Meant) -> list[tuple[Passage, Product]]:
        """The best of them, by price where that is asked; those that are named where several are."""
        near = [one.passage for one in meant.found if one.confidence * CLEARLY >= meant.confidence]
        if meant.several > 1:
            near = [one.passage for one in meant.found[: meant.several]]
        sold = (await self._store.catalogue()).by_id
        there = [(one, product) for one in near if (product := sold.get(product_id(one)))]
        if meant.asked in (CHEAPEST, DEAREST):
            there.sort(key=lambda one: lowest(one[1]), reverse=meant.asked == DEAREST)
        many = OF_A_KIND if meant.of_a_kind and meant.asked not in (CHEAPEST, DEAREST, COMPARED) else SHOWN
        return there[: max(many, meant.several)]

    def _line(self, product: Product, meant: Meant, language: str) -> str:
        sentences = self._presenting.product_sentences(product, language)
        said = sentences.get(meant.asked, sentences["price"])
        if meant.asked == COMPARED or meant.several > 1:
            said += ("" if language == "zh" else " ") + in_language(product.description, language)
        return said

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
