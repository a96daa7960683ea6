"""A program that calls the HTTP API: one conversation, over requests and sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.web_fixtures import Served

STREAM = {"Accept": "text/event-stream"}


class Caller:
    """A program that uses the API: one conversation."""

    def __init__(self, shop: Served, http: aiohttp.ClientSession, started: dict[str, str]) -> None:
        self.shop, self.http, self.id, self.token = shop, http, started["conversation"], started["token"]
        self.path = f"/v1/conversations/{self.id}"
        self.proof = {"Authorization": f"Bearer {self.token}"}

    async def post(self, body: object, **headers: str) -> tuple[int, Any, Any]:
        async with self.http.post(f"{self.path}/messages", json=body, headers={**self.proof, **headers}) as answer:
            return answer.status, await answer.json(), answer.headers

    async def stream(self, body: object, **headers: str) -> list[tuple[str, Any]]:
        async with self.http.post(
            f"{self.path}/messages", json=body, headers={**self.proof, **STREAM, **headers}
        ) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            return [frame async for frame in frames(answer)]

    async def events(self, after: str = "") -> list[Any]:
        async with self.http.get(f"{self.path}/events", params={"after": after}, headers=self.proof) as answer:
            assert answer.status == 200
            events: list[Any] = (await answer.json())["events"]
            return events


async def frames(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, Any]]:
    """(event id or the event's name, data) of each server-sent event."""
    fields: dict[str, str] = {}
    async for line in answer.content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            yield fields.get("id") or fields.get("event", ""), json.loads(fields["data"])
            fields = {}


@asynccontextmanager
async def calling(shop: Served, **body: str) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession(shop.url, timeout=aiohttp.ClientTimeout(60)) as http:
        async with http.post("/v1/conversations", json=body) as answer:
            assert answer.status == 201
            started = await answer.json()
        yield Caller(shop, http, started)


def socket_of(caller: Caller, origin: str | None = "own") -> connect:
    allowed = caller.shop.url if origin == "own" else origin
    return connect(caller.shop.url.replace("http", "ws") + caller.path + "/socket", origin=allowed, max_queue=None)


async def receive(ws: ClientConnection, kind: str) -> Any:
    """The next frame of this kind."""
    async with asyncio.timeout(20):
        while True:
            frame = json.loads(await ws.recv())
            if frame["kind"] == kind:
                return frame


async def closed_with(ws: ClientConnection) -> int:
    async with asyncio.timeout(20):
        with pytest.raises(ConnectionClosed) as end:
            while True:
                await ws.recv()
    assert end.value.rcvd is not None
    return end.value.rcvd.code
