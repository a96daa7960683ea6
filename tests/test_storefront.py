"""The demo shop's pages."""

import aiohttp
import pytest

from adapters.web.languages import best_language
from tests.web_fixtures import Served, served


async def get(shop: Served, path: str, **headers: str) -> tuple[int, str, str]:
    """Status, where it ended, and the text."""
    async with aiohttp.ClientSession(shop.url) as http, http.get(path, headers=headers) as answer:
        return answer.status, answer.url.path, await answer.text()


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.5,zh;q=0.9", "zh"),
        ("fr,de;q=0.9", "en"),
        ("fr,zh;q=0.1", "zh"),
        ("ZH", "zh"),
        ("zh;q=0,en", "en"),
        ("zh;q=nonsense,en;q=0.1", "en"),
        (",;q=,;;" * 2000, "en"),
    ],
)
def test_the_language_is_the_best_of_those_that_the_browser_wants(wanted: str, language: str) -> None:
    assert best_language(wanted, ("en", "zh")) == language


async def test_the_front_door_leads_to_the_visitors_language() -> None:
    async with served() as shop:
        assert (await get(shop, "/", **{"Accept-Language": "zh-CN"}))[:2] == (200, "/zh/")
        assert (await get(shop, "/", **{"Accept-Language": "fr"}))[:2] == (200, "/en/")
        assert (await get(shop, "/zh"))[:2] == (200, "/zh/")


async def test_each_page_begins_with_ways_to_its_content_and_to_the_chat() -> None:
    async with served() as shop:
        for path, name in (("/en/", "Open the chat"), ("/zh/help", "打开聊天"), ("/en/no/page", "Open the chat")):
            page = (await get(shop, path))[2]
            assert page.index('href="#content"') < page.index('href="#shopdesk"') < page.index("<header")
            assert name in page


async def test_home_shows_each_product_with_name_and_price_under_its_category() -> None:
    async with served() as shop:
        _, _, page = await get(shop, "/en/")
        for piece in (
            "<h2>Lights</h2>",
            "Moss Lantern",
            "$39.00",
            "🏮",
            'href="/en/products/moss-lantern"',
            "<h2>Kitchen</h2>",
        ):
            assert piece in page


async def test_a_product_page_shows_name_price_and_description() -> None:
    async with served() as shop:
        status, _, page = await get(shop, "/en/products/moss-lantern")
        assert status == 200
        for piece in (
            "<h1>Moss Lantern</h1>",
            "$39.00",
            "<strong>moss</strong>",
            "<li>24 cm high</li>",
            'href="/zh/products/moss-lantern"',
        ):
            assert piece in page


async def test_help_and_policies_are_pages() -> None:
    async with served() as shop:
        assert 'href="/zh/help/delivery-time"' in (await get(shop, "/zh/help"))[2]
        assert "3 to 5 working days." in (await get(shop, "/en/help/delivery-time"))[2]
        policy = (await get(shop, "/en/policies/returns"))[2]
        assert "<h2>When</h2>" in policy
        assert '<h2 id="how">How</h2>' in policy


@pytest.mark.parametrize(
    "path", ["/en/products/none", "/en/none/x", "/fr/", "/fr/help", "/en/help/a/b", "/none", "/en/products/"]
)
async def test_an_address_without_a_page_is_a_404_that_leads_home(path: str) -> None:
    async with served() as shop:
        status, _, page = await get(shop, path)
        assert status == 404
        assert 'href="/en/"' in page


async def test_a_404_speaks_the_language_of_its_address() -> None:
    async with served() as shop:
        assert "这一页走丢了" in (await get(shop, "/zh/products/none"))[2]


async def test_a_shop_that_is_not_the_demo_has_no_visitors_to_play() -> None:
    async with served(demo=False) as shop, aiohttp.ClientSession(shop.url) as http:
        async with http.get("/en/") as answer:
            page = await answer.text()
        assert "Shopping as" not in page
        assert "data-identity" not in page
        async with http.post("/demo/visitor", data={"visitor": "C1"}) as answer:
            assert answer.status == 404


async def test_a_bug_is_a_500_that_tells_nothing_and_still_carries_the_headers() -> None:
    async with served() as shop, aiohttp.ClientSession(shop.url) as http:
        shop.healthy = None  # type: ignore[assignment]  # a bug of ours
        async with http.get("/healthy") as answer:
            assert answer.status == 500
            assert "Traceback" not in await answer.text()
            assert "content-security-policy" in answer.headers
