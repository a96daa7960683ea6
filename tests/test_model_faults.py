"""The whole desk while its model is ill, at its real deadlines: every turn ends in time, and nobody is stuck after it.

`make proof-model-faults` plays more rounds.
"""

import asyncio
import os
import re
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.assembly import ShopDesk, open_desk_on
from bot.messages import TextDelta
from bot.redis.connection import Connection
from bot.settings import Settings
from serving.script import Call, Reply, Rule, Script, When
from serving.scripted_model import scripted_model
from tests.talking import Customer, Heard

TURNS = 20  # for each fault, at the same time
ROUNDS = int(os.environ.get("SHOPDESK_TEST_FAULT_ROUNDS", "1"))
WITHIN = 19.0
MENDED_WITHIN = 12.0  # seconds: the breaker's rest, and a trial
QUESTION = "How long does delivery take?"
SHOPS_OWN_TEXT = "3 to 5 working days"
WORDS = "Standard delivery takes some days, as a rule. "
GREETING = "Hello from the model."
ENDLESS = "well and so on we go " * 400  # not one sentence of it can be checked, so none can be shown
READING_PACE = 6.0  # tokens a second

OpenDesk = Callable[..., AbstractAsyncContextManager[ShopDesk]]

AT_ONCE = {
    "429": Reply(fault="429"),
    "503": Reply(fault="503"),
    "500": Reply(fault="500"),
    "garbage": Reply(WORDS, fault="garbage"),
    "cut": Reply(WORDS, fault="cut", after_tokens=3, tokens_per_second=30),
}
SILENT = {
    "timeout": Reply(fault="hang"),  # not a byte comes back
    "hang": Reply(WORDS, fault="stall", after_tokens=0),  # after the head of the answer
}
DRIPPING = {
    "stall": Reply(WORDS, fault="stall", after_tokens=3),
    "slow drip": Reply(WORDS * 50, tokens_per_second=1),
    "late, then a drip": Reply(WORDS * 50, first_token=5, tokens_per_second=2),
    "no end of a sentence": Reply(ENDLESS, tokens_per_second=READING_PACE),
    "none after the first": Reply(f"Hello! {ENDLESS}", tokens_per_second=READING_PACE),
}


@pytest.fixture
def desk_on(demo_data: Path, redis_url: str, connection: Connection) -> OpenDesk:
    """A desk at work, with the settings that a shop has, on models of these addresses."""

    @asynccontextmanager
    async def opened(*urls: str, **more: object) -> AsyncIterator[ShopDesk]:
        settings = Settings.model_validate(
            {"data_dir": demo_data, "model_url": ",".join(urls), "model_name": "scripted", "burst_seconds": 0, **more}
        )
        async with open_desk_on(settings, redis_url, alone=True) as desk:
            work = asyncio.create_task(desk.work())
            yield desk
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    return opened


def always(reply: Reply) -> Script:
    return Script((Rule(reply),))


async def timed(customer: Customer, text: str) -> tuple[Heard, float]:
    began = time.monotonic()
    heard = await customer.says(text)
    return heard, time.monotonic() - began


def is_whole(heard: Heard) -> bool:
    """An answer, a simpler answer or a handoff. The pieces before it, as far as they were heard, are its own."""
    ended = heard.statuses[-1:] == ["done"]
    return ended and heard.streamed in heard.text and (bool(heard.text) or "waiting_for_staff" in heard.statuses)


async def nobody_is_stuck(desk: ShopDesk, faults: Iterable[str]) -> None:
    """So many customers for each fault, all at the same time: in the script the fault is chosen by what they write."""
    customers = {fault: [Customer(desk.handles.postbox) for _ in range(TURNS)] for fault in faults}
    await asyncio.gather(*(answered_in_time(fault, each) for fault, several in customers.items() for each in several))


