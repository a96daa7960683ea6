"""Our chat model against a real vLLM on the CPU, with a tiny model whose words are noise and whose protocol is real.

The environment is built by `make test-vllm`; without it everything here is skipped.
"""

import asyncio
import re
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from pydantic import BaseModel, Field

from bot.answering.failures import ModelOverloaded, ModelRefused
from bot.answering.model import ModelSettings, ServedModel, open_model
from bot.assembly import open_desk_on
from bot.messages import RESTARTED
from bot.redis.connection import Connection
from bot.settings import Settings
from serving.launch import Launch, command
from serving.ports import free_port
from tests.talking import Customer
from tests.vllm_servers import PYTHON, is_installed, running, tiny_model

IN_FLIGHT = 3

if not is_installed():
    pytest.skip("vLLM is not installed here: make test-vllm", allow_module_level=True)

STATIC = SystemMessage("You are the service desk of an online shop. Answer from what the tools return. " * 4)


class OrderStatus(BaseModel):
    """Where an order is."""

    order_number: str = Field(pattern=r"^OT-[0-9]{5}$")
    language: Literal["en", "zh"]


class FindProducts(BaseModel):
    """What the shop sells."""

    category: Literal["lamps", "bags", "mugs"]
    at_most: int = Field(ge=1, le=5)


@tool(args_schema=OrderStatus)
def order_status(order_number: str, language: str) -> str:
    """Where an order is."""
    return order_number


@tool(args_schema=FindProducts)
def find_products(category: str, at_most: int) -> str:
    """What the shop sells."""
    return category


