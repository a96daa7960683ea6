"""The web desk in a real browser: what staff see, press and write, over the real desk."""

# ruff: noqa: F401, F811  # `browser` and `shop` are fixtures
import json
import re
import struct
import zlib

import pytest
from playwright.async_api import Browser, FilePayload, Route, expect

from bot.messages import Said
from tests.desk_pages import at_the_desk, said, shop, waiting
from tests.staff_pages import StaffedShop
from tests.widget_visits import PHONE, browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITH_A_MODEL = """new MutationObserver(() => document.body && (document.body.dataset.translates = ""))
  .observe(document, { childList: true, subtree: true });"""


def a_picture() -> bytes:
    """A PNG of two by two points."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    points = zlib.compress((b"\0" + b"\x30\x90\x60" * 2) * 2)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", points) + chunk(b"IEND", b"")


async def test_a_whole_talk_goes_by_keys_alone_from_the_line_back_to_the_bot(
    browser: Browser, shop: StaffedShop
) -> None:
    words = "My kettle sings the wrong song"
    async with at_the_desk(browser, shop) as staff, waiting(shop, words) as caller:
        row = staff.row(words)
        await expect(row).to_contain_text("Asked for a person")
        await expect(staff.page).to_have_title("(1) Desk · Owl & Otter")
        await staff.key("j")
        await expect(staff.log.locator(".customer").last).to_contain_text(words)
        await expect(staff.log.locator(".bot").first).to_be_visible()
        await expect(staff.page.locator("#summary")).to_contain_text("kettle")
        await expect(staff.text).to_be_hidden()  # nobody answers what they do not have
        await staff.key("t")
        await expect(staff.text).to_be_focused()
        await staff.page.keyboard.type("Which song is it?")
        await staff.key("Enter")
        await expect(staff.log.locator(".staff.mine:not(.pending)")).to_contain_text("Which song is it?")
        await expect(staff.log.locator(".pending")).to_have_count(0)
        answers = [one for one in await said(shop, caller.id) if isinstance(one, Said) and one.by == "staff"]
        assert ("Which song is it?", "Otto") in [(one.text, one.name) for one in answers]
        await staff.key("Escape")
        await staff.key("n")
        await staff.page.keyboard.type("Sounds like a loose lid.")
        await staff.key("Enter")
        await expect(staff.log.locator(".note")).to_contain_text("Sounds like a loose lid.")
        assert "loose lid" not in str(await said(shop, caller.id))
        await caller.post({"id": "second", "text": "The one about the sea"})
        await expect(staff.log.locator(".customer").last).to_contain_text("The one about the sea")
        await expect(row.or_(staff.row("The one about the sea"))).to_have_count(1)
        await shop.desk.handles.staff.desk.customer_types(caller.id)
        await expect(staff.page.locator("#customer-types")).to_have_text("The customer is typing…")
        await staff.picture("desk-talk")
        await staff.key("Escape")
        await staff.key("b")
        await expect(staff.row("The one about the sea")).to_have_count(0)
        await staff.key("r")
        await expect(staff.page.locator("#refused-to-write")).to_contain_text("The bot has this conversation")
        await expect(staff.page).to_have_title("Desk · Owl & Otter")


async def test_what_one_takes_the_other_sees_taken_and_cannot_answer(browser: Browser, shop: StaffedShop) -> None:
    words = "Something is odd with two tents"
    async with (
        at_the_desk(browser, shop) as lead,
        at_the_desk(browser, shop, "olivia") as agent,
        waiting(shop, words),
    ):
        await lead.open(words)
        await agent.open(words)
        await agent.key("t")
        await expect(agent.text).to_be_focused()
        await expect(lead.page.locator("#facts")).to_contain_text("Olivia has it")
        await expect(lead.text).to_be_hidden()
        await expect(lead.page.locator(".others a.row")).to_contain_text("Olivia")
        await agent.text.fill("Not sent yet")
        await agent.key("Escape")
        await agent.key("Escape")
        await expect(agent.page.locator("#nothing")).to_be_visible()
        await agent.page.reload()
        await agent.open(words)
        await expect(agent.text).to_have_value("Not sent yet")
        await lead.page.get_by_role("button", name="Take over").click()
        await expect(agent.page.locator("#facts")).to_contain_text("Otto has it")
        await expect(agent.text).to_be_hidden()
        await agent.key("Escape")
        await expect(lead.page.locator("#facts")).not_to_contain_text("Olivia")
        await lead.key("a")
        await lead.page.locator("#assigning").get_by_role("button", name="Olivia").click()
        await expect(agent.page.locator("#notice")).to_have_text("A conversation has been given to you")
        await agent.open(words)
        await expect(agent.text).to_have_value("Not sent yet")
        await expect(lead.page.get_by_role("link", name="Insight")).to_be_visible()
        await expect(agent.page.get_by_role("link", name="Insight")).to_have_count(0)
        await lead.key("e")
        await lead.page.get_by_role("button", name="Not solved").click()
        await expect(lead.row(words)).to_have_count(0)
        await expect(agent.log).to_contain_text("Otto closed it: Not solved")


async def test_canned_answers_suggestions_and_photos_go_into_the_reply_and_nothing_goes_out_by_itself(
    browser: Browser, shop: StaffedShop
) -> None:
    words = "How long does delivery take?"
    async with at_the_desk(browser, shop) as staff, waiting(shop, words) as caller:
        await staff.open(words)
        await staff.key("t")
        await expect(staff.text).to_be_focused()
        await staff.page.keyboard.type("/hel")
        await expect(staff.page.get_by_role("option").first).to_contain_text("Hello")
        await staff.key("Enter")
        await expect(staff.text).to_have_value(re.compile("^Hello, this is Otto from Owl & Otter"))
        await staff.text.fill("")
        await staff.page.locator(".suggestion").first.get_by_role("button", name="Use").click()
        assert len(await staff.text.input_value()) > 20
        assert not [
            one for one in await said(shop, caller.id) if isinstance(one, Said) and one.by == "staff" and one.text
        ]
        await staff.text.fill("Like this one")
        picture = FilePayload(name="kettle.png", mimeType="image/png", buffer=a_picture())
        await staff.page.locator("#attach input").set_input_files(picture)
        await expect(staff.page.locator("#files")).to_contain_text("kettle.png")
        await expect(staff.page.locator("#files .coming")).to_have_count(0)
        await staff.text.press("Enter")
        photo = staff.log.locator(".staff .attached.photo img")
        await expect(photo).to_have_js_property("naturalWidth", 2)
        sent = [one for one in await said(shop, caller.id) if isinstance(one, Said) and one.attachments]
        assert [(one.text, one.attachments[0].name) for one in sent] == [("Like this one", "kettle.png")]
        await staff.key("Escape")
        await staff.key("e")
        await staff.page.get_by_role("button", name="Solved", exact=True).click()
        await expect(staff.row(words)).to_have_count(0)


async def test_a_translation_is_looked_at_before_it_goes_out_and_the_own_words_are_kept(
    browser: Browser, shop: StaffedShop
) -> None:
    words = "水壶多少钱？"

    async def translate(route: Route) -> None:
        theirs = words in json.loads(route.request.post_data or "{}").values()
        told = {"text": "How much is the kettle?", "changed": []} if theirs else {"text": "93 元", "changed": ["39"]}
        await route.fulfill(json=told)

    async with at_the_desk(browser, shop, path="/desk/account") as staff, waiting(shop, words, "zh") as caller:
        await staff.page.add_init_script(WITH_A_MODEL)
        await staff.page.route("**/translate", translate)
        await staff.go("/desk")
        await staff.open(words)
        asked = staff.log.locator(".customer", has_text=words)
        await asked.get_by_role("button", name="Translate").click()
        await expect(asked.locator(".translation")).to_contain_text("How much is the kettle?")
        await expect(asked.locator(".bubble")).to_have_text(words)
        await staff.key("t")
        await expect(staff.text).to_be_focused()
        await staff.page.get_by_label("Translate into Chinese").check()
        await staff.text.fill("It is 39 yuan")
        await staff.text.press("Enter")
        translated = staff.page.get_by_label("Translation", exact=True)
        await expect(translated).to_be_focused()
        await expect(staff.page.get_by_role("alert")).to_have_text("Look again, this differs from the original: 39")
        assert not [one for one in await said(shop, caller.id) if isinstance(one, Said) and "元" in one.text]
        await translated.fill("39 元")
        await translated.press("Enter")
        await expect(staff.log.locator(".staff.mine:not(.pending)")).to_contain_text("39 元")
        await expect(staff.log.locator(".note.original")).to_contain_text("It is 39 yuan")
        await expect(staff.text).to_be_focused()
        await staff.key("Escape")
        await staff.key("b")
        await expect(staff.row(words)).to_have_count(0)


async def test_on_a_phone_one_thing_is_shown_at_a_time_and_nothing_is_wider_than_it(
    browser: Browser, shop: StaffedShop
) -> None:
    words = "帐篷漏水了"
    async with (
        at_the_desk(browser, shop, locale="zh-CN", color_scheme="dark", **PHONE) as staff,
        waiting(shop, words, "zh"),
    ):
        page = staff.page
        await expect(page.locator("html")).to_have_attribute("lang", "zh")
        await staff.open(words)
        await expect(page.locator("#queue")).to_be_hidden()
        await expect(page.locator("#side")).to_be_hidden()
        await page.locator("#deeds").get_by_role("button", name="接入").click()
        await expect(staff.text).to_be_visible()
        await staff.picture("desk-phone-zh")
        await page.get_by_role("button", name="顾客与订单").click()
        await expect(page.locator("#summary")).to_be_visible()
        await expect(page.locator("#scroller")).to_be_hidden()
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
        await page.get_by_role("button", name="顾客与订单").click()
        await expect(page.locator("#scroller")).to_be_visible()
        await page.get_by_role("link", name="返回会话列表").click()
        await expect(page.locator("#queue")).to_be_visible()
        await staff.row(words).click()
        await page.locator("#deeds").get_by_role("button", name="交还机器人").click()
        await expect(page.locator("#refused-to-write")).to_be_visible()


async def test_a_lead_finds_past_talks_and_the_ones_behind_each_figure(browser: Browser, shop: StaffedShop) -> None:
    words = "The marmalade lantern flickers"
    async with at_the_desk(browser, shop) as staff, waiting(shop, words) as caller:
        await staff.open(words)
        await staff.key("e")
        await staff.page.get_by_role("button", name="Solved", exact=True).click()
        await expect(staff.row(words)).to_have_count(0)
        behind = f"a.hit[href$='{caller.id.partition(':')[2]}']"
        for _ in range(100):  # until it has been written down
            await staff.go("/desk/insight?table=reasons&key=asked")
            await expect(staff.page.locator("#behind h2")).to_have_text(
                "Conversations behind “Why staff were called: Asked for a person”"
            )
            if await staff.page.locator(behind).count():
                break
        await staff.page.get_by_role("link", name="Back to the figures").click()
        number = staff.page.locator(".reasons tbody a").first
        counted = int(await number.inner_text())
        assert counted >= 1
        await expect(staff.page.locator(".days .chart canvas")).to_be_visible()
        await staff.picture("desk-insight")
        await number.click()
        await expect(staff.page.locator("#behind a.hit")).to_have_count(counted)
        await staff.page.locator(behind).click()
        await expect(staff.log).to_contain_text(words)
        await staff.key("s")
        await staff.page.locator("#searched").fill("marmalade lantern")
        await expect(staff.page.locator("#found a.hit")).to_have_count(1)
        await staff.key("Escape")
        await expect(staff.page.locator("#searching")).to_be_hidden()
        await staff.page.get_by_role("button", name="Step in").click()
        await expect(staff.text).to_be_focused()
        await expect(staff.page.locator("#facts")).to_contain_text("A colleague stepped in")
        await staff.key("Escape")
        await staff.key("b")
        await expect(staff.row(words)).to_have_count(0)


async def test_canned_answers_are_written_by_a_lead_and_only_read_by_others(
    browser: Browser, shop: StaffedShop
) -> None:
    async with (
        at_the_desk(browser, shop, path="/desk/answers") as lead,
        at_the_desk(browser, shop, "olivia", path="/desk/answers") as agent,
    ):
        await expect(agent.page.locator(".entry").first).to_be_visible()
        await expect(agent.page.get_by_role("button", name="New canned answer")).to_have_count(0)
        await expect(agent.page.get_by_role("button", name="Edit")).to_have_count(0)
        await lead.page.get_by_role("button", name="New canned answer").click()
        await lead.page.get_by_label("Title").fill("Singing kettle")
        await lead.page.get_by_label("Text", exact=True).fill("Press the lid, {{ customer }}.")
        await lead.page.get_by_role("button", name="Save").click()
        entry = lead.page.locator(".entry", has_text="Singing kettle")
        await expect(entry).to_contain_text("Press the lid, {{ customer }}.")
        lead.page.on("dialog", lambda dialog: dialog.accept())
        await entry.get_by_role("button", name="Delete").click()
        await expect(entry).to_have_count(0)


async def test_single_keys_can_be_switched_off_and_a_wrong_password_is_answered_in_words(
    browser: Browser, shop: StaffedShop
) -> None:
    async with at_the_desk(browser, shop) as staff:
        await staff.key("?")
        await staff.page.get_by_label("Single keys work").uncheck()
        await staff.key("Escape")
        await staff.key("f")
        await expect(staff.page.locator("#filter")).not_to_be_focused()
        await staff.page.locator("#menu summary").click()
        await staff.page.get_by_role("button", name="Sign out").click()
        await staff.page.wait_for_url("**/desk/sign-in**")
        await staff.page.locator("#login").fill("otto")
        await staff.page.locator("#password").fill("not this one")
        await staff.page.locator("#password").press("Enter")
        await expect(staff.page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
        await expect(staff.page.locator("#login")).to_have_value("otto")


async def test_what_staff_answered_and_the_knowledge_lacked_is_approved_by_a_lead(
    browser: Browser, shop: StaffedShop
) -> None:
    words = "My umbrella hums a sad tune"
    async with at_the_desk(browser, shop) as staff, waiting(shop, words):
        await staff.open(words)
        await staff.key("t")
        await expect(staff.text).to_be_focused()
        await staff.page.keyboard.type("Turn it round once, then it laughs.")
        await staff.key("Enter")
        await expect(staff.log.locator(".staff.mine:not(.pending)")).to_be_visible()
        await staff.key("Escape")
        await staff.key("e")
        await staff.page.get_by_role("button", name="Solved", exact=True).click()
        await expect(staff.row(words)).to_have_count(0)
        await staff.go("/desk/drafts")
        await expect(staff.page.locator(".entry").first).to_be_visible()
        questions = await staff.page.get_by_label("Questions").evaluate_all("boxes => boxes.map((box) => box.value)")
        draft = staff.page.locator(".entry").nth(questions.index(words))
        await expect(draft.get_by_role("link", name="The conversation it comes from")).to_be_visible()
        await expect(draft.get_by_label("Answer")).to_have_value("Turn it round once, then it laughs.")
        await draft.get_by_label("Answer").fill("Turn it round.")
        await staff.picture("desk-drafts")
        await draft.get_by_role("button", name="Approve").click()
        await expect(staff.page.locator("#notice")).to_have_text("Approved: it is in the FAQ now.")
        await expect(staff.page.locator(".entry")).to_have_count(len(questions) - 1)
