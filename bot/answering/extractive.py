"""Answers without any model: the best passage quoted with its source, orders and products read from the shop."""

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace

import msgspec

from bot.answering.entities import Entities
from bot.answering.ground import Ground
from bot.answering.intents import HUMAN, Intent
from bot.answering.order_desk import ORDER_PRESS, OrderDesk
from bot.answering.presenting import ASK_PRESS, topic_button
from bot.answering.product_desk import SOLD, Meant, ProductDesk
from bot.answering.turn import Turn
from bot.knowledge.confidence import ANSWER, OFFER
from bot.knowledge.fillers import fillers
from bot.knowledge.passages import Found, Passage
from bot.knowledge.tokens import tokens
from bot.messages import Button, Buttons, FinalText, Part, Sources, TextDelta
from bot.shop.identity import Level
from bot.shop.records import in_language

ORDERS_PRESS, VERIFY_PRESS = "orders", "verify"
ORDER_STATUS, RECENT_ORDERS = "order_status", "recent_orders"
SMALL_TALK = ("greeting", "thanks", "ok", "goodbye", "capabilities", "abuse")
OPENING = ("greeting", "capabilities")  # small talk after which the desk says what it can do
OFFERED = 3
TIE = 0.98  # an entry that is so nearly as good as the best may as well be the one that is meant
NUMBERS_AND_EMAILS = re.compile(r"[A-Za-z0-9-]*\d[A-Za-z0-9-]*|\S+@\S+")


class Heard(msgspec.Struct, frozen=True):
    """What a message may be about, before it is decided what it is about."""

    given: Entities
    intent: Intent
    products: Meant
    entries: list[Found]  # FAQ entries and policies, the best first
    besides: float  # how confidently such an entry answers what is left of it without the product's name

    @property
    def known(self) -> float:
        return _confidence(self.entries)

    @property
    def wants_orders(self) -> bool:
        likeness = self.intent.likeness
        wanted = self.intent.meant in (ORDER_STATUS, RECENT_ORDERS)
        return wanted and likeness >= max(self.known, self.products.confidence)

    @property
    def is_small_talk(self) -> bool:
        return self.intent.meant in SMALL_TALK and self.intent.likeness > self.known

    @property
    def either(self) -> list[Found]:
        """The entries between which nothing decides; none where one is clearly the best."""
        entries = [one for one in self.entries if one.passage.kind == "faq"]
        tied = [one for one in entries if one.score >= TIE * self.entries[0].score]
        return tied if len(tied) > 1 else []


