"""What a message may be about, before it is decided what it is about."""

from collections.abc import Iterable, Sequence

import msgspec

from bot.answering.entities import Entities
from bot.answering.intents import Intent
from bot.answering.product_desk import Meant
from bot.knowledge.passages import Found

ORDER_STATUS, RECENT_ORDERS = "order_status", "recent_orders"
SMALL_TALK = ("greeting", "thanks", "ok", "goodbye", "capabilities", "abuse")
TIE = 0.9  # an entry that is nearly as good as the best may as well be the one that is meant


class Heard(msgspec.Struct, frozen=True):
    """What a message may be about, before it is decided what it is about."""

    given: Entities
    intent: Intent
    products: Meant
    entries: list[Found]  # FAQ entries and policies, the best first
    besides: float  # how confidently such an entry answers what is left of it without the product's name

    @property
    def known(self) -> float:
        return confidence(self.entries)

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


def confidence(found: Sequence[Found]) -> float:
    return found[0].confidence if found else 0.0


def best_first(found: Iterable[Found]) -> list[Found]:
    return sorted(found, key=lambda one: one.confidence, reverse=True)


def best_of_each(found: Iterable[Found]) -> list[Found]:
    """Each passage once, as it was found best; the best passage first."""
    ascending = sorted(found, key=lambda one: one.score)
    return best_first({one.passage.id: one for one in ascending}.values())
