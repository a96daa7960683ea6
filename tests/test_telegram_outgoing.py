"""What a reply of ours is on Telegram: messages, entities and buttons, as they go over the wire."""

import json
from pathlib import Path
from typing import Any

import pytest
from telegram import InlineKeyboardMarkup, MessageEntity

from adapters.presses import Press, read_press
from adapters.replies import Reply, written
from adapters.telegram.buttons import keyboard, link_button, pressed_keyboard
from adapters.telegram.outgoing import LONGEST, Outgoing, to_draft, to_outgoing
from adapters.text import bold, joined, plain, read, utf16
from bot.messages import Button, Card, Source

HOME = "https://shop.example"
EVENT = "1795374000123-0"
RECORDED = Path(__file__).parent / "data" / "telegram" / "outgoing"
CHOICES = tuple(Button(f"ask:{number}", f"Topic {number}") for number in range(7))


def wire(message: Outgoing) -> dict[str, Any]:
    """As the library writes it."""
    entities = [one.to_dict() for one in message.entities]
    under = message.keyboard.to_dict()["inline_keyboard"] if message.keyboard else []
    return {"text": message.text, "entities": entities, "keyboard": under}


def sent(reply: Reply, title: str = "Sources") -> list[Outgoing]:
    return to_outgoing(written(reply, title, HOME), keyboard(reply.buttons, reply.buttons_event), "Choose one…")