class Extractive:
    """An Answerer that quotes; what it says stands in the shop's own data."""

    def __init__(self, ground: Ground) -> None:
        self._profile, self._store, self._retriever = ground.profile, ground.store, ground.retriever
        self._prompts, self._intents = ground.prompts, ground.intents
        self._orders, self._products = OrderDesk(ground), ProductDesk(ground)

    async def answer(self, turn: Turn) -> AsyncIterator[Part]:
        missed_before = turn.session.missed
        async for part in self._pressed(turn) if turn.press else self._written(turn):
            if isinstance(part, FinalText):
                yield TextDelta(part.text)
            yield part
        if sources := turn.reading.sources():
            yield Sources(sources)
        if turn.session.missed == missed_before:
            turn.session.missed = 0

    async def continues(self, turn: Turn) -> bool:
        """Whether the message brings what the desk has asked for: an order number or a proof."""
        if turn.session.pending is None:
            return False
        given = await self._orders.read(turn)
        return bool(given.order_number or given.proof)

    async def _pressed(self, turn: Turn) -> AsyncIterator[Part]:
        """A button carries no rights: what it names is looked up like anything that is typed."""
        kind, _, name = turn.press.partition(":")
        if kind + ":" == ASK_PRESS and (passage := self._retriever.passage(name)):
            parts = self._quote(turn, passage)
        elif kind + ":" == ORDER_PRESS and (given := self._orders.named(name)).order_number:
            parts = self._orders.answer(turn, ORDER_STATUS, given)
        elif turn.press in (ORDERS_PRESS, VERIFY_PRESS):
            wanted = RECENT_ORDERS if turn.press == ORDERS_PRESS else ORDER_STATUS
            parts = self._orders.answer(turn, wanted, Entities())
        else:
            parts = self._unknown(turn, [])
        async for part in parts:
            yield part

    async def _written(self, turn: Turn) -> AsyncIterator[Part]:
        """Messages in a row: each that can be answered by itself is; where none can, they are one question."""
        about = turn.session.about
        apart = [replace(turn, text=line) for line in turn.text.splitlines() if line.strip()]
        answerable = [one for one in apart if await self._is_answerable(one)] if len(apart) > 1 else []
        turn.session.about = about
        for one in answerable or [turn]:
            async for part in self._asked(one):
                yield part

    async def _is_answerable(self, turn: Turn) -> bool:
        """An order number and its proof may come in two messages: with either, the messages stay together."""
        heard = await self._heard(turn)
        if heard.given.order_number or heard.given.proof:
            return False
        return heard.wants_orders or self._products.is_meant(heard.products, heard.besides) or heard.known >= ANSWER

    async def _asked(self, turn: Turn) -> AsyncIterator[Part]:
        heard = await self._heard(turn)
        if await self.continues(turn) or heard.given.order_number or heard.wants_orders:
            parts = self._about_orders(turn, heard)
        elif heard.is_small_talk:
            parts = self._small_talk(turn, heard.intent.meant)
        elif self._products.is_meant(heard.products, heard.besides):
            parts = self._products.answer(turn, heard.products)
        elif heard.known >= ANSWER:
            parts = self._from_knowledge(turn, heard)
        else:
            parts = self._unknown(turn, _best_first([*heard.entries, *heard.products.found]))
        async for part in parts:
            yield part

    async def _heard(self, turn: Turn) -> Heard:
        products = await self._products.read(turn)
        turn.session.about = ""  # "how much is it?" means the product that was described right before
        besides = self._known(products.rest, turn.language)
        # "do you sell cars?" says nothing of what is sold but "cars"
        entries = self._known(turn.text, turn.language) if products.asked != SOLD else []
        return Heard(
            given=await self._orders.read(turn),
            intent=self._intents[turn.language].likeliest(turn.text),
            products=products,
            entries=_best_first({one.passage.id: one for one in [*entries, *besides]}.values()),
            besides=_confidence(besides),
        )

    async def _about_orders(self, turn: Turn, heard: Heard) -> AsyncIterator[Part]:
        pending, wanted = turn.session.pending, heard.intent.meant
        if wanted not in (ORDER_STATUS, RECENT_ORDERS):
            wanted = pending.then if pending else ORDER_STATUS
        async for part in self._orders.answer(turn, wanted, heard.given):
            yield part
        async for part in self._asked_about_it(turn, heard.given):
            yield part

    async def _from_knowledge(self, turn: Turn, heard: Heard) -> AsyncIterator[Part]:
        if heard.either:
            yield FinalText(self._prompts.say(turn.language, "perhaps"))
            yield self._choice(turn, [one.passage for one in heard.either])
            return
        async for part in self._quote(turn, heard.entries[0].passage):
            yield part
        if heard.products.named:  # "is the Harbour Lantern waterproof?": what the product itself says is a press away
            yield self._choice(turn, [heard.products.found[0].passage])

    async def _asked_about_it(self, turn: Turn, given: Entities) -> AsyncIterator[Part]:
        """ "Can I still cancel OT-20481?": after the order, what the shop says to the question itself."""
        if given.order_number and not turn.session.pending:
            question = NUMBERS_AND_EMAILS.sub(" ", turn.text)
            found = self._known(question, turn.language)
            if _confidence(found) >= ANSWER:
                async for part in self._quote(turn, found[0].passage):
                    yield part
                yield self._choice(turn, [])  # what the shop's text asks for, a person can do

    def _known(self, text: str, language: str) -> list[Found]:
        """FAQ entries and policies; nothing for words that say nothing, such as "anything else then"."""
        if fillers().issuperset(tokens(text)):
            return []
        search = self._retriever.search
        return _best_first([*search(text, language, OFFERED, "faq"), *search(text, language, 1, "policy")])

    async def _small_talk(self, turn: Turn, wanted: str) -> AsyncIterator[Part]:
        name = "civil" if wanted == "abuse" else wanted
        yield FinalText(self._prompts.say(turn.language, name, shop=in_language(self._profile.name, turn.language)))
        if wanted in OPENING:
            guest = turn.session.level is Level.GUEST
            press, label = (VERIFY_PRESS, "button_verify") if guest else (ORDERS_PRESS, "button_orders")
            yield Buttons((Button(press, self._prompts.say(turn.language, label)), self._human(turn)))

    async def _quote(self, turn: Turn, passage: Passage) -> AsyncIterator[Part]:
        if passage.kind == "product":
            async for part in self._products.describe(turn, passage, ""):
                yield part
            return
        turn.reading.passage(passage)
        yield FinalText(passage.text)

    async def _unknown(self, turn: Turn, found: list[Found]) -> AsyncIterator[Part]:
        """Never a guess: the nearest topics to choose from, and a person."""
        session, language = turn.session, turn.language
        session.missed += 1
        perhaps = _confidence(found) >= OFFER
        # a product that is only faintly like the question is no topic
        near = [one for one in found if one.confidence > 0 and (perhaps or one.passage.kind != "product")][:OFFERED]
        if session.missed > 1 and not perhaps:
            text = self._prompts.say(
                language,
                "unknown_again",
                email=self._profile.email,
                phone=self._profile.phone,
                hours=in_language(self._profile.hours, language),
            )
        else:
            text = self._prompts.say(language, "perhaps" if perhaps else "unknown_nearest" if near else "unknown")
        yield FinalText(text)
        yield self._choice(turn, [one.passage for one in near])

    def _choice(self, turn: Turn, topics: Sequence[Passage]) -> Buttons:
        """Topics to press, and a person."""
        return Buttons((*map(topic_button, topics), self._human(turn)))

    def _human(self, turn: Turn) -> Button:
        return Button(HUMAN, self._prompts.say(turn.language, "button_human"))


def _confidence(found: Sequence[Found]) -> float:
    return found[0].confidence if found else 0.0


def _best_first(found: Iterable[Found]) -> list[Found]:
    return sorted(found, key=lambda one: one.confidence, reverse=True)
