"""Members of the staff at the web desk, in a real browser, over a real shop and its desk."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from bot.messages import Happening
from bot.redis.connection import connect
from tests.staff_pages import StaffedShop, staffed_shop
from tests.web_callers import Caller, calling
from tests.widget_visits import ARTIFACTS

WIDE: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
WATCH = """window.violations = [];
addEventListener("securitypolicyviolation", (one) => violations.push([one.violatedDirective, one.sample].join(" ")));"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shop(
    demo_copied_to: Callable[[Path], Path], redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[StaffedShop]:
    """One for all tests of a file: each brings customers of its own."""
    data = demo_copied_to(tmp_path_factory.mktemp("desk") / "data")
    async with connect(redis_url) as opened:
        await opened.commands.flushall()
    async with staffed_shop(data, redis_url) as opened_shop:
        yield opened_shop


class StaffPage:
    """What a member sees and does."""

    def __init__(self, shop: StaffedShop, context: BrowserContext, page: Page) -> None:
        self.shop, self.context, self.page = shop, context, page
        self.log = page.locator("#log")
        self.text = page.locator("#text")

    def row(self, words: str) -> Locator:
        return self.page.locator("a.row", has_text=words)

    async def go(self, path: str) -> None:
        await self.page.goto("about:blank")  # another fragment alone would load nothing
        await self.page.goto(self.shop.url + path)

    async def open(self, words: str) -> None:
        await self.row(words).click()
        await expect(self.log).to_contain_text(words)

    async def key(self, key: str) -> None:
        await self.page.keyboard.press(key)

    async def picture(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=ARTIFACTS / f"{name}.png")


@asynccontextmanager
async def at_the_desk(
    browser: Browser, shop: StaffedShop, login: str = "otto", path: str = "/desk", **options: Any
) -> AsyncIterator[StaffPage]:
    """Signed in by the form. Nothing may go wrong in the page, and its content policy never has anything to refuse."""
    context = await browser.new_context(**{**WIDE, **options})
    context.set_default_timeout(40_000)
    await context.add_init_script(WATCH)
    try:
        page = await context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda problem: problems.append(str(problem)))
        await page.goto(f"{shop.url}/desk/sign-in?next={path}")
        await page.locator("#login").fill(login)
        await page.locator("#password").fill(shop.password)
        await page.locator("#password").press("Enter")
        await page.wait_for_url(shop.url + path)
        yield StaffPage(shop, context, page)
        assert problems == []
        assert await page.evaluate("window.violations") == []
    finally:
        await context.close()


@asynccontextmanager
async def waiting(shop: StaffedShop, words: str, locale: str = "en") -> AsyncIterator[Caller]:
    """A customer who has pressed for a person, and written these words after it."""
    async with calling(shop, locale=locale) as caller:
        await caller.post({"id": "wants", "press": "human", "text": "Talk to a person"})
        status, _, _ = await caller.post({"id": "words", "text": words})
        assert status == 200
        assert await shop.desk.handles.staff.desk.handoff(caller.id) is not None
        yield caller


async def said(shop: StaffedShop, conversation: str) -> list[Happening]:
    """All that the customer is told."""
    return [event.what for event in await shop.desk.handles.postbox.transcript(conversation)]
