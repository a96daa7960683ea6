"""Nobody is left out at the web desk: axe on every page and dialog, by day and by night, wide and on a phone."""

# ruff: noqa: F401, F811  # `browser` and `shop` are fixtures
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python  # type: ignore[import-untyped]
import pytest
from playwright.async_api import Browser, expect

from bot.desks import Member
from tests.desk_pages import WIDE, StaffPage, at_the_desk, shop, waiting
from tests.staff_pages import StaffedShop
from tests.widget_visits import PHONE, browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
Lights = dict[Literal["light", "dark"], dict[str, Any]]  # with the rules for each
BOTH: Lights = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}
NIGHT: Lights = {"dark": {}}
PAGES = {
    "answers": ".entry",
    "drafts": ".entry",
    "insight": ".figures",
    "insight?table=reasons&key=asked": "#behind li",
    "book": "#book tr",
    "account": "#change",
}


async def is_clean(staff: StaffPage) -> None:
    """By day and by night; on a phone by night."""
    size = staff.page.viewport_size
    lights = NIGHT if size and size["width"] == PHONE["viewport"]["width"] else BOTH
    if not await staff.page.evaluate("'axe' in window"):
        await staff.page.add_script_tag(path=AXE)
    for light, rules in lights.items():
        await staff.page.emulate_media(color_scheme=light, reduced_motion="reduce")
        found = await staff.page.evaluate("(rules) => axe.run({ resultTypes: ['violations'], ...rules })", rules)
        told = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]
        assert told == [], (staff.page.url, light)
    assert await staff.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), staff.page.url


async def is_clean_open(staff: StaffPage, dialog: str) -> None:
    await expect(staff.page.locator(dialog)).to_be_visible()
    await is_clean(staff)
    await staff.key("Escape")
    await expect(staff.page.locator(dialog)).to_be_hidden()


@asynccontextmanager
async def a_talk(browser: Browser, shop: StaffedShop, words: str, **options: Any) -> AsyncIterator[StaffPage]:
    """One that its member has taken, with a note in it; one before it has become a draft of the FAQ."""
    desk, otto = shop.desk.handles.staff.desk, await shop.desk.handles.staff.people.named("otto")
    assert otto is not None
    await a_draft(shop, otto)
    async with waiting(shop, words) as caller, at_the_desk(browser, shop, bypass_csp=True, **options) as staff:
        await staff.open(words)
        await expect(staff.page.locator("#cards")).not_to_have_attribute("hidden", "")
        await is_clean(staff)  # who has not taken it cannot write
        await staff.page.locator("#deeds .primary").click()
        await expect(staff.text).to_be_visible()
        await desk.note(otto, caller.id, "Shelf C4")
        await expect(staff.log.locator(".note")).to_be_visible()
        yield staff
        await desk.close(otto, caller.id)


async def a_draft(shop: StaffedShop, otto: Member) -> None:
    desk = shop.desk.handles.staff.desk
    async with waiting(shop, "My umbrella hums a sad tune") as caller:
        await desk.take(otto, caller.id)
        await desk.say(otto, caller.id, "Turn it round once, then it laughs.", f"answer-{caller.id}")
        await desk.close(otto, caller.id)


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "wide": ("How long does delivery take?", WIDE),
    "phone": ("配送需要多久？", {"locale": "zh-CN", **PHONE}),
}


@pytest.mark.parametrize("kind", CASES)
async def test_no_page_and_no_dialog_leaves_anybody_out(browser: Browser, shop: StaffedShop, kind: str) -> None:
    words, options = CASES[kind]
    async with a_talk(browser, shop, words, **options) as staff:
        await is_clean(staff)
        if kind == "phone":
            await staff.page.locator("#show-side").click()
            await is_clean(staff)
            await staff.page.locator("#show-side").click()
        await staff.text.fill("/")
        await expect(staff.page.get_by_role("option").first).to_be_visible()
        await is_clean(staff)
        await staff.text.fill("")
        await staff.page.locator("#mode-note").click()
        await is_clean(staff)
        await staff.text.blur()
        for key, dialog in {"?": "#keys", "e": "#closing", "a": "#assigning"}.items():
            await staff.key(key)
            await is_clean_open(staff, dialog)
        await staff.key("s")
        await staff.page.locator("#searched").fill(words[:8])
        await expect(staff.page.locator("#found a").first).to_be_visible()
        await is_clean_open(staff, "#searching")
        await staff.go("/desk")
        await expect(staff.page.locator("a.row").first).to_be_visible()
        await is_clean(staff)
        await staff.page.locator("#menu summary").click()
        await is_clean(staff)
        for path, drawn in PAGES.items():
            await staff.go(f"/desk/{path}")
            await expect(staff.page.locator(drawn).first).to_be_visible()
            await is_clean(staff)
        await staff.go("/desk/answers")
        await staff.page.locator("#new").click()
        await is_clean_open(staff, "#editing")
        await staff.context.clear_cookies()
        await staff.go("/desk/sign-in")
        await is_clean(staff)
        await staff.page.locator("#login").fill("otto")
        await staff.page.locator("#password").fill("not this one")
        await staff.page.locator("#password").press("Enter")
        await expect(staff.page.get_by_role("alert")).to_be_visible()
        await is_clean(staff)


async def test_who_is_signed_out_while_at_work_is_asked_in_a_way_that_all_can_answer(
    browser: Browser, shop: StaffedShop
) -> None:
    async with at_the_desk(browser, shop, path="/desk/answers", bypass_csp=True) as staff:
        await expect(staff.page.locator(".entry").first).to_be_visible()
        await staff.context.clear_cookies()
        staff.page.on("dialog", lambda dialog: dialog.accept())
        await staff.page.get_by_role("button", name="Delete").first.click()
        await expect(staff.page.locator("#signed-out")).to_be_visible()
        await is_clean(staff)
        await staff.go("/desk/nothing")
        await expect(staff.page.locator("h1")).to_be_visible()
        await is_clean(staff)
