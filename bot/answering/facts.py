"""What can be checked of a text: its identifiers, its amounts and days with their units, and whether something is free.

Names of products, people and carriers are not compared.
"""

import re
import unicodedata

from bot.answering.checking.amounts import amounts
from bot.answering.checking.days import dates_and_times, days
from bot.answering.checking.free import free
from bot.answering.checking.stating import Fact, Stated
from bot.answering.number_words import in_digits

# written differently, meant alike; what is marked bold or holds an invisible character is the same word
ALIKE = str.maketrans(
    dict.fromkeys("’‘ʼ`´", "'")
    | dict.fromkeys("‐‑‒–—−", "-")
    | dict.fromkeys("*_\u00ad\u200b\u200c\u200d\u2060\ufeff①②③④⑤⑥⑦⑧⑨⑩", "")
    | dict(zip(
        "為們將會處發訂單經給幫盡專聯繫絡辦換貨遲後內帳員複復補償請還門過時間應該這個裡寄費價錢兩萬",
        "为们将会处发订单经给帮尽专联系络办换货迟后内账员复复补偿请还门过时间应该这个里寄费价钱两万", strict=True))
)  # fmt: skip

EMAIL = r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
# begins with a letter and has two digits or more: 30-day, 12th and 1.5l are figures with a unit
CODE = (
    r"(?<![a-z0-9])(?<![a-z0-9]-)(?!(?:usd|eur|gbp|cny|rmb|us)\d)(?=[a-z])(?=(?:[a-z-]*\d){2})[a-z0-9]+(?:-[a-z0-9]+)*"
)
PLACE = r"\bhttps?://[^\s()<>\[\]]+|\bwww\.[^\s()<>\[\]]+"  # a page of the web
IDENTIFIER = re.compile(rf"{PLACE}|{EMAIL}|{CODE}", re.ASCII)
SPAN = re.compile(r"(?<=[\d天日号])\s?~\s?(?=\d)")  # 3~5; elsewhere a tilde marks what is struck out
# five digits or more without sign or unit may be an order number or a postcode, fewer a price or a year
BARE_NUMBER = (
    r"(?<![a-z0-9$€£¥.,-])(?<!usd )(?<!eur )(?<!rmb )\d{5,}"
    r"(?![a-z0-9%]|[.,]\d|\s?(?:dollar|buck|usd|eur|rmb|percent|day|hour|week|year|美?元|美金|块|天|日|年|折))"
)
REPEATABLE = re.compile(rf"{EMAIL}|{CODE}|{BARE_NUMBER}", re.ASCII)

LIST_MARK = re.compile(r"^\s*(?:[-•>#]+\s|\d{1,2}(?:[.)]\s|、))\s*|(?<=[\s:;,。])\(?[1-9][)、]")


def plain(text: str) -> str:
    """In lower case and one spelling, for comparing."""
    text = unicodedata.normalize("NFKC", text.translate(ALIKE)).translate(ALIKE).lower()
    return SPAN.sub("-", text).replace("~", "") if "~" in text else text


def identifiers(text: str) -> set[str]:
    """Order, tracking and article numbers and e-mail addresses, of plain text."""
    return {_identifier(found) for found in IDENTIFIER.findall(text)}


def repeatable(text: str) -> set[str]:
    """What a reply may repeat of a customer's plain text: what names a thing, and no amount, share or time."""
    return {_identifier(found) for found in REPEATABLE.findall(text)}


def without(text: str, known: set[str]) -> str:
    """The plain text less those identifiers and bare numbers."""
    if not known:
        return text
    return REPEATABLE.sub(lambda found: " " if _identifier(found.group()) in known else found.group(), text)


def stated(text: str) -> Stated:
    """All that can be checked of a plain text, each with how it was written."""
    found: Stated = {Fact("identifier", _identifier(one)): one.rstrip(".,;:!?") for one in IDENTIFIER.findall(text)}
    named, rest = days(IDENTIFIER.sub(" ", text))
    dated, rest = dates_and_times(in_digits(rest))
    return found | free(text) | named | dated | amounts(rest)


def _identifier(written: str) -> str:
    return written.rstrip(".,;:!?") if "@" in written or "." in written else written.replace("-", "")
