"""The chat in a real browser: nothing runs that should not, and nobody is left out."""

# ruff: noqa: F401, F811  # `browser` is a fixture
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import axe_playwright_python  # type: ignore[import-untyped]
import pytest
from aiohttp import web
from playwright.async_api import Browser, expect

from serving.ports import free_port
from tests.web_fixtures import Served
from tests.widget_visits import HERE, browser, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
XSS = [
    "<script>parent.hurt = window.hurt = true</script>",
    "<img src=x onerror='window.hurt = true'>",
    "<svg/onload=window.hurt=true>",
    "<iframe srcdoc='<script>parent.hurt=true</script>'></iframe>",
    "[click](javascript:window.hurt=true)",
    "[click](JaVaScRiPt:window.hurt=true)",
    "[click](data:text/html,<script>window.hurt=true</script>)",
    "[click](https://evil.example/?stolen=order)",
    "![picture](https://evil.example/x.png)",
    "https://evil.example/look",
    "[same host, made-up query](/en/help?stolen=1)",
    "**<b onmouseover=window.hurt=true>bold</b>**",
    "- <a href='https://evil.example'>list</a>",
    "# <style>*{display:none}</style>",
    '"><script>window.hurt=true</script>',
    "[x](https://evil.example/)[y]: //evil.example",
    "[user](http://127.0.0.1@evil.example/)",
]


