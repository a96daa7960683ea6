"""Our chat model against a real server over HTTP: the scripted one."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool

from bot.answering.completions import LONGEST_EVENT, Deadlines
from bot.answering.failures import (
    ModelFailure,
    ModelGarbled,
    ModelOverloaded,
    ModelRefused,
    ModelTooSlow,
    ModelUnavailable,
)
from bot.answering.model import ModelSettings, ServedModel, open_model
from serving.script import Call, Reply, Rule, Script, When
from serving.scripted_model import scripted_model

SOON = Deadlines(first_token=0.6, whole_reply=1.2)

Play = Callable[..., Any]


@tool
def order_status(order_number: str) -> str:
    """Where an order is."""
    return order_number


@tool
def find_products(query: str) -> str:
    """What the shop sells."""
    return query


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    """Opens a scripted server and a model that talks to it."""
    async with AsyncExitStack() as stack:

        async def opened(*rules: Rule | Reply, **settings: Any) -> ServedModel:
            script = Script(tuple(rule if isinstance(rule, Rule) else Rule(rule) for rule in rules))
            url = await stack.enter_async_context(scripted_model(script))
            return await stack.enter_async_context(open_model(ModelSettings(url, "scripted", **settings)))

        yield opened


async def asked(model: ServedModel) -> dict[str, Any]:
    """What the server remembers."""
    address = model.settings.url.removesuffix("/v1") + "/requests"
    async with aiohttp.ClientSession() as http, http.get(address) as response:
        return msgspec.json.decode(await response.read(), type=dict[str, Any])


async def eventually_asked(model: ServedModel, within: float = 20) -> None:
    until = time.monotonic() + within
    while not (await asked(model))["count"]:
        assert time.monotonic() < until, "the request never reached the server"
        await asyncio.sleep(0.005)


async def eventually_aborted(model: ServedModel, within: float = 20) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if (await asked(model))["aborted"] == 1:
            return True
        await asyncio.sleep(0.01)
    return False


async def streamed(model: Any, messages: Any) -> list[AIMessageChunk]:
    return [chunk async for chunk in model.astream(messages)]


def whole(chunks: list[AIMessageChunk]) -> AIMessageChunk:
    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    return total


async def test_the_reply_arrives_as_text_with_its_usage(play: Play) -> None:
    model = await play(Reply("It is on its way. 明天送达。"))
    reply = whole(await streamed(model, "Where is it?"))
    assert reply.content == "It is on its way. 明天送达。"
    assert reply.usage_metadata == {"input_tokens": 3, "output_tokens": 10, "total_tokens": 13}
    assert reply.response_metadata["finish_reason"] == "stop"


async def test_asked_for_a_whole_reply_it_is_the_same_one(play: Play) -> None:
    model = await play(Reply("It is on its way.", tool_calls=(Call("order_status", {"order_number": "OT-1"}),)))
    reply, parts = await model.ainvoke("Where?"), whole(await streamed(model, "Where?"))
    assert isinstance(reply, AIMessage)
    assert (reply.content, reply.usage_metadata) == (parts.content, parts.usage_metadata)
    assert [c["args"] for c in reply.tool_calls] == [c["args"] for c in parts.tool_calls] == [{"order_number": "OT-1"}]


async def test_the_first_token_is_handed_on_at_once_and_the_rest_in_groups(play: Play) -> None:
    model = await play(Reply("word " * 60, tokens_per_second=300), flush_seconds=0.04)
    chunks = [chunk for chunk in await streamed(model, "Hello") if chunk.content]
    assert chunks[0].content == "word "
    assert 3 <= len(chunks) <= 8  # 0.2 s in groups of 0.04 s
    assert whole(chunks).content == "word " * 60


async def test_slow_tokens_do_not_wait_for_company(play: Play) -> None:
    model = await play(Reply("a b c ", tokens_per_second=4), flush_seconds=0.01)
    assert [chunk.content for chunk in await streamed(model, "Hello")] == ["a ", "b ", "c ", ""]


async def test_tool_calls_come_whole_and_in_order(play: Play) -> None:
    calls = (Call("order_status", {"order_number": "OT-10023121"}), Call("find_products", {"query": "灯 lamp"}))
    model = (await play(Reply("One moment.", tool_calls=calls))).bind_tools([order_status, find_products])
    chunks = await streamed(model, "Where is it, and do you sell lamps?")
    assert sum(bool(chunk.tool_call_chunks) for chunk in chunks) == 1
    reply = whole(chunks)
    assert [(call["name"], call["args"]) for call in reply.tool_calls] == [
        ("order_status", {"order_number": "OT-10023121"}),
        ("find_products", {"query": "灯 lamp"}),
    ]
    assert len({call["id"] for call in reply.tool_calls}) == 2
    assert reply.response_metadata["finish_reason"] == "tool_calls"


async def test_a_tools_result_goes_back_in_the_protocols_words(play: Play) -> None:
    model = await play(Reply("It is shipped."))
    call = {"name": "order_status", "args": {"order_number": "OT-1"}, "id": "call_7", "type": "tool_call"}
    history = [
        SystemMessage("You are the desk."),
        HumanMessage([{"type": "text", "text": "Where is OT-1?"}]),
        AIMessage("", tool_calls=[call]),
        ToolMessage("shipped", tool_call_id="call_7"),
    ]
    await model.bind_tools([order_status]).ainvoke(history)
    sent = msgspec.json.decode((await asked(model))["requests"][0]["body"])
    function = {"name": "order_status", "arguments": '{"order_number":"OT-1"}'}
    assert sent["messages"] == [
        {"role": "system", "content": "You are the desk."},
        {"role": "user", "content": "Where is OT-1?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "call_7", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "call_7", "content": "shipped"},
    ]
    assert [offered["function"]["name"] for offered in sent["tools"]] == ["order_status"]


async def test_every_request_is_limited_and_asks_for_its_usage(play: Play) -> None:
    model = await play(Reply("one two three four"), max_tokens=3, temperature=0.5, extra_body={"priority": -1})
    reply = await model.ainvoke("Hello")
    assert reply.content == "one two three "
    assert reply.response_metadata["finish_reason"] == "length"
    sent = msgspec.json.decode((await asked(model))["requests"][0]["body"])
    assert (sent["max_tokens"], sent["temperature"], sent["priority"]) == (3, 0.5, -1)
    assert sent["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("any", "required"),
        ("required", "required"),
        ("auto", "auto"),
        ("order_status", {"type": "function", "function": {"name": "order_status"}}),
        (None, None),
    ],
)
async def test_a_tool_can_be_demanded(play: Play, choice: str | None, sent: Any) -> None:
    model = await play(Reply("Yes."))
    await model.bind_tools([order_status], tool_choice=choice).ainvoke("Hello")
    assert msgspec.json.decode((await asked(model))["requests"][0]["body"]).get("tool_choice") == sent


async def test_two_turns_share_their_beginning_byte_for_byte(play: Play) -> None:
    model = await play(Reply("Yes."))
    bound = model.bind_tools([order_status, find_products])
    for question in ("Where is it?", "您好"):
        await bound.ainvoke([SystemMessage("You are the desk."), HumanMessage(question)])
    first, second = (each["body"] for each in (await asked(model))["requests"])
    shared = first.index("Where is it?")
    assert first[:shared] == second[:shared]
    assert "find_products" in first[:shared] and "You are the desk." in first[:shared]


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (Reply(fault="429"), ModelOverloaded),
        (Reply(fault="503"), ModelOverloaded),
        (Reply(fault="500"), ModelUnavailable),
        (Reply(fault="garbage"), ModelGarbled),
        (Reply("It is on its way.", fault="cut"), ModelGarbled),
        (Reply("It is on its way.", fault="hang"), ModelTooSlow),
        (Reply("It is on its way.", fault="stall", after_tokens=0), ModelTooSlow),
        (Reply("It is on its way.", fault="stall", after_tokens=2), ModelTooSlow),
        (Reply("It is late.", first_token=5), ModelTooSlow),
        (Reply("drip " * 50, tokens_per_second=20), ModelTooSlow),
        (Reply(tool_calls=(Call("order_status", '{"order_number": '),)), ModelGarbled),
        (Reply(tool_calls=(Call("order_status", '["OT-1"]'),)), ModelGarbled),
        (Reply(tool_calls=(Call("", {}),)), ModelGarbled),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
async def test_each_fault_has_its_name_and_keeps_its_deadline(
    play: Play, reply: Reply, failure: type[ModelFailure]
) -> None:
    model = await play(reply, deadlines=SOON)
    for ask in (model.ainvoke, lambda messages: streamed(model, messages)):
        began = time.monotonic()
        with pytest.raises(failure):
            await ask("Where is it?")
        assert time.monotonic() - began < SOON.whole_reply + 20


async def test_the_first_token_has_a_deadline_of_its_own(play: Play) -> None:
    model = await play(Reply("Yes.", fault="stall", after_tokens=0), deadlines=Deadlines(0.05, 30))
    began = time.monotonic()
    with pytest.raises(ModelTooSlow):
        await model.ainvoke("Hello")
    assert time.monotonic() - began < 20


async def test_a_reply_that_has_begun_may_take_longer_than_its_first_token(play: Play) -> None:
    model = await play(Reply("word " * 10, tokens_per_second=5), deadlines=Deadlines(1, 30))
    assert (await model.ainvoke("Hello")).content == "word " * 10


async def test_what_came_before_the_cut_was_handed_on(play: Play) -> None:
    model, heard = await play(Reply("It is on its way.", fault="cut", after_tokens=2, tokens_per_second=50)), []
    with pytest.raises(ModelGarbled):
        async for chunk in model.astream("Where is it?"):
            heard.append(chunk.content)
    assert heard[0] == "It "


async def test_no_server_is_a_model_unavailable_that_names_the_address(unused_port: int) -> None:
    async with open_model(ModelSettings(f"http://127.0.0.1:{unused_port}", "scripted")) as model:
        with pytest.raises(ModelUnavailable, match=str(unused_port)):
            await model.ainvoke("Hello")


async def test_a_wrong_name_is_refused_with_the_servers_own_words(play: Play) -> None:
    model = await play(Reply("Yes."))
    async with open_model(ModelSettings(model.settings.url.removesuffix("/v1"), "other")) as misnamed:
        with pytest.raises(ModelRefused, match="The model other does not exist"):
            await misnamed.ainvoke("Hello")


async def test_after_five_failures_the_server_is_left_alone(play: Play) -> None:
    model = await play(Reply(fault="500"))
    for _ in range(7):
        with pytest.raises(ModelUnavailable):
            await model.ainvoke("Hello")
    assert (await asked(model))["count"] == 5
    assert not model.replicas.all[0].breaker.closed


async def test_a_server_that_recovers_is_used_again(play: Play) -> None:
    now = [0.0]
    script = Script((Rule(Reply(fault="500"), When(calls_below=5)), Rule(Reply("Back again."))))
    async with scripted_model(script) as url, open_model(ModelSettings(url, "scripted"), lambda: now[0]) as model:
        for _ in range(5):
            with pytest.raises(ModelUnavailable):
                await model.ainvoke("Hello")
        now[0] += 5
        assert (await model.ainvoke("Hello")).content == "Back again."
        assert model.replicas.all[0].breaker.closed


async def test_no_more_calls_at_once_than_there_are_places(play: Play) -> None:
    model = await play(Reply(fault="hang"), concurrency=1, wait_for_place=0.02, deadlines=Deadlines(2, 2))
    first = asyncio.create_task(model.ainvoke("Hello"))
    await eventually_asked(model)
    with pytest.raises(ModelOverloaded, match="No place"):
        await model.ainvoke("Hello")
    with pytest.raises(ModelTooSlow):
        await first


async def test_a_cancelled_turn_makes_the_server_stop(play: Play) -> None:
    model, begun = await play(Reply("word " * 1000, tokens_per_second=100)), asyncio.Event()

    async def turn() -> None:
        async for _ in model.astream("Hello"):
            begun.set()

    task = asyncio.create_task(turn())
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await eventually_aborted(model)


async def test_leaving_the_stream_makes_the_server_stop(play: Play) -> None:
    model = await play(Reply("word " * 1000, tokens_per_second=100))
    stream = model.bind_tools([order_status]).astream("Hello")
    await anext(stream)
    await stream.aclose()
    assert await eventually_aborted(model)


async def test_a_call_that_is_cancelled_before_its_first_token_makes_the_server_stop(play: Play) -> None:
    model = await play(Reply(fault="hang"))
    task = asyncio.create_task(model.ainvoke("Hello"))
    await eventually_asked(model)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await eventually_aborted(model)


@asynccontextmanager
async def serving(complete: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.post("/v1/chat/completions", complete)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def server_that_says(
    body: bytes, content_type: str = "text/event-stream", key: str | None = None
) -> AsyncIterator[str]:
    async def complete(request: web.Request) -> web.Response:
        if key is not None and request.headers.get("Authorization") != f"Bearer {key}":
            return web.Response(status=401, text="a wrong key")
        return web.Response(body=body, content_type=content_type)

    async with serving(complete) as url:
        yield url


async def test_an_event_without_end_is_not_read_to_the_end() -> None:
    body = b"data: " + b"x" * (LONGEST_EVENT + 1)
    async with server_that_says(body) as url, open_model(ModelSettings(url, "any")) as model:
        with pytest.raises(ModelGarbled, match="longer than"):
            await model.ainvoke("Hello")


FINISHED = b'data: {"choices": [{"delta": {"content": "Yes."}, "finish_reason": "stop"}]}\n\n'


@pytest.mark.parametrize(
    ("body", "content_type", "failure"),
    [
        (b"<html>hello</html>", "text/html", ModelGarbled),
        (b"", "text/event-stream", ModelGarbled),
        (b"data: [1]\n\n", "text/event-stream", ModelGarbled),
        (b"data: \xff\xfe\n\n", "text/event-stream", ModelGarbled),
        (b'data: {"error": {"message": "out of memory"}}\n\n', "text/event-stream", ModelUnavailable),
        (b'data: {"choices": [{"delta": {"content": "Ye"}}]}\n\n', "text/event-stream", ModelGarbled),
    ],
)
async def test_what_is_no_reply_is_refused(body: bytes, content_type: str, failure: type[ModelFailure]) -> None:
    async with server_that_says(body, content_type) as url, open_model(ModelSettings(url, "any")) as model:
        with pytest.raises(failure):
            await model.ainvoke("Hello")


@pytest.mark.parametrize(
    "body",
    [
        FINISHED,
        FINISHED + b"data: [DONE]\n\n",
        FINISHED.replace(b"\n", b"\r\n"),
        b": a comment\n\nevent: message\n" + FINISHED,
        FINISHED.replace(b"data: ", b"data:"),
    ],
)
async def test_servers_may_differ_in_what_does_not_matter(body: bytes) -> None:
    async with server_that_says(body) as url, open_model(ModelSettings(url, "any")) as model:
        assert (await model.ainvoke("Hello")).content == "Yes."


async def test_calls_one_after_the_other_share_a_connection(play: Play) -> None:
    model = await play(Reply("word " * 20))
    for _ in range(5):
        await model.ainvoke("Hello")
        await streamed(model, "Hello")
    assert (await asked(model))["connections"] == 1


async def test_a_connection_is_kept_though_the_body_ends_a_moment_after_the_last_event() -> None:
    peers = set()

    async def complete(request: web.Request) -> web.StreamResponse:
        peers.add(request.transport and request.transport.get_extra_info("peername"))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(FINISHED + b"data: [DONE]\n\n")
        await asyncio.sleep(0.01)
        await response.write_eof()
        return response

    async with serving(complete) as url, open_model(ModelSettings(url, "any")) as model:
        for _ in range(3):
            await model.ainvoke("Hello")
    assert len(peers) == 1


async def test_the_key_is_sent_and_never_shown() -> None:
    async with server_that_says(FINISHED, key="secret-key") as url:
        async with open_model(ModelSettings(url, "any", api_key="secret-key")) as model:
            assert (await model.ainvoke("Hello")).content == "Yes."
            assert "secret-key" not in repr(model) + repr(model.settings) + str(model._identifying_params)
        async with open_model(ModelSettings(url, "any", api_key="another-key")) as model:
            with pytest.raises(ModelRefused, match="401: a wrong key") as refused:
                await model.ainvoke("Hello")
            assert "another-key" not in str(refused.value)


async def test_the_synchronous_way_says_that_there_is_none(play: Play) -> None:
    model = await play(Reply("Yes."))
    with pytest.raises(NotImplementedError, match="asynchronous only"):
        model.invoke("Hello")


@pytest.fixture
async def unused_port() -> int:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port
