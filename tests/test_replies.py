"""What the events of a conversation ask of a channel: the table of all that can happen, in its order."""

import pytest

from adapters.replies import (
    Frame,
    Moved,
    Passed,
    Queued,
    Reading,
    Reply,
    StaffSaid,
    Step,
    Typing,
    language_of,
    note_of,
    progress,
    written,
)
from bot.messages import (
    DONE,
    RESTARTED,
    SIMPLER,
    THINKING,
    WAITING_FOR_STAFF,
    WITH_STAFF,
    Attachment,
    Busy,
    Button,
    Buttons,
    Card,
    Event,
    FinalText,
    Happening,
    InPrivate,
    Said,
    Source,
    Sources,
    TextDelta,
)

DELIVERY = Source("faq:delivery:en", "Delivery", "/en/help/delivery")
YES, NO = Button("yes:1", "Confirm", "primary"), Button("no:1", "Leave it")
CARD = Card("Cancel order OT-1", (("You get back", "$5.90"), ("To", "Visa *1")))


def steps(*happenings: Happening) -> list[Step | None]:
    reading = Reading()
    return [reading.read(Event(f"{number}-0", what)) for number, what in enumerate(happenings, 1)]


TABLE: dict[str, tuple[list[Happening], list[Step | None]]] = {
    "an answer is typed, drafted and sent whole": (
        [THINKING, TextDelta("3 to"), TextDelta(" 5 days"), FinalText("3 to 5 days"), Sources((DELIVERY,)), DONE],
        [
            Typing(),
            Frame("3 to"),
            Frame("3 to 5 days"),
            None,
            None,
            Reply("6-0", "3 to 5 days", sources=(DELIVERY,)),
        ],
    ),
    "a restart takes the draft back": (
        [THINKING, TextDelta("3 to"), RESTARTED, TextDelta("It"), FinalText("It is"), DONE],
        [Typing(), Frame("3 to"), Frame(""), Frame("It"), None, Reply("6-0", "It is")],
    ),
    "the next turn begins anew": (
        [TextDelta("a"), FinalText("a"), DONE, TextDelta("b"), FinalText("b"), DONE],
        [Frame("a"), None, Reply("3-0", "a"), Frame("b"), None, Reply("6-0", "b")],
    ),
    "a card and its buttons come with the text": (
        [FinalText("Look"), CARD, Buttons((YES, NO)), DONE],
        [None, None, None, Reply("4-0", "Look", (CARD,), buttons=(YES, NO), buttons_event="3-0")],
    ),
    "what staff say comes at once, in the middle of a draft too": (
        [TextDelta("3"), Said("staff", "s1", "I am here"), TextDelta(" to 5"), FinalText("3 to 5"), DONE],
        [Frame("3"), StaffSaid("2-0", "I am here"), Frame("3 to 5"), None, Reply("5-0", "3 to 5")],
    ),
    "staff may send a file": (
        [Said("staff", "s1", "", (Attachment("file", "a.pdf"),))],
        [StaffSaid("1-0", "", (Attachment("file", "a.pdf"),))],
    ),
    "the customer knows what the customer said": ([Said("customer", "m1", "hello")], [Passed("1-0", "hello")]),
    "staff close it without a word": ([Said("staff", "s1", " ")], [Passed("1-0", " ")]),
    "a place in the line is told": ([Busy(7)], [Queued("1-0", 7)]),
    "what is not for others to read": (
        [FinalText("In private, please"), InPrivate("OT-1, ada@example.com"), DONE],
        [
            None,
            None,
            Reply(
                "3-0",
                "In private, please",
                in_private=(Moved("2-0", InPrivate("OT-1, ada@example.com")),),
            ),
        ],
    ),
    "a press and words that both go on in private": (
        [InPrivate("", "orders"), InPrivate("Where is my order?"), DONE],
        [
            None,
            None,
            Reply(
                "3-0",
                in_private=(
                    Moved("1-0", InPrivate("", "orders")),
                    Moved("2-0", InPrivate("Where is my order?")),
                ),
            ),
        ],
    ),
    "staff have it: nothing is sent": ([WITH_STAFF, DONE], [None, Reply("2-0", statuses=("with_staff",))]),
    "how it came about is kept": (
        [SIMPLER, FinalText("short"), WAITING_FOR_STAFF, DONE],
        [None, None, None, Reply("4-0", "short", statuses=("simpler", "waiting_for_staff"))],
    ),
    "texts in a row are one": ([FinalText("a"), FinalText("b"), DONE], [None, None, Reply("3-0", "a\n\nb")]),
}


@pytest.mark.parametrize("name", TABLE)
def test_events_become_what_a_channel_does(name: str) -> None:
    happenings, expected = TABLE[name]
    assert steps(*happenings) == expected


def test_a_reply_without_anything_to_see_is_silent() -> None:
    assert Reply("1-0", statuses=("with_staff",)).is_silent
    assert Reply("1-0", " \n").is_silent
    for loud in (Reply("1-0", "a"), Reply("1-0", cards=(CARD,)), Reply("1-0", buttons=(YES,))):
        assert not loud.is_silent
    assert not Reply("1-0", in_private=(Moved("2-0", InPrivate("x")),)).is_silent


def test_text_card_and_sources_are_written_under_each_other() -> None:
    page = written(Reply("1-0", "It is **so**.", (CARD,), (DELIVERY,)), "Sources", "https://shop.example")
    assert page.text == ("It is so.\n\nCancel order OT-1\nYou get back: $5.90\nTo: Visa *1\n\nSources\n• Delivery")
    assert [(one.kind, page.text[one.start : one.end]) for one in page.spans] == [
        ("bold", "so"),
        ("bold", "Cancel order OT-1"),
        ("bold", "Sources"),
        ("link", "Delivery"),
    ]
    assert page.spans[-1].url == "https://shop.example/en/help/delivery"


def test_a_card_in_chinese_is_punctuated_so() -> None:
    page = written(Reply("1-0", "", (Card("订单 OT-1", (("状态", "已发货"),)),)), "来源", "")
    assert page.text == "订单 OT-1\n状态：已发货"


def test_sources_are_numbered_where_the_text_cites_by_number() -> None:
    page = written(Reply("1-0", "Free [1].", sources=(DELIVERY,)), "来源", "")
    assert page.text == "Free [1].\n\n来源\n[1] Delivery"
    assert [one.kind for one in page.spans] == ["bold"]


def test_a_reply_knows_which_message_it_answers() -> None:
    reading = Reading()
    reading.read(Event("2-0", FinalText("Yes"), answers="1-0"))
    assert reading.read(Event("3-0", DONE, answers="1-0")) == Reply("3-0", "Yes", answers="1-0")


def test_a_fixed_sentence_speaks_the_language_of_the_text_it_goes_with() -> None:
    assert [language_of(text, ("en", "zh")) for text in ("3 days", "三天 3 days", "")] == ["en", "zh", "en"]
    assert language_of("三天", ("de",)) == "de"
    assert language_of("3", ("zh",)) == "zh"


@pytest.mark.parametrize(
    ("noted", "first"), [("", 0), (note_of("7-0", 2), 2), ("6-0:2", 0), ("nonsense", 0), ("7-0:x", 0), ("7-0", 0)]
)
def test_a_delivery_that_was_broken_off_goes_on_with_the_piece_that_was_noted(noted: str, first: int) -> None:
    assert progress(noted, "7-0") == first
