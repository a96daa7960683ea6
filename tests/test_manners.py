"""Commands, who one is here, the language, what comes instead of words, what a message replies to, and how it was."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.assembly import ShopDesk
from bot.cli import main
from bot.insights.talks import Talks
from bot.keys import Keys
from bot.manners.commands import as_press
from bot.messages import Attachment, Incoming, Said
from bot.redis.connection import Connection
from bot.shop.database import open_database
from tests.members import is_waiting, member
from tests.talking import Heard
from tests.visitors import ADA, ADAS_EMAIL, ADAS_ORDER, Visitor, is_streamed_right, pressed, session_of, visitor

PHOTO = Attachment("photo", "", "image/jpeg", 1000, "kept/1.jpg")


@pytest.mark.parametrize(
    ("text", "press"),
    [
        ("/help", "help"),
        ("  /Forget ", "forget"),
        ("/order", "orders"),
        ("/human", "human"),
        ("／language", "language"),
        ("/unknown", ""),
        ("/help me please", ""),
        ("help", ""),
        ("a/help", ""),
    ],
)
def test_a_message_that_is_nothing_but_a_command_is_the_press_of_it(text: str, press: str) -> None:
    read = as_press(Incoming("test", "test:1", "1", text))
    assert (read.press, read.text) == (press, "" if press else text)


def test_the_caption_of_a_photo_is_no_command() -> None:
    message = Incoming("test", "test:1", "1", "/forget", attachments=(PHOTO,))
    assert as_press(message) == message


async def test_a_command_says_the_same_typed_and_pressed_in_both_languages(desk: ShopDesk) -> None:
    for locale, word in (("en", "deletes"), ("zh", "删除")):
        for command, press in (("/start", "start"), ("/help", "help"), ("/account", "account"), ("/forget", "forget")):
            typed = await visitor(desk, locale=locale).tells(command)
            clicked = await visitor(desk, locale=locale).tells(press=press)
            assert (typed.text, typed.buttons) == (clicked.text, clicked.buttons)
            assert typed.buttons and is_streamed_right(typed)
            assert (locale == "zh") == any(ord(sign) > 0x3400 for sign in typed.text), (word, typed.text)
    assert "orders" in pressed(await visitor(desk, ADA).tells("/start"))
    assert "verify" in pressed(await visitor(desk).tells("/start"))


async def test_a_second_start_takes_nothing_away(desk: ShopDesk, connection: Connection) -> None:
    guest = visitor(desk)
    await guest.tells(ADAS_ORDER)
    await guest.tells("/start")
    assert ADAS_ORDER in (await guest.tells(ADAS_EMAIL)).text


async def test_who_says_nothing_at_all_is_greeted(desk: ShopDesk) -> None:
    for text in ("", "  ", "\n"):
        heard = await visitor(desk).tells(text)
        assert heard.text == (await visitor(desk).tells("/start")).text
        assert (await visitor(desk, public=True).tells(text)).text == heard.text


async def test_the_chosen_language_is_kept_where_a_message_does_not_say(desk: ShopDesk) -> None:
    guest = visitor(desk)
    offered = await guest.tells("/language")
    assert pressed(offered) == ["language:en", "language:zh", "language:auto"]
    assert [one.label for one in offered.buttons][:2] == ["English", "中文"]
    assert "中文" in (await guest.tells(press="language:zh")).text
    assert "订单" in (await guest.tells("/orders")).text
    assert "working days" in (await guest.tells("How long does delivery take?")).text, "a whole sentence says it"
    assert "订单" in (await guest.tells("/orders")).text, "and does not change what was chosen"
    await guest.tells(press="language:auto")
    await guest.tells("How long does delivery take?")
    assert "order number" in (await guest.tells("/orders")).text


async def test_a_language_that_the_shop_does_not_speak_is_asked_for_again(desk: ShopDesk) -> None:
    assert "Which language" in (await visitor(desk).tells(press="language:xx")).text


async def test_account_says_who_one_is_here_and_how_to_take_it_back(desk: ShopDesk) -> None:
    signed_in = await visitor(desk, ADA).tells("/account")
    assert "signed in here as Ada" in signed_in.text and "sign_out" not in pressed(signed_in)
    guest = visitor(desk)
    assert "do not know who you are" in (await guest.tells("/account")).text
    await guest.tells(f"{ADAS_ORDER} {ADAS_EMAIL}")
    known = await guest.tells("/account")
    assert "as Ada" in known.text and "24 hours" in known.text and "Holm" not in known.text
    assert "no longer know" in (await guest.tells(press="sign_out")).text
    assert "do not know who you are" in (await guest.tells("/account")).text
    assert "e-mail address" in (await guest.tells(ADAS_ORDER)).text
    assert "nothing to sign out" in (await guest.tells(press="sign_out")).text


async def test_a_postcode_shows_the_one_order_that_it_proved(desk: ShopDesk) -> None:
    guest = visitor(desk)
    await guest.tells("OT-21153083")
    await guest.tells("my postcode is 5003")
    known = await guest.tells("/account")
    assert "OT-21153083" in known.text and "sign_out" in pressed(known)


async def test_a_link_is_shown_and_undone_by_a_press(desk: ShopDesk) -> None:
    code = (await visitor(desk, ADA).tells(press="link")).text.partition("link code is ")[2][:9]
    chat = visitor(desk, author="user-7")
    assert "Done" in (await chat.tells(f"link {code}")).text
    shown = await chat.tells("/account")
    assert "linked to the account of Ada" in shown.text and "unlink" in pressed(shown)
    assert "no longer linked" in (await chat.tells(press="unlink")).text
    assert "do not know who you are" in (await chat.tells("/account")).text


@pytest.mark.parametrize("locale", ["en", "zh"])
async def test_what_is_no_text_is_answered_honestly(desk: ShopDesk, locale: str) -> None:
    words = {
        "en": ("photos", "files", "listen", "videos", "help you", "map", "contacts", "this kind"),
        "zh": ("照片", "文件", "语音", "视频", "可以帮您", "位置", "名片", "这类消息"),
    }[locale]
    for kind, word in zip(
        ("photo", "file", "voice", "video", "sticker", "place", "contact", "other"), words, strict=True
    ):
        kept = "kept/1" if kind in ("photo", "file") else ""
        heard = await visitor(desk, locale=locale).tells(attachments=(Attachment(kind, kept=kept),))  # type: ignore[arg-type]
        assert word in heard.text, heard.text
        assert ("human" in pressed(heard)) == bool(kept)
        assert is_streamed_right(heard)


async def test_the_caption_is_answered_and_what_was_not_looked_at_is_said(desk: ShopDesk) -> None:
    heard = await visitor(desk).tells("How long does delivery take?", attachments=(PHOTO,))
    assert "working days" in heard.text and "the photo I cannot look at, but it is kept" in heard.text
    lost = await visitor(desk).tells(attachments=(Attachment("file", "a.pdf", size=99_000_000),))
    assert "could not take the file" in lost.text and "kept here" not in lost.text
    sticker = await visitor(desk).tells("How long does delivery take?", attachments=(Attachment("sticker", "👍"),))
    assert "sticker" not in sticker.text and "cannot" not in sticker.text


async def test_a_photo_stands_in_the_transcript(desk: ShopDesk) -> None:
    guest = visitor(desk)
    await guest.tells("look", attachments=(PHOTO,))
    events = await desk.handles.postbox.transcript(guest.conversation)
    assert [event.what.attachments for event in events if isinstance(event.what, Said)] == [(PHOTO,)]


async def test_a_reply_to_a_message_is_about_what_that_says(desk: ShopDesk) -> None:
    ada = visitor(desk, ADA)
    told = await ada.tells("where is it?", quotes=f"Your order {ADAS_ORDER} has left our house")
    assert ADAS_ORDER in told.text and told.cards
    guest = visitor(desk)
    described = await guest.tells("Moss Lantern")
    name = described.text.split(" costs")[0]
    await guest.tells("How long does delivery take?")
    assert "$" in (await guest.tells("how much is it?", quotes=described.text)).text, name
    assert "$" not in (await visitor(desk).tells("how much is it?", quotes="nothing of ours")).text


async def proposed(desk: ShopDesk) -> Visitor:
    """Somebody before whom a card stands."""
    ada = visitor(desk, ADA)
    card = await ada.tells("cancel OT-21153083, ordered by mistake")
    assert any(one.startswith("confirm:") for one in pressed(card)), card.text
    return ada


async def test_a_yes_to_another_message_or_by_an_edit_confirms_no_card(desk: ShopDesk) -> None:
    ada = await proposed(desk)
    other = await ada.tells("yes", quotes="Would you like to hear of our offers?")
    assert "Nothing has been changed yet" in other.text
    edited = await ada.tells("yes", edits=str(ada.said))
    assert "Nothing has been changed yet" in edited.text
    done = await ada.tells("yes", quotes=edited.text)
    assert "Done" in done.text


async def stars(connection: Connection, data: Path) -> list[int]:
    """All that were given, when everything that has happened is written down."""
    async with asyncio.timeout(20):
        while await connection.commands.xlen(Keys().facts(Keys().shard(0))):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    async with open_database(f"sqlite+aiosqlite:///{data / 'shop.sqlite'}") as database:
        return await Talks(database).stars(0)


async def test_when_staff_close_a_conversation_the_customer_is_asked_once_how_it_was(
    desk: ShopDesk, connection: Connection, demo_data: Path
) -> None:
    guest = visitor(desk)
    await guest.tells("/human")
    await desk.staff.take(member("eve"), guest.conversation)
    with pytest.raises(ValueError, match="taken by eve"):
        await desk.staff.close(member("bob"), guest.conversation)
    await desk.staff.close(member("eve"), guest.conversation)
    asked = await until_buttons(guest)
    assert pressed(asked) == [f"rate:{stars}" for stars in range(1, 6)]
    assert "How was it?" in asked.text
    thanks = await guest.tells(press="rate:5")
    assert "glad" in thanks.text
    assert "already" in (await guest.tells(press="rate:1")).text
    assert await stars(connection, demo_data) == [5]
    assert "working days" in (await guest.tells("How long does delivery take?")).text
    assert not await is_waiting(desk.staff, guest.conversation)


async def test_who_was_not_served_well_is_offered_a_person(
    desk: ShopDesk, connection: Connection, demo_data: Path
) -> None:
    guest = visitor(desk, locale="zh")
    await guest.tells("你好")
    await desk.staff.close(member("eve"), guest.conversation)
    await until_buttons(guest)
    sorry = await guest.tells(press="rate:1")
    assert "抱歉" in sorry.text and "human" in pressed(sorry)
    assert await stars(connection, demo_data) == [1]


async def test_nobody_rates_who_was_not_asked(desk: ShopDesk, connection: Connection, demo_data: Path) -> None:
    guest = visitor(desk)
    for press in ("rate:5", "rate:9", "rate:", "rate:5 0"):
        assert (await guest.tells(press=press)).text
    assert await stars(connection, demo_data) == []


async def test_commands_are_heard_beside_staff_and_words_are_left_to_them(desk: ShopDesk) -> None:
    guest = visitor(desk)
    await guest.tells("hello")
    await desk.staff.take(member("eve"), guest.conversation)
    account = await guest.tells("/account")
    assert account.text and "with_staff" in account.statuses
    words = await guest.tells("How long does delivery take?")
    assert not words.text and "with_staff" in words.statuses


async def test_what_was_chosen_is_saved(desk: ShopDesk, connection: Connection) -> None:
    guest = visitor(desk)
    await guest.tells(press="language:zh")
    assert (await session_of(connection, guest.conversation)).chosen_language == "zh"


async def until_buttons(guest: Visitor) -> Heard:
    """What the desk said of its own accord."""
    async with asyncio.timeout(20):
        while True:
            events = await guest.postbox.transcript(guest.conversation)
            last = Heard(events[-3:])
            if last.buttons and last.statuses == ["done"]:
                return last
            await asyncio.sleep(0.02)


async def test_staff_close_and_count_from_their_terminal(
    desk: ShopDesk, connection: Connection, redis_url: str, demo_data: Path
) -> None:
    runner, settings = CliRunner(), {"SHOPDESK_REDIS_URL": redis_url, "SHOPDESK_DATA_DIR": str(demo_data)}

    async def staff(*words: str) -> str:
        return (await asyncio.to_thread(runner.invoke, main, ["desk", *words], env=settings)).output

    assert "Nobody has said" in await staff("ratings")
    assert "no conversation" in await staff("close", "test:nobody")
    guest = visitor(desk)
    await guest.tells("hello")
    await staff("take", guest.conversation, "--who", "eve")
    assert "taken by eve" in await staff("close", guest.conversation, "--who", "bob")
    assert "is closed" in await staff("close", guest.conversation, "--who", "eve")
    await until_buttons(guest)
    await guest.tells(press="rate:3")
    assert await stars(connection, demo_data) == [3]
    assert "3: 1" in await staff("ratings")
    assert "staff: (closed)" in await staff("show", guest.conversation)