async def answered_in_time(fault: str, customer: Customer) -> None:
    heard, seconds = await timed(customer, f"{QUESTION} ({fault})")
    assert is_whole(heard) and SHOPS_OWN_TEXT in heard.text and "simpler" in heard.statuses, f"{fault}: {heard.text!r}"
    assert seconds < WITHIN, f"{fault}: a turn took {seconds:.1f} s"
    after, seconds = await timed(customer, "What does it cost?")
    assert is_whole(after) and seconds < WITHIN, f"{fault}: the next message was answered after {seconds:.1f} s"


@pytest.mark.parametrize("fault", AT_ONCE)
async def test_every_turn_is_answered_in_time_and_so_is_the_next_message(desk_on: OpenDesk, fault: str) -> None:
    async with scripted_model(always(AT_ONCE[fault])) as url, desk_on(url) as desk:
        for _ in range(ROUNDS):
            await nobody_is_stuck(desk, [fault])


@pytest.mark.parametrize("replies", [SILENT, DRIPPING], ids=["silent", "dripping"])
async def test_and_in_time_where_the_model_takes_the_request_and_is_slow(
    desk_on: OpenDesk, replies: dict[str, Reply]
) -> None:
    """Several faults together, so that it takes the time of one: none fails before the last has begun."""
    rules = [Rule(reply, When(user=re.escape(fault))) for fault, reply in replies.items()]
    script = Script((*rules, Rule(Reply(GREETING))))
    for _ in range(ROUNDS):
        async with scripted_model(script) as url, desk_on(url, model_concurrency=100, workers=200) as desk:
            await nobody_is_stuck(desk, replies)
            aborted = await metric(url, 'finished_reason="abort"')
            assert aborted >= TURNS * len(replies), "a request that was given up goes on in the server"


async def test_text_that_cannot_be_shown_does_not_count_as_text(desk_on: OpenDesk) -> None:
    script = always(Reply(ENDLESS, tokens_per_second=READING_PACE))
    async with scripted_model(script) as url, desk_on(url, model_first_token_seconds=0.5) as desk:
        heard, seconds = await timed(Customer(desk.handles.postbox), QUESTION)
        assert is_whole(heard) and SHOPS_OWN_TEXT in heard.text and "simpler" in heard.statuses
        assert 2.5 <= seconds < WITHIN, "what was given for the first token, and two seconds"
        assert await metric(url, 'finished_reason="abort"') == 1
        assert await metric(url, "num_requests_running") == 0


async def test_a_slow_reply_may_take_longer_than_its_first_sentence_and_so_may_the_call_after_a_tool(
    desk_on: OpenDesk,
) -> None:
    looks = Reply("One moment, please.", (Call("search_knowledge", {"query": "delivery"}),), tokens_per_second=4)
    script = Script((Rule(Reply(WORDS * 2, tokens_per_second=READING_PACE), When(after="tool")), Rule(looks)))
    async with scripted_model(script) as url, desk_on(url, model_first_token_seconds=1) as desk:
        heard, seconds = await timed(Customer(desk.handles.postbox), QUESTION)
    assert heard.text.split() == f"One moment, please. {WORDS * 2}".split() and "simpler" not in heard.statuses
    assert seconds > 3, "longer than is given for the turn's first text"


async def test_where_nothing_listens_every_turn_is_answered_too(desk_on: OpenDesk) -> None:
    async with desk_on(nothing_listens()) as desk:
        for _ in range(ROUNDS):
            await nobody_is_stuck(desk, ["nothing listens"])


async def test_a_model_that_is_well_again_has_its_conversations_back(desk_on: OpenDesk) -> None:
    script = Script((Rule(Reply(fault="500"), When(calls_below=5)), Rule(Reply(GREETING))))
    async with scripted_model(script) as url, desk_on(url) as desk:
        customer = Customer(desk.handles.postbox)
        for _ in range(6):
            assert "simpler" in (await customer.says(QUESTION)).statuses
        until = time.monotonic() + MENDED_WITHIN
        while (heard := await customer.says(QUESTION)).text != GREETING:
            assert "simpler" in heard.statuses and time.monotonic() < until
            await asyncio.sleep(0.2)
        assert (await customer.says(QUESTION)).text == GREETING


