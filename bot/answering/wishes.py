"""What a customer wants done, told by phrases that are kept as data, and several such wishes in one message apart."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from bot.answering.intents import compiled, one_of, whole
from bot.knowledge.tokens import tokens
from bot.shop.order_numbers import as_typed

NUMBER = "#"  # stands for an order number in a phrase
GAP = r"[^.,;!?。，；！？\n]{0,40}?"  # what "…" stands for: a few words of the same clause
SENTENCE = re.compile(r"(?<=[!?。！？\n])|(?<=\.)(?=\s)")
PAUSE = r"[,;:，；、\n]|\.(?=\s|$)|[!?。！？]"
NEVER = r"(?!)"
FEW = 3  # words beside an order number in "cancel OT-1 and also OT-2"
NOT_BOTH = "cancel_order"  # an order that is cancelled is not what the next wish is about


class Form(StrEnum):
    WISH = "wish"  # "cancel my order": it is begun
    QUESTION = "question"  # "can I cancel my order?": it is answered, and offered
    HINT = "hint"  # "it is too small": what helps is answered, and offered


class Wish(msgspec.Struct, frozen=True):
    action: str  # "cancel_order"
    form: Form
    text: str  # the customer's words for it
    order: str = ""  # the order number in them


class Piece(NamedTuple):
    text: str
    number: str
    asks: bool


class Phrases:
    """Phrases of one kind, by action; the one that says most of a text tells what it is about."""

    def __init__(self, phrases: Mapping[str, Sequence[str]], nots: Sequence[str] = ()) -> None:
        listed = sorted(((said, action) for action, some in phrases.items() for said in some), key=_weight)
        self._patterns = [(compiled(_pattern(said)), action) for said, action in listed]
        self._not = compiled(rf"(?:{one_of(nots)})\W*$" if nots else NEVER)

    def actions_in(self, text: str) -> Iterator[str]:
        """The longest phrase first; not what is denied, as in "I don't want to cancel"."""
        for pattern, action in self._patterns:
            if not pattern.search(text):  # nearly all of them, nearly always: it is asked hundreds of times in a turn
                continue
            if any(not self._not.search(text[: found.start()]) for found in pattern.finditer(text)):
                yield action

    def action_in(self, text: str) -> str:
        return next(self.actions_in(text), "")


class Wishes:
    """How wishes are said in one language."""

    def __init__(self, wanted: Mapping[str, Any], order_number_pattern: str) -> None:
        """`wanted` is the table of that name in prompts/*/intents.toml."""
        saying: Mapping[str, Sequence[str]] = wanted["saying"]
        self._wishes = Phrases(wanted["wishes"], saying["nots"])
        self._hints = Phrases(wanted["hints"], saying["nots"])
        self._strong, self._weak, self._requests, self._something_else = (
            compiled("|".join(map(_pattern, saying[name])))
            for name in ("questions", "perhaps_questions", "requests", "something_else")
        )
        self._joins = compiled(rf"(?:{PAUSE})|\s*(?:{one_of(saying['joins'])})\s*")
        self._number = as_typed(order_number_pattern)

    def read(self, text: str) -> list[Wish]:
        """All wishes of a message, in its order; empty where it is about something else."""
        plain = unicodedata.normalize("NFKC", text).replace("’", "'")
        if self._something_else.search(plain):
            return []
        found: list[Wish] = []
        before = ""  # what is said before the first wish belongs to it
        for piece in self._pieces(plain):
            if wish := self._begun(piece, found):
                order = wish.order or next(iter(self.numbers(before)), "")
                found.append(msgspec.structs.replace(wish, text=f"{before} {wish.text}".strip(), order=order))
                before = ""
            elif found:
                found[-1] = _with(found[-1], piece)
            else:
                before = f"{before} {piece.text}".strip()
        return found or self._hinted(plain)

    def numbers(self, text: str) -> list[str]:
        """Of orders."""
        return list(dict.fromkeys(number.group().upper() for number in self._number.finditer(text)))

    def asks(self, text: str) -> bool:
        """Whether it is a question rather than a wish or an answer."""
        plain = unicodedata.normalize("NFKC", text).replace("’", "'")
        if self._strong.search(plain):
            return True
        return bool(self._weak.search(plain)) and not self._requests.search(plain)

    def _pieces(self, text: str) -> Iterator[Piece]:
        for sentence in SENTENCE.split(text):
            asks = self.asks(sentence)
            for piece in self._joins.split(sentence):
                if piece and piece.strip():
                    number = self._number.search(piece)
                    yield Piece(piece.strip(), number.group().upper() if number else "", asks)

    def _begun(self, piece: Piece, found: Sequence[Wish]) -> Wish | None:
        """The wish with which this piece begins another one than the last."""
        action = self._wishes.action_in(self._number.sub(NUMBER, piece.text))
        last = found[-1] if found else None
        another = bool(last and piece.number and last.order and piece.number != last.order)
        if not action:
            says_little = len(tokens(self._number.sub(" ", piece.text))) <= FEW
            return (
                msgspec.structs.replace(last, text=piece.text, order=piece.number)
                if (last and another and says_little)
                else None
            )
        if last and action == last.action and not another:
            return None
        form = Form.QUESTION if piece.asks else Form.WISH
        return Wish(action, form, piece.text, piece.number or _same_order(action, last))

    def _hinted(self, text: str) -> list[Wish]:
        action = self._hints.action_in(self._number.sub(NUMBER, text))
        number = self._number.search(text)
        form = Form.QUESTION if self.asks(text) else Form.HINT
        return [Wish(action, form, text, number.group().upper() if number else "")] if action else []


def _with(wish: Wish, piece: Piece) -> Wish:
    return msgspec.structs.replace(wish, text=f"{wish.text}, {piece.text}", order=wish.order or piece.number)


def _same_order(action: str, last: Wish | None) -> str:
    """ "Return the boots from OT-1 and exchange the socks" is about one order."""
    return last.order if last and NOT_BOTH not in (action, last.action) else ""


def _weight(phrase: tuple[str, str]) -> tuple[int, str]:
    """The longest first."""
    return -len(phrase[0].replace("…", "").replace(" ", "").replace("^", "")), phrase[0]


def _pattern(phrase: str) -> str:
    start = r"^\W*" if phrase.startswith("^") else ""
    parts = [part.strip() for part in phrase.removeprefix("^").split("…")]
    return start + GAP.join(map(whole, parts))