TOOLS = [order_status, find_products]
SCHEMAS: dict[str, type[BaseModel]] = {"order_status": OrderStatus, "find_products": FindProducts}


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running server; it takes about a minute to come up."""
    folder = tmp_path_factory.mktemp("vllm")
    more: tuple[str, ...] = ("--enforce-eager", "--block-size", "32", "--max-num-seqs", "2")
    more += ("--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}')
    launch = Launch(
        str(PYTHON),
        str(tiny_model(folder)),
        port=free_port(),
        gpu_share=None,
        max_model_len=8192,
        most_in_flight=IN_FLIGHT,
        more=more,
    )
    line = command(launch, frozenset({"--scheduling-policy", "--max-num-queued-reqs"}))
    with running(line, launch.port, folder / "log") as url:
        yield url


@pytest.fixture
async def model(vllm: str) -> AsyncIterator[ServedModel]:
    settings = ModelSettings(vllm, "shopdesk", max_tokens=40, temperature=1.0)
    async with open_model(settings) as opened:
        yield opened


def metric(url: str, name: str) -> float:
    """One of vLLM's counters, summed over its engines."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=5) as response:
        text = response.read().decode()
    found = re.findall(rf"^vllm:{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
    assert found, f"this vLLM has no metric {name}"
    return sum(float(value) for value in found)


async def eventually(url: str, name: str, value: float, within: float) -> float:
    """Seconds until a metric has a value."""
    began = time.monotonic()
    while time.monotonic() - began < within:
        if await asyncio.to_thread(metric, url, name) == value:
            return time.monotonic() - began
        await asyncio.sleep(0.05)
    pytest.fail(f"{name} was never {value} within {within} s")


def endless(model: ServedModel, tokens: int = 4000) -> Any:
    return model.bind(max_tokens=tokens, min_tokens=tokens, ignore_eos=True)


async def test_a_reply_is_streamed_with_its_usage(model: ServedModel) -> None:
    chunks = [chunk async for chunk in endless(model, 200).astream("您好, where is my order?")]
    texts = [chunk for chunk in chunks if chunk.content]
    assert len(texts) > 1
    assert chunks[-1].response_metadata["finish_reason"] == "length"
    assert chunks[-1].usage_metadata["output_tokens"] == 200
    assert chunks[-1].usage_metadata["input_tokens"] > 10


async def test_text_is_whole_whatever_tokens_it_was_cut_into(model: ServedModel) -> None:
    asked = endless(model, 100).bind(temperature=0, seed=1)
    streamed = "".join([str(chunk.content) async for chunk in asked.astream("您好")])
    assert streamed == (await asked.ainvoke("您好")).content != ""


@pytest.mark.parametrize("demanded", ["order_status", "find_products"])
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_tool_that_is_demanded_is_called_as_its_schema_says(
    model: ServedModel, demanded: str, seed: int
) -> None:
    asked = model.bind_tools(TOOLS, tool_choice=demanded, seed=seed, max_tokens=300)
    reply = await asked.ainvoke([STATIC, HumanMessage("Where is OT-10023121?")])
    assert [call["name"] for call in reply.tool_calls] == [demanded]
    SCHEMAS[demanded].model_validate(reply.tool_calls[0]["args"], strict=True)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_when_any_tool_is_demanded_one_is_called_as_its_schema_says(model: ServedModel, seed: int) -> None:
    asked = model.bind_tools(TOOLS, tool_choice="required", seed=seed, max_tokens=2000)
    reply = await asked.ainvoke([STATIC, HumanMessage("Where is OT-10023121?")])
    assert reply.tool_calls
    for call in reply.tool_calls:
        SCHEMAS[call["name"]].model_validate(call["args"], strict=True)


async def test_a_turn_that_restarts_makes_the_server_stop_at_once(model: ServedModel, vllm: str) -> None:
    made, begun = metric(vllm, "generation_tokens_total"), asyncio.Event()

    async def turn() -> None:
        async for _ in endless(model).astream("Where is my order?"):
            begun.set()

    task = asyncio.create_task(turn())
    await begun.wait()
    await eventually(vllm, "num_requests_running", 1, within=5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await eventually(vllm, "num_requests_running", 0, within=5)
    assert metric(vllm, "generation_tokens_total") - made < 2000


async def test_leaving_the_stream_makes_the_server_stop_at_once(model: ServedModel, vllm: str) -> None:
    made, stream = metric(vllm, "generation_tokens_total"), endless(model).astream("Where is my order?")
    await anext(stream)
    await eventually(vllm, "num_requests_running", 1, within=5)
    await stream.aclose()
    await eventually(vllm, "num_requests_running", 0, within=5)
    assert metric(vllm, "generation_tokens_total") - made < 2000


async def test_the_second_turn_finds_the_static_prefix_in_the_cache(model: ServedModel, vllm: str) -> None:
    asked = model.bind_tools(TOOLS)
    await asked.ainvoke([STATIC, HumanMessage("Where is OT-10023121?")])
    queries, hits = metric(vllm, "prefix_cache_queries_total"), metric(vllm, "prefix_cache_hits_total")
    await asked.ainvoke([STATIC, HumanMessage("您好")])
    share = (metric(vllm, "prefix_cache_hits_total") - hits) / (metric(vllm, "prefix_cache_queries_total") - queries)
    assert share > 0.8, f"only {share:.0%} of the prompt came from the cache"


async def test_one_request_too_many_is_told_that_the_model_is_overloaded(model: ServedModel, vllm: str) -> None:
    busy = [asyncio.create_task(endless(model).ainvoke("Hello")) for _ in range(IN_FLIGHT)]
    await eventually(vllm, "num_requests_running", 2, within=10)
    await eventually(vllm, "num_requests_waiting", IN_FLIGHT - 2, within=10)
    with pytest.raises(ModelOverloaded):
        await model.ainvoke("Hello")
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)
    await eventually(vllm, "num_requests_running", 0, within=5)


async def test_a_request_that_asks_too_much_is_refused_with_the_reason(model: ServedModel) -> None:
    with pytest.raises(ModelRefused, match="400"):
        await model.ainvoke("word " * 20_000)


async def test_a_wrong_name_is_refused_with_the_reason(vllm: str) -> None:
    async with open_model(ModelSettings(vllm, "another")) as misnamed:
        with pytest.raises(ModelRefused, match="404"):
            await misnamed.ainvoke("Hello")


async def test_a_customer_who_goes_on_writing_aborts_the_request_of_the_first_turn(
    vllm: str, demo_data: Path, redis_url: str, connection: Connection
) -> None:
    settings = Settings(
        data_dir=demo_data, burst_seconds=0, model_url=vllm, model_name="shopdesk", model_first_token_seconds=60
    )
    async with open_desk_on(settings, redis_url, alone=True) as desk:
        work = asyncio.create_task(desk.work())
        # the gate may stop the noise before the second message comes: then nothing restarts, and we try again
        restarted = [await interrupted(vllm, Customer(desk.handles.postbox)) for _ in range(5)]
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    assert any(restarted)


async def interrupted(vllm: str, customer: Customer) -> bool:
    """Write twice; whether the second message restarted the turn. If so, only one request was left running."""
    first = await customer.posts("How long does delivery take?")
    await eventually(vllm, "num_requests_running", 1, within=20)
    second = await customer.posts("and what does it cost?")
    async with asyncio.timeout(60):
        async for event in customer.postbox.reply(customer.conversation, second):
            if event.what == RESTARTED:
                await asyncio.sleep(0.2)  # a request that was not aborted would go on for seconds
                assert await asyncio.to_thread(metric, vllm, "num_requests_running") <= 1
                assert (await customer.hears(first)).text == (await customer.hears(second)).text != ""
                return True
    return False
