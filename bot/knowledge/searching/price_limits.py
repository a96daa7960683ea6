"""What something may cost says nothing of what it is: of "priced above 160 PHP" the 160 is not looked for."""

import re

SIGN = r"(?:US\$|[$€£¥₱]|[A-Z]{3}\b|pesos|dollars|euros|pounds|yuan)"
AMOUNT = rf"(?:{SIGN}\s?)?\d[\d.,]*(?:\s?{SIGN})?"
PRICED = r"\b(?:priced?|prices|costs?|costing)(?:\s(?:is|are|should be|must be|ranging))?"
COMPARED = r"(?:above|over|below|under|between|from|at least|at most|up to|(?:more|less|cheaper) than)"
ENGLISH = rf"{PRICED}\s{COMPARED}\s{AMOUNT}(?:\s?(?:and|to|-|–)\s?{AMOUNT})?"
YUAN = r"\d[\d.,]*\s?(?:元|块钱|块)?"
CHINESE = rf"(?:价格|价钱|售价|预算)[^\d，。？]{{0,4}}{YUAN}(?:\s?[到至~-]\s?{YUAN})?(?:以内|以下|以上|之间|左右)?"
LIMIT = re.compile(f"{ENGLISH}|{CHINESE}", re.IGNORECASE)
NUMBER = re.compile(r"\d[\d.,]*")


def without_price_limits(wish: str) -> str:
    """Only the numbers go: what else is said counts as something that no passage says."""
    return LIMIT.sub(lambda limit: NUMBER.sub(" ", limit[0]), wish)
