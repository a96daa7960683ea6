"""What can be checked of a text: its identifiers, its figures, and whether it says that something is free.

Units are not compared, nor the names of weekdays, products or carriers: "5 days" and "5 dollars" state the same 5.
"""

import re
import unicodedata

from bot.answering.number_words import in_digits

# written differently, meant alike; what is marked bold or holds an invisible character is the same word
ALIKE = str.maketrans(
    dict.fromkeys("’‘ʼ`´", "'")
    | dict.fromkeys("‐‑‒–—−", "-")
    | dict.fromkeys("*_~\u00ad\u200b\u200c\u200d\u2060\ufeff①②③④⑤⑥⑦⑧⑨⑩", "")
    | dict(zip(
        "為們將會處發訂單經給幫盡專聯繫絡辦換貨遲後內帳員複復補償請還門過時間應該這個裡寄費價錢兩萬",
        "为们将会处发订单经给帮尽专联系络办换货迟后内账员复复补偿请还门过时间应该这个里寄费价钱两万", strict=True))
)  # fmt: skip

EMAIL = r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
# begins with a letter and has two digits or more: 30-day, 12th and 1.5l are figures with a unit
CODE = (
    r"(?<![a-z0-9])(?<![a-z0-9]-)(?!(?:usd|eur|gbp|cny|rmb|us)\d)(?=[a-z])(?=(?:[a-z-]*\d){2})[a-z0-9]+(?:-[a-z0-9]+)*"
)
IDENTIFIER = re.compile(rf"{EMAIL}|{CODE}", re.ASCII)
# five digits or more without sign or unit may be an order number or a postcode, fewer a price or a year
BARE_NUMBER = (
    r"(?<![a-z0-9$€£¥.,-])(?<!usd )(?<!eur )(?<!rmb )\d{5,}"
    r"(?![a-z0-9%]|[.,]\d|\s?(?:dollar|buck|usd|eur|rmb|percent|day|hour|week|year|美?元|美金|块|天|日|年|折))"
)
REPEATABLE = re.compile(rf"{EMAIL}|{CODE}|{BARE_NUMBER}", re.ASCII)
FIGURE = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
FREE = re.compile(
    r"(?=[fnc免包])(?:(?<!feel )(?<!not )(?<!n't )(?<!-)\bfree\b(?! to\b)"
    r"|\bno (?:extra |additional )?(?:costs?|charge|fees?)\b"
    r"|\bcomplimentary\b|(?<!不)(?:免费|包邮|免运费))"
)


def plain(text: str) -> str:
    """In lower case and one spelling, for comparing."""
    return unicodedata.normalize("NFKC", text.translate(ALIKE)).translate(ALIKE).lower()


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


def stated(text: str) -> set[str]:
    """All that can be checked of a plain text; $1,299.00 and 1299 are the same."""
    numbered = in_digits(IDENTIFIER.sub(" ", text))
    free = {"free"} if FREE.search(text) else set()
    return identifiers(text) | {_figure(figure) for figure in FIGURE.findall(numbered)} | free


def _identifier(written: str) -> str:
    return written if "@" in written else written.replace("-", "")


def _figure(written: str) -> str:
    whole, _, fraction = written.replace(",", "").partition(".")
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
