"""The demo shop on a port of its own, and visitors whom its page has signed in: as programs, over the HTTP API."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

import bot
from adapters.web.app import build_app
from adapters.web.server import bind, serve
from adapters.web.settings import read_settings
from bot.channels import Handles
from serving.ports import free_port

ADA, ANNA = "c-ada-holm", "c-anna-kowalska"
ORDERS = Path(bot.__file__).parent / "demo" / "shop" / "orders.json"
SECONDS = 30.0


def order_of(customer: str, status: str) -> str:
    """The number of a demo order in this state."""
    orders = json.loads(ORDERS.read_text(encoding="utf-8"))
    return str(next(one["number"] for one in orders if (one["customer"], one["status"]) == (customer, status)))


class Part(msgspec.Struct, frozen=True):
    """Any part of a reply, as the API has it."""

    kind: str
    text: str = ""
    title: str = ""
    rows: list[tuple[str, str]] = []
    buttons: list[dict[str, Any]] = []


class Reply(msgspec.Struct, frozen=True):
    parts: list[Part]

    @property
    def text(self) -> str:
        return "\n\n".join(part.text for part in self.parts if part.kind == "text")

    @property
    def rows(self) -> dict[str, str]:
        return {label: value for part in self.parts for label, value in part.rows}

    def press(self, label: str) -> str:
        """The id of the button that says this."""
        return next(one["id"] for part in self.parts for one in part.buttons if one["label"] == label)


class Visitor:
    """One conversation of a signed-in visitor, or of a guest."""

    def __init__(self, http: aiohttp.ClientSession, started: dict[str, str]) -> None:
        self.http, self.id, self.token = http, started["conversation"], started["token"]
        self.path = f"/v1/conversations/{self.id}"
        self.proof = {"Authorization": f"Bearer {self.token}"}

    async def post(self, body: dict[str, str]) -> tuple[int, bytes]:
        async with self.http.post(f"{self.path}/messages", json=body, headers=self.proof) as answer:
            return answer.status, await answer.read()

    async def says(self, text: str = "", press: str = "", message: str = "") -> Reply:
        status, body = await self.post({"id": message or secrets.token_hex(8), "text": text, "press": press})
        assert status == 200, body
        return msgspec.json.decode(body, type=Reply)

    async def events(self) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.path}/events", headers=self.proof) as answer:
            happened: list[dict[str, Any]] = (await answer.json())["events"]
            return happened


@asynccontextmanager
async def on_the_web(handles: Handles) -> AsyncIterator[str]:
    """The address of a real desk's web channel, without a process of its own."""
    port, closing, opened = free_port(), asyncio.Event(), asyncio.Event()
    app = build_app(read_settings({"SHOPDESK_PORT": str(port)}), handles, closing)
    serving = asyncio.create_task(serve(app, bind("127.0.0.1", port), opened.set, closing))
    try:
        await asyncio.wait_for(opened.wait(), SECONDS)
        yield f"http://127.0.0.1:{port}"
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


@asynccontextmanager
async def visiting_as(url: str, customer: str = "") -> AsyncIterator[Visitor]:
    """A conversation of its own; "" is a guest."""
    jar, timeout = aiohttp.CookieJar(unsafe=True), aiohttp.ClientTimeout(30)
    async with aiohttp.ClientSession(url, cookie_jar=jar, timeout=timeout) as http:
        body = {"locale": "en"}
        if customer:
            chosen = {"visitor": customer, "back": "/en/"}
            async with http.post("/demo/visitor", data=chosen, headers={"Origin": url}) as page:
                identity = re.search('data-identity="([^"]+)"', await page.text())
            assert identity, "the demo shop did not sign the visitor in"
            body["identity"] = identity[1]
        async with http.post("/v1/conversations", json=body) as answer:
            assert answer.status == 201
            started = await answer.json()
        yield Visitor(http, started)


async def mailed_code(data: Path, letters: int = 1) -> str:
    """The code in the newest of so many letters that the demo shop has written into its folder."""
    deadline = time.monotonic() + SECONDS
    while len(found := sorted((data / "mail").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)) < letters:
        assert time.monotonic() < deadline, "no letter came"
        await asyncio.sleep(0.02)
    letter = message_from_bytes(found[-1].read_bytes(), policy=policy.default)
    code = re.search(r"\b\d{6}\b", str(letter.get_content()))
    assert code, "there is no code in the letter"
    return code[0]
