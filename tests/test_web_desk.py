"""The web channel over the real desk: mailbox, knowledge, shop and pages, without a model."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape

import aiohttp

from bot.assembly import ShopDesk
from tests.web_callers import Caller, calling
from tests.web_fixtures import Served, echo


class RealShop(Served):
    """What a test calls, served from a real desk."""

    def __init__(self, desk: ShopDesk) -> None:
        super().__init__({}, True, echo)
        self.handles = desk.handles


@asynccontextmanager
async def real_shop(desk: ShopDesk) -> AsyncIterator[RealShop]:
    async with RealShop(desk).running() as shop:
        assert isinstance(shop, RealShop)
        yield shop


QUESTIONS = {
    "en": ["How long does delivery take?", "What is your returns policy?"],
    "zh": ["配送需要多久？", "怎么退货？"],
}


async def test_every_source_of_an_answer_is_a_page_that_is_really_served(desk: ShopDesk) -> None:
    async with real_shop(desk) as shop:
        for language, questions in QUESTIONS.items():
            async with calling(shop, locale=language) as caller:
                for number, question in enumerate(questions):
                    status, reply, _ = await caller.post({"id": f"m{number}", "text": question})
                    assert status == 200
                    sources = [one for part in reply["parts"] if part["kind"] == "sources" for one in part["sources"]]
                    assert sources, reply
                    for source in sources:
                        async with caller.http.get(source["url"].removeprefix(shop.url)) as page:
                            assert page.status == 200
                            text = unescape(await page.text())
                        assert all(piece in text for piece in re.split(": |：", source["title"]))


async def test_every_link_of_the_storefront_leads_to_a_page(desk: ShopDesk) -> None:
    async with real_shop(desk) as shop, aiohttp.ClientSession(shop.url) as http:
        waiting, seen = ["/en/", "/zh/", "/en/help", "/zh/help"], set[str]()
        while waiting:
            path = waiting.pop()
            if path in seen:
                continue
            seen.add(path)
            async with http.get(path) as answer:
                assert answer.status == 200, path
                if answer.content_type == "text/html":
                    found = re.findall(r'(?:href|src)="(/[^"#]*)', await answer.text())
                    waiting += [unescape(link) for link in found]
        assert len(seen) > 300


async def test_a_cut_stream_resumes_over_the_real_mailbox(desk: ShopDesk) -> None:
    async with real_shop(desk) as shop, calling(shop) as caller:
        message = {"id": "a", "text": "How long does delivery take?"}
        whole = await caller.stream(message)
        assert [part.get("status", part["kind"]) for _, part in whole][-3:] == ["text", "sources", "done"]
        lasting = [
            (event, part) for event, part in whole if part["kind"] != "delta" and part.get("status") != "thinking"
        ]
        for cut, _ in lasting[:-1]:
            rest = await caller.stream(message, **{"Last-Event-ID": cut})
            assert rest == whole[[event for event, _ in whole].index(cut) + 1 :]


async def test_the_demo_visitor_is_known_to_the_desk(desk: ShopDesk) -> None:
    jar = aiohttp.CookieJar(unsafe=True)  # takes cookies from an address without a name
    async with real_shop(desk) as shop, aiohttp.ClientSession(shop.url, cookie_jar=jar) as http:
        visitor = desk.handles.pages.demo_visitors[0]
        await http.post("/demo/visitor", data={"visitor": visitor.id, "back": "/en/"}, headers={"Origin": shop.url})
        async with http.get("/en/") as page:
            signed = re.search(r'data-identity="([^"]+)"', await page.text())
        assert signed is not None
        async with calling(shop, locale="en", identity=signed[1]) as caller:
            _, reply, _ = await caller.post({"id": "a", "text": "Where is my order?"})
            assert re.search(r"OT-\d{8}", str(reply["parts"]))


async def test_two_hundred_conversations_at_once_are_all_answered(desk: ShopDesk) -> None:
    async with real_shop(desk) as shop, aiohttp.ClientSession(shop.url) as http:
        callers = []
        for _ in range(200):
            async with http.post("/v1/conversations", json={}) as answer:
                callers.append(Caller(shop, http, await answer.json()))
        replies = await asyncio.gather(
            *(one.post({"id": "a", "text": "How long does delivery take?"}) for one in callers)
        )
        assert {status for status, _, _ in replies} == {200}
        assert all(part["parts"][0]["kind"] == "text" for _, part, _ in replies)
