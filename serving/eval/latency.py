"""Knowledge of ten thousand and a hundred thousand passages, made up here, to measure time and memory with."""

import random

from serving.eval.files import Row, SearchSet

SIZES = {10_000: "10k passages", 100_000: "100k passages"}
ASKED = 300
SUBJECTS = (
    "delivery", "refund", "warranty", "invoice", "voucher", "parcel", "order", "payment", "account", "return",
    "exchange", "size", "colour", "battery", "filter", "cable", "manual", "spare part", "gift card", "newsletter",
)  # fmt: skip
DOINGS = (
    "change", "cancel", "track", "receive", "repair", "clean", "replace", "register", "combine", "delay",
    "confirm", "print", "download", "collect", "insure", "reserve", "extend", "measure", "compare", "install",
)  # fmt: skip
CASES = (
    "after the weekend", "from abroad", "without the receipt", "as a company", "as a present", "on a card",
    "before Friday", "with two addresses", "in another country", "for a friend", "by telephone", "at the counter",
)  # fmt: skip
FORMS = ("How do I {doing} my {subject} {case}?", "Can I {doing} the {subject} {case}?", "{doing} a {subject} {case}")
LETTERS = "bcdfghklmnprstvz", "aeiou"


def of_many(size: int) -> SearchSet:
    """The same every time. Many passages share their words, and each has a made-up product name of its own."""
    drawn = random.Random(size)
    knowledge: list[Row] = []
    asked: list[Row] = []
    for at in range(size):
        subject, doing, case = (drawn.choice(words) for words in (SUBJECTS, DOINGS, CASES))
        name = "".join(drawn.choice(LETTERS[place % 2]) for place in range(6)).capitalize()
        say = {"subject": f"{name} {subject}", "doing": doing, "case": case}
        title, question = (form.format(**say) for form in drawn.sample(FORMS, 2))
        text = f"To {doing} your {name} {subject} {case}, open your orders, choose {subject} and follow the steps."
        knowledge.append({"id": str(at), "title": title, "text": text})
        if at % (size // ASKED) == 0:
            asked.append({"query": question, "relevant": [str(at)]})
    return SearchSet(SIZES[size], knowledge, asked, [])
