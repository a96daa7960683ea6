"""What a customer who waits leaves for staff: read from what they write, and said to staff in one line."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from bot.answering.entities import EMAIL, EntityReader
from bot.answering.intents import one_of
from bot.knowledge.fillers import fillers
from bot.knowledge.tokens import tokens
from bot.sessions import Session, Waits
from bot.shop.order_numbers import as_printed, spoken
from bot.shop.records import Product

LONGEST_CONTACT = 254  # characters: no e-mail address is longer
PHONE = re.compile(r"(?<![\w+])(?:\+|00)?\(?\d(?:[ ()./-]{0,2}\d){5,14}(?![\w])", re.ASCII)
BESIDE_CONTACT = 40  # characters: "You can reach me at ... any time, please"
LONGEST_NUMBER, DIGITS = 30, re.compile(r"\d[\d ()./-]{2,}")  # of what may be meant for a telephone number
SHORTEST_NAME = 4  # letters of a product's name that may stand for it in a sentence; Chinese says more with two
SAYS_NUMBER = re.compile(r"订单号?|单号|号码?|是|的|为|我|这个|[,，。.:：！!~\s]")


class ForStaff(msgspec.Struct, frozen=True):
    contact: str = ""
    wanted: str = ""  # "OT-12345678; Moss Lantern; 📷 2"


class LeftForStaff:
    """`leaves`: by language, the phrases of who no longer wants anybody, and the words that may stand beside them."""

    def __init__(self, order_number: str, leaves: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> None:
        self._entities, self._pattern = EntityReader(order_number), order_number
        self._leaves = {
            language: (_longest_first(said), _longest_first(beside)) for language, (said, beside) in leaves.items()
        }

    def leaves(self, text: str, language: str) -> bool:
        """ "Never mind, thanks", and not "never mind the boots"."""
        said, beside = self._leaves[language]
        rest, found = said.subn(" ", text)
        return bool(found) and not tokens(beside.sub(" ", rest))

    def order(self, text: str) -> str:
        """In the shop's own spelling, where there is one."""
        number = self._entities.read(text).order_number
        return as_printed(number, self._pattern) or number

    def only_order(self, text: str) -> str:
        """The order number of a message that says little else."""
        number = self.order(text)
        plain = unicodedata.normalize("NFKC", text)
        rest = "" if not number else self._without(plain, number)
        says = frozenset(tokens(SAYS_NUMBER.sub(" ", rest))) - fillers() - {"order", "number"}
        return number if number and not says and "?" not in plain else ""

    def _without(self, plain: str, number: str) -> str:
        """As it is typed, with or without its dash."""
        letters = [re.escape(sign) for sign in spoken(number)]
        return re.sub(r"[\s#-]?".join(letters), " ", plain, flags=re.IGNORECASE)

    def email(self, text: str) -> str:
        found = EMAIL.search(unicodedata.normalize("NFKC", text))
        return found.group().rstrip(".") if found and len(found.group()) <= LONGEST_CONTACT else ""

    def phone(self, text: str) -> str:
        """Not an order number, however many digits it has."""
        plain = unicodedata.normalize("NFKC", text)
        number = self.order(plain)
        found = PHONE.search(self._without(plain, number) if number else plain)
        return " ".join(found.group().split()) if found else ""

    def only_contact(self, text: str) -> str:
        """The e-mail address or telephone number of a message that says little else, and asks nothing. Where nobody has
        asked for a number, only one with its country is one: parcels and prices have digits too."""
        plain = unicodedata.normalize("NFKC", text)
        number = self.phone(plain)
        contact = self.email(plain) or (number if number.startswith("+") else "")
        says_more = not contact or self.order(plain) or "?" in plain or len(plain) - len(contact) > BESIDE_CONTACT
        return "" if says_more else contact

    def tries(self, text: str, what: str) -> bool:
        """Whether somebody seems to write an address or a number, and it is none."""
        if what == "email":
            return "@" in unicodedata.normalize("NFKC", text)
        return len(text) <= LONGEST_NUMBER and not self.order(text) and bool(DIGITS.search(text))

    def overheard(self, session: Session, text: str, photos: int, products: Iterable[Product]) -> Waits:
        """What is known now: the newest order and item that they speak of, and how many photos there are."""
        before = session.waits or Waits()
        return replace(
            before,
            order=self.order(text) or before.order,
            item=_named(text, products) or before.item,
            photos=before.photos + photos,
        )

    def spoken_of(self, session: Session) -> str:
        """The order that the customer has named last."""
        said = (line.text for line in reversed(session.history) if line.by == "customer")
        return next((number for text in said if (number := self.order(text))), "")


def for_staff(session: Session) -> ForStaff:
    """In signs that need no translation."""
    left = session.waits
    if left is None:
        return ForStaff()
    photos = f"📷 {left.photos}" if left.photos else ""
    return ForStaff(left.contact, "; ".join(filter(None, (left.order, left.item, photos))))


def _named(text: str, products: Iterable[Product]) -> str:
    """The product whose whole name, in any language, stands in the text: the longest."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    names = [name for product in products for name in product.name.values() if _is_in(name.casefold(), plain)]
    return max(names, key=len, default="")


def _is_in(name: str, text: str) -> bool:
    return (len(name) >= SHORTEST_NAME or not name.isascii()) and name in text


def _longest_first(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(one_of(sorted(words, key=len, reverse=True)), re.IGNORECASE)
