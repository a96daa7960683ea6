"""How an order number is compared: the way people type it, not the way it is printed."""

import unicodedata


def spoken(number: str) -> str:
    """The letters and digits alone, in one case and one width: "ot 10001" and "ＯＴ－10001" are OT-10001."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", number).casefold() if sign.isalnum())
