"""A visitor of the shop in a real browser, and the desk that they talk to."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, FrameLocator, Page, async_playwright, expect

from bot.messages import (
    WAITING_FOR_STAFF,
    Button,
    Buttons,
    Card,
    FinalText,
    Happening,
    Incoming,
    Source,
    Sources,
    TextDelta,
)
from tests.wants import skip_for_want_of
from tests.web_fixtures import Served, served

HERE = Path(__file__).parent
expect.set_options(timeout=20_000)  # two files run at a time, and the machine may have little to spare


ARTIFACTS = HERE / "artifacts"


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")


PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


ANSWER = "Delivery takes **3 to 5 days**.\n\n- Express: 1 to 2 days\n- Pick-up: today"


ANSWER_ZH = "配送需要 **3 至 5 天**。"


CANCEL = Card(
    "Cancel order OT-10042368",
    (
        ("Status", "pending → cancelled"),
        ("You get back", "$92.00 to Visa ending 4242, within 5 working days"),
        ("Reason", "I ordered it by mistake"),
    ),
)


class Talk:
    """The script of these tests; a test decides when an answer goes on."""

    def __init__(self) -> None:
        self.proposed = CANCEL
        self.shown = 0  # how many proposals
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def play(self, incoming: Incoming, tell: Callable[[Happening], None]) -> None:
        chinese = re.search("[一-鿿]", incoming.text) is not None
        if incoming.press == "human":
            tell(FinalText("A person will be with you."))
            tell(WAITING_FOR_STAFF)
        elif incoming.text.startswith("say "):
            tell(TextDelta(incoming.text[4:]))
            tell(FinalText(incoming.text[4:]))
        elif incoming.text.startswith("cite "):
            tell(FinalText(incoming.text[5:]))
            tell(
                Sources(
                    (Source("a", "Delivery", "/en/help/delivery-time"), Source("b", "Returns", "/en/policies/returns"))
                )
            )
        elif incoming.press:
            tell(FinalText(f"Pressed: {incoming.press}"))
        elif incoming.text == "propose":
            self.shown += 1
            tell(FinalText(f"{self.proposed.title}: please look at what will change."))
            tell(self.proposed)
            tell(proposal_buttons(self.shown))
        else:
            tell(TextDelta("配送" if chinese else "Delivery takes"))
            await self.go_on.wait()
            tell(FinalText(ANSWER_ZH if chinese else ANSWER))
            language = "zh" if chinese else "en"
            title = "多久能送到？" if chinese else "How long does delivery take?"
            tell(Sources((Source(f"faq:delivery:{language}", title, f"/{language}/help/delivery-time"),)))
            tell(Card("OT-10042368", (("Status", "Shipped"), ("Expected", "Tuesday"))))
            tell(
                Buttons((Button("returns", "How do returns work?"), Button("human", "Talk to a person", lasting=True)))
            )


def proposal_buttons(number: int) -> Buttons:
    answers = Button(f"confirm:{number}", "Confirm", "primary"), Button(f"withdraw:{number}", "Leave it as it is")
    return Buttons(answers)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    if not CHROMIUM:
        skip_for_want_of("chromium", "A browser")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, headless=True)
        yield launched
        await launched.close()


class Window:
    """A page of the shop with its chat."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context, self.page = context, page

    @property
    def chat(self) -> FrameLocator:
        return self.page.frame_locator("#shopdesk iframe")

    @property
    def launcher(self) -> Any:
        return self.page.locator("#shopdesk button")

    @property
    def log(self) -> Any:
        return self.chat.get_by_role("log")

    @property
    def text(self) -> Any:
        return self.chat.get_by_role("textbox")

    async def open(self) -> None:
        await self.launcher.click()
        await expect(self.text).to_be_focused()

    async def ask(self, text: str) -> None:
        await self.text.fill(text)
        await self.text.press("Enter")

    async def answered(self, times: int = 1) -> None:
        await expect(self.chat.locator(".turn.desk")).to_have_count(times)
        await expect(self.chat.locator("#typing")).to_be_hidden()

    async def picture(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        await self.page.wait_for_timeout(300)  # the last animation
        await self.page.screenshot(path=ARTIFACTS / f"{name}.png")


class Visit(Window):
    """One visitor's window on a shop whose desk plays a script."""

    def __init__(self, shop: Served, talk: Talk, context: BrowserContext, page: Page) -> None:
        super().__init__(context, page)
        self.shop, self.talk = shop, talk


@asynccontextmanager
async def visiting(
    browser: Browser, path: str = "/en/", settings: dict[str, str] | None = None, **options: Any
) -> AsyncIterator[Visit]:
    talk = Talk()
    async with served(settings, script=talk.play) as shop:
        context = await browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})
        context.set_default_timeout(30_000)
        try:
            page = await context.new_page()
            complaints: list[str] = []
            page.on("pageerror", lambda problem: complaints.append(str(problem)))
            await page.goto(shop.url + path)
            yield Visit(shop, talk, context, page)
            assert complaints == []
        finally:
            await context.close()
