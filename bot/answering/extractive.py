"""Answers without any model: the best passage quoted with its source, orders and products read from the shop."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from bot.answering.action_desk import ACTION, ActionDesk
from bot.answering.asking import DO_PRESS, SLOT_PRESS
from bot.answering.code_desk import CodeDesk
from bot.answering.continuing import is_same
from bot.answering.entities import Entities
from bot.answering.ground import Ground
from bot.answering.heard import ORDER_STATUS, RECENT_ORDERS, Heard, best_first, best_of_each, confidence, is_bare
from bot.answering.link_desk import LINK_ACCOUNT, LinkDesk
from bot.answering.next_buttons import ORDERS_PRESS, VERIFY_PRESS, NextButtons, together
from bot.answering.order_desk import ORDER_PRESS, OrderDesk
from bot.answering.plain_answers import PlainAnswers, offered_by
from bot.answering.presenting import ASK_PRESS
from bot.answering.product_desk import ProductDesk
from bot.answering.product_reading import SOLD
from bot.answering.several import Several
from bot.answering.small_talk_desk import SmallTalkDesk
from bot.answering.steps import ASKED
from bot.answering.topic_desk import TopicDesk
from bot.answering.turn import Turn
from bot.answering.unsure_desk import UnsureDesk
from bot.answering.walking import Walking
from bot.answering.wishes import Form, Wish, Wishes
from bot.knowledge.passages import Passage
from bot.knowledge.searching.confidence import ANSWER
from bot.messages import Buttons, FinalText, Part, Sources, TextDelta
from bot.observing.turn_record import this_turn

MOST_APART = 6  # lines; a longer message is a letter, and one question
MOST_QUESTIONS = 3  # in one sentence or line
NUMBERS_AND_EMAILS = re.compile(r"[A-Za-z0-9-]*\d[A-Za-z0-9-]*|\S+@\S+")


class Extractive:
    """An Answerer that quotes; what it says stands in the shop's own data."""

    def __init__(self, ground: Ground) -> None:
        self._retriever, self._intents = ground.retriever, ground.intents
        self._orders, self._products, self._codes = OrderDesk(ground), ProductDesk(ground), CodeDesk(ground)
        self._wishes = {
            language: Wishes(ground.prompts.table(language, "intents.toml")["wanted"], ground.profile.order_number)
            for language in ground.prompts.languages
        }
        self._several = {
            language: Several(ground.prompts.table(language, "intents.toml")["several"])
            for language in ground.prompts.languages
        }
        self._topics, self._plain = TopicDesk(ground), PlainAnswers(ground.prompts)
        self._buttons, self._links = NextButtons(ground.prompts), LinkDesk(ground)
        self._small_talk = SmallTalkDesk(ground, self._buttons)
        self._unsure = UnsureDesk(ground, self._topics, self._buttons)
        self._walking = Walking(ground, self._orders, ActionDesk(ground), self._wishes)

    async def answer(self, turn: Turn) -> AsyncIterator[Part]:
        this_turn().answered_by = "code" if turn.press else "extractive"
        missed_before = turn.session.missed
        said: list[Part] = []
        async for part in self._pressed(turn) if turn.press else self._written(turn):
            if isinstance(part, FinalText):
                yield TextDelta(part.text)
            said.append(part)
            if not isinstance(part, Buttons):
                yield part
        if buttons := together(said):
            yield Buttons(buttons)
        if sources := turn.reading.sources():
            yield Sources(sources)
        if turn.session.missed == missed_before:
            turn.session.missed = 0
        turn.session.offered = offered_by(said)

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
            parts = self._unsure.unknown(turn, [])
        async for part in parts:
            yield part

    async def _written(self, turn: Turn) -> AsyncIterator[Part]:
        """Messages in a row: each that can be answered by itself is; where none can, they are one question."""
        about, walk = turn.session.about, turn.session.walk
        if press := "" if walk else self._plain.press(turn, turn.session.offered):
            pressed = replace(turn, text="", press=press)
            async for part in self._pressed(pressed):
                yield part
            turn.brings_in = pressed.brings_in
            return
        if walk or any(wish.form is Form.WISH for wish in self._wished(turn)):
            async for part in self._asked(turn):
                yield part
            return
        apart = [replace(turn, text=line) for line in turn.text.splitlines() if line.strip()]
        several = 1 < len(apart) <= MOST_APART
        answerable = [one for one in apart if await self._is_answerable(one)] if several else []
        turn.session.about = about
        for one in answerable or await self._questions(turn) or [turn]:
            async for part in self._asked(one):
                yield part
            turn.brings_in = turn.brings_in or one.brings_in

    async def _questions(self, turn: Turn) -> list[Turn]:
        """Those in one sentence, where each has an answer of its own."""
        apart = [replace(turn, text=piece) for piece in self._several[turn.language].apart(turn.text)]
        if not 1 < len(apart) <= MOST_QUESTIONS:
            return []
        about, answers = turn.session.about, []
        for one in apart:
            heard = await self._heard(one)
            turn.session.about = about
            own = heard.given.order_number or heard.given.proof
            if own or heard.known < ANSWER or not self._wishes[turn.language].asks(one.text):
                return []
            answers.append(heard.entries[0].passage.id)
        return apart if len(set(answers)) == len(answers) else []

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
        elif correction := await self._walking.correction(turn):
            parts = self._walking.correct(turn, correction)
        elif not switches and await self._walking.hears(turn):
            parts = self._walking.hear(turn)
        elif not turn.session.waits and (begun := [wish for wish in wishes if wish.form is Form.WISH]):
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
        elif (plain := self._plain.meant(turn.text)) and not self._walking.is_asking(turn):
            parts = self._plainly(turn, plain)
        elif heard.is_small_talk:
            parts = self._small_talk.answer(turn, heard.intent.meant)
        elif self._products.is_meant(heard.products, heard.besides if heard.speaks_of_it else 0.0):
            parts = self._products.answer(turn, heard.products)
        elif heard.known >= ANSWER and heard.speaks_of_it:
            parts = self._from_knowledge(turn, heard)
        elif self._walking.is_asking(turn) and not self._wishes[turn.language].asks(turn.text):
            async for part in self._walking.ask_again(turn, "step_unclear"):
                yield part
            return
        else:
            parts = self._unsure.unknown(turn, best_first([*heard.entries, *heard.products.found]))
        async for part in parts:
            yield part
        if wishes and not heard.given.order_number and (heard.either or turn.session.missed == missed):
            async for part in self._walking.refusing.offer(turn, wishes[0]):
                yield part
        async for part in self._walking.ask_again(turn):
            yield part

    async def _heard(self, turn: Turn) -> Heard:
        products = await self._products.read(turn)
        turn.session.about = ""  # "how much is it?" means the product that was described right before
        besides = await self._topics.known(products.rest, turn.language)
        # "do you sell cars?" says nothing of what is sold but "cars"
        entries = await self._topics.known(turn.text, turn.language) if products.asked != SOLD else []
        if max(confidence(entries), confidence(besides)) < ANSWER:
            entries = await self._topics.going_on(turn) or entries
        return Heard(
            given=await self._orders.read(turn),
            intent=self._intents[turn.language].likeliest(turn.text),
            products=products,
            entries=best_of_each([*entries, *besides]),
            is_bare=is_bare(turn.text),
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
        if heard.intent.meant == ORDER_STATUS:  # where it is has just been said
            return
        async for part in self._asked_about_it(turn, heard.given):
            yield part

    async def _from_knowledge(self, turn: Turn, heard: Heard) -> AsyncIterator[Part]:
        if heard.either:
            async for part in self._unsure.between(turn, heard):
                yield part
            return
        async for part in self._quote(turn, heard.entries[0].passage):
            yield part
        if heard.products.named:  # "is the Harbour Lantern waterproof?": what the product itself says is a press away
            yield self._buttons.choice(turn, [heard.products.found[0].passage])

    async def _plainly(self, turn: Turn, said: str) -> AsyncIterator[Part]:
        """A yes or no: to the desk's question for a proof, or to nothing that was asked."""
        asked = turn.session.pending
        if said == "yes" and asked and asked.wants == "verification":
            parts = self._orders.answer(turn, asked.then, Entities())
        else:
            parts = self._small_talk.yes(turn) if said == "yes" else self._small_talk.no(turn)
        async for part in parts:
            yield part

    async def _asked_about_it(self, turn: Turn, given: Entities) -> AsyncIterator[Part]:
        """ "Can I still cancel OT-20481931?": after the order, what the shop says to the question itself."""
        if given.order_number and not turn.session.pending:
            question = NUMBERS_AND_EMAILS.sub(" ", turn.text)
            found = await self._topics.known(question, turn.language)
            if confidence(found) >= ANSWER:
                async for part in self._quote(turn, found[0].passage):
                    yield part
                yield self._buttons.choice(turn, [])  # what the shop's text asks for, a person can do

    async def _quote(self, turn: Turn, passage: Passage) -> AsyncIterator[Part]:
        if passage.kind == "product":
            async for part in self._products.describe(turn, passage, ""):
                yield part
            return
        async for part in self._topics.quote(turn, passage):
            yield part