@pytest.mark.parametrize("fault", ["429", "503", "500", "garbage", "timeout", "nothing listens"])
async def test_with_one_of_two_replicas_broken_no_customer_notices(desk_on: OpenDesk, fault: str) -> None:
    async with AsyncExitStack() as stack:
        well = await stack.enter_async_context(scripted_model(always(Reply(GREETING, first_token=0.05))))
        broken = nothing_listens()
        if fault != "nothing listens":
            broken = await stack.enter_async_context(scripted_model(always((AT_ONCE | SILENT)[fault])))
        desk = await stack.enter_async_context(desk_on(broken, well))
        customers = [Customer(desk.handles.postbox) for _ in range(TURNS)]
        for _ in range(2):
            turns = await asyncio.gather(*(timed(customer, QUESTION) for customer in customers))
            assert all(heard.text == GREETING and is_whole(heard) for heard, _ in turns)
            assert not any("simpler" in heard.statuses for heard, _ in turns)
            assert max(seconds for _, seconds in turns) < WITHIN
        health = await desk.handles.health()
    assert health["model"].startswith("away: 1 of 2, the others serve") == (fault == "nothing listens")


async def test_more_turns_than_the_model_takes_are_answered_all_the_same_and_soon(desk_on: OpenDesk) -> None:
    busy = Script((Rule(Reply(GREETING, first_token=2)),), places=2)
    async with scripted_model(busy) as url, desk_on(url, model_concurrency=2) as desk:
        turns = await asyncio.gather(*(timed(Customer(desk.handles.postbox), QUESTION) for _ in range(20)))
    assert all(is_whole(heard) and seconds < WITHIN for heard, seconds in turns)
    ways = [heard.text == GREETING for heard, _ in sorted(turns, key=lambda turn: turn[1])]
    assert any(ways), "the model answers those it has places for"
    assert not any(ways[: 20 - 6]), "who finds the line full is answered at once"


async def test_a_message_during_the_reply_aborts_the_request_on_the_server(desk_on: OpenDesk) -> None:
    slow = Rule(Reply(WORDS * 50, tokens_per_second=20), When(calls_below=1))
    async with scripted_model(Script((slow, Rule(Reply(GREETING))))) as url, desk_on(url) as desk:
        customer = Customer(desk.handles.postbox)
        first = await customer.posts(QUESTION)
        async for event in customer.postbox.reply(customer.conversation, first):
            if isinstance(event.what, TextDelta):
                break
        assert await metric(url, "num_requests_running") == 1
        second = await customer.posts("and what does it cost?")
        heard = await customer.hears(second)
        assert heard.text == GREETING and heard.streamed in GREETING
        assert await metric(url, 'finished_reason="abort"') == 1
        assert await metric(url, "num_requests_running") == 0


@pytest.mark.parametrize("customer_id", ["", "c-ada-holm"], ids=["guest", "known"])
async def test_beyond_their_turns_of_an_hour_a_customer_is_answered_without_the_model_and_told_so(
    desk_on: OpenDesk, customer_id: str
) -> None:
    async with scripted_model(always(Reply(GREETING))) as url, desk_on(url, model_turns_per_hour=3) as desk:
        customer = Customer(desk.handles.postbox, customer_id)
        assert [(await customer.says(QUESTION)).text for _ in range(3)] == [GREETING] * 3
        heard = await customer.says(QUESTION)
        assert "asked a great deal" in heard.text and SHOPS_OWN_TEXT in heard.text
        assert "unavailable" not in heard.text
        other = Customer(desk.handles.postbox, customer_id)  # another conversation
        assert ((await other.says(QUESTION)).text == GREETING) == (customer_id == "")


def nothing_listens() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


async def metric(url: str, name: str) -> float:
    """The value on the first line of /metrics that has this name or label."""
    async with aiohttp.ClientSession() as http, http.get(f"{url.removesuffix('/v1')}/metrics") as response:
        found = re.search(rf"^vllm:\S*{re.escape(name)}\S* ([\d.]+)$", await response.text(), re.MULTILINE)
    assert found is not None
    return float(found[1])
