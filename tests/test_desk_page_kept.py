"""The web desk in a real browser: nothing that staff have typed is lost, whatever happens meanwhile."""

# ruff: noqa: F401, F811  # `browser` and `shop` are fixtures
import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, Route, expect

from bot.messages import Said
from bot.redis.connection import connect
from tests.desk_pages import StaffPage, at_the_desk, said, shop, waiting
from tests.staff_pages import StaffedShop
from tests.widget_visits import browser

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def take(staff: StaffPage, words: str) -> None:
    await staff.open(words)
    await staff.page.locator("#deeds .primary").click()
    await expect(staff.text).to_be_focused()


async def answers(shop: StaffedShop, conversation: str) -> list[str]:
    return [
        one.text for one in await said(shop, conversation) if isinstance(one, Said) and one.by == "staff" and one.text
    ]


async def sign_in_again(staff: StaffPage) -> None:
    dialog = staff.page.locator("#signed-out")
    await expect(dialog).to_be_visible()
    await dialog.get_by_label("Password of otto").fill("not this one")
    await dialog.get_by_role("button", name="Sign in").click()
    await expect(dialog.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    await dialog.get_by_label("Password of otto").fill(staff.shop.password)
    await dialog.get_by_role("button", name="Sign in").click()
    await expect(dialog).to_be_hidden()


async def test_whose_session_ends_while_they_write_signs_in_on_the_page_and_the_reply_goes_out_once(
    browser: Browser, shop: StaffedShop
) -> None:
    words = "My teapot leaks"
    async with at_the_desk(browser, shop) as staff, waiting(shop, words) as caller:
        await take(staff, words)
        await staff.page.keyboard.type("A long and careful reply")
        await staff.context.clear_cookies()
        await staff.key("Enter")
        await sign_in_again(staff)
        await expect(staff.log.locator(".staff.mine:not(.pending)")).to_contain_text("A long and careful reply")
        await expect(staff.log.locator(".pending")).to_have_count(0)
        assert await answers(shop, caller.id) == ["A long and careful reply"]
        await staff.text.fill("And one more")  # the page's token is the new session's
        await staff.key("Enter")
        await expect(staff.log.locator(".staff.mine:not(.pending)").last).to_contain_text("And one more")


async def test_a_second_tab_goes_on_after_its_member_has_signed_in_anew_in_the_first(
    browser: Browser, shop: StaffedShop
) -> None:
    words = "My plate is square"
    async with at_the_desk(browser, shop) as staff, waiting(shop, words) as caller:
        await take(staff, words)
        other = await staff.context.new_page()
        await staff.context.clear_cookies()
        await other.goto(f"{shop.url}/desk#{caller.id}")
        await other.locator("#login").fill("otto")
        await other.locator("#password").fill(shop.password)
        await other.locator("#password").press("Enter")
        await expect(other.locator("#log")).to_contain_text(words)  # the link's conversation, after the form too
        await staff.text.fill("From the first tab")
        await staff.text.press("Enter")
        await expect(staff.log.locator(".staff.mine:not(.pending)")).to_contain_text("From the first tab")
        await expect(other.locator("#log")).to_contain_text("From the first tab")


async def test_nothing_goes_out_in_the_name_of_who_has_signed_in_in_another_tab_meanwhile(
    browser: Browser, shop: StaffedShop
) -> None:
    words = "My jug is empty"
    async with at_the_desk(browser, shop) as staff, waiting(shop, words) as caller:
        await take(staff, words)
        await staff.page.get_by_role("button", name="Note", exact=True).click()
        await staff.text.fill("Otto's own words")
        other = await staff.context.new_page()
        await staff.context.clear_cookies()
        await other.goto(f"{shop.url}/desk#{caller.id}")
        await other.locator("#login").fill("olivia")
        await other.locator("#password").fill(shop.password)
        await other.locator("#password").press("Enter")
        await expect(other.locator("#log")).to_contain_text(words)
        await staff.text.press("Enter")
        await expect(staff.page.locator("body")).to_have_attribute("data-login", "olivia")
        await staff.page.get_by_role("button", name="Note", exact=True).click()
        await expect(staff.text).to_have_value("")
        notes = await shop.handles.staff.desk.notes(caller.id)
        assert not [one for one in notes if "own words" in one.text], notes


async def test_what_is_meant_for_staff_alone_never_stands_in_the_box_for_the_customer(
    browser: Browser, shop: StaffedShop
) -> None:
    words = "My spoon bends"
    async with at_the_desk(browser, shop) as staff, waiting(shop, words):
        await take(staff, words)
        await staff.page.get_by_role("button", name="Note", exact=True).click()
        await staff.text.fill("He lies")
        await staff.page.get_by_role("button", name="Reply", exact=True).click()
        await expect(staff.text).to_have_value("")
        await staff.text.fill("Let me see")
        await staff.page.get_by_role("button", name="Note", exact=True).click()
        await expect(staff.text).to_have_value("He lies")
        await staff.page.reload()
        await expect(staff.log).to_contain_text(words)
        await expect(staff.text).to_have_value("Let me see")
        await staff.text.fill("")
        await staff.page.reload()
        await expect(staff.text).to_have_value("He lies")
        await expect(staff.page.locator("#composer")).to_have_attribute("data-mode", "note")


async def test_a_reply_that_did_not_go_out_is_still_there_after_another_talk_and_a_reload(
    browser: Browser, shop: StaffedShop
) -> None:
    words, others = "My ladle sinks", "My bowl floats"

    async def fail(route: Route) -> None:
        await route.fulfill(status=500, json={"error": "Something went wrong here.", "code": "broken"})

    async with at_the_desk(browser, shop) as staff, waiting(shop, words) as caller, waiting(shop, others):
        await take(staff, words)
        await staff.page.route("**/say", fail)
        await staff.text.fill("Hold it upright")
        await staff.text.press("Enter")
        failed = staff.log.locator(".failed")
        await expect(failed).to_contain_text("Hold it upright")
        await staff.open(others)
        await staff.open(words)
        await expect(failed).to_contain_text("Hold it upright")
        await staff.page.reload()
        await expect(failed).to_contain_text("Hold it upright")
        await staff.page.unroute("**/say")
        await failed.get_by_role("button", name="Try again").click()
        await expect(staff.log.locator(".staff.mine:not(.pending)")).to_contain_text("Hold it upright")
        await staff.page.reload()
        await expect(staff.log.locator(".staff.mine:not(.pending)")).to_contain_text("Hold it upright")
        await expect(staff.log.locator(".pending")).to_have_count(0)
        assert await answers(shop, caller.id) == ["Hold it upright"]


async def test_a_reply_that_is_written_while_the_connection_is_cut_goes_out_by_itself_when_it_is_back(
    browser: Browser, shop: StaffedShop
) -> None:
    words = "My basket squeaks"
    async with at_the_desk(browser, shop) as staff, waiting(shop, words) as caller:
        await take(staff, words)
        await staff.context.set_offline(True)
        await expect(staff.page.locator("#notice")).to_contain_text("Connection lost")
        for text in ("Oil it", "With olive oil"):
            await staff.text.fill(text)
            await staff.text.press("Enter")
        await expect(staff.log.locator(".pending .fate").last).to_contain_text("Not sent yet")
        await staff.context.set_offline(False)
        await expect(staff.log.locator(".pending")).to_have_count(0)
        await expect(staff.page.locator("#notice")).to_be_hidden()
        assert await answers(shop, caller.id) == ["Oil it", "With olive oil"]


async def test_a_reply_whose_answer_was_lost_is_not_taken_for_one_that_was_not_sent(
    browser: Browser, shop: StaffedShop
) -> None:
    words, lost = "My fork is blunt", asyncio.Event()

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()
        lost.set()

    async with at_the_desk(browser, shop) as staff, waiting(shop, words) as caller:
        await take(staff, words)
        await staff.page.route("**/say", lose)
        await staff.text.fill("Forks are")
        await staff.text.press("Enter")
        await expect(staff.log.locator(".staff.mine:not(.pending)")).to_contain_text("Forks are")
        async with asyncio.timeout(20):
            await lost.wait()
        await staff.page.unroute("**/say")
        await staff.page.reload()
        await expect(staff.log.locator(".staff.mine:not(.pending)")).to_contain_text("Forks are")
        await expect(staff.log.locator(".pending")).to_have_count(0)
        assert await answers(shop, caller.id) == ["Forks are"]


async def go_on(redis_url: str, conversation: str, words: str, lines: int) -> None:
    """The customer has said it so often, each time another line."""
    async with connect(redis_url) as opened:
        commands: Any = opened.commands
        (events,) = [key async for key in commands.scan_iter(f"events:*{conversation}")]
        whats = [str(fields["what"]) for _, fields in await commands.xrange(events)]
        (said,) = [what for what in whats if words in what and '"said"' in what]
        async with commands.pipeline() as pipe:
            for number in range(lines):
                pipe.xadd(events, {"what": said.replace(words, f"Line {number}.")})
            await pipe.execute()


async def test_a_long_talk_is_read_from_its_end_back_to_its_beginning(
    browser: Browser, shop: StaffedShop, redis_url: str
) -> None:
    words = "My clock has stopped"
    async with at_the_desk(browser, shop) as staff, waiting(shop, words) as caller:
        await go_on(redis_url, caller.id, words, 510)
        await staff.row(words).click()
        lines = staff.log.locator(".customer .bubble")
        await expect(lines.last).to_have_text("Line 509.")
        await expect(lines).to_have_count(500)
        await staff.page.get_by_role("button", name="Earlier messages").click()
        await expect(lines).to_have_count(512)
        await expect(lines.first).to_have_text("Talk to a person")
        await expect(lines.nth(1)).to_have_text(words)
        await expect(staff.page.get_by_role("button", name="Earlier messages")).to_be_hidden()
        assert (await lines.all_inner_texts())[2:] == [f"Line {number}." for number in range(510)]


async def test_a_note_that_was_not_kept_stands_in_its_box_again_before_what_was_written_since(
    browser: Browser, shop: StaffedShop
) -> None:
    words = "My scales sing"

    async def fail(route: Route) -> None:
        await route.abort()

    async with at_the_desk(browser, shop) as staff, waiting(shop, words):
        await staff.open(words)
        await staff.page.get_by_role("button", name="Note", exact=True).click()
        await staff.page.route("**/note", fail)
        await staff.text.fill("They sing in C")
        await staff.text.press("Enter")
        await expect(staff.page.locator("#notice")).to_have_text("That did not work. Try again in a moment.")
        await expect(staff.text).to_have_value("They sing in C")
        await staff.page.unroute("**/note")
        await staff.text.press("Enter")
        await expect(staff.log.locator(".note")).to_contain_text("They sing in C")
        await expect(staff.text).to_have_value("")


async def test_who_comes_in_the_morning_sees_at_once_what_was_missed_and_who_has_written_since(
    browser: Browser, shop: StaffedShop, redis_url: str
) -> None:
    words, others = "My lamp went out", "My lamp is on"
    otto = await shop.handles.staff.people.named("otto")
    assert otto is not None
    async with waiting(shop, words) as missed, waiting(shop, others) as taken:
        await shop.handles.staff.desk.take(otto, taken.id)
        await taken.post({"id": "since", "text": "And off again"})
        async with connect(redis_url) as opened:
            commands: Any = opened.commands
            (handoff,) = [key async for key in commands.scan_iter(f"handoff:*{missed.id}")]
            await commands.hset(handoff, "overdue", "1")
        async with at_the_desk(browser, shop) as staff:
            await expect(staff.page.get_by_role("heading", name="Waiting")).to_contain_text("1 overdue")
            await expect(staff.row(words)).to_contain_text("overdue")
            await expect(staff.row("And off again")).to_contain_text("has written since your answer")
