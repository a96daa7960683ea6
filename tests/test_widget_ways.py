"""The chat in a real browser: by keyboard, on a phone, in Chinese, closed, as somebody else."""

# ruff: noqa: F401, F811  # `browser` is a fixture
import asyncio

import pytest
from playwright.async_api import Browser, Route, expect

from tests.widget_visits import PHONE, browser, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_long_answer_is_shown_from_its_beginning(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        await visit.ask("say First line.\n\n" + "\n\n".join(f"Paragraph {number}." for number in range(60)))
        await visit.answered()
        first = visit.log.get_by_text("First line.").last
        await expect(first).to_be_in_viewport()
        newest = visit.chat.get_by_role("button", name="Newest messages")
        pill, window = await newest.bounding_box(), await visit.chat.locator("#scroller").bounding_box()
        assert pill and window
        await visit.picture("chat-long-answer")
        assert pill["y"] >= window["y"] + window["height"]  # beside the text, not upon it
        await newest.click()
        await expect(visit.log.get_by_text("Paragraph 59.").last).to_be_in_viewport()
        await expect(newest).to_be_hidden()
        await expect(first).not_to_be_in_viewport()


async def test_an_answer_a_little_taller_than_the_window_keeps_its_beginning_in_view(browser: Browser) -> None:
    async with visiting(browser, viewport={"width": 1280, "height": 480}) as visit:
        await visit.open()
        for number in range(1, 3):
            await visit.ask("How long?")  # with card, sources and buttons
            await visit.answered(number)
            await expect(visit.log.get_by_role("button", name="Talk to a person")).to_have_count(number)
        await expect(visit.log.locator("strong").last).to_be_in_viewport(ratio=1)
        await visit.picture("chat-low-window")


async def test_the_chat_is_among_the_first_things_that_a_keyboard_reaches(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await expect(visit.launcher).to_be_visible()
        await visit.page.keyboard.press("Tab")
        await expect(visit.page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
        await visit.page.keyboard.press("Tab")
        await expect(visit.page.get_by_role("link", name="Open the chat")).to_be_in_viewport()
        await visit.page.keyboard.press("Enter")
        await expect(visit.text).to_be_focused()


async def test_the_chat_works_by_keyboard_alone(browser: Browser) -> None:
    async with visiting(browser, "/en/help") as visit:
        await expect(visit.launcher).to_be_visible()
        for _ in range(40):
            await visit.page.keyboard.press("Tab")
            if await visit.page.evaluate("document.activeElement.id") == "shopdesk":
                break
        await visit.page.keyboard.press("Enter")
        await expect(visit.text).to_be_focused()
        await visit.page.keyboard.type("one")
        await visit.page.keyboard.press("Shift+Enter")
        await visit.page.keyboard.type("two")
        await visit.page.keyboard.press("Enter")
        await visit.answered()
        assert visit.shop.postbox.accepted[0].text == "one\ntwo"
        await expect(visit.text).to_be_focused()
        await visit.page.keyboard.press("Escape")
        await expect(visit.page.locator("#shopdesk iframe")).to_be_hidden()
        assert await visit.page.evaluate("document.activeElement.shadowRoot.activeElement.tagName") == "BUTTON"
        await visit.page.keyboard.press("Enter")
        await expect(visit.text).to_be_focused()


async def test_an_answer_that_comes_while_the_chat_is_closed_shows_on_the_launcher(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        visit.talk.go_on.clear()
        await visit.ask("How long?")
        await expect(visit.chat.locator("#draft")).to_be_visible()
        await visit.page.keyboard.press("Escape")
        visit.talk.go_on.set()
        await expect(visit.page.locator("#shopdesk .badge")).to_be_visible()
        await expect(visit.launcher).to_have_accessible_name("Chat with us: new messages")
        await visit.open()
        await expect(visit.page.locator("#shopdesk .badge")).to_be_hidden()


async def test_chinese_visitors_get_a_chinese_shop_and_chat(browser: Browser) -> None:
    async with visiting(browser, "/", locale="zh-CN") as visit:
        assert visit.page.url == f"{visit.shop.url}/zh/"
        await visit.open()
        await expect(visit.chat.get_by_role("button", name="人工客服")).to_be_visible()
        await visit.ask("配送需要多久？")
        await expect(visit.log.locator("strong")).to_have_text("3 至 5 天")
        await visit.picture("chat-chinese")
        assert visit.shop.postbox.accepted[0].locale == "zh"


async def test_on_a_phone_the_chat_fills_the_screen_and_can_be_left(browser: Browser) -> None:
    async with visiting(browser, reduced_motion="reduce", **PHONE) as visit:
        await visit.launcher.tap()
        await expect(visit.text).to_be_focused()
        box = await visit.page.locator("#shopdesk iframe").bounding_box()
        assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
        await visit.ask("How long?")
        await visit.answered()
        await visit.picture("chat-phone")
        await visit.chat.get_by_role("button", name="Close the chat").tap()
        await expect(visit.page.locator("#shopdesk iframe")).to_be_hidden()
        assert await visit.page.evaluate("document.documentElement.scrollWidth") == 390


async def test_nothing_moves_for_who_wants_less_motion(browser: Browser) -> None:
    async with visiting(browser, reduced_motion="reduce") as visit:
        await visit.open()
        visit.talk.go_on.clear()
        await visit.ask("How long?")
        await expect(visit.chat.locator("#draft")).to_be_visible()
        visit.talk.go_on.set()
        await visit.answered()
        moving = "() => document.getAnimations().filter((one) => one.playState === 'running').length"
        assert await visit.page.evaluate(moving) == 0
        assert await visit.chat.locator("body").evaluate(moving) == 0


async def test_nothing_can_be_written_before_the_chat_has_started(browser: Browser) -> None:
    async with visiting(browser) as visit:
        arrives = asyncio.Event()

        async def late(route: Route) -> None:
            await arrives.wait()
            await route.continue_()

        await visit.page.route("**/static/widget/main.js", late)
        await visit.launcher.click()
        await expect(visit.text).not_to_be_editable()
        await expect(visit.chat.locator("#send")).to_be_disabled()
        arrives.set()
        await visit.ask("How long?")
        await visit.answered()


async def test_the_demo_visitor_may_be_a_customer_with_a_conversation_of_their_own(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        await visit.ask("as a guest")
        await visit.answered()
        await visit.page.locator(".visitor summary").click()
        await visit.page.get_by_role("button", name="Ada Holm").click()
        await expect(visit.page.locator(".visitor summary")).to_contain_text("Ada Holm")
        await expect(visit.text).to_be_visible()
        await visit.ask("as Ada")
        await visit.answered()
        guest, ada = visit.shop.postbox.accepted
        assert (guest.customer, ada.customer) == ("", "C1")
        assert guest.conversation != ada.conversation
