"""Answers without any model: the best passage quoted with its source, orders and products read from the shop."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Literal

from bot.answering import bringing_in
from bot.answering.action_desk import ACTION, ActionDesk
from bot.answering.asking import DO_PRESS, SLOT_PRESS
from bot.answering.code_desk import CodeDesk
from bot.answering.continuing import is_same
from bot.answering.entities import Entities
from bot.answering.ground import Ground
from bot.answering.heard import ORDER_STATUS, RECENT_ORDERS, Heard, best_first, best_of_each, confidence
from bot.answering.intents import HUMAN
from bot.answering.link_desk import LINK_ACCOUNT, LinkDesk
from bot.answering.order_desk import ORDER_PRESS, OrderDesk
from bot.answering.presenting import ASK_PRESS, topic_button
from bot.answering.product_desk import SOLD, ProductDesk
from bot.answering.steps import ASKED
from bot.answering.turn import Missed, Turn
from bot.answering.walking import Walking
from bot.answering.wishes import Form, Wish, Wishes
from bot.knowledge.fillers import fillers
from bot.knowledge.passages import Found, Passage
from bot.knowledge.searching.confidence import ANSWER, OFFER
from bot.knowledge.tokens import tokens
from bot.messages import Button, Buttons, FinalText, Part, Sources, TextDelta
from bot.observing.turn_record import this_turn
from bot.shop.identity import Level
from bot.shop.records import in_language

MOST_APART = 6  # lines; a longer message is a letter, and one question
ORDERS_PRESS, VERIFY_PRESS = "orders", "verify"
OPENING = ("greeting", "capabilities")  # small talk after which the desk says what it can do
OFFERED = 3
NUMBERS_AND_EMAILS = re.compile(r"[A-Za-z0-9-]*\d[A-Za-z0-9-]*|\S+@\S+")


class Extractive:
    """An Answerer that quotes; what it says stands in the shop's own data."""

    def __init__(self, ground: Ground) -> None:
        self._profile, self._store, self._retriever = ground.profile, ground.store, ground.retriever
        self._prompts, self._intents = ground.prompts, ground.intents
        self._orders, self._products, self._codes = OrderDesk(ground), ProductDesk(ground), CodeDesk(ground)
        self._wishes = {
            language: Wishes(ground.prompts.table(language, "intents.toml")["wanted"], ground.profile.order_number)
            for language in ground.prompts.languages
        }
        self._links = LinkDesk(ground)
        self._walking = Walking(ground, self._orders, ActionDesk(ground), self._wishes)

    async def answer(self, turn: Turn) -> AsyncIterator[Part]:
        this_turn().answered_by = "code" if turn.press else "extractive"
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
        """Whether the message brings what the desk has asked for: a code, a proof, or an answer to a step."""
        if self._codes.brings_code(turn) or await self._brings_proof(turn):
            return True
        return not self._switches(turn, self._wished(turn)) and await self._walking.hears(turn)

    async def _brings_proof(self, turn: Turn) -> bool:
        pending = turn.session.pending
        if pending is None or pending.wants not in ("verification", "code"):
            return False
        given = await self._orders.read(turn)
        return bool(given.order_number or given.proof)

    def _wished(self, turn: Turn) -> list[Wish]:
        return self._wishes[turn.language].read(turn.text)

    def _switches(self, turn: Turn, wishes: Sequence[Wish]) -> bool:
        """Whether something else is wanted than what the customer is being led through."""
        walk, pending = turn.session.walk, turn.session.pending
        if walk is None or self._walking.stops(turn):
            return False
        return any(
            wish.form is Form.WISH and not is_same(wish, walk, pending.wants if pending else "") for wish in wishes
        )

    async def _pressed(self, turn: Turn) -> AsyncIterator[Part]:
        """A button carries no rights: what it names is looked up like anything that is typed."""
        kind, _, name = turn.press.partition(":")
        if kind + ":" in (DO_PRESS, SLOT_PRESS):
            parts = self._walking.pressed(turn)
        elif self._codes.brings_code(turn):
            parts = self._code(turn)
        elif kind + ":" == ASK_PRESS and (passage := await self._retriever.passage(name)):
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
        about, walk = turn.session.about, turn.session.walk
        if walk or any(wish.form is Form.WISH for wish in self._wished(turn)):
            async for part in self._asked(turn):
                yield part
            return
        apart = [replace(turn, text=line) for line in turn.text.splitlines() if line.strip()]
        several = 1 < len(apart) <= MOST_APART
        answerable = [one for one in apart if await self._is_answerable(one)] if several else []
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
        wishes = self._wished(turn)
        switches = self._switches(turn, wishes)
        if self._codes.brings_code(turn):
            parts = self._code(turn)
        elif not switches and await self._walking.hears(turn):
            parts = self._walking.hear(turn)
        elif begun := [wish for wish in wishes if wish.form is Form.WISH]:
            parts = self._walking.begin(turn, begun, (await self._orders.read(turn)).proof)
        elif await self._proves_for_action(turn):
            parts = self._walking.prove(turn, await self._orders.read(turn))
        else:
            parts = self._answered(turn, wishes)
        async for part in parts:
            yield part

    async def _proves_for_action(self, turn: Turn) -> bool:
        pending = turn.session.pending
        return bool(pending and pending.then == ACTION) and await self._brings_proof(turn)

    async def _code(self, turn: Turn) -> AsyncIterator[Part]:
        answered = await self._codes.answer(turn)
        for part in answered.parts:
            yield part
        if not answered.right:
            return
        if answered.then in ("", ACTION):
            parts = self._walking.proved(turn)
        elif answered.then == LINK_ACCOUNT:
            parts = self._links.go_on(turn)
        else:
            parts = self._orders.answer(turn, answered.then, Entities())
        async for part in parts:
            yield part

    async def _answered(self, turn: Turn, wishes: Sequence[Wish]) -> AsyncIterator[Part]:
        """What is no answer to a step and begins none; an action that would help is offered, a step asked again."""
        heard = await self._heard(turn)
        missed = turn.session.missed
        if await self._brings_proof(turn) or heard.given.order_number or heard.wants_orders:
            parts = self._about_orders(turn, heard, wishes)
        elif heard.is_small_talk:
            parts = self._small_talk(turn, heard.intent.meant)
        elif self._products.is_meant(heard.products, heard.besides):
            parts = self._products.answer(turn, heard.products)
        elif heard.known >= ANSWER:
            parts = self._from_knowledge(turn, heard)
        elif self._walking.is_asking(turn) and not self._wishes[turn.language].asks(turn.text):
            async for part in self._walking.ask_again(turn, "step_unclear"):
                yield part
            return
        else:
            parts = self._unknown(turn, best_first([*heard.entries, *heard.products.found]))
        async for part in parts:
            yield part
        if wishes and not heard.given.order_number and turn.session.missed == missed:
            async for part in self._walking.refusing.offer(turn, wishes[0]):
                yield part
        async for part in self._walking.ask_again(turn):
            yield part

    async def _heard(self, turn: Turn) -> Heard:
        products = await self._products.read(turn)
        turn.session.about = ""  # "how much is it?" means the product that was described right before
        besides = await self._known(products.rest, turn.language)
        # "do you sell cars?" says nothing of what is sold but "cars"
        entries = await self._known(turn.text, turn.language) if products.asked != SOLD else []
        return Heard(
            given=await self._orders.read(turn),
            intent=self._intents[turn.language].likeliest(turn.text),
            products=products,
            entries=best_of_each([*entries, *besides]),
            besides=confidence(besides),
        )

    async def _about_orders(self, turn: Turn, heard: Heard, wishes: Sequence[Wish]) -> AsyncIterator[Part]:
        session, wanted = turn.session, heard.intent.meant
        asked = session.pending
        if asked and asked.wants in ASKED and not session.may_see(heard.given.order_number):
            session.pending = asked = None  # it is proved first; the walk rests
        if wanted not in (ORDER_STATUS, RECENT_ORDERS):
            wanted = (asked.then if asked else "") or ORDER_STATUS
        async for part in self._orders.answer(turn, wanted, heard.given):
            yield part
        if wishes and not turn.session.pending:
            async for part in self._walking.refusing.offer(turn, wishes[0]):
                yield part
            return
        async for part in self._asked_about_it(turn, heard.given):
            yield part

    async def _from_knowledge(self, turn: Turn, heard: Heard) -> AsyncIterator[Part]:
        if heard.either:
            _miss(turn, heard.either, "offered")
            yield FinalText(self._prompts.say(turn.language, "perhaps"))
            yield self._choice(turn, [one.passage for one in heard.either])
            return
        async for part in self._quote(turn, heard.entries[0].passage):
            yield part
        if heard.products.named:  # "is the Harbour Lantern waterproof?": what the product itself says is a press away
            yield self._choice(turn, [heard.products.found[0].passage])

    async def _asked_about_it(self, turn: Turn, given: Entities) -> AsyncIterator[Part]:
        """ "Can I still cancel OT-20481931?": after the order, what the shop says to the question itself."""
        if given.order_number and not turn.session.pending:
            question = NUMBERS_AND_EMAILS.sub(" ", turn.text)
            found = await self._known(question, turn.language)
            if confidence(found) >= ANSWER:
                async for part in self._quote(turn, found[0].passage):
                    yield part
                yield self._choice(turn, [])  # what the shop's text asks for, a person can do

    async def _known(self, text: str, language: str) -> list[Found]:
        """FAQ entries and policies; nothing for words that say nothing, such as "anything else then"."""
        if fillers().issuperset(tokens(text)):
            return []
        search = self._retriever.search
        return best_first([*await search(text, language, OFFERED, "faq"), *await search(text, language, 1, "policy")])

    async def _small_talk(self, turn: Turn, wanted: str) -> AsyncIterator[Part]:
        if wanted == "abuse" and _leaves_it_to_staff(turn):
            return
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
        """Never a guess: the nearest topics to choose from, and a person; who asked in vain twice gets the person."""
        if _leaves_it_to_staff(turn):
            return
        session, language = turn.session, turn.language
        perhaps = confidence(found) >= OFFER
        comes = bringing_in.not_known(turn, perhaps)
        _miss(turn, found, "offered" if perhaps else "declined")
        # a product that is only faintly like the question is no topic
        near = [one for one in found if one.confidence > 0 and (perhaps or one.passage.kind != "product")][:OFFERED]
        if comes:
            yield FinalText(self._prompts.say(language, "unknown_twice"))
            return
        if session.missed > 1 and not perhaps and not session.waits:
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
        return Buttons((*map(topic_button, topics), *(() if turn.session.waits else (self._human(turn),))))

    def _human(self, turn: Turn) -> Button:
        return Button(HUMAN, self._prompts.say(turn.language, "button_human"))


def _leaves_it_to_staff(turn: Turn) -> bool:
    """Who is angry, and asks nothing that has an answer, hears of the person who comes, and no more."""
    return turn.angry and bringing_in.may_come(turn)


def _miss(turn: Turn, found: Sequence[Found], how: Literal["declined", "offered"]) -> None:
    if turn.text:
        turn.reading.missed.append(Missed(turn.text, how, found[0].passage.id if found else "", confidence(found)))
