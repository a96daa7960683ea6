"""The chat in a real browser: what a visitor types, sees, presses, and finds again."""

# ruff: noqa: F401, F811  # `browser` is a fixture
import re
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from bot.messages import (
    WITH_STAFF,
    Attachment,
    Said,
)
from tests.widget_visits import Visit, browser, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_visitor_types_sees_the_answer_stream_and_follows_its_source(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        visit.talk.go_on.clear()
        await visit.ask("How long does delivery take?")
        await expect(visit.chat.locator("#draft")).to_have_text("Delivery takes")
        await expect(visit.log).not_to_contain_text("Delivery takes")  # not read out token by token
        visit.talk.go_on.set()
        await expect(visit.log.locator("strong")).to_have_text("3 to 5 days")
        await expect(visit.log.locator("li").first).to_have_text("Express: 1 to 2 days")
        await expect(visit.chat.locator("#draft")).to_be_hidden()
        await expect(visit.log.get_by_role("definition").first).to_have_text("Shipped")
        await visit.picture("chat-light")
        async with visit.context.expect_page() as opening:
            await visit.log.get_by_role("link", name="How long does delivery take?").click()
        opened = await opening.value
        await expect(opened.get_by_role("heading", level=1)).to_have_text("How long does delivery take?")
        assert opened.url == f"{visit.shop.url}/en/help/delivery-time"
        assert await opened.evaluate("window.opener") is None


async def test_a_reload_and_another_page_bring_the_history_back_once(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        await visit.ask("How long does delivery take?")
        await visit.answered()
        before = await visit.log.inner_text()
        for path in ("/en/", "/en/products/moss-lantern"):
            await visit.page.goto(visit.shop.url + path)
            await visit.answered()
            assert await visit.log.inner_text() == before
        assert len(visit.shop.postbox.accepted) == 1


async def test_a_button_is_pressed_once_and_then_stays_to_be_read(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        await visit.ask("How long?")
        returns = visit.log.get_by_role("button", name="How do returns work?")
        await expect(returns).to_be_enabled()
        await returns.click()
        await expect(visit.log).to_contain_text("Pressed: returns")
        pressed = visit.shop.postbox.accepted[-1]
        assert (pressed.press, pressed.text) == ("returns", "How do returns work?")
        for _ in range(2):  # a reload brings it all back as it was
            await expect(visit.log.locator(".customer").last).to_contain_text("How do returns work?")
            await expect(returns).to_be_disabled()
            await returns.click(force=True)
            await visit.page.reload()
        await visit.picture("chat-older-buttons")
        await visit.log.get_by_role("button", name="Talk to a person").click()  # means the same at any time
        await expect(visit.log).to_contain_text("A person will be with you.")
        assert [incoming.press for incoming in visit.shop.postbox.accepted] == ["", "returns", "human"]


async def test_a_number_in_the_text_leads_to_the_source_of_that_number(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        await visit.ask("cite It takes **3 days** [1] . Returns are free [2]. Nothing [9].")
        await visit.answered()
        await expect(visit.log.locator(".desk .bubble p")).to_have_text(
            "It takes 3 days[1] . Returns are free[2]. Nothing[9]."
        )
        second = visit.log.get_by_role("link", name="Source 2: Returns")
        assert await second.evaluate("link => link.href") == f"{visit.shop.url}/en/policies/returns"
        await expect(visit.log.locator(".reference a")).to_have_count(2)
        await expect(visit.log.locator(".sources ol li")).to_have_count(2)
        await visit.picture("chat-references")


async def test_a_person_is_always_one_press_away_and_may_take_over(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        await visit.chat.get_by_role("button", name="Talk to a person").click()
        await expect(visit.log).to_contain_text("A person will be with you.")
        await expect(visit.chat.locator("#state")).to_have_text("Fetching a person…")
        conversation = visit.shop.postbox.accepted[0].conversation
        assert visit.shop.postbox.accepted[0].press == "human"
        await visit.shop.postbox.tell(conversation, WITH_STAFF)
        await visit.shop.postbox.tell(conversation, Said("staff", "s1", "Hello, this is Mia."))
        await expect(visit.log.locator(".staff")).to_contain_text("Hello, this is Mia.")
        await expect(visit.chat.locator("#state")).to_have_text("With our team")


async def test_what_came_with_a_message_is_named_and_nothing_in_its_name_is_obeyed(browser: Browser) -> None:
    """What is no picture that can be shown is named; tests/test_widget_staff.py has those that are."""
    async with visiting(browser) as visit:
        await visit.open()
        await visit.ask("hello")
        await visit.answered()
        where = visit.shop.postbox.accepted[0].conversation
        photo = Attachment("photo", "<img src=x onerror='window.hurt = true'>\u202egpj.exe", kept="mfrgg/secret.jpg")
        await visit.shop.postbox.tell(where, Said("customer", "elsewhere", "", (photo, Attachment("sticker", "👋"))))
        lines, shown = visit.log.locator(".attached"), "<img src=x onerror='window.hurt = true'>gpj.exe"
        await expect(lines).to_have_text([f"Photo: {shown} (opens in a new tab)", "Sticker: 👋"])
        assert await visit.chat.locator("body").evaluate("window.hurt") is None
        assert "secret" not in await visit.log.inner_html()


async def test_staff_who_close_a_conversation_leave_no_empty_words(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        await visit.ask("hello")
        await visit.answered()
        where = visit.shop.postbox.accepted[0].conversation
        await visit.shop.postbox.tell(where, Said("staff", "s1", ""))
        await visit.shop.postbox.tell(where, Said("staff", "s2", "One more thing"))
        await expect(visit.log.locator(".staff")).to_have_text(["Our teamOne more thing"])


async def test_a_cut_socket_resumes_with_no_gap_and_nothing_twice(browser: Browser) -> None:
    async with visiting(browser) as visit:
        cuts: list[Any] = []

        def through(route: Any) -> None:
            cuts.append((route, route.connect_to_server()))

        await visit.page.route_web_socket(re.compile("/socket"), through)
        await visit.open()
        visit.talk.go_on.clear()
        await visit.ask("How long?")
        await expect(visit.chat.locator("#draft")).to_have_text("Delivery takes")
        client, server = cuts[-1]
        await server.close()
        await client.close()
        visit.talk.go_on.set()
        await visit.answered()
        await expect(visit.log.locator("strong")).to_have_count(1)
        await expect(visit.log.locator(".customer")).to_have_count(1)
        assert len(cuts) == 2


async def test_a_message_written_offline_is_kept_over_a_reload_and_goes_out_once(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        await visit.ask("first")
        await visit.answered()
        visit.shop.postbox.stores = False
        await visit.ask("second")
        await expect(visit.log.locator(".fate")).to_be_visible()
        await visit.page.reload()
        await expect(visit.log.locator(".customer")).to_have_count(2)
        visit.shop.postbox.stores = True
        await visit.answered(2)
        await expect(visit.log.locator(".fate")).to_have_count(0)
        assert [incoming.text for incoming in visit.shop.postbox.accepted] == ["first", "second"]


async def test_going_offline_says_so_and_coming_back_sends(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        await visit.ask("first")
        await visit.answered()
        await visit.context.set_offline(True)
        await expect(visit.chat.locator("#notice")).to_contain_text("Connection lost")
        await visit.ask("second")
        await expect(visit.log.locator(".fate")).to_contain_text("Kept")
        await visit.context.set_offline(False)
        await visit.answered(2)
        await expect(visit.chat.locator("#notice")).to_be_hidden()
        assert [incoming.text for incoming in visit.shop.postbox.accepted] == ["first", "second"]


async def test_two_tabs_show_the_same_conversation(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        await visit.ask("from the first tab")
        await visit.answered()
        tab = await visit.context.new_page()
        await tab.goto(visit.shop.url + "/en/help")
        other = Visit(visit.shop, visit.talk, visit.context, tab)
        await other.open()
        await other.answered()
        await other.ask("from the second tab")
        await visit.answered(2)
        await other.answered(2)
        assert (
            await visit.log.locator(".customer").all_inner_texts()
            == await other.log.locator(".customer").all_inner_texts()
        )


async def test_an_expired_token_quietly_starts_a_new_conversation(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        await visit.ask("first")
        await visit.answered()
        spoil = """() => Object.keys(localStorage).filter((key) => key.includes("conversation")).forEach((key) => {
            localStorage[key] = JSON.stringify({ ...JSON.parse(localStorage[key]), token: "expired" });
        })"""
        await visit.page.wait_for_load_state("networkidle")  # the end of the reply is kept too: spoil what is kept last
        await visit.page.evaluate(spoil)
        await visit.page.wait_for_timeout(300)
        await visit.page.evaluate(spoil)
        await visit.page.reload()
        await expect(visit.text).to_be_visible()
        await visit.ask("second")
        await expect(visit.log.locator("strong")).to_have_text("3 to 5 days")
        first, second = visit.shop.postbox.accepted
        assert first.conversation != second.conversation
