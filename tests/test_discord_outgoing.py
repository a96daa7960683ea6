"""What is sent to Discord, compared with recorded payloads of every kind; the limits of its messages and buttons."""

import json
from pathlib import Path

import pytest

from adapters.discord.buttons import Component, after_press, chosen, desk_row, link_row, rows
from adapters.discord.outgoing import (
    LONGEST,
    Message,
    draft_nonce,
    ephemeral,
    form,
    frame,
    nonce_of,
    notice,
    payload,
    staff_words,
    to_outgoing,
)
from adapters.discord.uploads import upload_of
from adapters.presses import Press, read_press
from adapters.replies import Reply
from adapters.text import as_discord, plain, utf16
from bot.messages import Attachment, Button, Card, Source
from tests.discord_limits import is_empty, wrong

RECORDED = Path(__file__).parent / "data" / "discord" / "outgoing"
PLACE, HOME, TITLES = "discord:100:900", "https://shop.example", ("Sources", "Choose one…")
MANY = tuple(Button(f"ask:{number}", f"Topic {number}", lasting=True) for number in range(60))


def sent(reply: Reply) -> list[Message]:
    return to_outgoing(PLACE, reply, HOME, TITLES)


KINDS = {
    "text": sent(Reply("7-1", "It takes **three** days.\n\n- post\n- courier\n\nSee [Delivery](/en/help/delivery).")),
    "hostile text": sent(
        Reply("7-1", "@everyone @here <@7> <@&8> <#9> ||hidden|| > quote ~~no~~ _a_ *b* `<@7>`\n# no title of ours\\")
    ),
    "foreign link": sent(Reply("7-1", "Look at [this](https://evil.example/?q=secret) or https://evil.example/x.")),
    "card": sent(Reply("7-1", "Here it is.", cards=(Card("Order *1001*", (("Status", "shipped"), ("Total", "$5"))),))),
    "sources": sent(
        Reply(
            "7-1",
            "Three days [1].",
            sources=(Source("a", "Delivery [new]", "/en/help/delivery"), Source("b", "Post", "")),
        )
    ),
    "confirm": sent(
        Reply(
            "7-9",
            "Cancel it?",
            buttons=(Button("confirm:x", "Confirm", "primary"), Button("withdraw:x", "Leave it as it is")),
            buttons_event="7-5",
        )
    ),
    "choices": sent(Reply("7-9", "Which?", buttons=MANY[:7], buttons_event="7-5")),
    "very many choices": sent(Reply("7-9", "Which?", buttons=MANY, buttons_event="7-5")),
    "buttons alone": sent(Reply("7-9", "", buttons=MANY[:1], buttons_event="7-5")),
    "chinese": sent(Reply("7-1", "您好！**三天**送达。", sources=(Source("a", "配送", "/zh/help/delivery"),))),
    "gone private": to_outgoing(
        PLACE, Reply("7-1", "Let us go on in private."), HOME, TITLES, link_row("Open", "https://discord.com/channels/1/2")
    ),
    "staff": staff_words(PLACE, "7-3", "Our staff", "Hello *Ada*, <@7> see https://shop.example/en/help"),
    "draft": [frame("It takes **thr", HOME, draft_nonce(PLACE, "7-0"))],
    "draft taken back": [frame("", HOME)],
    "notice": [notice("Let us go on in <#5>.", nonce=nonce_of("a", "b"))],
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sent_is_what_was_recorded(kind: str) -> None:
    recorded = json.loads((RECORDED / f"{kind.replace(' ', '_')}.json").read_text("utf-8"))
    assert [payload(message) for message in KINDS[kind]] == recorded


@pytest.mark.parametrize("kind", KINDS)
def test_discord_takes_it_and_nobody_is_called_and_nothing_is_previewed(kind: str) -> None:
    for message in KINDS[kind]:
        body = payload(message)
        assert wrong(body) is None and not is_empty(body)
        assert body["allowed_mentions"] == {"parse": []}
        assert body["flags"] & 4


def test_a_long_reply_is_cut_at_sentences_and_only_its_last_message_has_the_buttons() -> None:
    sentence = "It is delivered by courier, 🎁 in *three* to five working days! "
    messages = sent(Reply("7-1", sentence * 90, buttons=MANY[:2], buttons_event="7-5"))
    assert len(messages) > 2
    for message in messages:
        assert utf16(message.content) <= LONGEST and message.content.endswith(
            "days\\!" if "\\!" in message.content else "!"
        )
    assert [bool(message.components) for message in messages] == [False] * (len(messages) - 1) + [True]
    assert len({message.nonce for message in messages}) == len(messages)
    assert "".join(" ".join(one.content for one in messages).split()) == "".join(
        (sentence * 90).replace("*three*", "\\*three\\*").split()
    )


def test_the_same_piece_has_the_same_nonce_again_and_no_other_has_it() -> None:
    reply = Reply("7-1", "Hello")
    assert sent(reply)[0].nonce == sent(reply)[0].nonce
    others = {
        to_outgoing("discord:100:901", reply, HOME, TITLES)[0].nonce,
        sent(Reply("7-2", "Hello", answers="6-1"))[0].nonce,
        staff_words(PLACE, "7-3", "Our staff", "Hello")[0].nonce,
    }
    assert len(others | {sent(reply)[0].nonce}) == 4
    assert all(len(one) <= 25 for one in others)


def test_an_edit_takes_the_buttons_away_and_is_no_new_message() -> None:
    body = payload(Message("Hello", nonce="n"), edits=True)
    assert body["components"] == [] and "nonce" not in body


def test_what_only_one_person_may_see_is_marked_so() -> None:
    body = ephemeral("That button is *old*.")
    assert body["flags"] == 68 and body["content"] == "That button is \\*old\\*." and "nonce" not in body


def test_a_draft_that_has_become_long_still_fits() -> None:
    assert utf16(frame("word *" * 3000, HOME).content) <= LONGEST


# Buttons


def pressed_of(drawn: list[Component], label: str) -> tuple[str, tuple[str, ...]]:
    """How Discord says that this one was pressed."""
    for component in flat(drawn):
        if component.get("label") == label:
            return component["custom_id"], ()
        for option in component.get("options", ()):
            if option["label"] == label:
                return component["custom_id"], (option["value"],)
    raise AssertionError(label)


def flat(components: list[Component]) -> list[Component]:
    return [one for row in components for one in row["components"]]


@pytest.mark.parametrize("count", [1, 5, 6, 25, 26, 60, 125, 140])
def test_every_button_that_is_shown_can_be_pressed_and_leads_to_itself(count: int) -> None:
    buttons = tuple(Button(f"choice:{number}", f"Topic {number}") for number in range(count))
    drawn = rows(buttons, "1732300000000-12", "Choose one…")
    assert wrong({"content": "x", "components": drawn}) is None
    for number in range(min(count, 125)):
        assert read_press(chosen(*pressed_of(drawn, f"Topic {number}"))) == Press("1732300000000-12", number)


@pytest.mark.parametrize(
    "custom_id", ["", "order", "7-5", "7-5:", "7-5:x", ":1", "7-5:1:2", "7-5:1234", "7-5:*0", "a b:1"]
)
def test_what_is_none_of_our_buttons_is_none(custom_id: str) -> None:
    assert read_press(custom_id) is None


def test_a_press_marks_the_one_and_closes_the_others() -> None:
    drawn = rows((Button("confirm:x", "Confirm", "primary"), Button("withdraw:x", "Leave it")), "7-5")
    yes, no = flat(after_press(drawn, *pressed_of(drawn, "Confirm")))
    assert (yes["label"], yes["style"], yes["disabled"]) == ("✓ Confirm", 3, True)
    assert (no["label"], no["disabled"]) == ("Leave it", True)


def test_what_means_the_same_whenever_it_is_pressed_stays_open_and_closes_nothing() -> None:
    drawn = rows((Button("orders", "My orders", lasting=True), Button("confirm:x", "Confirm")), "7-5") + link_row(
        "Page", HOME
    )
    assert after_press(drawn, *pressed_of(drawn, "My orders")) == drawn
    orders, confirm, page = flat(after_press(drawn, *pressed_of(drawn, "Confirm")))
    assert "disabled" not in orders and confirm["disabled"] and "disabled" not in page


def test_pressed_twice_is_marked_once() -> None:
    drawn = rows((Button("rate:5", "5"), Button("rate:1", "1")), "7-5")
    once = after_press(drawn, "7-5:0")
    assert after_press(once, "7-5:0") == once


def test_more_than_five_choices_are_a_list_beside_which_other_buttons_stay() -> None:
    choices = tuple(Button(f"slot:{number}", f"Choice {number}") for number in range(6))
    others = (Button("confirm:x", "Confirm", "primary"), Button("human", "Talk to a person", lasting=True))
    few = flat(rows((*choices[:5], *others), "7-5", "Choose"))
    assert [one["type"] for one in few] == [2] * 7
    shown, confirm, human = flat(rows((*choices, *others), "7-5", "Choose"))
    assert shown["type"] == 3 and [one["label"] for one in shown["options"]] == [one.label for one in choices]
    assert (confirm["custom_id"], human["custom_id"]) == ("7-5:6", "7-5:7+")


def test_a_choice_from_a_list_is_seen_in_it() -> None:
    drawn = rows(tuple(Button(f"choice:{number}", f"Topic {number}") for number in range(30)), "7-5")
    first, second = flat(after_press(drawn, *pressed_of(drawn, "Topic 27")))
    assert second["disabled"] and [one["label"] for one in second["options"] if one["default"]] == ["Topic 27"]
    assert not any(one["default"] for one in first["options"])


@pytest.mark.parametrize("label", ["", "  ", "x" * 200, "🎁" * 60, "很长的" * 50])
def test_labels_fit(label: str) -> None:
    drawn = rows((Button("choice:1", label),), "7-5") + rows(tuple(Button("c", label) for _ in range(26)), "7-6")
    assert wrong({"content": "x", "components": drawn}) is None
    assert all(utf16(one.get("label", "")) <= 80 for one in flat(drawn))


NAMES = {
    ("label.pdf", "application/pdf"): "label.pdf",
    ("", "image/png"): "photo.png",
    ("mug", "image/jpeg"): "mug.jpg",
    ("破损 照片.jpg", "image/jpeg"): "破损 照片.jpg",
    ("../../etc/passwd", "text/plain"): "etc_passwd.txt",
    ('a"; filename="b.exe\r\nX-Evil: 1', "image/png"): "a_ filename_b.exe_X-Evil_ 1",
    ("x" * 300 + ".png", "image/png"): "x" * 96 + ".png",
    ("", "nonsense\r\n"): "photo.bin",
}


@pytest.mark.parametrize(("name", "media_type"), NAMES)
def test_a_file_is_called_so_that_it_can_be_shown_and_its_name_is_no_more_than_a_name(
    name: str, media_type: str
) -> None:
    upload = upload_of(Attachment("photo", name, media_type), b"...")
    assert upload.name == NAMES[name, media_type]
    assert len(upload.name) <= 100
    whole, file = form(Message("", files=(upload,)))
    assert json.loads(whole["value"])["attachments"] == [{"id": 0, "filename": upload.name}]
    assert (file["name"], file["filename"], file["value"]) == ("files[0]", "0", b"...")
    assert "\r" not in file["content_type"]


def test_only_who_is_meant_is_called() -> None:
    words = as_discord(plain("<@7> and @everyone"))
    message = payload(Message(f"<@8>\n{words}", calls=("8",)))
    assert message["allowed_mentions"] == {"parse": [], "users": ["8"]}
    assert payload(Message(words))["allowed_mentions"] == {"parse": []}


def test_the_buttons_of_staff_are_told_from_those_of_customers() -> None:
    [row] = desk_row([("Take", "desk:1:take", True), ("Close", "desk:1:close", False)])
    assert [(one["label"], one["custom_id"], one["style"]) for one in row["components"]] == [
        ("Take", "desk:1:take", 1),
        ("Close", "desk:1:close", 2),
    ]
    assert desk_row([]) == []
    assert not any(read_press(one["custom_id"]) for one in row["components"])
    assert wrong({"components": [row]}) is None
