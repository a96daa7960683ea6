"""The web channel as `shopdesk run` opens it: settings, port, health, end."""

import asyncio
import time

import aiohttp
import pytest
from aiohttp import web

from adapters.web.channel import WebChannel
from adapters.web.server import bind
from serving.ports import free_port
from tests.web_callers import STREAM, calling
from tests.web_fixtures import Served, echo, served


async def test_healthy_names_each_dependency_and_says_503_when_one_is_not() -> None:
    async with served() as shop, aiohttp.ClientSession(shop.url) as http:
        async with http.get("/healthy") as answer:
            assert (answer.status, await answer.json()) == (200, {"redis": "ok", "database": "ok"})
        shop.healthy = {"redis": "no answer", "database": "ok"}
        async with http.get("/healthy") as answer:
            assert (answer.status, await answer.json()) == (503, {"redis": "no answer", "database": "ok"})


@pytest.mark.parametrize(
    ("model", "status"), [("ok", 200), ("away: no answer for 5 s", 200), ("the key is refused", 503), ("", 503)]
)
async def test_a_model_that_is_away_leaves_the_desk_healthy(model: str, status: int) -> None:
    async with served() as shop, aiohttp.ClientSession(shop.url) as http:
        shop.healthy = {"redis": "ok", "model": model}
        async with http.get("/healthy") as answer:
            assert (answer.status, await answer.json()) == (status, {"redis": "ok", "model": model})


async def test_the_server_ends_though_sockets_and_streams_are_open() -> None:
    async with aiohttp.ClientSession() as http:
        async with served() as shop, calling(shop) as caller:
            stream = await http.get(f"{shop.url}{caller.path}/events", headers={**caller.proof, **STREAM})
            socket = await http.ws_connect(f"{shop.url}{caller.path}/socket", origin=shop.url)
            await socket.send_json({"token": caller.token})
            began = time.monotonic()
        assert time.monotonic() - began < 20
        assert await stream.content.read() == b""


async def test_the_channel_announces_its_address_once_it_listens() -> None:
    shop = Served({}, True, echo)
    channel = WebChannel({"SHOPDESK_PORT": str(shop.port)})
    serving = asyncio.create_task(channel.serve(shop.handles))
    try:
        async with asyncio.timeout(20):
            while not shop.announced:
                assert not serving.done(), serving.exception()
                await asyncio.sleep(0.02)
        assert shop.announced == [f"Shop and chat: {shop.url}", f"Desk for staff: {shop.url}/desk"]
        async with aiohttp.ClientSession() as http, http.get(f"{shop.url}/healthy") as answer:
            assert answer.status == 200
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def test_a_taken_port_is_one_sentence_that_says_what_to_do() -> None:
    port = free_port()
    taken = bind("127.0.0.1", port)
    try:
        channel = WebChannel({"SHOPDESK_PORT": str(port)})
        with pytest.raises(OSError) as problem:
            await channel.serve(Served({}, True, echo).handles)
        sentence = f"Port {port} is taken: stop the other program or set SHOPDESK_PORT to a free one."
        assert str(problem.value) == sentence
        findings = {finding.name: finding for finding in await channel.check()}
        assert not findings["web address"].ok
        assert findings["web address"].advice == sentence
    finally:
        taken.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_a_port_that_a_desk_holds_is_no_mistake(host: str) -> None:
    async with served() as shop:
        shop.healthy = {"redis": "ok", "database": "it is not there"}
        channel = WebChannel({"SHOPDESK_PORT": str(shop.port), "SHOPDESK_HOST": host})
        finding = (await channel.check())[0]
        assert (finding.ok, finding.found) == (True, f"{host}:{shop.port}: a desk is running there")


async def test_a_port_that_another_program_holds_is_one() -> None:
    async def page(request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    site = web.Application()
    site.router.add_get("/healthy", page)
    runner = web.AppRunner(site)
    await runner.setup()
    port = free_port()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        finding = (await WebChannel({"SHOPDESK_PORT": str(port)}).check())[0]
        assert not finding.ok
        assert "SHOPDESK_PORT" in finding.advice
    finally:
        await runner.cleanup()


WRONG_SETTINGS = {
    "SHOPDESK_PORT": ["0", "65536", "eighty", "-1", "8000.0", "８０"],
    "SHOPDESK_WIDGET_SECRET": ["short", "x" * 31],
    "SHOPDESK_ORIGINS": ["shop.example", "https://shop.example/path", "*", "https://*.example", "ftp://x.example"],
    "SHOPDESK_PUBLIC_URL": ["shop.example", "https://", "http://x:port"],
    "SHOPDESK_MESSAGES_PER_MINUTE": ["0", "many"],
    "SHOPDESK_CONVERSATIONS_PER_MINUTE": ["0"],
    "SHOPDESK_TOKEN_HOURS": ["0", "1.5"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG_SETTINGS.items() for value in values]
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        WebChannel({name: value})
