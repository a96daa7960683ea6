"""What comes from Discord, kind by kind, as the desk has it. The frames are as Discord documents them."""

from pathlib import Path

import msgspec
import pytest

from adapters.discord.forms import text_of_form
from adapters.discord.incoming import (
    files_of,
    is_addressed,
    is_edited,
    is_written,
    says_something,
    to_edited,
    to_incoming,
)
from adapters.discord.payloads import Deleted, Frame, Interaction, Message
from adapters.discord.places import Place, place_of
from adapters.discord.snowflakes import days_ago, days_old
from bot.messages import Attachment, Incoming

FRAMES = Path(__file__).parent / "data" / "discord"
BOT, ACCOUNT, ANN = "1100000000000000001", "discord:1100000000000000001", "80351110224678912"
PUBLIC = Place("1309870000000000001", ANN)
DIRECT = Place("1200000000000000900")
KEPT = {"1309870000000000500": "abc/def.jpg"}
FIRST = "1309870000000000001"


def frame(name: str) -> Frame:
    return msgspec.json.decode((FRAMES / f"{name}.json").read_bytes(), type=Frame)


def message(name: str) -> Message:
    return msgspec.json.decode(frame(name).d, type=Message)


def interaction(name: str) -> Interaction:
    return msgspec.json.decode(frame(name).d, type=Interaction)


def public(text: str = "", message: str = FIRST, **more: object) -> Incoming:
    conversation = f"{ACCOUNT}:{PUBLIC.channel}:{ANN}"
    return Incoming("discord", conversation, message, text, author=ANN, public=True, **more)  # type: ignore[arg-type]


def direct(text: str = "", **more: object) -> Incoming:
    return Incoming("discord", f"{ACCOUNT}:{DIRECT.channel}", FIRST, text, **more)  # type: ignore[arg-type]


def attached(kind: str, name: str, media_type: str = "", size: int = 0, kept: str = "abc/def.jpg") -> Attachment:
    return Attachment(kind, name, media_type, size, kept)  # type: ignore[arg-type]


