"""What the web channel refuses: foreign sites, too much at once; and what its pages forbid."""

import asyncio
import contextlib
import json

import aiohttp
import pytest
from websockets.exceptions import InvalidStatus

from tests.test_web_tokens import start
from tests.web_callers import calling, receive, socket_of
from tests.web_fixtures import served


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.example",
        "https://shop.example.evil.example",
        "https://evil-shop.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://SHOP.example/",
        "",
    ],
)
async def test_a_socket_from_another_site_is_refused_before_it_opens(origin: str | None) -> None:
    async with served({"SHOPDESK_ORIGINS": "https://shop.example"}) as shop, calling(shop) as caller:
        with pytest.raises(InvalidStatus) as refusal:
            async with socket_of(caller, origin):
                pass
        assert refusal.value.response.status_code == 403


@pytest.mark.parametrize("origin", ["own", "https://shop.example", "https://www.shop.example:8443"])
async def test_a_socket_from_an_allowed_site_opens(origin: str) -> None:
    environ = {"SHOPDESK_ORIGINS": "https://shop.example, https://www.shop.example:8443"}
    async with served(environ) as shop, calling(shop) as caller, socket_of(caller, origin) as ws:
        await ws.send(json.dumps({"token": caller.token}))
        await ws.send(json.dumps({"id": "a", "text": "Hi"}))
        assert (await receive(ws, "accepted"))["id"] == "a"


async def test_a_call_from_another_site_is_refused_and_gets_no_cors_headers() -> None:
    async with served() as shop, aiohttp.ClientSession(shop.url) as http:
        for method in ("POST", "OPTIONS"):
            headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
            async with http.request(method, "/v1/conversations", json={}, headers=headers) as answer:
                assert answer.status == 403
                assert "access-control-allow-origin" not in answer.headers


async def test_an_allowed_site_may_call_from_its_pages() -> None:
    site = "https://shop.example"
    async with served({"SHOPDESK_ORIGINS": site}) as shop, aiohttp.ClientSession(shop.url) as http:
        headers = {"Origin": site, "Access-Control-Request-Method": "POST"}
        async with http.options("/v1/conversations", headers=headers) as answer:
            assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, site)
            assert "authorization" in answer.headers["access-control-allow-headers"]
        async with http.post("/v1/conversations", json={}, headers={"Origin": site}) as answer:
            assert (answer.status, answer.headers["access-control-allow-origin"]) == (201, site)
            assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(("site", "allowed"), [("https://shop.example", True), ("https://evil.example", False)])
async def test_the_launchers_words_are_for_listed_sites_only(site: str, allowed: bool) -> None:
    async with (
        served({"SHOPDESK_ORIGINS": "https://shop.example"}) as shop,
        aiohttp.ClientSession(shop.url) as http,
        http.get("/static/widget/words/en.js", headers={"Origin": site}) as answer,
    ):
        assert answer.headers.get("access-control-allow-origin") == (site if allowed else None)
        assert "Origin" in answer.headers["vary"]


async def test_another_site_cannot_choose_whom_the_demo_visitor_plays() -> None:
    async with served() as shop, aiohttp.ClientSession(shop.url) as http:
        headers = {"Origin": "https://evil.example"}
        async with http.post("/demo/visitor", data={"visitor": "C1"}, headers=headers) as answer:
            assert answer.status == 403


async def test_too_many_messages_or_conversations_are_a_429_with_the_time_to_wait() -> None:
    environ = {"SHOPDESK_MESSAGES_PER_MINUTE": "2", "SHOPDESK_CONVERSATIONS_PER_MINUTE": "3"}
    async with served(environ) as shop, calling(shop) as caller, calling(shop) as other:
        statuses = [await caller.post({"id": f"m{number}", "text": "Hi"}) for number in range(3)]
        assert [status for status, _, _ in statuses] == [200, 200, 429]
        assert statuses[2][2]["retry-after"] == "7"
        assert (await other.post({"id": "a", "text": "Hi"}))[0] == 200
        assert (await start(shop, ""))[0] == 201
        assert (await start(shop, ""))[0] == 429


async def test_every_answer_forbids_foreign_content_and_guessing_of_types() -> None:
    async with served({"SHOPDESK_ORIGINS": "https://shop.example"}) as shop, aiohttp.ClientSession(shop.url) as http:
        for path in (
            "/en/",
            "/en/help",
            "/en/nothing/here",
            "/widget",
            "/widget.js",
            "/static/widget/main.js",
            "/healthy",
        ):
            async with http.get(path) as answer:
                policy = dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))
                assert policy["default-src"] == "'none'", path
                assert policy["script-src"] == policy["style-src"] == "'self'"
                assert "unsafe" not in str(policy)
                assert ("https://shop.example" in policy["frame-ancestors"]) == (path == "/widget")
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert "referrer-policy" in answer.headers


@pytest.mark.parametrize(
    "path", ["/static/../channel.py", "/static/%2e%2e/channel.py", "/static//etc/passwd", "/static/"]
)
async def test_static_files_end_at_their_folder(path: str) -> None:
    async with served() as shop:
        reader, writer = await asyncio.open_connection("127.0.0.1", shop.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        assert b" 404 " in answer.split(b"\r\n")[0]


async def test_markup_in_a_shops_own_texts_is_shown_and_not_run() -> None:
    async with served() as shop, aiohttp.ClientSession(shop.url) as http:
        async with http.get("/en/products/evil") as answer:
            page = await answer.text()
        assert "<script>window" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page
        assert "&lt;b&gt;Evil&lt;/b&gt;" in page


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_the_demo_switcher_leads_back_to_our_own_pages_only(back: str) -> None:
    async with served() as shop, aiohttp.ClientSession(shop.url) as http:
        form = {"visitor": "C1", "back": back}
        async with http.post("/demo/visitor", data=form, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), ("own", 429)])
async def test_a_refused_socket_is_no_error_of_the_desk(
    origin: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        served({"SHOPDESK_SOCKETS_PER_ADDRESS": "1"}) as shop,
        calling(shop) as caller,
        contextlib.AsyncExitStack() as opened,
    ):
        if status == 429:
            await opened.enter_async_context(socket_of(caller))
        with caplog.at_level("INFO"), pytest.raises(InvalidStatus) as refusal:
            await socket_of(caller, origin)
        assert refusal.value.response.status_code == status
        assert refusal.value.response.body and b"error" in refusal.value.response.body
    assert any(f'socket" {status}' in record.getMessage() for record in caplog.records)
    ours = [one for one in caplog.records if one.name.startswith(("bot", "adapters", "uvicorn"))]
    assert [one.getMessage() for one in ours if one.levelname in ("ERROR", "CRITICAL")] == []
