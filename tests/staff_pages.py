"""The web desk over a real one, shared by the tests of a file: members of the staff as their browsers call it."""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from yarl import URL

from bot.assembly import ShopDesk, open_desk_on
from bot.settings import Settings
from tests.test_web_desk import RealShop
from tests.web_callers import Caller, calling

SECONDS = 40.0


class StaffedShop(RealShop):
    """A real desk at work, its pages served, and the password of the demo's people."""

    def __init__(self, desk: ShopDesk, password: str) -> None:
        super().__init__(desk)
        self.desk, self.password = desk, password
        self.signed_in: dict[str, dict[str, str]] = {}  # cookies by login: proving a password takes long on purpose


@asynccontextmanager
async def staffed_shop(data: Path, redis_url: str, alone: bool = True) -> AsyncIterator[StaffedShop]:
    async with open_desk_on(Settings(data_dir=data, burst_seconds=0), redis_url, alone=alone) as desk:
        work = asyncio.create_task(desk.work())
        try:
            async with StaffedShop(desk, (data / "desk-password.txt").read_text().strip()).running() as shop:
                assert isinstance(shop, StaffedShop)
                yield shop
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


@asynccontextmanager
async def another_server(shop: StaffedShop, **changes: float) -> AsyncIterator[StaffedShop]:
    """Of the same desk, with other settings."""
    other = StaffedShop(shop.desk, shop.password)
    other.settings, other.signed_in = msgspec.structs.replace(other.settings, **changes), shop.signed_in
    async with other.running():
        yield other


class Browser:
    """What a member's browser sends: its cookies, where it comes from, and the page's token."""

    def __init__(self, shop: StaffedShop, http: aiohttp.ClientSession) -> None:
        self.shop, self.http, self.csrf = shop, http, ""

    async def sign_in(self, login: str, password: str = "", **form: str) -> aiohttp.ClientResponse:
        fields = {"login": login, "password": password or self.shop.password, **form}
        answer = await self.http.post(
            "/desk/sign-in", data=fields, headers={"Origin": self.shop.url}, allow_redirects=False
        )
        if answer.status == 303:
            self.csrf = (await self.get("me"))[1]["csrf"]
        return answer

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.http.get(f"/desk/api/{path}", allow_redirects=False) as answer:
            return answer.status, await answer.json(content_type=None)

    async def post(self, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        sent = {"Origin": self.shop.url, "X-Desk-Token": self.csrf, **headers}
        async with self.http.post(f"/desk/api/{path}", json=body or {}, headers=sent) as answer:
            return answer.status, await answer.json(content_type=None)

    async def send_up(self, conversation: str, name: str, content: bytes) -> tuple[int, Any]:
        sent = {"Origin": self.shop.url, "X-Desk-Token": self.csrf, "Content-Type": "image/png"}
        path = f"/desk/api/talks/{conversation}/files?name={name}"
        async with self.http.post(path, data=content, headers=sent) as answer:
            return answer.status, await answer.json(content_type=None)

    @property
    def cookies(self) -> str:
        return "; ".join(f"{one.key}={one.value}" for one in self.http.cookie_jar)

    def socket(self, origin: str = "") -> connect:
        return connect(
            self.shop.url.replace("http", "ws") + "/desk/api/live",
            origin=origin or self.shop.url,
            additional_headers={"Cookie": self.cookies} if self.cookies else {},
            max_queue=None,
        )


@asynccontextmanager
async def browsing(shop: StaffedShop, login: str = "", anew: bool = False) -> AsyncIterator[Browser]:
    """`anew`: with a session of its own, for who will end it."""
    jar = aiohttp.CookieJar(unsafe=True)  # takes cookies from an address without a name
    async with aiohttp.ClientSession(shop.url, cookie_jar=jar, timeout=aiohttp.ClientTimeout(20)) as http:
        browser = Browser(shop, http)
        if login and login in shop.signed_in and not anew:
            jar.update_cookies(shop.signed_in[login], URL(shop.url))
            browser.csrf = (await browser.get("me"))[1]["csrf"]
        elif login:
            answer = await browser.sign_in(login)
            assert answer.status == 303, await answer.text()
            if not anew:
                shop.signed_in[login] = {one.key: one.value for one in jar}
        yield browser


@asynccontextmanager
async def waiting_customer(shop: StaffedShop, words: str = "I want to talk to a person") -> AsyncIterator[Caller]:
    """In the line."""
    async with calling(shop, locale="en") as caller:
        status, _, _ = await caller.post({"id": "first", "text": words})
        assert status == 200
        assert await shop.desk.handles.staff.desk.handoff(caller.id)
        yield caller


async def hear(ws: ClientConnection, fits: Any) -> Any:
    """The next frame for which `fits` is true."""
    async with asyncio.timeout(SECONDS):
        while True:
            frame = json.loads(await ws.recv())
            if fits(frame):
                return frame


def texts(events: list[Any]) -> list[str]:
    return [event["text"] for event in events if event["kind"] in ("said", "text")]


def new_id() -> str:
    return secrets.token_hex(8)


def csrf_of(page: str) -> str:
    found = re.search(r'<meta name="csrf" content="([0-9a-f]{64})">', page)
    assert found, page[:300]
    return found[1]