KINDS = {
    "text": sent(Reply(EVENT, "It takes **three** days.\n\n- post\n- courier\n\nSee [Delivery](/en/help/delivery).")),
    "markup of others": sent(Reply(EVENT, "<b>no</b> _a_ *b* ||hidden|| `x = 1` [half](\n# A title\n> quote @all")),
    "foreign link": sent(Reply(EVENT, "Look at [this](https://evil.example/?q=secret) or https://evil.example/x.")),
    "card": sent(Reply(EVENT, "Here it is.", cards=(Card("Order 1001", (("Status", "shipped"), ("Total", "$5"))),))),
    "sources": sent(
        Reply(EVENT, "Three days [1].", sources=(Source("a", "Delivery", "/en/help/delivery"), Source("b", "Post", "")))
    ),
    "confirm": sent(
        Reply(
            EVENT,
            "Cancel it?",
            buttons=(Button("yes:1", "Confirm", "primary"), Button("no:1", "Leave it as it is")),
            buttons_event="7-5",
        )
    ),
    "choices": sent(Reply(EVENT, "Which?", buttons=CHOICES, buttons_event="7-5")),
    "buttons alone": sent(Reply(EVENT, "", buttons=CHOICES[:1], buttons_event="7-5")),
    "chinese": sent(
        Reply(EVENT, "😀您好！**三天**送达。", sources=(Source("a", "配送", "/zh/help/delivery"),)), "来源"
    ),
    "long": sent(Reply(EVENT, "It goes on and on. " * 300, buttons=CHOICES[:2], buttons_event="7-5")),
    "draft": [to_draft("It takes **thr", HOME)],
    "words of staff": to_outgoing(joined([bold("Our staff"), plain("I look at *it* now: https://a.example")], "\n")),
    "nothing": sent(Reply(EVENT, " ")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sent_is_what_was_recorded(kind: str) -> None:
    recorded = json.loads((RECORDED / f"{kind.replace(' ', '_')}.json").read_text("utf-8"))
    assert [wire(one) for one in KINDS[kind]] == recorded


def test_a_card_with_its_text_sources_and_buttons_is_one_message() -> None:
    reply = Reply(
        EVENT,
        "😀 **Please look** [1].",
        cards=(Card("Cancel OT-1", (("You get back", "$5.90"),)),),
        sources=(Source("faq:x", "Cancelling", "/en/help/cancel"),),
        buttons=(Button("yes:1", "Confirm", "primary"), Button("no:1", "Leave it as it is")),
        buttons_event="1795374000122-7",
    )
    (message,) = to_outgoing(written(reply, "Sources", HOME), keyboard(reply.buttons, reply.buttons_event))
    assert wire(message) == {
        "text": "😀 Please look [1].\n\nCancel OT-1\nYou get back: $5.90\n\nSources\n[1] Cancelling",
        "entities": [
            {"type": "bold", "offset": 3, "length": 11},
            {"type": "bold", "offset": 21, "length": 11},
            {"type": "bold", "offset": 54, "length": 7},
            {"type": "text_link", "offset": 66, "length": 10, "url": f"{HOME}/en/help/cancel"},
        ],
        "keyboard": [
            [{"text": "Confirm", "callback_data": "1795374000122-7:0", "style": "primary"}],
            [{"text": "Leave it as it is", "callback_data": "1795374000122-7:1"}],
        ],
    }


def test_a_long_text_is_several_messages_and_the_buttons_stand_under_the_last() -> None:
    messages = to_outgoing(plain("😀三至五个工作日。" * 1500), keyboard((Button("a", "A"),), EVENT))
    assert len(messages) > 2
    assert all(0.9 * LONGEST < utf16(one.text) <= LONGEST and one.text.endswith("。") for one in messages[:-1])
    assert [one.keyboard is not None for one in messages] == [*[False] * (len(messages) - 1), True]


def test_buttons_without_any_text_stand_under_a_few_words() -> None:
    (message,) = to_outgoing(plain(""), keyboard((Button("a", "A"),), EVENT), "Choose one…")
    assert (message.text, message.keyboard is not None) == ("Choose one…", True)
    assert to_outgoing(plain(" ")) == []


def test_a_draft_shows_no_half_markup_and_of_a_long_text_its_end() -> None:
    assert to_draft("It is **3 da", HOME) == Outgoing("It is 3 da", (MessageEntity("bold", 6, 4),))
    assert to_draft("", HOME) == Outgoing("")
    long = to_draft("One word more. " * 600 + "The end", HOME)
    assert long.text.endswith("The end")
    assert utf16(long.text) <= LONGEST


def test_what_a_button_carries_fits_into_64_bytes_whatever_its_id_is() -> None:
    buttons = [Button("ask:" + "x" * 200, f"Label {number}", lasting=True) for number in range(120)]
    under = keyboard(buttons, "99999999999999999999-9999999999")
    assert under is not None
    made = [one for row in under.inline_keyboard for one in row]
    assert len(made) == 100, "Telegram takes no more"
    assert all(len(str(one.callback_data).encode()) <= 64 for one in made)
    assert read_press(str(made[42].callback_data)) == Press("99999999999999999999-9999999999", 42)


@pytest.mark.parametrize("data", ["", "pressed", "yes:1", "1-0:", "1-0:1000", "1-0:-1", "1-0:1\n", "old:0"])
def test_what_is_not_ours_is_no_press(data: str) -> None:
    assert read_press(data) is None


@pytest.mark.parametrize(
    ("labels", "rows"),
    [
        (["1", "2", "3", "4", "5"], [5]),
        (["Yes", "No"], [2]),
        (["Which payment methods do you accept?", "No"], [1, 1]),
        (["确认取消订单", "保持原样不变"], [1, 1]),
        (["确认", "取消"], [2]),
        (["a"] * 7, [5, 2]),
    ],
)
def test_short_buttons_stand_side_by_side(labels: list[str], rows: list[int]) -> None:
    under = keyboard([Button(label, label) for label in labels], EVENT)
    assert under is not None
    assert [len(row) for row in under.inline_keyboard] == rows


def test_no_buttons_no_keyboard() -> None:
    assert keyboard((), EVENT) is None


def test_after_a_press_what_was_chosen_is_left_and_cannot_be_pressed_again() -> None:
    under = keyboard((Button("yes", "Confirm"), Button("no", "Leave it")), EVENT)
    left = pressed_keyboard(under, f"{EVENT}:0", "✓ Confirm")
    assert isinstance(left, InlineKeyboardMarkup)
    ((button,),) = left.inline_keyboard
    assert button.text == "✓ Confirm"
    assert read_press(str(button.callback_data)) is None


def test_what_means_the_same_whenever_it_is_pressed_stays_and_takes_nothing_away() -> None:
    orders, stop = Button("order:1", "Order 1", lasting=True), Button("slot:stop", "Never mind")
    under = keyboard((orders, Button("order:2", "Order 2", lasting=True), stop), EVENT)
    after = pressed_keyboard(under, f"{EVENT}:0+", "✓ Order 1")
    assert after and labels_of(after) == ["✓ Order 1", "Order 2", "Never mind"]
    again = pressed_keyboard(after, f"{EVENT}:1+", "✓ Order 2")
    assert again and labels_of(again) == ["✓ Order 1", "✓ Order 2", "Never mind"]
    over = pressed_keyboard(again, f"{EVENT}:2", "✓ Never mind")
    assert over and labels_of(over) == ["✓ Order 1", "✓ Order 2", "✓ Never mind"]
    pressable = [read_press(str(one.callback_data)) for row in over.inline_keyboard for one in row]
    assert pressable == [Press(EVENT, 0), Press(EVENT, 1), None]


def labels_of(under: InlineKeyboardMarkup) -> list[str]:
    return [one.text for row in under.inline_keyboard for one in row]


def test_after_a_press_links_stay_and_a_button_that_is_not_there_leaves_none() -> None:
    under = InlineKeyboardMarkup(
        [*(keyboard((Button("a", "A"),), EVENT) or InlineKeyboardMarkup([])).inline_keyboard,
         *link_button("Open", "https://t.me/x").inline_keyboard]
    )  # fmt: skip
    left = pressed_keyboard(under, "77-0:0", "✓ A")
    assert left is not None
    assert [[one.text for one in row] for row in left.inline_keyboard] == [["Open"]]
    assert pressed_keyboard(None, "77-0:0", "✓ A") is None


def test_nothing_of_a_model_becomes_a_link_elsewhere() -> None:
    (message,) = to_outgoing(read("[your refund](https://evil.example/pay) at https://evil.example/pay?o=1", HOME))
    assert message.text == "your refund at https://evil.example/pay?o=1"
    assert [one.type for one in message.entities] == ["code"]