@asynccontextmanager
async def another_site(port: int, shop: Served, language: str, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """A shop's own site: one page that has nothing of ours but the tag."""

    async def page(request: web.Request) -> web.Response:
        tag = f'<script src="{shop.url}/widget.js" data-locale="{language}"></script>'
        return web.Response(text=f"<!doctype html><title>A shop</title><body>{tag}</body>", content_type="text/html")

    site = web.Application()
    site.router.add_get("/", page)
    runner = web.AppRunner(site)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://{host}:{port}/"
    finally:
        await runner.cleanup()


async def test_no_markup_runs_and_nothing_is_fetched_from_elsewhere(browser: Browser) -> None:
    async with visiting(browser) as visit:
        asked: list[str] = []
        visit.context.on("request", lambda request: asked.append(request.url))
        await visit.open()
        for number, attack in enumerate(XSS, 1):
            await visit.ask(f"say {attack}")
            await visit.answered(number)
        await visit.page.reload()
        await visit.answered(len(XSS))
        for element in ("script", "img", "svg", "iframe", "style", "b", "[onerror]", "[onload]", "[onmouseover]"):
            await expect(visit.log.locator(element)).to_have_count(0)
        hrefs = await visit.log.locator("a").evaluate_all("links => links.map((link) => link.href)")
        assert [href for href in hrefs if "evil" in href or "stolen" in href or "script" in href.lower()] == []
        assert await visit.page.evaluate("window.hurt") is None
        assert await visit.chat.locator("body").evaluate("() => window.hurt") is None
        assert [url for url in asked if not url.startswith(visit.shop.url)] == []


async def test_known_sites_may_be_linked(browser: Browser) -> None:
    async with visiting(browser, settings={"SHOPDESK_ORIGINS": "https://shop.example"}) as visit:
        await visit.open()
        await visit.ask("say See [returns](/en/policies/returns) or https://shop.example/help.")
        await visit.answered()
        links = visit.log.locator("a")
        hrefs = await links.evaluate_all("links => links.map((link) => [link.href, link.target, link.rel])")
        assert hrefs == [
            [f"{visit.shop.url}/en/policies/returns", "_blank", "noopener noreferrer"],
            ["https://shop.example/help", "_blank", "noopener noreferrer"],
        ]


async def test_a_site_that_is_not_listed_shows_no_chat_and_says_why_to_its_makers(browser: Browser) -> None:
    async with visiting(browser) as visit, another_site(free_port(), visit.shop, "en") as site:
        said: list[str] = []
        visit.page.on("console", lambda line: said.append(line.text))
        await visit.page.goto(site)
        async with asyncio.timeout(20):
            while not any("SHOPDESK_ORIGINS" in line for line in said):
                await visit.page.wait_for_timeout(50)
        assert [line for line in said if site.rstrip("/") in line and "SHOPDESK_ORIGINS" in line]
        await expect(visit.page.locator("#shopdesk")).to_have_count(0)


async def test_a_listed_site_of_another_origin_embeds_the_chat_with_one_tag(browser: Browser) -> None:
    port = free_port()
    settings = {"SHOPDESK_ORIGINS": f"http://127.0.0.1:{port}"}
    async with visiting(browser, settings=settings) as visit, another_site(port, visit.shop, "zh") as site:
        await visit.page.goto(site)
        await expect(visit.launcher).to_have_accessible_name("联系客服")
        await visit.open()
        await visit.ask("配送需要多久？")
        await expect(visit.log.locator("strong")).to_have_text("3 至 5 天")
        await visit.page.keyboard.press("Escape")
        await expect(visit.page.locator("#shopdesk iframe")).to_be_hidden()


async def test_where_a_browser_blocks_storage_in_frames_of_other_sites_the_page_keeps_the_conversation(
    browser: Browser,
) -> None:
    port = free_port()
    settings = {"SHOPDESK_ORIGINS": f"http://localhost:{port}"}
    async with (
        visiting(browser, settings=settings) as visit,
        another_site(port, visit.shop, "en", "localhost") as site,
    ):
        await visit.page.goto(site)
        await visit.open()
        blocked = "() => { try { return !localStorage } catch { return true } }"
        assert await visit.chat.locator("body").evaluate(blocked)  # else this browser shows nothing here
        await visit.ask("How long?")
        await visit.answered()
        await visit.page.reload()
        await visit.answered()
        visit.shop.postbox.stores = False
        await visit.ask("second")
        await expect(visit.log.locator(".fate")).to_be_visible()
        await visit.page.reload()
        visit.shop.postbox.stores = True
        await visit.answered(2)
        assert [incoming.text for incoming in visit.shop.postbox.accepted] == ["How long?", "second"]
        assert len({incoming.conversation for incoming in visit.shop.postbox.accepted}) == 1
        kept = await visit.page.evaluate("Object.keys(sessionStorage).sort()")
        assert kept == ["shopdesk:conversation:guest", "shopdesk:open", "shopdesk:outbox:guest"]


async def test_a_browser_that_has_storage_hands_the_page_nothing(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        await visit.ask("How long?")
        await visit.answered()
        assert await visit.page.evaluate("Object.keys(sessionStorage)") == ["shopdesk:open"]
        assert await visit.page.evaluate("Object.keys(localStorage).length") == 2


async def test_the_page_keeps_only_what_the_frame_sends_and_only_under_our_names(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()
        send = "parent.postMessage({ shopdesk: 'keep', key, value: 'x' }, '*')"
        await visit.page.evaluate(f"(key) => {send}", "shopdesk:outbox:by-the-page-itself")
        for key in ("cart", "xshopdesk:outbox:guest", "shopdesk:open", "shopdesk:outbox:last"):
            await visit.chat.locator("body").evaluate(f"(_, key) => {send}", key)
        kept: dict[str, str] = {}
        async with asyncio.timeout(20):
            while "shopdesk:outbox:last" not in kept:
                kept = await visit.page.evaluate("({ ...sessionStorage })")
        assert kept == {"shopdesk:open": "1", "shopdesk:outbox:last": '"x"'}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["/en/", "/zh/", "/en/products/moss-lantern", "/zh/help", "/en/policies/returns", "/en/no/page"]
)
async def test_no_accessibility_rule_is_broken(browser: Browser, scheme: Any, path: str) -> None:
    async with visiting(browser, path, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce") as visit:
        await visit.open()
        await visit.ask("配送需要多久？" if "/zh" in path else "How long does delivery take?")
        await visit.answered()
        await visit.picture(f"page-{scheme}{path.replace('/', '-')}")
        frame = next(frame for frame in visit.page.frames if "/widget" in frame.url)
        for place in (visit.page.main_frame, frame):
            await place.add_script_tag(path=AXE)
            found = await place.evaluate("async () => (await axe.run(document)).violations")
            assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
