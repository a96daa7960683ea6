"""Customers behind a load balancer are counted apart, and nobody else may say who is calling."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from adapters.web.channel import WebChannel
from adapters.web.settings import read_settings
from tests.web_callers import Caller, calling
from tests.web_fixtures import Served, echo

BALANCER, STRANGER = "127.0.0.2", "127.0.0.3"  # this machine has all of 127.0.0.0/8
ADA, WEI = "198.51.100.7", "2001:db8::7"


@asynccontextmanager
async def desk(**settings: str) -> AsyncIterator[Served]:
    """The channel as `shopdesk web` opens it; it trusts the balancer's network."""
    environ = {"SHOPDESK_PROXIES": "10.0.0.0/8, 127.0.0.2/32", **settings}
    shop = Served(environ, True, echo)
    serving = asyncio.create_task(WebChannel({"SHOPDESK_PORT": str(shop.port), **environ}).serve(shop.handles))
    try:
        async with asyncio.timeout(20):
            while not shop.announced:
                assert not serving.done(), serving.exception()
                await asyncio.sleep(0.02)
        yield shop
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await shop.postbox.close()


async def ask(shop: Served, method: str, path: str, by: str, forwarded: str) -> int:
    connector = aiohttp.TCPConnector(local_addr=(by, 0))
    async with aiohttp.ClientSession(shop.url, connector=connector) as http:
        body: dict[str, str] | None = {} if method == "POST" else None
        async with http.request(method, path, json=body, headers={"X-Forwarded-For": forwarded}) as answer:
            return answer.status


async def started(shop: Served, by: str, forwarded: str) -> int:
    return await ask(shop, "POST", "/v1/conversations", by, forwarded)


def socket_through(caller: Caller, by: str, forwarded: str) -> connect:
    return connect(
        caller.shop.url.replace("http", "ws") + caller.path + "/socket",
        origin=Origin(caller.shop.url),
        additional_headers={"X-Forwarded-For": forwarded},
        local_addr=(by, 0),
    )


async def test_each_customer_behind_a_load_balancer_has_conversations_of_their_own_count() -> None:
    async with desk(SHOPDESK_CONVERSATIONS_PER_MINUTE="2") as shop:
        assert [await started(shop, BALANCER, ADA) for _ in range(3)] == [201, 201, 429]
        assert [await started(shop, BALANCER, WEI) for _ in range(3)] == [201, 201, 429]


async def test_each_customer_behind_a_load_balancer_has_sockets_of_their_own_count() -> None:
    async with desk(SHOPDESK_SOCKETS_PER_ADDRESS="1") as shop, calling(shop) as caller, AsyncExitStack() as opened:
        for customer in (ADA, WEI):
            await opened.enter_async_context(socket_through(caller, BALANCER, customer))
            with pytest.raises(InvalidStatus) as refusal:
                await socket_through(caller, BALANCER, customer)
            assert refusal.value.response.status_code == 429


async def test_what_a_customer_writes_before_the_load_balancers_own_entry_does_not_count() -> None:
    async with desk(SHOPDESK_CONVERSATIONS_PER_MINUTE="2") as shop:
        claims = [f"203.0.113.{number}, {ADA}, 10.1.2.3" for number in range(3)]
        assert [await started(shop, BALANCER, claim) for claim in claims] == [201, 201, 429]


@pytest.mark.parametrize("by", [STRANGER, "127.0.0.1"])
async def test_who_is_not_a_proxy_of_ours_cannot_say_who_is_calling(by: str) -> None:
    async with desk(SHOPDESK_CONVERSATIONS_PER_MINUTE="2") as shop:
        claims = [f"203.0.113.{number}" for number in range(3)]
        assert [await started(shop, by, claim) for claim in claims] == [201, 201, 429]


async def test_who_is_not_a_proxy_of_ours_opens_no_more_sockets_by_claiming_to_be_others() -> None:
    async with (
        desk(SHOPDESK_SOCKETS_PER_ADDRESS="1") as shop,
        calling(shop) as caller,
        socket_through(caller, STRANGER, ADA),
    ):
        with pytest.raises(InvalidStatus) as refusal:
            await socket_through(caller, STRANGER, WEI)
        assert refusal.value.response.status_code == 429


async def test_a_load_balancer_cannot_fetch_the_figures_for_a_caller_who_claims_to_be_this_machine() -> None:
    async with desk() as shop:
        assert [await ask(shop, "GET", "/metrics", BALANCER, who) for who in ("127.0.0.1", ADA, "")] == [404] * 3


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("", ("127.0.0.1/32",)),
        ("10.0.0.5", ("10.0.0.5/32",)),
        (" 10.0.0.0/8, fd00::/8 ,", ("10.0.0.0/8", "fd00::/8")),
    ],
)
def test_proxies_are_addresses_or_networks(text: str, networks: tuple[str, ...]) -> None:
    assert read_settings({"SHOPDESK_PROXIES": text}).proxies == networks
    assert read_settings({}).proxies == ("127.0.0.1/32",)


@pytest.mark.parametrize("wrong", ["*", "balancer", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.5:80", "0.0.0.0/0", "::/0"])
def test_a_wrong_proxy_is_a_sentence_that_names_the_setting(wrong: str) -> None:
    with pytest.raises(ValueError, match="^SHOPDESK_PROXIES .*" + wrong.replace("*", r"\*") + r".*\.$"):
        WebChannel({"SHOPDESK_PROXIES": f"127.0.0.1, {wrong}"})
