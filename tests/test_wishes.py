"""What a customer wants done is told from what he only asks about; several wishes in a message are told apart."""

from pathlib import Path

import pytest

from bot.answering.prompting import Prompts
from bot.answering.wishes import Form, Wish, Wishes
from tests.wish_phrasings import LOOK_ALIKES, WISHES

PROMPTS = Prompts(Path(__file__).parent.parent / "prompts")
TOLD_RIGHTLY = {"en": 29, "zh": 34}  # of 40 each, measured once; whoever betters it may raise it


def wishes(language: str) -> Wishes:
    return Wishes(PROMPTS.table(language, "intents.toml")["wanted"], r"OT-\d{8}")


@pytest.mark.parametrize("language", WISHES)
def test_so_many_wishes_in_words_that_nobody_wrote_down_are_told(language: str) -> None:
    reading = wishes(language)
    right = 0
    for text, actions in WISHES[language]:
        found = reading.read(text)
        right += bool(found) and found[0].form is Form.WISH and found[0].action in actions
    assert right >= TOLD_RIGHTLY[language]


@pytest.mark.parametrize("text", [text for some in LOOK_ALIKES.values() for text in some])
def test_a_question_that_looks_like_a_wish_begins_nothing(text: str) -> None:
    language = "en" if text.isascii() else "zh"
    assert all(wish.form is not Form.WISH for wish in wishes(language).read(text))


def test_phrasings_that_are_held_out_are_not_among_the_data() -> None:
    for language, some in WISHES.items():
        data = {
            said for phrases in PROMPTS.table(language, "intents.toml")["wanted"]["wishes"].values() for said in phrases
        }
        assert not data & {text for text, _ in some if len(text) > 4}


APART = [
    (
        "cancel OT-20481931 and send OT-21153083 to my new address",
        [("cancel_order", "OT-20481931"), ("change_address", "OT-21153083")],
    ),
    (
        "取消OT-21037907，OT-20962973寄到我的新地址",
        [("cancel_order", "OT-21037907"), ("change_address", "OT-20962973")],
    ),
    ("cancel OT-20481931 and OT-21153083", [("cancel_order", "OT-20481931"), ("cancel_order", "OT-21153083")]),
    ("取消OT-21037907和OT-20962973", [("cancel_order", "OT-21037907"), ("cancel_order", "OT-20962973")]),
    (
        "return the boots from OT-18259488 and exchange the socks for size 40",
        [("return_items", "OT-18259488"), ("exchange_items", "OT-18259488")],
    ),
    ("OT-20481931: cancel it. I also want to return a scarf", [("cancel_order", "OT-20481931"), ("return_items", "")]),
    ("Hi, I bought boots. They pinch, so I want to return the boots and the socks", [("return_items", "")]),
    ("cancel OT-20481931, it was OT-21153083 that I wanted to keep after all", [("cancel_order", "OT-20481931")]),
]


@pytest.mark.parametrize(("text", "expected"), APART, ids=[text for text, _ in APART])
def test_several_wishes_are_told_apart_each_with_its_order(text: str, expected: list[tuple[str, str]]) -> None:
    found = wishes("en" if text.isascii() else "zh").read(text)
    assert [(wish.action, wish.order) for wish in found] == expected
    assert all(wish.form is Form.WISH for wish in found)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("please cancel my order", Form.WISH),
        ("could you please cancel my order?", Form.WISH),
        ("can I please return these", Form.WISH),
        ("can I return these?", Form.QUESTION),
        ("how do I cancel my order", Form.QUESTION),
        ("I ordered the wrong size", Form.HINT),
        ("能帮我取消订单吗", Form.WISH),
        ("能取消订单吗", Form.QUESTION),
        ("我买错尺码了", Form.HINT),
    ],
)
def test_the_form_of_the_sentence_decides_whether_it_is_begun_or_only_offered(text: str, form: Form) -> None:
    (wish,) = wishes("en" if text.isascii() else "zh").read(text)
    assert wish.form is form


@pytest.mark.parametrize(
    "text",
    [
        "I don't want to cancel my order",
        "please do not return it",
        "cancel my newsletter",
        "不要取消我的订单",
        "怎么退订邮件",
    ],
)
def test_what_is_denied_or_is_about_something_else_is_no_wish(text: str) -> None:
    found = wishes("en" if text.isascii() else "zh").read(text)
    assert not [wish for wish in found if wish.form is Form.WISH]


def test_what_is_said_before_the_wish_belongs_to_it() -> None:
    (wish,) = wishes("en").read("The boots are too tight, I want to return them")
    assert wish == Wish("return_items", Form.WISH, "The boots are too tight I want to return them")