KINDS: dict[str, tuple[Place, Incoming]] = {
    "text": (PUBLIC, public("Where is my order?")),
    "text_direct": (DIRECT, direct("多久能送到？")),
    "mention": (PUBLIC, public("can @bob_b return :hat: bought in #…, @…?")),
    "mention_alone": (PUBLIC, public(press="start")),
    "reply": (PUBLIC, public("And to Spain?", quotes="It takes 3 to 5 working days.")),
    "reply_to_deleted": (PUBLIC, public("And to Spain?")),
    "forwarded": (
        PUBLIC,
        public(quotes="Your parcel is at the depot", attachments=(attached("photo", "parcel.png", "image/png", 2048),)),
    ),
    "photo_with_caption": (
        PUBLIC,
        public("It came broken", attachments=(attached("photo", "IMG_2041.jpg", "image/jpeg", 183201),)),
    ),
    "file": (DIRECT, direct(attachments=(attached("file", "invoice.pdf", "application/pdf", 20411),))),
    "file_of_unknown_type": (PUBLIC, public(attachments=(attached("file", "notes", "", 311),))),
    "voice": (PUBLIC, public(attachments=(attached("voice", "voice-message.ogg", "audio/ogg", 9411),))),
    "video": (PUBLIC, public(attachments=(attached("video", "unboxing.mp4", "video/mp4", 9_400_011),))),
    "sticker": (PUBLIC, public(attachments=(attached("sticker", "Wave", kept=""),))),
    "poll": (PUBLIC, public(attachments=(attached("other", "poll", kept=""),))),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_message_is_translated(name: str) -> None:
    place, expected = KINDS[name]
    assert is_written(message(name))
    assert to_incoming(message(name), place, ACCOUNT, BOT, KEPT) == expected


def test_what_is_not_kept_is_named_all_the_same() -> None:
    incoming = to_incoming(message("photo_with_caption"), PUBLIC, ACCOUNT, BOT, {})
    assert incoming.attachments == (Attachment("photo", "IMG_2041.jpg", "image/jpeg", 183201),)


def test_the_new_wording_of_a_message_names_the_old_one() -> None:
    edited = message("edited")
    assert is_edited(edited)
    expected = public(
        "Where is my parcel?", f"{FIRST}:e2026-11-20T10:01:00.456000+00:00", edits=FIRST
    )  # fmt: skip
    assert to_edited(edited, PUBLIC, ACCOUNT, BOT, {}) == expected


def test_a_preview_that_is_added_is_no_new_wording() -> None:
    assert not is_edited(message("preview_added"))


def test_a_message_of_spaces_says_nothing() -> None:
    assert not says_something(message("spaces"), BOT)
    assert all(says_something(message(name), BOT) for name in KINDS)


NOT_WRITTEN = [
    "of_a_bot", "of_a_webhook", "of_ourselves", "notice_thread_created", "notice_pinned", "notice_joined",
    "notice_thread_starter",
]  # fmt: skip


@pytest.mark.parametrize("name", NOT_WRITTEN)
def test_what_no_person_wrote_is_passed_over(name: str) -> None:
    assert not is_written(message(name))


def test_whoever_names_the_bot_or_answers_it_addresses_it() -> None:
    addressed = {name for name in KINDS if is_addressed(message(name), BOT)}
    assert addressed == {"mention", "mention_alone", "reply"}


def test_files_of_a_forwarded_message_are_fetched_too() -> None:
    assert [one.filename for one in files_of(message("forwarded"))] == ["parcel.png"]


def test_deleted_messages_are_named_one_by_one_or_many() -> None:
    assert msgspec.json.decode(frame("deleted").d, type=Deleted).id == FIRST
    assert msgspec.json.decode(frame("deleted_in_bulk").d, type=Deleted).ids == (FIRST, "1309870000000000002")


def test_who_presses_is_known_in_servers_and_in_direct_messages() -> None:
    assert interaction("button").person.id == ANN
    assert interaction("command_direct").person.id == ANN
    assert interaction("command_direct").guild_id is None
    assert interaction("button").locale == "zh-CN"


def test_a_press_says_what_was_pressed_or_chosen() -> None:
    button, chosen = interaction("button").data, interaction("list").data
    assert button and button.custom_id == "1763632800000-0:1"
    assert chosen and chosen.values == ("1763632800000-0:26",)
    pressed = interaction("button").message
    assert pressed and b"The blue one" in bytes(pressed.components[0])


@pytest.mark.parametrize("name", ["form", "form_of_rows"])
def test_a_form_is_read_as_a_customer_would_write_it(name: str) -> None:
    given = interaction(name).data
    assert given and text_of_form(given) == "OT-20481931, ada.holm@example.com"


def test_every_frame_is_of_a_kind_that_is_tested() -> None:
    others = {
        "edited",
        "preview_added",
        "deleted",
        "deleted_in_bulk",
        "button",
        "list",
        "command",
        "command_direct",
        "spaces",
    }
    forms = {"form", "form_of_rows"}
    assert {path.stem for path in FRAMES.glob("*.json")} == KINDS.keys() | set(NOT_WRITTEN) | others | forms


@pytest.mark.parametrize("place", [PUBLIC, DIRECT])
def test_a_conversation_says_where_it_lives(place: Place) -> None:
    assert place_of(ACCOUNT, place.conversation(ACCOUNT)) == place


def test_a_conversation_of_another_account_is_refused() -> None:
    with pytest.raises(ValueError, match="not a conversation of"):
        place_of(ACCOUNT, "discord:11:12")


def test_an_id_says_how_old_it_is() -> None:
    assert days_old(days_ago(2)) == pytest.approx(2, abs=0.001)
    assert days_old("175928847299117063") > 3000  # of April 2016, from Discord's own documentation


@pytest.mark.parametrize(
    ("held", "kinds"),
    [
        ({"embeds": [{"type": "rich", "title": "A card"}]}, ["other"]),
        ({"activity": {"type": 1, "party_id": "x"}}, ["other"]),
        (
            {"message_snapshots": [{"message": {"content": "", "embeds": [{}], "components": [{"type": 17}]}}]},
            ["other"],
        ),
        ({"sticker_items": [{"id": "1", "name": "Wave", "format_type": 1}]}, ["sticker"]),
        ({"content": "See https://shop.example", "embeds": [{"type": "link"}]}, []),
        ({"components": [{"type": 1, "components": []}], "nonce": 5, "call": {"participants": []}}, []),
    ],
)
def test_what_cannot_be_read_is_named_where_there_is_nothing_else(held: dict[str, object], kinds: list[str]) -> None:
    """By the gateway and by the history alike."""
    told = msgspec.json.decode(frame("spaces").d, type=dict[str, object]) | {"content": ""} | held
    for read in (msgspec.convert(told, Message), msgspec.json.decode(msgspec.json.encode(told), type=Message)):
        assert [one.kind for one in to_incoming(read, DIRECT, ACCOUNT, BOT, {}).attachments] == kinds
        assert says_something(read, BOT) == bool(kinds or told["content"])


@pytest.mark.parametrize("kind", [*range(1, 19), *range(20, 47)])
def test_no_notice_of_discords_own_is_taken_for_words_of_a_person(kind: int) -> None:
    """Pins, joins, boosts, threads, results of polls, and whatever comes after them."""
    told = msgspec.json.decode(frame("text").d, type=dict[str, object]) | {"type": kind}
    assert not is_written(msgspec.convert(told, Message))
