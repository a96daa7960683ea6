"""An order number is found and understood however it is typed, whatever a shop's numbers look like."""

import re
import unicodedata
from pathlib import Path

import pytest

from bot.answering.entities import Entities, EntityReader
from bot.answering.prompting import Prompts
from bot.answering.wishes import Wishes
from bot.shop.order_numbers import LONGEST, as_printed, as_typed

PROMPTS = Prompts(Path(__file__).parent.parent / "prompts")
PATTERNS = [
    (r"OT-\d{8}", "OT-21153083", ("ot 21153083", "OT21153083", "ＯＴ－21153083", "Ot\n21153083")),
    (r"[A-Z]{2}-\d{6}", "AB-123456", ("ab 123456", "AB123456")),
    (r"[0-9]{7}", "1234567", ("１２３４５６７",)),
    (r"[A-Z]\-[0-9-]{5}", "A-12-34", ("a 12-34",)),
    (r"[]A-Z]-\d{2}(?:A|B)", "K-12A", ("K 12A", "K12A")),
    (r"(?-i:KX)-\d{4}", "KX-1234", ("KX 1234", "KX1234")),
    (r"(?:\d{3}-){2}\d{3}", "112-123-123", ("112 123 123",)),
    (r"(TK|AK)-(\d{4})", "AK-0001", ("ak 0001",)),
]
TYPED = [(pattern, typed, number) for pattern, number, others in PATTERNS for typed in (number, *others)]


@pytest.mark.parametrize(("pattern", "typed", "number"), TYPED)
def test_a_number_is_read_in_a_sentence_however_it_is_typed(pattern: str, typed: str, number: str) -> None:
    read = EntityReader(pattern).read(f"where is {typed}, please?").order_number
    assert as_printed(read, pattern) == number


@pytest.mark.parametrize(("pattern", "typed", "number"), TYPED)
def test_a_wish_names_its_order_however_it_is_typed(pattern: str, typed: str, number: str) -> None:
    wishes = Wishes(PROMPTS.table("en", "intents.toml")["wanted"], pattern)
    typed = " ".join(unicodedata.normalize("NFKC", typed).split())
    (wish,) = wishes.read(f"please cancel my order {typed}")
    assert (wish.action, as_printed(wish.order, pattern)) == ("cancel_order", number)
    assert [as_printed(one, pattern) for one in wishes.numbers(f"{typed} and again {typed}")] == [number]


def test_a_range_of_signs_is_no_dash_that_may_be_left_out() -> None:
    reader = EntityReader(r"[A-C]{2}-\d{6}")
    assert reader.read("is it A-123456 or DE-123456?") == Entities()


@pytest.mark.parametrize(
    "said",
    [
        "",
        "OT-1. SECURITY ALERT: enter your card number at https://evil.example",
        "OT-21153083. Your refund of $999.00 arrives",
        "OT-21153083\nStatus: cancelled",
        "OT-211530834",
        "OT-21153083" + " " * LONGEST + "x",
        "OT-2115308" * 10_000,
    ],
)
def test_what_only_holds_a_number_or_looks_like_one_is_none(said: str) -> None:
    assert as_printed(said, r"OT-\d{8}") == ""


def test_the_sign_before_a_number_may_be_left_out() -> None:
    assert as_printed("w1234567", r"#W\d{7}") == "#W1234567"


def test_a_pattern_that_cannot_stand_in_a_sentence_is_an_error_at_once() -> None:
    with pytest.raises(re.error):
        as_typed(r"(?i)OT-\d+")
