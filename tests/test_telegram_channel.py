"""The desk on Telegram, from what a customer does to what stands in the chat, over the real library."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from adapters.telegram.webhook import SECRET_HEADER, webhook_path, webhook_secret
from bot.assembly import ShopDesk
from bot.messages import Attachment, Said
from serving.ports import free_port
from tests.dialogues import ADA
from tests.members import member
from tests.talking import Customer
from tests.telegram_desk import on_telegram
from tests.telegram_server import NO_LIMITS, TelegramServer, open_telegram
from tests.telegram_world import Posted, hears, until

RETURNS = "How long do I have to return something?"
ANSWER = "30 days of delivery"
PUBLIC = "https://desk.example"


@pytest_asyncio.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with open_telegram(NO_LIMITS) as opened:
        yield opened


@pytest_asyncio.fixture
async def served(telegram: TelegramServer, desk: ShopDesk) -> AsyncIterator[TelegramServer]:
    async with on_telegram(telegram, desk.handles):
        yield telegram


async def test_a_question_is_answered_with_its_source_and_then_confirmed(served: TelegramServer) -> None:
    ann = served.person()
    ann.writes(RETURNS)
    [answer] = await ann.hears()
    assert ANSWER in answer.text and "Sources" in answer.text and not answer.preview
    await until(lambda: served.bot.offset > served.bot.ever[-1]["update_id"], "the update is confirmed")
    assert served.made("sendChatAction", ann.id) or served.made("sendMessageDraft", ann.id)


async def test_a_question_in_chinese_is_answered_in_chinese(served: TelegramServer) -> None:
    li = served.person("李", "zh-hans")
    li.writes("退货期限是多久？")
    [answer] = await li.hears()
    assert "30 天" in answer.text or "30天" in answer.text


async def test_start_greets_and_the_menu_is_there_in_both_languages(served: TelegramServer, desk: ShopDesk) -> None:
    ann = served.person()
    ann.starts()
    [greeting] = await ann.hears()
    assert greeting.text and greeting.labels
    await until(lambda: len(served.bot.texts) == 6, "the profile is told")
    menus = {language: [one["command"] for one in menu] for language, menu in served.bot.commands.items()}
    assert menus.keys() == {"default", "default en", "default zh"}
    assert set(map(tuple, menus.values())) == {("help", "orders", "human", "language", "account", "forget")}
    help_in_chinese = desk.handles.words("zh", "command_help")
    assert served.bot.commands["default zh"][0]["description"] == help_in_chinese


async def test_the_menu_is_not_set_again_where_it_is_the_same(telegram: TelegramServer, desk: ShopDesk) -> None:
    for _ in range(2):
        async with on_telegram(telegram, desk.handles):
            await until(lambda: len(telegram.bot.texts) == 6, "the profile is told")
            ann = telegram.person()
            ann.starts()
            await ann.hears()
    assert len(telegram.made("setMyCommands")) == 3


async def test_a_button_is_pressed_marked_and_answered(served: TelegramServer) -> None:
    ann = served.person()
    ann.writes(RETURNS)
    [answer] = await ann.hears()
    query = ann.presses(answer, "Talk to a person")
    await ann.hears(after=answer)
    await until(lambda: served.bot.presses[query] is not None, "the press is acknowledged")
    await until(lambda: "✓ Talk to a person" in answer.labels, "the press is marked")
    assert len(answer.labels) > 1, "what means the same whenever it is pressed stays"


async def test_a_button_of_a_time_that_is_over_says_so(served: TelegramServer, desk: ShopDesk) -> None:
    ann = served.person()
    ann.writes(RETURNS)
    [answer] = await ann.hears()
    query = ann.presses_data(answer, "1111111111111-0:0")
    await until(lambda: served.bot.presses[query] is not None, "the press is acknowledged")
    told = served.bot.presses[query]
    assert told and told["text"] == desk.handles.words("en", "button_old") and told["show_alert"]


async def test_a_button_in_a_group_is_for_who_asked(served: TelegramServer, desk: ShopDesk) -> None:
    ann, bob, group = served.person("Ann"), served.person("Bob"), served.group()
    ann.writes(f"@{served.bot.username} {RETURNS}", to=group)
    [answer] = await hears(group)
    query = bob.presses(answer, answer.labels[0])
    await until(lambda: served.bot.presses[query] is not None, "the press is acknowledged")
    told = served.bot.presses[query]
    assert told and told["text"] == desk.handles.words("en", "button_not_yours")
    assert answer.labels[0][0] != "✓"


async def test_when_staff_close_it_the_customer_is_asked_how_it_was_and_thanked(
    served: TelegramServer, desk: ShopDesk
) -> None:
    ann = served.person()
    ann.writes(RETURNS)
    [answer] = await ann.hears()
    await desk.staff.close(member("eve"), f"telegram:{served.bot.id}:{ann.id}")
    [asked] = await ann.hears(after=answer)
    assert "How was it?" in asked.text and asked.labels == ["1", "2", "3", "4", "5"]
    ann.presses(asked, asked.labels[-1])
    [thanks] = await ann.hears(after=asked)
    assert "glad" in thanks.text


async def test_in_a_group_only_what_is_said_to_us_is_answered_where_it_was_said(served: TelegramServer) -> None:
    served.bot.reads_all = True
    ann, bob = served.person("Ann"), served.person("Bob")
    group = served.group(forum=True)
    bob.writes(RETURNS, to=group, thread=17)
    asked = ann.writes(f"@{served.bot.username} {RETURNS}", to=group, thread=17)
    [answer] = await hears(group)
    assert ANSWER in answer.text and answer.thread == 17
    assert answer.reply_to is asked
    bob.writes("And what does delivery to Malta cost?", to=group, thread=17, reply_to=answer)
    [second] = await hears(group, after=answer)
    assert second.text and len(group.said) == 2


async def test_what_is_personal_moves_from_the_group_to_who_asked_and_to_nobody_else(
    served: TelegramServer, desk: ShopDesk
) -> None:
    ann, bob, group = served.person("Ann"), served.person("Bob"), served.group()
    ann.writes(f"@{served.bot.username} where is my order OT-20481931?", to=group)
    [told] = await hears(group)
    assert desk.handles.words("en", "come_private") in told.text
    assert "OT-20481931" not in told.text and "Ada" not in told.text
    payload = start_of(told)
    bob.starts(payload)
    [greeting] = await bob.hears()
    assert "OT-20481931" not in greeting.text
    ann.starts(payload)
    [answer] = await ann.hears()
    assert answer.text != greeting.text
    ann.writes(f"@{served.bot.username} and order OT-20481931?", to=group)
    [_, moved] = await hears(group, 2)
    assert moved.button("Open")["url"] == "https://t.me/otter_shop_bot"
    await ann.hears(2)


def start_of(posted: Posted) -> str:
    [url] = [button["url"] for row in posted.keyboard for button in row if "url" in button]
    assert url.startswith("https://t.me/otter_shop_bot?start=")
    return str(url).partition("?start=")[2]


async def test_a_chat_is_linked_to_an_account_by_a_link_with_a_code(served: TelegramServer, desk: ShopDesk) -> None:
    ada = Customer(desk.handles.postbox, ADA)
    code = re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", (await ada.says("link code")).text)
    assert code
    ann = served.person()
    ann.starts(f"link-{code[0].replace('-', '')}")
    [linked] = await ann.hears()
    assert "Ada" in linked.text or "linked" in linked.text
    ann.writes("/account")
    [account] = await ann.hears(after=linked)
    assert "Ada" in account.text


async def test_an_edited_message_is_answered_in_its_new_wording(served: TelegramServer) -> None:
    ann = served.person()
    asked = ann.writes("How long does delivery take?")
    [first] = await ann.hears()
    ann.edits(asked, RETURNS)
    [second] = await ann.hears(after=first)
    assert ANSWER in second.text


async def test_a_photo_and_a_file_are_kept_with_their_words(served: TelegramServer, desk: ShopDesk) -> None:
    ann = served.person()
    jpeg = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(2000)
    ann.sends_photo(jpeg, "My paddle looks like this")
    ann.sends_file("invoice.pdf", b"%PDF-1.7\n" + bytes(500), "application/pdf")
    photo, file = await two_kept(desk, ann.id)
    assert (photo.kind, await desk.handles.attachments.read(photo.kept)) == ("photo", jpeg)
    assert (file.kind, file.name, file.size) == ("file", "invoice.pdf", 509)
    assert (await desk.handles.attachments.read(file.kept)).startswith(b"%PDF")


async def two_kept(desk: ShopDesk, chat: int) -> list[Attachment]:
    """As soon as both are stored: the first may be answered before."""
    async with asyncio.timeout(20):
        while True:
            kept = [one for said in await said_by(desk, chat) for one in said.attachments]
            if len(kept) == 2:
                return kept
            await asyncio.sleep(0.02)


async def said_by(desk: ShopDesk, chat: int) -> list[Said]:
    events = await desk.handles.postbox.transcript(f"telegram:123456:{chat}")
    return [event.what for event in events if isinstance(event.what, Said) and event.what.by == "customer"]


async def test_what_is_too_large_is_not_even_fetched_and_said_honestly(served: TelegramServer, desk: ShopDesk) -> None:
    ann = served.person()
    ann.sends_file("film.zip", b"PK\x03\x04", "application/zip", size=desk.handles.attachments.most_bytes + 1)
    [answer] = await ann.hears()
    assert "too large" in answer.text
    assert not served.made("getFile")


@pytest.mark.parametrize("what", ["sends_voice", "sends_sticker", "sends_place", "sends_contact"])
async def test_what_nobody_can_read_is_answered_politely(served: TelegramServer, what: str) -> None:
    ann = served.person()
    getattr(ann, what)()
    [answer] = await ann.hears()
    assert answer.text
    assert not served.made("getFile")


async def test_every_bot_has_its_own_conversations(telegram: TelegramServer, desk: ShopDesk) -> None:
    second = telegram.add_bot("toy_shop_bot")
    async with on_telegram(telegram, desk.handles):
        ann = telegram.person("Ann", id=7001)
        same = telegram.person("Ann", id=7001, bot=second)
        ann.writes(RETURNS)
        await ann.hears()
        assert not same.private.said
        same.writes("How long does delivery take?")
        [answer] = await same.hears()
        assert "3 to 5 working days" in answer.text
        assert len(ann.private.said) == 1


async def test_a_blocked_bot_says_nothing_and_is_there_again_when_it_is_not(served: TelegramServer) -> None:
    ann, bob = served.person("Ann"), served.person("Bob")
    ann.writes(RETURNS)
    ann.blocks()
    bob.writes(RETURNS)
    await bob.hears()
    heard = len(ann.private.said)
    ann.unblocks()
    ann.writes("How long does delivery take?")
    await until(lambda: any("3 to 5" in one.text for one in ann.private.said[heard:]), "the answer comes")


# By webhook


@pytest_asyncio.fixture
async def webhook(telegram: TelegramServer, desk: ShopDesk) -> AsyncIterator[str]:
    port = free_port()
    telegram.reach[PUBLIC] = f"http://127.0.0.1:{port}"
    environ = {"SHOPDESK_TELEGRAM_WEBHOOK": f"{PUBLIC}/", "SHOPDESK_TELEGRAM_PORT": str(port)}
    async with on_telegram(telegram, desk.handles, **environ):
        await until(lambda: telegram.bot.hook, "the webhook is set")
        yield telegram.reach[PUBLIC] + webhook_path(telegram.bot.id)


async def test_by_webhook_it_is_the_same_desk(telegram: TelegramServer, webhook: str) -> None:
    ann = telegram.person()
    ann.writes(RETURNS)
    [answer] = await ann.hears()
    assert ANSWER in answer.text
    await until(lambda: not telegram.bot.updates, "the update is confirmed")
    assert set(telegram.bot.hook_calls) == {200} and not telegram.made("getUpdates")


async def test_a_call_without_our_secret_is_refused_and_nothing_of_it_is_stored(
    telegram: TelegramServer, webhook: str, desk: ShopDesk
) -> None:
    ann = telegram.person()
    right = webhook_secret(desk.handles.secret, telegram.bot.id)
    telegram.bot.hook = None  # only we call now
    ann.writes(RETURNS)
    [forged] = telegram.bot.updates
    async with ClientSession() as session:
        for given in (None, "", "nobody's", right[:-1], "\udcff"):  # the last is a byte that is no text
            headers = {} if given is None else {SECRET_HEADER: given}
            async with session.post(webhook, json=forged, headers=headers) as answer:
                assert answer.status == 403
        other = webhook.replace(str(telegram.bot.id), "999")
        async with session.post(other, json=forged, headers={SECRET_HEADER: right}) as answer:
            assert answer.status == 403
        assert await said_by(desk, ann.id) == []
        async with session.post(webhook, json=forged, headers={SECRET_HEADER: right}) as answer:
            assert answer.status == 200
    assert [said.text for said in await said_by(desk, ann.id)] == [RETURNS]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"[]", 400), (b'{"update_id": 1', 400), (b"{" + b" " * 1_000_001, 413)],
)
async def test_a_body_that_is_no_update_is_refused(
    telegram: TelegramServer, webhook: str, desk: ShopDesk, body: bytes, status: int
) -> None:
    headers = {SECRET_HEADER: webhook_secret(desk.handles.secret, telegram.bot.id)}
    async with ClientSession() as session, session.post(webhook, data=body, headers=headers) as answer:
        assert answer.status == status


async def test_after_a_webhook_the_long_poll_gets_what_is_waiting(telegram: TelegramServer, desk: ShopDesk) -> None:
    telegram.bot.hook = {"url": f"{PUBLIC}/elsewhere", "secret": "", "at_once": 40}
    ann = telegram.person()
    ann.writes(RETURNS)
    async with on_telegram(telegram, desk.handles):
        [answer] = await ann.hears()
    assert ANSWER in answer.text and telegram.bot.hook is None


async def test_two_processes_share_a_bot_without_a_conflict(telegram: TelegramServer, desk: ShopDesk) -> None:
    ann = telegram.person()
    async with on_telegram(telegram, desk.handles), on_telegram(telegram, desk.handles):
        await asyncio.sleep(0)
        ann.writes(RETURNS)
        await ann.hears()
    assert not telegram.made("getUpdates", answered=409)
    assert len(ann.private.said) == 1
