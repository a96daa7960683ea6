"""How an order number is compared: the way people type it, not the way it is printed."""

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 40  # characters
DASHES = re.compile(
    r"""\\.|                            # an escaped sign
        \[\^?\]?(?:\\.|[^\]\\])*\]|     # a class such as [A-Z]
        \(\?[a-zA-Z]*-[a-zA-Z]+|        # flags such as (?-i:
        -""",
    re.VERBOSE | re.DOTALL,
)
PERHAPS_A_DASH = r"(?:[-\s]?)"
SIGNS = "-#"  # what people leave out


def spoken(number: str) -> str:
    """The letters and digits alone, in one case and one width: "ot 10001037" and "ＯＴ－10001037" are OT-10001037."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", number).casefold() if sign.isalnum())


def as_typed(pattern: str) -> re.Pattern[str]:
    """Finds numbers of a shop's pattern in what people write, in any case, with a dash, a space or nothing.

    Raises re.error where the pattern cannot be a part of another.
    """
    loose = DASHES.sub(lambda found: PERHAPS_A_DASH if found[0] in ("-", r"\-") else found[0], pattern)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{loose})(?![A-Za-z0-9])", re.IGNORECASE)


def as_printed(number: str, pattern: str) -> str:
    """The number in the shop's own spelling; "" where the whole text is no such number, however it is typed."""
    if len(number) > LONGEST:
        return ""
    plain = unicodedata.normalize("NFKC", number).strip()
    shops, typed = re.compile(pattern), "-".join(plain.upper().split())
    printed = next((spelling for spelling in _spellings(plain) if shops.fullmatch(spelling)), "")
    return printed or (typed if as_typed(pattern).fullmatch(typed) else "")


def _spellings(plain: str) -> Iterator[str]:
    for typed in dict.fromkeys((plain, plain.upper(), plain.lower())):
        words = typed.split()
        for joined in dict.fromkeys((" ".join(words), "-".join(words), "".join(words))):
            yield joined
            yield from (joined[:at] + sign + joined[at:] for sign in SIGNS for at in range(len(joined)))
