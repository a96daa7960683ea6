"""The socket: proof, frames, sockets in step, slow readers."""

import asyncio
import base64
import json
import socket
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bot.messages import FinalText
from tests.web_callers import Caller, calling, closed_with, receive, socket_of
from tests.web_fixtures import Served, served


async def test_a_socket_must_prove_itself_in_time() -> None:
    async with served(first_frame_seconds=0.2) as shop, calling(shop) as caller, socket_of(caller) as ws:
        assert await closed_with(ws) == 4401


@pytest.mark.parametrize(
    "first", ["{", "[]", '{"id":"a","text":"x"}', '{"token":1}', '{"token":"x","after":"$"}', b"x"]
)
async def test_a_first_frame_that_is_none_closes_the_socket(first: str | bytes) -> None:
    async with served() as shop, calling(shop) as caller, socket_of(caller) as ws:
        await ws.send(first)
        assert await closed_with(ws) in (4400, 4401)


async def test_a_frame_over_sixteen_kibibytes_closes_the_socket() -> None:
    async with served() as shop, calling(shop) as caller, socket_of(caller) as ws:
        await ws.send(json.dumps({"token": caller.token}))
        await ws.send(json.dumps({"id": "a", "text": "x" * 17 * 1024}))
        assert await closed_with(ws) == 1009
        assert shop.postbox.accepted == []


async def test_a_wrong_message_on_a_socket_is_answered_and_the_socket_stays() -> None:
    async with served({"SHOPDESK_MESSAGES_PER_MINUTE": "1"}) as shop, calling(shop) as caller, socket_of(caller) as ws:
        await ws.send(json.dumps({"token": caller.token}))
        await ws.send(json.dumps({"id": "a", "text": "x" * 4001}))
        assert (await receive(ws, "error"))["status"] == 413
        shop.postbox.stores = False
        await ws.send(json.dumps({"id": "b", "text": "Hi"}))
        assert (await receive(ws, "error"))["status"] == 503
        shop.postbox.stores = True
        await ws.send(json.dumps({"id": "b", "text": "Hi"}))
        assert (await receive(ws, "accepted"))["id"] == "b"
        await ws.send(json.dumps({"id": "c", "text": "Hi"}))
        error = await receive(ws, "error")
        assert (error["id"], error["status"], error["retry_after"]) == ("c", 429, 7)


async def test_sockets_of_one_conversation_stay_in_step_and_resume_without_a_gap() -> None:
    async with served() as shop, calling(shop) as caller, socket_of(caller) as first, socket_of(caller) as second:
        for ws in (first, second):
            await ws.send(json.dumps({"token": caller.token}))
        await first.send(json.dumps({"id": "a", "text": "one two three"}))
        seen: list[Any] = []
        async with asyncio.timeout(20):
            while not seen or seen[-1].get("status") != "done":
                seen.append(json.loads(await second.recv()))
        assert seen == await caller.events()
        for event in seen:
            async with socket_of(caller) as third:
                await third.send(json.dumps({"token": caller.token, "after": event["id"]}))
                rest = [json.loads(await third.recv()) for _ in seen[seen.index(event) + 1 :]]
                assert rest == seen[seen.index(event) + 1 :]


async def test_a_conversation_has_at_most_five_sockets() -> None:
    async with served() as shop, calling(shop) as caller:
        opened = [await socket_of(caller) for _ in range(6)]
        for ws in opened:
            await ws.send(json.dumps({"token": caller.token}))
        await opened[0].send(json.dumps({"id": "a", "text": "Hi"}))
        assert await closed_with(opened[5]) == 4429
        for ws in opened[:5]:
            await receive(ws, "text")
            await ws.close()
        async with socket_of(caller) as again:
            await again.send(json.dumps({"token": caller.token}))
            await receive(again, "text")


async def test_an_address_has_a_bounded_number_of_sockets_and_gets_them_back() -> None:
    async with served({"SHOPDESK_SOCKETS_PER_ADDRESS": "3"}) as shop, calling(shop) as caller:
        opened = [await socket_of(caller) for _ in range(3)]
        with pytest.raises(InvalidStatus) as refusal:
            await socket_of(caller)
        assert refusal.value.response.status_code == 429
        for ws in opened:
            await ws.close()
        async with asyncio.timeout(20):
            while True:
                try:
                    await (await socket_of(caller)).close()
                    break
                except InvalidStatus:
                    await asyncio.sleep(0.02)


async def test_a_reader_that_does_not_read_is_dropped_and_nothing_piles_up() -> None:
    async with served(slow_reader_seconds=6) as shop, calling(shop) as caller:
        raw = await slow_reader(shop, caller)
        before = psutil.Process().memory_info().rss
        for _ in range(400):
            await shop.postbox.tell(caller.id, FinalText("y" * 20_000))
        grown = psutil.Process().memory_info().rss - before
        assert await count_let_in(caller) == 4
        async with asyncio.timeout(20):
            while await count_let_in(caller) < 5:  # noqa: ASYNC110  # there is no event to wait for
                await asyncio.sleep(0.05)
        raw.close()
        assert grown < 20 * 1024 * 1024


async def slow_reader(shop: Served, caller: Caller) -> socket.socket:
    """Shakes hands, proves itself, reads one event, and never reads again."""
    loop, raw = asyncio.get_running_loop(), socket.socket()
    raw.setblocking(False)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    await loop.sock_connect(raw, ("127.0.0.1", shop.port))
    key = base64.b64encode(b"0123456789abcdef").decode()
    head = f"GET {caller.path}/socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    proof = f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nOrigin: {shop.url}\r\n\r\n"
    await loop.sock_sendall(raw, (head + proof).encode())
    assert b" 101 " in await loop.sock_recv(raw, 4096)
    hello = json.dumps({"token": caller.token}).encode()
    await loop.sock_sendall(raw, bytes([0x81, 0x80 | 126]) + len(hello).to_bytes(2, "big") + bytes(4) + hello)
    await shop.postbox.tell(caller.id, FinalText("hello"))
    assert b"hello" in await loop.sock_recv(raw, 4096)
    return raw


async def count_let_in(caller: Caller) -> int:
    """How many of five further sockets of the conversation are let in."""
    opened = [await socket_of(caller) for _ in range(5)]
    place, count = (await caller.events())[-1]["id"], 0
    for ws in opened:
        await ws.send(json.dumps({"token": caller.token, "after": place}))
        await ws.send(json.dumps({"id": "?", "text": ""}))  # refused, but answered
        try:
            await receive(ws, "error")
            count += 1
        except ConnectionClosed:
            assert ws.close_code == 4429
    for ws in opened:
        await ws.close()
    return count
