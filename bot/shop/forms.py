"""What the texts of an action may look like, whoever wrote them: they are stored, and shown to people."""

import unicodedata

import msgspec

from bot.shop.records import Address

LONGEST_PART, LONGEST_REASON, LONGEST_NAME = 120, 200, 120  # characters
UNSEEN = frozenset(("Cc", "Cf", "Zl", "Zp", "Cs", "Co"))  # line ends, signs that turn or hide text, half characters


def is_plain(text: str, at_most: int) -> bool:
    """Whether it is one line of signs that everybody sees."""
    return len(text) <= at_most and not any(unicodedata.category(sign) in UNSEEN for sign in text)


def is_postal(address: Address) -> bool:
    """Whether something can be sent there: nothing is missing, and each part is as it will be read on the label."""
    needed = (address.line1, address.city, address.postcode, address.country)
    parts = msgspec.structs.astuple(address)
    return all(is_plain(part, LONGEST_PART) for part in parts) and all(any(map(str.isalnum, one)) for one in needed)


def is_reason(reason: str) -> bool:
    """In the customer's own words; may be empty."""
    return is_plain(reason, LONGEST_REASON)


def is_name(name: str) -> bool:
    """Of a variant or a payment method: whether there could be one of this name; may be empty."""
    return is_plain(name, LONGEST_NAME)
