"""Nothing on the web grows without a bound, whoever meets one is told clearly, and what comes often is stored once."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import aiohttp
import pytest
from websockets.exceptions import InvalidStatus

from bot.channels import TooMuch
from bot.messages import Busy, FinalText, Happening, Incoming
from tests.test_web_tokens import WIDGET_SECRET, identity
from tests.web_callers import STREAM, Caller, calling, closed_with, receive, socket_of
from tests.web_fixtures import served

REFUSED = [
    ("messages", 429, "More than 60 messages in a minute; try again in 9 s."),
    ("unanswered", 429, "Too many messages of this conversation wait for an answer; try again in 9 s."),
    ("line", 503, "We are busy; try again in 9 s."),
]


@pytest.mark.parametrize(("what", "status", "error"), REFUSED)
async def test_too_much_is_refused_with_the_time_to_wait(what: str, status: int, error: str) -> None:
    async with served() as shop, calling(shop) as caller, socket_of(caller) as ws:
        shop.postbox.refuses = TooMuch(what, 9)  # type: ignore[arg-type]
        answered, body, headers = await caller.post({"id": "a", "text": "Hi"})
        assert (answered, body["error"], headers["retry-after"]) == (status, error, "9")
        await ws.send(json.dumps({"token": caller.token}))
        await ws.send(json.dumps({"id": "a", "text": "Hi"}))
        expected = {"kind": "error", "id": "a", "status": status, "error": error, "retry_after": 9}
        assert await receive(ws, "error") == expected
        shop.postbox.refuses = None
        await ws.send(json.dumps({"id": "a", "text": "Hi"}))
        assert (await receive(ws, "accepted"))["id"] == "a"


async def test_a_signed_in_customer_is_counted_over_all_their_conversations() -> None:
    environ = {"SHOPDESK_WIDGET_SECRET": WIDGET_SECRET, "SHOPDESK_CUSTOMER_MESSAGES_PER_HOUR": "3"}
    async with (
        served(environ) as shop,
        calling(shop, identity=identity()) as one,
        calling(shop, identity=identity()) as two,
        calling(shop) as guest,
    ):
        statuses = [(await caller.post({"id": str(n), "text": "Hi"}))[0] for n in range(2) for caller in (one, two)]
        assert statuses == [200, 200, 200, 429]
        _, body, headers = await two.post({"id": "again", "text": "Hi"})
        expected = "More than 3 messages of one customer in an hour; try again in 7 s."
        assert (body["error"], headers["retry-after"]) == (expected, "7")
        assert [(await guest.post({"id": str(n), "text": "Hi"}))[0] for n in range(4)] == [200] * 4
        assert {who for _, who in shop.limiter.tries} == {"C7", "127.0.0.1"}, "a guest costs no trip to the limiter"


async def test_a_busy_desk_says_how_many_come_before_on_streams_only() -> None:
    async def busy(incoming: Incoming, tell: Callable[[Happening], None]) -> None:
        tell(Busy(214))
        tell(FinalText("Here I am."))

    async with served(script=busy) as shop, calling(shop) as caller:
        parts = [part for _, part in await caller.stream({"id": "a", "text": "Hi"})]
        assert {"kind": "busy", "place": 214} in parts
        _, reply, _ = await caller.post({"id": "b", "text": "Hi"})
        assert reply == {"parts": [{"kind": "text", "text": "Here I am."}]}


async def waits(incoming: Incoming, tell: Callable[[Happening], None]) -> None:
    await asyncio.Event().wait()


async def test_a_conversation_has_at_most_five_event_streams_and_gets_them_back() -> None:
    async with served() as shop, calling(shop) as caller:
        async with AsyncExitStack() as opened:
            for _ in range(5):
                assert (await opened.enter_async_context(follow(caller))).status == 200
            async with follow(caller) as refused:
                assert refused.status == 429
                assert await refused.json() == {"error": "More than 5 streams are open."}
                assert refused.headers["retry-after"] == "10"
        assert await within_seconds(follow, caller, 200)


async def test_a_conversation_waits_for_a_bounded_number_of_replies() -> None:
    async with served(script=waits, replies_per_conversation=2) as shop, calling(shop) as caller:
        async with AsyncExitStack() as opened:
            for _ in range(2):
                answer = await opened.enter_async_context(ask(caller, STREAM))
                assert answer.status == 200
            async with ask(caller, {}) as refused:
                assert (refused.status, await refused.json()) == (429, {"error": "More than 2 replies are open."})
        assert await within_seconds(lambda caller: ask(caller, STREAM), caller, 200)


async def test_a_process_has_room_for_so_much_and_no_more() -> None:
    async with served({"SHOPDESK_MOST_OPEN": "2"}) as shop, calling(shop) as caller:
        async with socket_of(caller), follow(caller) as stream:
            assert stream.status == 200
            for more in (follow(caller), ask(caller, {})):
                async with more as refused:
                    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
                    assert "no room" in (await refused.json())["error"]
            with pytest.raises(InvalidStatus) as refusal:
                await socket_of(caller)
            assert refusal.value.response.status_code == 503
        assert await within_seconds(follow, caller, 200)


async def test_event_streams_and_sockets_of_an_address_are_counted_together() -> None:
    async with (
        served({"SHOPDESK_SOCKETS_PER_ADDRESS": "2"}) as shop,
        calling(shop) as caller,
        socket_of(caller),
        follow(caller) as stream,
        follow(caller) as refused,
    ):
        assert (stream.status, refused.status) == (200, 429)


async def test_a_body_that_does_not_come_is_given_up() -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b'{"id":'
        await asyncio.sleep(5)

    async with served(body_seconds=0.2) as shop, calling(shop) as caller:
        headers = {**caller.proof, "Content-Type": "application/json"}
        async with caller.http.post(f"{caller.path}/messages", data=never(), headers=headers) as answer:
            assert (answer.status, await answer.json()) == (408, {"error": "The body did not come within 0.2 s."})


async def test_a_socket_that_never_stops_is_closed() -> None:
    async with served(frames_per_minute=20) as shop, calling(shop) as caller, socket_of(caller) as ws:
        await ws.send(json.dumps({"token": caller.token}))
        for _ in range(21):
            await ws.send(json.dumps({"id": "?", "text": ""}))
        assert await closed_with(ws) == 4429


async def test_messages_sent_three_times_and_shuffled_are_each_answered_once_in_the_order_of_their_acceptance() -> None:
    rng = random.Random(20261122)
    deliveries = [f"m{number}" for number in range(15) for _ in range(3)]
    for start in range(0, len(deliveries), 5):
        window = deliveries[start : start + 5]
        rng.shuffle(window)
        deliveries[start : start + 5] = window
    async with served() as shop, calling(shop) as caller, socket_of(caller) as ws:
        await ws.send(json.dumps({"token": caller.token}))
        for message in deliveries:
            await ws.send(json.dumps({"id": message, "text": f"text {message}"}))
        events = [json.loads(await ws.recv())]
        async with asyncio.timeout(20):
            while sum(event.get("status") == "done" for event in events) < 15:
                events.append(json.loads(await ws.recv()))
        first = list(dict.fromkeys(deliveries))
        assert [event["message"] for event in events if event["kind"] == "said"] == first
        assert [event["text"] for event in events if event["kind"] == "text"] == [f"You said: text {m}" for m in first]
        accepted: dict[str, set[str]] = {}
        for event in events:
            if event["kind"] == "accepted":
                accepted.setdefault(event["id"], set()).add(event["event"])
        assert list(accepted) == first and all(len(ids) == 1 for ids in accepted.values())


def follow(caller: Caller) -> "aiohttp.client._RequestContextManager":
    return caller.http.get(f"{caller.path}/events", headers={**caller.proof, **STREAM})


def ask(caller: Caller, headers: dict[str, str]) -> "aiohttp.client._RequestContextManager":
    return caller.http.post(
        f"{caller.path}/messages", json={"id": "a", "text": "Hi"}, headers={**caller.proof, **headers}
    )


async def within_seconds(
    request: Callable[[Caller], "aiohttp.client._RequestContextManager"], caller: Caller, status: int
) -> bool:
    """Whether it is answered so before long: a server notices a moment later that somebody has gone."""
    async with asyncio.timeout(20):
        while True:
            async with request(caller) as answer:
                if answer.status == status:
                    return True
            await asyncio.sleep(0.02)
