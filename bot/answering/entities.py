"""Order numbers, e-mail addresses and postcodes in what a customer writes."""

import re
import unicodedata

import msgspec

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
WORD = re.compile(r"[A-Za-z']+|[\u3400-\u9fff]{1,2}")
FEW_WORDS = 4  # besides a postcode for which nobody asked


class Entities(msgspec.Struct, frozen=True):
    order_number: str = ""
    proof: str = ""  # an e-mail address, or what may be a postcode


class EntityReader:
    """Knows how this shop writes its order numbers."""

    def __init__(self, order_number_pattern: str) -> None:
        loose = order_number_pattern.replace("-", r"[-\s]?")
        self._order_number = re.compile(rf"(?<![A-Za-z0-9])(?:{loose})(?![A-Za-z0-9])", re.IGNORECASE)

    def read(self, text: str, expect_postcode: bool = False) -> Entities:
        """A postcode looks like many other things: it is read only where it is named, or where the desk waits for a
        proof (as it does after an order number) and the message says little else."""
        plain = unicodedata.normalize("NFKC", text)
        number = self._order_number.search(plain)
        rest = plain.replace(number.group(), " ") if number else plain
        email = EMAIL.search(rest)
        proof = email.group() if email else _postcode(rest, bool(number), expect_postcode)
        return Entities(number.group().upper() if number else "", proof)


def _postcode(text: str, with_number: bool, expected: bool) -> str:
    said = POSTCODE_SAID.search(text)
    if not (said or with_number or expected):
        return ""
    alone = (text[said.end() :] if said else text).strip(" \n\t.,;:!?。，；：！？")
    if ALONE.fullmatch(alone):
        return alone
    readable = MEASURE.sub(" ", text)
    found = (POSTCODE.search(readable, said.end()) if said else None) or POSTCODE.search(readable)
    if not found:
        return ""
    besides = len(WORD.findall(readable.replace(found.group(), " ")))
    asks = "?" in readable and not with_number  # "do you ship to 5003?" proves nothing
    return found.group() if said or (besides <= FEW_WORDS and not asks) else ""
