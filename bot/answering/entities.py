"""Order numbers, e-mail addresses and postcodes in what a customer writes."""

import re
import unicodedata

import msgspec

from bot.knowledge.fillers import fillers
from bot.knowledge.tokens import tokens
from bot.shop.order_numbers import as_typed

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
POSTCODE_SAID = re.compile(
    r"(?:post\s?code|postal code|\bzip\b(?: code)?|邮编|邮政编码)(?:\W*(?:is\b|是|为))?", re.IGNORECASE
)
SPELLINGS = (
    r"\d{5}-\d{3,4}",  # 90210-1234, 51020-010
    r"\d{4}-\d{3}",  # 4150-301
    r"\d{3}-\d{4}",  # 100-0001
    r"\d{2}-\d{3}",  # 30-059
    r"\d{3} \d{2,3}",  # 413 01, 600 004
    r"\d{4} ?[A-Z]{2}",  # 1234 AB
    r"(?i:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})",  # SW1A 1AA
    r"(?i:[A-Z]\d[A-Z][ -]?\d[A-Z]\d)",  # K1A 0B6
    r"(?i:[A-Z]\d[\dW] ?[A-Z](?=[A-Z]*\d)[A-Z\d]{3})",  # H91 A7K2
    r"(?i:[A-Z]{2}-\d{3}-\d{4})",  # GA-107-1420
    r"(?i:(?:[A-Z]{1,2}-)?\d{4,7})",  # 5003, 100000, D-10115
)
ONLY_ALONE = (r"\d{3}", r"(?i:\d{4} ?[A-Z]{2})")  # 101 and 1234 ab: inside a sentence they are mostly something else
POSTCODE = re.compile(rf"(?<![\w$€£¥@.,/-])(?:{'|'.join(SPELLINGS)})(?![\w@/-]|[.,]\d|\s?%)", re.ASCII)
ALONE = re.compile("|".join((*SPELLINGS, *ONLY_ALONE)), re.ASCII)
MEASURE = re.compile(r"[¥￥]\s?\d+|\d+\s?[元块年天克]")  # 5003元 is no postcode
YEAR = re.compile(  # "ordered in 2024", "March 2023"
    r"\b(?:in|since|from|of|until|till|before|after|during|year|spring|summer|autumn|fall|winter|(?:jan|febr)(?:uary)?"
    r"|march|april|may|june|july|aug(?:ust)?|(?:sept|octo|nov|dec)(?:em)?(?:ber)?)\s+(?:19|20)\d\d\b",
    re.IGNORECASE,
)
WORD = re.compile(r"[A-Za-z']+|[\u3400-\u9fff]{1,2}")
CODE = re.compile(r"(?<![\w-])(?:\d{6}|\d{3}[ -]\d{3}|\d(?: \d){5})(?![\w-])", re.ASCII)
CODE_SAID = re.compile(r"\bcode\b|验证码|校验码|动态码", re.IGNORECASE)
SIGNS_WITH_A_CODE = 12
CHINESE_BESIDES = re.compile(r"[是这它的我收到了个好吧给你您谢在里邮件,，。.:：!！\s]*")
FEW_WORDS = 4  # besides a postcode for which nobody asked


class Entities(msgspec.Struct, frozen=True):
    order_number: str = ""
    proof: str = ""  # an e-mail address, or what may be a postcode


class EntityReader:
    """Knows how this shop writes its order numbers."""

    def __init__(self, order_number_pattern: str) -> None:
        self._order_number = as_typed(order_number_pattern)

    def read(self, text: str, expect_postcode: bool = False) -> Entities:
        """A postcode looks like many other things: it is read only where it is named, or where the desk waits for a
        proof (as it does after an order number) and the message says little else."""
        plain = unicodedata.normalize("NFKC", text)
        number = self._order_number.search(plain)
        rest = plain.replace(number.group(), " ") if number else plain
        email = EMAIL.search(rest)
        proof = email.group() if email else _postcode(rest, bool(number), expect_postcode)
        return Entities(number.group().upper() if number else "", proof)


def read_code(text: str) -> str:
    """The six digits of a one-time code, where one is waited for; "" where the message is about something else."""
    plain = unicodedata.normalize("NFKC", text)
    found, besides = list(CODE.finditer(plain)), CODE.sub(" ", plain)
    is_code = CODE_SAID.search(plain) or (not POSTCODE_SAID.search(plain) and _says_little(besides))
    if len(found) != 1 or not is_code:
        return ""
    return re.sub(r"\D", "", found[0].group())


def _says_little(text: str) -> bool:
    """ "Here it is", and nothing that may be the rest of an address."""
    said = frozenset(tokens(text)) - fillers()
    return not said or (len(text.strip()) <= SIGNS_WITH_A_CODE and bool(CHINESE_BESIDES.fullmatch(text.strip())))


def without_code(text: str) -> str:
    """What may be remembered of it."""
    plain = unicodedata.normalize("NFKC", text)
    return CODE.sub("[code]", plain) if CODE.search(plain) else text


def _postcode(text: str, with_number: bool, expected: bool) -> str:
    said = POSTCODE_SAID.search(text)
    if not (said or with_number or expected):
        return ""
    alone = (text[said.end() :] if said else text).strip(" \n\t.,;:!?。，；：！？")
    if ALONE.fullmatch(alone):
        return alone
    readable = MEASURE.sub(" ", text if said else YEAR.sub(" ", text))
    found = (POSTCODE.search(readable, said.end()) if said else None) or POSTCODE.search(readable)
    if not found:
        return ""
    besides = len(WORD.findall(readable.replace(found.group(), " ")))
    asks = "?" in readable and not with_number  # "do you ship to 5003?" proves nothing
    return found.group() if said or (besides <= FEW_WORDS and not asks) else ""
