"""What a message may be about, before it is decided what it is about."""

from collections.abc import Iterable, Sequence

import msgspec

from bot.answering.entities import Entities
from bot.answering.intents import Intent
from bot.answering.product_reading import SOLD, STOCK, Meant
from bot.knowledge.fillers import fillers
from bot.knowledge.passages import Found
from bot.knowledge.tokens import IS_CHINESE, tokens

ORDER_STATUS, RECENT_ORDERS = "order_status", "recent_orders"
SMALL_TALK = ("greeting", "thanks", "ok", "goodbye", "capabilities", "abuse")
TIE = 0.9  # an entry that is nearly as good as the best may as well be the one that is meant
BARE_WORDS, BARE_SIGNS = 2, 3  # "gift card", 礼品卡
BARE_TIE = 0.75  # the same where a word or two are all there is: "shipping"


class Heard(msgspec.Struct, frozen=True):
    """What a message may be about, before it is decided what it is about."""

    given: Entities
    intent: Intent
    products: Meant
    entries: list[Found]  # FAQ entries and policies, the best first
    is_bare: bool  # it names a thing, and asks nothing of it
    besides: float  # how confidently such an entry answers what is left of it without the product's name

    @property
    def known(self) -> float:
        return confidence(self.entries)

    @property
    def speaks_of_it(self) -> bool:
        """Whether the best entry says the words of a question that only names a thing: likeness alone finds it
        something else."""
        if not self.entries:
            return False
        passage = self.entries[0].passage
        words = frozenset(tokens("\n".join((passage.title, passage.text, *passage.questions))))
        named = frozenset(tokens(self.products.rest)) - fillers()
        return not (self.is_bare or self.products.asked in (SOLD, STOCK)) or words.issuperset(named)

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
        tie = BARE_TIE if self.is_bare else TIE
        tied = [one for one in entries if one.score >= tie * self.entries[0].score]
        return tied if len(tied) > 1 else []


def confidence(found: Sequence[Found]) -> float:
    return found[0].confidence if found else 0.0


def best_first(found: Iterable[Found]) -> list[Found]:
    return sorted(found, key=lambda one: one.confidence, reverse=True)


def best_of_each(found: Iterable[Found]) -> list[Found]:
    """Each passage once, as it was found best; the best passage first."""
    ascending = sorted(found, key=lambda one: one.score)
    return best_first({one.passage.id: one for one in ascending}.values())


def is_bare(text: str) -> bool:
    """Whether it names a thing and asks nothing of it: "shipping", "运费"."""
    if IS_CHINESE.search(text):
        return len(text.strip(" ?？。!！")) <= BARE_SIGNS
    return len(tokens(text)) <= BARE_WORDS
