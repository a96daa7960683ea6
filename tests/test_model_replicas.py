"""Several servers of one model: what one of them cannot do, another does, and the customer does not notice."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest

from bot.answering.completions import Deadlines
from bot.answering.failures import ModelFailure, ModelGarbled, ModelRefused, ModelTooSlow, ModelUnavailable
from bot.answering.model import ModelSettings, ServedModel, open_model
from bot.answering.patience import HELD_SECONDS, PAUSE_SECONDS, Patience, Urgency
from serving.script import Fault, Reply, Rule, Script, When
from serving.scripted_model import scripted_model

WELL = Reply("All is well.")
SOON = Deadlines(first_token=0.3, whole_reply=2)


@asynccontextmanager
async def replicas(*replies: Reply | Rule, **settings: Any) -> AsyncIterator[ServedModel]:
    """A model on one server for each reply."""
    async with AsyncExitStack() as stack:
        urls = [
            await stack.enter_async_context(scripted_model(Script((one if isinstance(one, Rule) else Rule(one),))))
            for one in replies
        ]
        yield await stack.enter_async_context(open_model(ModelSettings(",".join(urls), "scripted", **settings)))


async def asked(model: ServedModel) -> list[int]:
    """How many requests each server has had."""
    return [int((await told(one.name))["count"]) for one in model.replicas.all]


async def told(url: str) -> dict[str, Any]:
    address = url.removesuffix("/v1") + "/requests"
    async with aiohttp.ClientSession() as http, http.get(address) as response:
        return msgspec.json.decode(await response.read(), type=dict[str, Any])


BEFORE_THE_FIRST_TOKEN: tuple[Reply, ...] = (
    *(Reply(fault=fault) for fault in ("429", "503", "500", "hang", "garbage")),
    Reply("x", fault="cut", after_tokens=0),
    Reply("x", fault="stall", after_tokens=0),
)


@pytest.mark.parametrize("broken", BEFORE_THE_FIRST_TOKEN, ids=lambda reply: reply.fault)
async def test_a_call_that_fails_before_its_first_token_is_made_once_more_elsewhere(broken: Reply) -> None:
    async with replicas(broken, WELL, deadlines=SOON) as model:
        for _ in range(4):
            assert (await model.ainvoke("Hello")).content == "All is well."
        assert all(await asked(model))


async def test_a_replica_where_nothing_listens_is_passed_over(unused_port: int) -> None:
    async with scripted_model(Script((Rule(WELL),))) as url:
        settings = ModelSettings(f"http://127.0.0.1:{unused_port},{url}", "scripted")
        async with open_model(settings) as model:
            for _ in range(8):
                assert (await model.ainvoke("Hello")).content == "All is well."
            assert not model.replicas.all[0].breaker.closed


async def test_it_is_made_only_once_more() -> None:
    async with replicas(*[Reply(fault="500")] * 3) as model:
        with pytest.raises(ModelUnavailable):
            await model.ainvoke("Hello")
        assert sorted(await asked(model)) == [0, 1, 1]


@pytest.mark.parametrize("fault", ["cut", "stall"])
async def test_after_its_first_token_a_reply_is_never_begun_elsewhere(fault: Fault) -> None:
    broken = Reply("It is on its way.", fault=fault, after_tokens=2, tokens_per_second=50)
    heard = []
    async with replicas(broken, broken, deadlines=SOON) as model:
        with pytest.raises((ModelGarbled, ModelTooSlow)):
            async for chunk in model.astream("Where is it?"):
                heard.append(chunk.content)
        assert sorted(await asked(model)) == [0, 1]
    assert "".join(map(str, heard)).startswith("It ")


async def test_a_refusal_is_not_asked_again_elsewhere() -> None:
    never = Rule(WELL, When(user="never"))
    async with replicas(never, never) as model:
        with pytest.raises(ModelRefused):
            await model.ainvoke("Hello")
        assert sorted(await asked(model)) == [0, 1]
        assert all(one.breaker.closed for one in model.replicas.all)


async def test_a_broken_replica_is_left_alone_and_taken_back_when_it_is_well() -> None:
    now = [0.0]
    mends = Script((Rule(Reply(fault="500"), When(calls_below=5)), Rule(WELL)))
    async with (
        scripted_model(mends) as first,
        scripted_model(Script((Rule(WELL),))) as second,
        open_model(ModelSettings(f"{first},{second}", "scripted"), lambda: now[0]) as model,
    ):
        broken = model.replicas.all[0]
        for _ in range(20):
            await model.ainvoke("Hello")
        assert not broken.breaker.closed and (await asked(model))[0] == 5
        now[0] += 5
        await model.ainvoke("Hello")
        assert broken.breaker.closed


async def test_calls_at_the_same_time_are_spread_over_the_replicas() -> None:
    slow = Reply("word " * 5, first_token=0.2)
    async with replicas(slow, slow, concurrency=4) as model:
        await asyncio.gather(*(model.ainvoke("Hello") for _ in range(8)))
        assert await asked(model) == [4, 4]


async def test_where_another_can_be_asked_the_first_one_has_half_of_the_time() -> None:
    hanging = Reply(fault="hang")
    async with replicas(hanging, hanging, deadlines=Deadlines(30, 30)) as model:
        began = asyncio.get_running_loop().time()
        with pytest.raises(ModelTooSlow):
            await model.ainvoke("Hello", patience=Patience(text_by=began + 0.4))
        assert 0.35 < asyncio.get_running_loop().time() - began < 15
        assert await asked(model) == [1, 1]


async def test_a_reply_that_thinks_or_calls_tools_has_to_be_through_when_the_turn_wants_text() -> None:
    calling = Reply("", first_token=0.05)
    async with replicas(calling, deadlines=Deadlines(5, 30)) as model:
        soon = Patience(text_by=asyncio.get_running_loop().time() + 2)
        assert (await model.ainvoke("Hello", patience=soon)).content == ""


async def test_once_there_is_text_the_next_call_has_a_pause_of_a_few_seconds() -> None:
    patience = Patience(text_by=100.0)
    assert patience.next_text_by(95.0) == 100.0
    patience.has_text = True
    assert patience.next_text_by(95.0) == 100.0
    assert patience.next_text_by(99.0) == 99.0 + PAUSE_SECONDS


async def test_text_on_its_way_has_a_bound_that_each_shown_piece_and_each_call_after_one_sets_anew() -> None:
    patience = Patience(text_by=10.0)
    patience.begins_call(3.0)
    assert patience.shown_by == 10.0, "a second call without a word does not get more time"
    patience.shows(4.0)
    assert patience.shown_by == 4.0 + HELD_SECONDS
    patience.begins_call(30.0)
    assert patience.shown_by == 30.0 + HELD_SECONDS, "the tools were slow, not the model"


async def test_having_had_no_time_is_no_fault_of_the_replica() -> None:
    async with replicas(Reply(fault="hang"), deadlines=Deadlines(8, 30)) as model:
        for _ in range(6):
            with pytest.raises(ModelTooSlow):
                await model.ainvoke("Hi", patience=Patience(text_by=asyncio.get_running_loop().time() + 0.02))
        assert model.replicas.all[0].breaker.closed


async def test_only_what_nobody_waits_for_says_so_to_the_server() -> None:
    async with replicas(WELL) as model:
        await model.ainvoke("Hello")
        await model.ainvoke("Hello", patience=Patience(Urgency.BACKGROUND))
        first, second = (await told(model.replicas.all[0].name))["requests"]
    assert "priority" not in msgspec.json.decode(first["body"])
    assert msgspec.json.decode(second["body"])["priority"] == 1


async def test_a_slow_drip_is_given_up_long_before_the_whole_reply_is_due() -> None:
    async with replicas(Reply("word " * 200, tokens_per_second=2), deadlines=Deadlines(8, 45)) as model:
        began = time.monotonic()
        with pytest.raises(ModelTooSlow):
            await model.ainvoke("Hello")
        assert 3.5 < time.monotonic() - began < 30


async def test_a_server_that_goes_silent_after_the_end_of_its_reply_has_said_all() -> None:
    finished = b'data: {"choices": [{"delta": {"content": "Yes."}, "finish_reason": "stop"}]}\n\n'

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + finished)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, open_model(ModelSettings(url, "any")) as model:
        began = time.monotonic()
        assert (await model.ainvoke("Hello")).content == "Yes."
        assert time.monotonic() - began < 30


async def test_when_all_fail_the_last_ones_reason_is_told() -> None:
    async with replicas(Reply(fault="garbage"), Reply(fault="500")) as model:
        with pytest.raises(ModelFailure) as failed:
            await model.ainvoke("Hello")
        assert failed.value.why in ("garbled", "unavailable")


@pytest.fixture
async def unused_port() -> int:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port
