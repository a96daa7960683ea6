"""What the customers of the benchmark ask: FAQ, products and their own orders, in English and Chinese, evenly mixed."""

from collections.abc import Iterator
from itertools import count

import msgspec


class Question(msgspec.Struct, frozen=True):
    text: str
    language: str
    customer: str  # the shop's id; every customer here is signed in
    conversation: str


QUESTIONS_EACH = 4  # then a new customer comes: conversations neither stay empty nor grow without end

IN_ENGLISH = (
    "How long does delivery take?",
    "How much is the Moss Lantern?",
    "Where is OT-20481931?",
    "Which payment methods do you accept?",
    "Is the Heron Kettle in stock?",
    "Where is OT-20481931 now, please?",
)
IN_CHINESE = (
    "多久能送到？",
    "青苔充电营灯多少钱",
    "OT-20578850 到哪了",
    "运费是多少？",
    "青苔充电营灯有货吗",
    "我的订单 OT-20578850 到哪了",
)
SPEAKERS = (("en", "c-ada-holm", IN_ENGLISH), ("zh", "c-lin-xiaoman", IN_CHINESE))


def conversations() -> Iterator[Iterator[Question]]:
    """Without end; the languages take turns, and each conversation begins with another question."""
    for number in count():
        yield _conversation(number)


def _conversation(number: int) -> Iterator[Question]:
    language, customer, texts = SPEAKERS[number % len(SPEAKERS)]
    first = number // len(SPEAKERS)
    for place in range(first, first + QUESTIONS_EACH):
        yield Question(texts[place % len(texts)], language, customer, f"bench:{number}")
