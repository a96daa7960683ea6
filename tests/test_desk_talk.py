"""What a group of staff in a chat app is told, and what is understood of what they write there: tables of cases."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from adapters.desk_packing import SO_FAR, latest, packed
from adapters.desk_talk import Line, Names, Talk
from adapters.desk_words import (
    Asked,
    CannedSaid,
    Deed,
    DeskButton,
    ForCustomer,
    ForStaff,
    NotUnderstood,
    ProposalSaid,
    Word,
    buttons_of,
    read_desk_press,
    read_word,
)
from adapters.text import Rich, bold, joined
from bot.answering.prompting import Prompts
from bot.desks import REASONS, Case, Handoff, Note
from bot.messages import (
    Attachment,
    Button,
    Buttons,
    Card,
    Event,
    FinalText,
    Happening,
    Said,
    Source,
    Sources,
)

NOW = 1_800_000_000.0
PROMPTS = Prompts(Path(__file__).parents[1] / "prompts")
NAMES = Names({"otto": "Otto", "olivia": "Olivia"})


def talk(language: str = "en") -> Talk:
    return Talk(PROMPTS.say, language, "https://shop.example")


def handoff(**what: object) -> Handoff:
    given = {"number": 1, "reason": "asked", "state": "waiting", "since": NOW, "channel": "web", **what}
    return Handoff("web:1", **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Good morning", ForCustomer("Good morning")),
        ("it is 5! yes", ForCustomer("it is 5! yes")),
        ("a/b", ForCustomer("a/b")),
        ("!note she is upset", ForStaff("she is upset")),
        ("! note she", NotUnderstood()),
        ("!NOTE upset\nand late", ForStaff("upset\nand late")),
        ("/note upset", ForStaff("upset")),
        ("/note@otter_shop_bot upset", ForStaff("upset")),
        ("!备注 很生气", ForStaff("很生气")),
        ("！备注 很生气", ForStaff("很生气")),
        ("!note", NotUnderstood()),
        ("!noet she is upset", NotUnderstood()),
        ("!!", NotUnderstood()),
        ("/", NotUnderstood()),
        ("  !note spaced", ForStaff("spaced")),
        ("!take", Deed("take")),
        ("/take@otter_shop_bot", Deed("take")),
        ("!take it away", NotUnderstood()),
        ("!return", Deed("return")),
        ("!close", Deed("close")),
        ("!Close Unsolved", Deed("close_unsolved")),
        ("!结束 未解决", Deed("close_unsolved")),
        ("!close the window", NotUnderstood()),
        ("!canned", Asked("canned")),
        ("!canned Good bye", CannedSaid("Good bye")),
        ("！常用回复 问候", CannedSaid("问候")),
        ("!draft", Asked("proposals")),
        ("!草稿", Asked("proposals")),
        ("!draft 2", NotUnderstood()),
    ],
)
def test_what_begins_with_a_mark_reaches_no_customer_by_itself_and_everything_else_does(
    text: str, word: Word | Asked
) -> None:
    assert read_word(text) == word


@pytest.mark.parametrize(
    ("data", "deed"),
    [
        ("desk:1:take", Deed("take", 1)),
        ("desk:12:close_unsolved", Deed("close_unsolved", 12)),
        ("desk:1:erase", None),
        ("desk:3:say_0123456789ab", ProposalSaid("0123456789ab", 3)),
        ("desk:3:say_take", None),
        ("desk::take", None),
        ("1700000000000-0:1", None),
        ("pressed", None),
    ],
)
def test_a_button_of_the_desk_is_known_by_what_it_carries(data: str, deed: Deed | ProposalSaid | None) -> None:
    assert read_desk_press(data) == deed


def test_the_buttons_say_what_can_be_done_now_and_carry_which_handoff_it_is_for() -> None:
    def labels(buttons: Sequence[DeskButton]) -> list[str]:
        return [one.label for one in buttons]

    waiting, taken = handoff(number=3), handoff(number=3, state="taken", owner="otto")
    assert labels(buttons_of(waiting, PROMPTS.say, "en")) == ["Take"]
    assert labels(buttons_of(taken, PROMPTS.say, "zh")) == ["交还给机器人", "结束", "结束，未解决"]
    assert not buttons_of(None, PROMPTS.say, "en")
    for one in (*buttons_of(waiting, PROMPTS.say, "en"), *buttons_of(taken, PROMPTS.say, "en")):
        assert read_desk_press(one.data) == Deed(one.data.rpartition(":")[2], 3)  # type: ignore[arg-type]
        assert len(one.data.encode()) <= 64


@pytest.mark.parametrize(
    ("what", "stands_there"),
    [
        ({}, "A customer asks for a person\nweb"),
        ({"language": "zh", "number": 2}, "web · 中文 · request no. 2"),
        ({"since": NOW - 59}, "A customer asks for a person\nweb"),
        ({"since": NOW - 300}, "Waiting for 5 min"),
        ({"since": NOW - 3_900}, "Waiting for 1 h 5 min"),
        ({"public": True}, "Others read along"),
        ({"contact": "ada@example.org"}, "Left to be reached at: ada@example.org"),
        ({"wanted": "order OT-1; photo"}, "Collected: order OT-1; photo"),
    ],
)
def test_the_head_of_a_thread_says_what_staff_should_know(what: dict[str, object], stands_there: str) -> None:
    assert stands_there in talk().head(handoff(**what), None, NOW).text


def test_who_has_taken_it_waits_for_nobody() -> None:
    assert "Waiting" not in talk().head(handoff(since=NOW - 900, state="taken", owner="otto"), None, NOW).text


def test_every_reason_has_its_sentence_in_every_language() -> None:
    for language in PROMPTS.languages:
        said = [talk(language).head(handoff(reason=reason), None, NOW).text.partition("\n")[0] for reason in REASONS]
        assert len(set(said)) == len(REASONS)


def test_the_head_shows_the_summary_and_the_cards() -> None:
    order = Card("Order OT-1", (("Status", "delivered"), ("Total", "$5")))
    case = Case("It came broken.", False, Card("Ada Lovelace", (("Since", "2024"),)), (order,))
    assert talk().head(handoff(), case, NOW).text.split("\n\n")[1:] == [
        "In short\nIt came broken.",
        "Ada Lovelace\nSince: 2024",
        "Order OT-1\nStatus: delivered\nTotal: $5",
    ]


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("Where is my parcel?", "web: Where is my parcel?"),
        ("two\nlines\u202e", "web: two lines"),
        ("x" * 80, f"web: {'x' * 59}…"),
        ("", "web: A customer asks for a person"),
    ],
)
def test_a_thread_is_named_by_what_the_customer_wrote_on_one_line(words: str, title: str) -> None:
    assert talk().title(handoff(words=words), None) == title
    whose = Case("", False, Card("Ada Lovelace", ()), ())
    assert talk().title(handoff(words=words), whose) == f"Ada Lovelace, {title}"
    endless = Case("", False, Card("A" * 90, ()), ())
    assert len(talk().title(handoff(words="x" * 200, channel="telegram"), endless)) <= 100


PHOTO = Attachment("photo", kept="a/1")


@pytest.mark.parametrize(
    ("what", "line"),
    [
        (Said("customer", "m", "Hello"), "Customer: Hello"),
        (Said("customer", "m", "Hello **you**"), "Customer: Hello **you**"),
        (Said("customer", "m", "", (PHOTO,)), "Customer: [the photo]"),
        (Said("customer", "m", "", (Attachment("photo"),)), "Customer: [the photo, not kept]"),
        (Said("customer", "m", "See", (Attachment("file", "bill.pdf", kept="a/2"),)), "Customer: See [bill.pdf]"),
        (Said("customer", "m", "", (Attachment("voice"),)), "Customer: [the voice message]"),
        (Said("staff", "m", "I look", name="Olivia"), "Olivia: I look"),
        (Said("staff", "m", "I look"), "Our staff: I look"),
        (Said("staff", "m", ""), None),
        (FinalText("It takes **3 days**."), "Bot: It takes 3 days."),
        (FinalText(" "), None),
        (Card("Order", (("A", "b"),)), "Order\nA: b"),
        (Buttons((Button("human", "Talk to a person"),)), None),
        (Sources((Source("a", "b", "c"),)), None),
    ],
)
def test_what_happens_is_told_in_one_line_each(what: Happening, line: str | None) -> None:
    told = talk().line(Event("1-0", what), NAMES)
    assert (told.page.text if told else None) == line


@pytest.mark.parametrize(
    ("note", "line"),
    [
        (Note("1-0", NOW, "olivia", "she is upset"), "Note by Olivia: she is upset"),
        (Note("1-0", NOW, "olivia", "", "took"), "Olivia has taken it."),
        (Note("1-0", NOW, "otto", "olivia", "assigned"), "Otto has given it to Olivia."),
        (Note("1-0", NOW, "nobody42", "", "returned"), "nobody42 has given it back to the bot."),
        (Note("1-0", NOW, "otto", "resolved", "closed"), "Otto has closed it."),
        (Note("1-0", NOW, "", "", "reminded"), "This customer still waits."),
        (Note("1-0", NOW, "otto", "您好", "original"), "As Otto wrote it: 您好"),
        (Note("1-0", NOW, "", "the customer left an address", "system"), "The desk: the customer left an address"),
        (Note("1-0", NOW, "", "overdue", "system"), "Nobody came in time, and the customer was told so."),
        (Note("1-0", NOW, "", "quiet", "system"), PROMPTS.say("en", "desk_note_quiet")),
        (Note("1-0", NOW, "otto", " "), None),
    ],
)
def test_what_staff_note_and_do_is_told_in_one_line_each(note: Note, line: str | None) -> None:
    told = talk().line(note, NAMES)
    assert (told.page.text if told else None) == line
    assert bool(told and told.calls) == (note.kind == "reminded" or note.text in ("overdue", "quiet"))


def test_what_is_new_goes_out_in_as_few_messages_as_hold_it() -> None:
    def news(*sizes: int, kept: Sequence[int] = ()) -> list[tuple[Event | Note, Line | None]]:
        return [
            (
                Event(f"{place}-0", FinalText("")),
                Line(Rich("x" * size), (PHOTO,) if place in kept else ()) if size else None,
            )
            for place, size in enumerate(sizes)
        ]

    def groups(*sizes: int, kept: Sequence[int] = ()) -> list[int]:
        return [len(group) for group in packed(news(*sizes, kept=kept), 100)]

    assert groups() == []
    assert groups(10, 10, 10) == [3]
    assert groups(60, 60, 0, 10) == [1, 3]
    assert groups(10, 10, 10, kept=[1]) == [2, 1]
    assert groups(500, 10) == [1, 1]
    assert groups(0, 0) == [2]


def test_what_was_said_before_is_told_by_its_beginning_and_keeps_its_marks() -> None:
    page = joined([bold("Bot:"), Rich("x" * 900)], " ")
    told = talk().before([Line(page), Line(Rich("short"))])
    assert told.text == f"So far\nBot: {'x' * 294}…\nshort"
    assert [told.text[one.start : one.end] for one in told.spans] == ["So far", "Bot:"]
    assert talk().before([]).text == ""


def test_the_head_repeats_the_newest_of_what_was_said_before() -> None:
    lines = [Line(Rich(f"{number} {'x' * 300}")) for number in range(20)]
    shown = latest(lines)
    assert shown == lines[-len(shown) :]
    assert SO_FAR * 0.8 < sum(len(one.page.text) for one in shown) <= SO_FAR
    assert latest([Line(Rich("x" * 9000))])
