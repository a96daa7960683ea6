"""Updates of every kind as Telegram writes them, and what the desk is told of each."""

import json
from pathlib import Path

import pytest
from telegram import Update, User

from adapters.telegram.attached import Attached
from adapters.telegram.deep_links import private_payload, read_private_payload
from adapters.telegram.desk_incoming import StaffWrote, to_staff_word
from adapters.telegram.incoming import Gone, Opened, Pressed, Read, Written, to_incoming
from adapters.telegram.places import Place, place_of
from bot.messages import Attachment, Incoming

RECORDED = Path(__file__).parent / "data" / "telegram"
ME = User(123456, "Otter Shop", True, username="otter_shop_bot")
ANN = "telegram:123456:1084422"
GROUP = "telegram:123456:-1001712345678:1084422"
FORUM = "telegram:123456:-1001799999999/17:1084422"
QUOTED = "You can return items within 30 days."
PHOTO = Attachment("photo", media_type="image/jpeg", size=118034)


def recorded(name: str) -> Read | None:
    update = Update.de_json(json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8")), None)
    return to_incoming(update, ME)


def said(message: int, text: str = "", press: str = "", **more: object) -> Incoming:
    told: dict[str, object] = {"conversation": ANN, "locale": "en", **more}
    return Incoming(channel="telegram", message=str(message), text=text, press=press, **told)  # type: ignore[arg-type]


def in_group(message: int, text: str = "", press: str = "", **more: object) -> Incoming:
    return said(message, text, press, **{"conversation": GROUP, "public": True, **more})


WRITTEN = {
    "text": said(301, "Where is my order?"),
    "text_chinese": said(302, "我的订单在哪里？👩‍🚒", conversation="telegram:123456:99120034", locale="zh-hans"),
    "reply": said(303, "From when on?", quotes=QUOTED),
    "reply_to_a_part": said(304, "Which days?", quotes="30 days"),
    "forwarded": said(322, "Your parcel is on its way"),
    "start": said(323, press="start"),
    "start_with_link_code": said(324, "link ACDE-3467"),
    "start_from_advert": said(325, press="start"),
    "help": said(327, press="help"),
    "order_with_number": said(328, "SO-1001"),
    "orders": said(329, press="orders"),
    "human": said(330, press="human"),
    "language_named": said(331, press="language:zh"),
    "unknown_command": said(332, "/settings"),
    "slash_inside": said(333, "size 38/39 please"),
    "private_topic": said(903, "And this?", conversation=f"{ANN[: -len('1084422')]}1084422/5"),
    "group_mention": in_group(802, "🦦 how long do returns take?"),
    "group_mention_alone": in_group(819, press="start"),
    "group_mention_by_name": in_group(803, "🦦  do you ship to Malta?"),
    "group_reply_to_us": in_group(806, "and abroad?", quotes=QUOTED),
    "group_command_for_us": in_group(808, press="help"),
    "group_command_bare": in_group(810, press="orders"),
    "forum_mention": in_group(901, "how long?", conversation=FORUM),
}
WITH_SOMETHING = {  # what came, the file that is to be fetched, the words beside it
    "photo": (PHOTO, "AgACAgQAAxkBAAIBSmay", ""),
    "photo_with_caption": (PHOTO, "AgACAgQAAxkBAAIBSmay", "The strap is torn"),
    "album": (PHOTO, "AgACAgQAAxkBAAIBSmay", ""),
    "document": (Attachment("file", "invoice.pdf", "application/pdf", 48213), "BQACAgQAAxkBAAIBT2", "my invoice"),
    "animation": (Attachment("video", media_type="video/mp4"), "", ""),
    "voice": (Attachment("voice", media_type="audio/ogg", size=17233), "", ""),
    "audio": (Attachment("voice", media_type="audio/mpeg", size=2881233), "", ""),
    "video": (Attachment("video", size=3811233), "", "it rattles"),
    "video_note": (Attachment("video", size=511233), "", ""),
    "sticker": (Attachment("sticker", "👍"), "", ""),
    "location": (Attachment("place", "48.20849, 16.37208"), "", ""),
    "venue": (Attachment("place", "Parcel shop Lindengasse"), "", ""),
    "contact": (Attachment("contact", "Bob Berg, +4366012345"), "", ""),
    "poll": (Attachment("other"), "", ""),
    "dice": (Attachment("other"), "", ""),
    "group_mention_in_caption": (PHOTO, "AgACAgQAAxkBAAIBSmay", "is this yours?"),
}
PASSED_OVER = {
    "group_talk": "nobody spoke to us",
    "group_mention_of_another": "somebody else was meant",
    "group_reply_to_another": "somebody else was answered",
    "group_command_for_another": "another bot was meant",
    "group_unknown_command": "most likely another bot was meant",
    "forum_talk": "that we opened the topic does not make everything in it a reply to us",
    "anonymous_admin": "nobody knows who that is, so they cannot have a conversation of their own",
    "another_bot": "two bots would talk for ever",
    "channel_post": "a channel has readers, not customers",
    "forwarded_by_channel": "a channel has readers, not customers",
    "live_location_moved": "a place that moves says nothing new",
    "new_members": "Telegram says it, not a customer",
    "left_member": "Telegram says it, not a customer",
    "pinned": "Telegram says it, not a customer",
    "topic_created": "Telegram says it, not a customer",
    "migrated": "Telegram says it, not a customer",
    "press_from_inline": "we offer no inline mode",
    "unblocked": "they will write when they want something",
    "added_to_group": "we speak when we are spoken to",
    "unknown_kind": "a kind of update that is newer than we are",
}
OTHERS = {
    "edited", "start_from_group", "press", "press_in_group", "press_in_topic", "press_of_inaccessible",
    "blocked", "put_out_of_group", "left_group",
}  # fmt: skip


def test_every_recorded_update_is_expected_somewhere() -> None:
    assert {path.stem for path in RECORDED.glob("*.json")} == {*WRITTEN, *WITH_SOMETHING, *PASSED_OVER, *OTHERS}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_is_understood(name: str) -> None:
    read = recorded(name)
    assert isinstance(read, Written) and read.attached is None
    assert read.incoming == WRITTEN[name]
    assert place_of(read.incoming.conversation) == read.place


@pytest.mark.parametrize("name", WITH_SOMETHING)
def test_what_comes_with_a_message_or_instead_of_one_is_named(name: str) -> None:
    read, (attachment, file, text) = recorded(name), WITH_SOMETHING[name]
    assert isinstance(read, Written) and read.attached is not None
    assert (read.attached.attachment, read.attached.file, read.incoming.text) == (attachment, file, text)


@pytest.mark.parametrize("name", PASSED_OVER)
def test_what_is_not_for_us_is_passed_over(name: str) -> None:
    assert recorded(name) is None, PASSED_OVER[name]


def test_a_new_wording_names_the_message_whose_place_it_takes() -> None:
    read = recorded("edited")
    assert isinstance(read, Written)
    assert (read.incoming.edits, read.incoming.text) == ("301", "Where is my order SO-1001?")
    assert read.incoming.message.startswith("301:e")


def test_two_new_wordings_in_one_second_are_two() -> None:
    told = json.loads((RECORDED / "edited.json").read_text(encoding="utf-8"))
    first, second = (to_incoming(Update.de_json({**told, "update_id": one}, None), ME) for one in (7, 8))
    assert isinstance(first, Written) and isinstance(second, Written)
    assert first.incoming.message != second.incoming.message


@pytest.mark.parametrize(
    ("name", "conversation", "public"),
    [
        ("press", ANN, False),
        ("press_in_group", "telegram:123456:-1001712345678:99120034", True),
        ("press_in_topic", FORUM, True),
        ("press_of_inaccessible", ANN, False),
    ],
)
def test_a_press_belongs_to_who_pressed_and_where(name: str, conversation: str, public: bool) -> None:
    read = recorded(name)
    assert isinstance(read, Pressed)
    assert (read.incoming.conversation, read.incoming.public) == (conversation, public)
    assert read.data == "1795374224123-0:1" and read.incoming.message == "cb:4657614839211443"


def test_who_comes_from_a_group_into_the_private_chat_brings_the_question_along() -> None:
    read = recorded("start_from_group")
    assert isinstance(read, Opened)
    assert (read.asked.chat, read.asked.thread, read.asked.event) == (-1001712345678, 0, "1795374224123-0")
    assert (read.place.conversation, read.incoming.press) == (ANN, "start")


@pytest.mark.parametrize("name", ["blocked", "put_out_of_group", "left_group"])
def test_it_is_known_where_nothing_can_be_sent_any_more(name: str) -> None:
    assert isinstance(recorded(name), Gone)


@pytest.mark.parametrize(
    "place",
    [
        Place(123456, 1084422),
        Place(123456, 1084422, 5),
        Place(123456, -1001712345678, user=7),
        Place(1, -5, 17, 99120034),
    ],
)
def test_a_place_is_read_as_it_was_written(place: Place) -> None:
    assert place_of(place.conversation) == place


@pytest.mark.parametrize(
    "wrong", ["", "telegram:1", "telegram:1:x", "discord:1:2", "telegram:1:2:3:4", "telegram:1:2/"]
)
def test_what_is_no_place_on_telegram_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a conversation on Telegram"):
        place_of(wrong)


def test_a_link_into_the_private_chat_fits_into_what_telegram_allows() -> None:
    place = Place(9_999_999_999, -1_009_999_999_999, 2_147_483_647, 7_999_999_999)
    payload = private_payload(place, "1795374224123-99")
    asked = read_private_payload(payload)
    assert len(payload) <= 64 and asked
    assert (asked.chat, asked.thread, asked.event) == (place.chat, place.thread, "1795374224123-99")


@pytest.mark.parametrize("payload", ["", "q_", "q_!!!", "q_AAAA", "link-ACDE3467", "q_" + "A" * 62])
def test_what_is_no_such_link_asks_nothing(payload: str) -> None:
    assert read_private_payload(payload) is None


PHONE = {"id": 1, "is_bot": False, "first_name": "Bob"}
STARS = {"currency": "XTR", "total_amount": 5, "invoice_payload": "x"}
FILE = {"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1, "duration": 1}
RARE = {  # what people can send that is none of the kinds above
    "story": {"chat": {"id": 5, "type": "private", "first_name": "Bob"}, "id": 3},
    "game": {"title": "t", "description": "d", "photo": []},
    "invoice": {"title": "t", "description": "d", "start_parameter": "s", "currency": "EUR", "total_amount": 100},
    "paid_media": {"star_count": 5, "paid_media": [{"type": "preview"}]},
    "checklist": {"title": "To do", "tasks": [{"id": 1, "text": "one"}]},
    "giveaway": {"chats": [], "winners_selection_date": 1795374224, "winner_count": 1},
    "giveaway_winners": {"chat": {"id": -5, "type": "channel", "title": "c"}, "giveaway_message_id": 1,
                         "winners_selection_date": 1795374224, "winner_count": 1, "winners": [PHONE]},
    "hologram": {"depth": 3},
}  # fmt: skip
SERVICE = {  # what Telegram itself says in a chat
    "message_auto_delete_timer_changed": {"message_auto_delete_time": 86400},
    "video_chat_started": {},
    "video_chat_ended": {"duration": 3},
    "forum_topic_edited": {"name": "n"},
    "forum_topic_closed": {},
    "boost_added": {"boost_count": 1},
    "users_shared": {"request_id": 1, "users": [{"user_id": 1}]},
    "write_access_allowed": {},
    "successful_payment": {**STARS, "telegram_payment_charge_id": "a", "provider_payment_charge_id": "b"},
    "chat_background_set": {"type": {"type": "chat_theme", "theme_name": "x"}},
    "new_chat_title": "New",
    "delete_chat_photo": True,
    "proximity_alert_triggered": {"traveler": PHONE, "watcher": PHONE, "distance": 3},
}


def sent(kind: str, content: object, chat: dict[str, object], **more: object) -> Update:
    ann = {"id": 1084422, "is_bot": False, "first_name": "Ann"}
    told = {"message_id": 321, "from": ann, "chat": chat, "date": 1795374224, kind: content, **more}
    return Update.de_json({"update_id": 529114399, "message": told}, None)


ALONE: dict[str, object] = {"id": 1084422, "first_name": "Ann", "type": "private"}
STAFF: dict[str, object] = {"id": -1001, "title": "Our desk", "type": "supergroup", "is_forum": True}
TOPIC: dict[str, object] = {"message_thread_id": 17, "is_topic_message": True}


@pytest.mark.parametrize("kind", RARE)
def test_a_rare_kind_is_answered_where_we_are_meant_and_never_passed_on_by_staff(kind: str) -> None:
    read = to_incoming(sent(kind, RARE[kind], ALONE), ME)
    assert isinstance(read, Written) and read.attached == Attached(Attachment("other"))
    assert to_incoming(sent(kind, RARE[kind], {"id": -5, "title": "Friends", "type": "supergroup"}), ME) is None
    word = to_staff_word(sent(kind, RARE[kind], STAFF, **TOPIC), ME)
    assert word is None or (
        isinstance(word, StaffWrote) and not word.text and not (word.attached and word.attached.file)
    )


@pytest.mark.parametrize("kind", SERVICE)
def test_what_telegram_itself_says_in_a_chat_is_answered_nowhere(kind: str) -> None:
    assert to_incoming(sent(kind, SERVICE[kind], ALONE), ME) is None
    assert to_staff_word(sent(kind, SERVICE[kind], STAFF, **TOPIC), ME) is None


def test_a_text_with_something_that_is_newer_than_we_are_is_a_text() -> None:
    read = to_incoming(sent("text", "Hello", ALONE, sparkle={"x": 1}), ME)
    assert isinstance(read, Written) and read.attached is None and read.incoming.text == "Hello"
