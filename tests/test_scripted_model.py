"""The scripted model, seen by any client of the protocol."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from serving.script import Asked, Call, Quote, Reply, Rule, Script, When, read_script
from serving.scripted_model import scripted_model

ASK_FOR_PROOF_ZH = "为了查询订单，请告诉我订单号以及下单时的邮箱或邮编。"
ROOT = Path(__file__).parent.parent
DESK = ROOT / "serving/scripts/desk.json"
TOOLS = ("search_knowledge", "find_products", "order_status", "recent_orders", "verify_customer", "offer_human")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def question(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "scripted", "messages": [{"role": "user", "content": text}], **more}


async def events(http: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> list[str]:
    async with http.post(f"{url}/chat/completions", json={**body, "stream": True}) as response:
        assert response.content_type == "text/event-stream"
        return [line[6:] for line in (await response.text()).splitlines() if line]


async def test_it_lists_its_model_and_is_healthy(http: aiohttp.ClientSession) -> None:
    async with scripted_model(Script((), model="small-talk")) as url:
        async with http.get(f"{url}/models") as response:
            assert [model["id"] for model in (await response.json())["data"]] == ["small-talk"]
        async with http.get(url.removesuffix("/v1") + "/health") as response:
            assert response.status == 200


async def test_a_whole_reply_and_a_streamed_one_say_the_same(http: aiohttp.ClientSession) -> None:
    call = Call("order_status", {"order_number": "OT-1"})
    async with scripted_model(Script((Rule(Reply("您好 dear customer", (call,))),))) as url:
        async with http.post(f"{url}/chat/completions", json=question("Hello")) as response:
            whole = await response.json()
        streamed = await events(http, url, question("Hello", stream_options={"include_usage": True}))
    assert streamed.pop() == "[DONE]"
    chunks = [json.loads(event) for event in streamed]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    message = whole["choices"][0]["message"]
    assert "".join(delta.get("content", "") for delta in deltas) == message["content"] == "您好 dear customer"
    arguments = "".join(p["function"]["arguments"] for delta in deltas for p in delta.get("tool_calls", []))
    assert arguments == message["tool_calls"][0]["function"]["arguments"] == '{"order_number":"OT-1"}'
    assert chunks[-1]["usage"] == whole["usage"]
    assert chunks[-2]["choices"][0]["finish_reason"] == whole["choices"][0]["finish_reason"] == "tool_calls"


async def test_no_usage_is_sent_to_who_did_not_ask(http: aiohttp.ClientSession) -> None:
    async with scripted_model(Script((Rule(Reply("Yes.")),))) as url:
        assert not any("usage" in event for event in await events(http, url, question("Hello")))


async def test_max_tokens_ends_a_reply(http: aiohttp.ClientSession) -> None:
    body = question("Hello", max_tokens=2)
    script = Script((Rule(Reply("one two three")),))
    async with scripted_model(script) as url, http.post(f"{url}/chat/completions", json=body) as response:
        choice = (await response.json())["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("one two ", "length")


async def test_requests_are_remembered_byte_for_byte(http: aiohttp.ClientSession) -> None:
    body = b'{"model":"scripted",  "messages":[{"role":"user","content":"\xe6\x82\xa8\xe5\xa5\xbd"}]}'
    async with scripted_model(Script((Rule(Reply("Yes.")),))) as url:
        await http.post(f"{url}/chat/completions", data=body)
        async with http.get(url.removesuffix("/v1") + "/requests") as response:
            told = await response.json()
    assert told["requests"][0]["body"].encode() == body
    assert (told["count"], told["aborted"], told["requests"][0]["finished"]) == (1, 0, True)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "cannot be read"),
        (b'{"model": "scripted", "messages": "Hello"}', 400, "cannot be read"),
        (b'{"model": "gpt", "messages": []}', 404, "gpt does not exist"),
        (b'{"model": "scripted", "messages": []}', 400, "No rule"),
    ],
)
async def test_a_request_it_cannot_play_is_refused_with_the_reason(
    http: aiohttp.ClientSession, body: bytes, status: int, words: str
) -> None:
    script = Script((Rule(Reply("Yes."), When(user="never")),))
    async with scripted_model(script) as url, http.post(f"{url}/chat/completions", data=body) as response:
        assert response.status == status
        assert words in (await response.json())["error"]["message"]


async def test_faults_can_end_after_some_calls(http: aiohttp.ClientSession) -> None:
    script = Script((Rule(Reply(fault="503"), When(calls_below=2)), Rule(Reply("Back."))))
    async with scripted_model(script) as url:
        statuses = [(await http.post(f"{url}/chat/completions", json=question("Hello"))).status for _ in range(3)]
    assert statuses == [503, 503, 200]


def asked(user: str, tool: str = "", result: str = "", tools: tuple[str, ...] = TOOLS, calls: int = 0) -> Asked:
    return Asked(user, tool=tool, tool_result=result, tools=tools, calls=calls)


@pytest.mark.parametrize(
    ("when", "request_", "holds"),
    [
        (When(), asked("anything"), True),
        (When(user="ORDER"), asked("my order"), True),
        (When(user="order"), asked("hello"), False),
        (When(after="user"), asked("x"), True),
        (When(after="user"), asked("x", "order_status"), False),
        (When(after="tool"), asked("x"), False),
        (When(after="tool"), asked("x", "order_status"), True),
        (When(tool="order_status"), asked("x", "order_status"), True),
        (When(tool="order_status"), asked("x", "find_products"), False),
        (When(tool_result="shipped"), asked("x", "order_status", "It is Shipped."), True),
        (When(tool_result="shipped"), asked("x", "order_status", "It is late."), False),
        (When(tool_result="."), asked("x"), False),
        (When(tools=True), asked("x", tools=()), False),
        (When(tools=False), asked("x", tools=()), True),
        (When(offers="offer_human"), asked("x"), True),
        (When(offers="offer_human"), asked("x", tools=("order_status",)), False),
        (When(calls_from=2), asked("x", calls=1), False),
        (When(calls_from=2), asked("x", calls=2), True),
        (When(calls_below=2), asked("x", calls=2), False),
        (When(user="order", tools=False), asked("my order"), False),
    ],
)
def test_a_rule_applies_when_all_it_names_holds(when: When, request_: Asked, holds: bool) -> None:
    assert when.holds(request_) is holds


def test_placeholders_take_their_words_from_the_tools_result_and_the_customer() -> None:
    quotes = {"status": Quote(r"Status: (\w+)"), "order": Quote(r"OT-\d+", source="user")}
    script = Script((Rule(Reply("{order} is {status}, not {unknown}."), quotes=quotes),))
    reply = script.reply(asked("Where is OT-7?", "order_status", "Status: shipped"))
    assert reply is not None and reply.text == "OT-7 is shipped, not {unknown}."


def test_placeholders_are_filled_in_the_depth_of_arguments() -> None:
    quotes = {"order": Quote(r"OT-\d+", source="user")}
    call = Call("f", {"orders": ["{order}"], "more": {"n": 1, "order": "{order}"}})
    reply = Script((Rule(Reply(tool_calls=(call,)), quotes=quotes),)).reply(asked("OT-7"))
    assert reply is not None and reply.tool_calls[0].arguments == {
        "orders": ["OT-7"],
        "more": {"n": 1, "order": "OT-7"},
    }


def test_a_quote_that_finds_nothing_passes_to_the_next_rule_unless_there_is_another_word() -> None:
    quote = {"order": Quote(r"OT-\d+", source="user")}
    script = Script((Rule(Reply("{order}"), quotes=quote), Rule(Reply("No number?"))))
    assert script.reply(asked("Hello")) == Reply("No number?")
    otherwise = {"order": Quote(r"OT-\d+", source="user", otherwise="your order")}
    assert Script((Rule(Reply("{order}"), quotes=otherwise),)).reply(asked("Hello")) == Reply("your order")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", '{"rules": [{"reply": {"txt": "Hello"}}]}', "txt"),
        ("a.json", '{"rules": [{"reply": {"fault": "418"}}]}', "fault"),
        ("a.json", '{"rules": [{"when": {"user": "("}, "reply": {}}]}', "unterminated"),
        ("a.json", '{"rules": [', "truncated"),
        ("a.toml", "rules = 3", "array"),
    ],
)
def test_a_wrong_script_is_refused_with_its_name_and_reason(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=rf"{name}.*{words}"):
        read_script(tmp_path / name)


def test_a_script_may_be_written_in_toml(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[[rules]]\nwhen = {user = "hello"}\nreply = {text = "Hi."}\n')
    assert read_script(path) == Script((Rule(Reply("Hi."), When(user="hello")),))


@pytest.mark.parametrize(
    ("said", "tool", "arguments"),
    [
        ("Where is OT-10023121?", "order_status", {"order_number": "OT-10023121"}),
        ("OT-10023121 到哪了", "order_status", {"order_number": "OT-10023121"}),
        (
            "OT-10023121, jo@shop.example.",
            "verify_customer",
            {"order_number": "OT-10023121", "email_or_postcode": "jo@shop.example"},
        ),
        ("What did I buy?", "recent_orders", {}),
        ("我的订单", "recent_orders", {}),
        ("Do you have lamps?", "find_products", {"query": "Do you have lamps?"}),
        ("有没有台灯", "find_products", {"query": "有没有台灯"}),
        ("May I return it?", "search_knowledge", {"query": "May I return it?"}),
        ("可以退货吗", "search_knowledge", {"query": "可以退货吗"}),
        ("I want a human", "offer_human", {"reason": "I want a human"}),
        ("转人工", "offer_human", {"reason": "转人工"}),
    ],
)
def test_the_desk_script_calls_the_tool_that_fits(said: str, tool: str, arguments: dict[str, str]) -> None:
    reply = read_script(DESK).reply(asked(said))
    assert reply is not None
    assert reply.tool_calls == (Call(tool, arguments),)


@pytest.mark.parametrize(
    ("said", "tool", "result", "answer"),
    [
        ("Where is OT-1?", "order_status", "OT-1: shipped", "Here is what I found:\nOT-1: shipped"),
        ("订单 OT-1", "order_status", "OT-1：已发货", "我查到的是：\nOT-1：已发货"),
        ("Returns?", "search_knowledge", "[1] Returns\n30 days.\n[2] Gifts\nNo.", "30 days. [1]"),
        ("退货", "search_knowledge", "[1] 退货\n30 天内可退。", "30 天内可退。 [1]"),
        ("Lamp?", "find_products", "[1] Lamp\nA lamp.\n$5\n\n[2] Hat", "The closest is:\n[1] Lamp\nA lamp.\n$5"),
        ("台灯", "find_products", "No such product.", "抱歉，没有找到这样的商品。"),
        (
            "Moon?",
            "search_knowledge",
            "Nothing found.",
            "I am sorry, I do not know that. Shall I bring in a colleague?",
        ),
        ("Again?", "search_knowledge", "[4] Returns\n\n## How long\n\n30 days.", "30 days. [4]"),
        ("订单", "recent_orders", "The customer has not proved who they are.", ASK_FOR_PROOF_ZH),
    ],
)
def test_the_desk_script_quotes_what_the_tool_returned(said: str, tool: str, result: str, answer: str) -> None:
    reply = read_script(DESK).reply(asked(said, tool, result))
    assert reply is not None
    assert reply.text == answer


def test_the_desk_script_puts_proof_and_order_number_together_over_two_messages() -> None:
    said = Asked("jo@shop.example", earlier=("Hello", "Where is OT-10023121?"), tools=TOOLS)
    reply = read_script(DESK).reply(said)
    proof = {"order_number": "OT-10023121", "email_or_postcode": "jo@shop.example"}
    assert reply is not None and reply.tool_calls == (Call("verify_customer", proof),)


async def test_earlier_messages_of_the_customer_can_be_quoted(http: aiohttp.ClientSession) -> None:
    quotes = {"order": Quote(r"OT-\d+", source="conversation")}
    script = Script((Rule(Reply("{order}"), quotes=quotes),))
    said = [{"role": role, "content": text} for role, text in [("user", "OT-1"), ("assistant", "?"), ("user", "Well?")]]
    body = {"model": "scripted", "messages": said}
    async with scripted_model(script) as url, http.post(f"{url}/chat/completions", json=body) as response:
        assert (await response.json())["choices"][0]["message"]["content"] == "OT-1"


async def test_the_command_says_where_it_answers_and_plays(http: aiohttp.ClientSession) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "serving.scripted_model", "--port", "0", stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            line = (await process.stdout.readline()).decode()
        async with http.post(f"{line.split()[-1]}/chat/completions", json=question("你好")) as response:
            assert "您好" in (await response.json())["choices"][0]["message"]["content"]
    finally:
        process.terminate()
        await process.wait()


async def test_the_command_refuses_a_script_that_is_not_there() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "serving.scripted_model",
        "--script",
        "nowhere.json",
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    _, said = await process.communicate()
    assert (process.returncode, said.decode()) == (
        2,
        "The script nowhere.json cannot be read: No such file or directory\n",
    )
