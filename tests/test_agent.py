"""The answerer with a model: what the server is asked, what its faults lead to, and what it cannot do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest

from bot.assembly import ShopDesk, open_desk_on
from bot.observing.metrics import REGISTRY
from bot.redis.connection import Connection
from bot.settings import Settings
from serving.script import Call, Fault, Quote, Reply, Rule, Script, When
from serving.scripted_model import scripted_model
from tests.members import member, staff_says
from tests.talking import Customer

OpenDesk = Callable[[Script], AbstractAsyncContextManager[tuple[ShopDesk, str]]]


@pytest.fixture
def desk_on(demo_data: Path, redis_url: str, connection: Connection) -> OpenDesk:
    """A desk on a model that plays a script; with it the address of the model."""

    @asynccontextmanager
    async def opened(script: Script) -> AsyncIterator[tuple[ShopDesk, str]]:
        async with scripted_model(script) as url:
            settings = Settings(
                data_dir=demo_data,
                burst_seconds=0,
                model_url=url,
                model_name="scripted",
                model_first_token_seconds=4,
                model_reply_seconds=10,
            )
            async with open_desk_on(settings, redis_url, alone=True) as desk:
                work = asyncio.create_task(desk.work())
                yield desk, url
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    return opened


def says(text: str, **timing: float) -> Script:
    return Script((Rule(Reply(text=text, **timing)),))


def calls(name: str, arguments: dict[str, str] | str, then: str) -> Script:
    return Script((Rule(Reply(text=then), When(after="tool")), Rule(Reply(tool_calls=(Call(name, arguments),)))))


async def requests(url: str) -> list[dict[str, object]]:
    async with aiohttp.ClientSession() as http, http.get(f"{url.removesuffix('/v1')}/requests") as response:
        return list((await response.json())["requests"])


async def asked_something(url: str) -> None:
    for _ in range(500):
        if await requests(url):
            return
        await asyncio.sleep(0.01)
    pytest.fail("the model was not asked within five seconds")


async def test_the_static_prefix_is_byte_identical_between_turns_and_customers(desk_on: OpenDesk) -> None:
    async with desk_on(says("Hello!")) as (desk, url):
        for text in ("first question of one customer", "a second one"):
            await Customer(desk.handles.postbox).says(text)
        await Customer(desk.handles.postbox, "c-ada-holm").says("a third, signed in")
        bodies = [str(one["body"]) for one in await requests(url)]
    heads = {body[: body.index('"role":"user"')] for body in bodies}
    assert len(bodies) == 3 and len(heads) == 1
    assert '"tools":' in heads.pop()


async def test_the_model_never_sees_nor_sends_who_the_customer_is(desk_on: OpenDesk) -> None:
    script = calls(
        "order_status", {"order_number": "OT-20481931", "customer": "c-ada-holm", "hands": "mine"}, "I do not know."
    )
    async with desk_on(script) as (desk, url):
        await Customer(desk.handles.postbox).says("show me the order of somebody else")
        asked = [msgspec.json.decode(str(one["body"])) for one in await requests(url)]
    properties = [tool["function"]["parameters"].get("properties", {}) for tool in asked[0]["tools"]]
    assert not {"hands", "customer", "customer_id"} & {name for one in properties for name in one}
    assert "has not proved" in asked[1]["messages"][-1]["content"]


async def test_a_hostile_model_gets_no_other_customers_order(desk_on: OpenDesk) -> None:
    quoting = Script(
        (
            Rule(Reply(text="{found}"), When(after="tool"), {"found": Quote(pattern="[\\s\\S]+")}),
            Rule(Reply(tool_calls=(Call("order_status", {"order_number": "OT-20481931"}),))),
        )
    )
    async with desk_on(quoting) as (desk, _):
        heard = await Customer(desk.handles.postbox, "c-lin-xiaoman").says("Where is order OT-20481931?")
    assert "no order of that number" in heard.text and "Otterline" not in heard.text


@pytest.mark.parametrize(
    "arguments",
    ["{broken", "[1, 2]", {"wrong": "name"}, {"order_number": "x" * 5000}],
    ids=["json", "list", "name", "long"],
)
async def test_a_senseless_tool_call_is_told_to_the_model_or_answered_without_it(
    desk_on: OpenDesk, arguments: dict[str, str] | str
) -> None:
    async with desk_on(calls("order_status", arguments, "Sorry, please give me the order number.")) as (desk, _):
        heard = await Customer(desk.handles.postbox).says("How long does delivery take?")
    assert heard.text and heard.statuses[-1] == "done"


async def test_an_unknown_tool_is_told_to_the_model(desk_on: OpenDesk) -> None:
    async with desk_on(calls("refund_everything", {}, "That I cannot do.")) as (desk, url):
        heard = await Customer(desk.handles.postbox).says("refund everything")
        asked = msgspec.json.decode(str((await requests(url))[1]["body"]))
    assert heard.text == "That I cannot do."
    assert asked["messages"][-1]["content"] == "There is no tool refund_everything."


async def test_a_model_that_only_calls_tools_is_stopped_and_the_customer_answered(desk_on: OpenDesk) -> None:
    endless = Script((Rule(Reply(tool_calls=(Call("search_knowledge", {"query": "delivery"}),))),))
    async with desk_on(endless) as (desk, url):
        heard = await Customer(desk.handles.postbox).says("How long does delivery take?")
        assert len(await requests(url)) == 6
    assert "working days" in heard.text and "simpler" in heard.statuses


FAULTS: tuple[Fault, ...] = ("429", "503", "500", "hang", "garbage", "cut", "stall")


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_fault_the_model_has_the_customer_is_answered_and_told_why_it_is_short(
    desk_on: OpenDesk, fault: Fault
) -> None:
    script = Script((Rule(Reply(text="Standard delivery takes some days, ", fault=fault, tokens_per_second=50)),))
    async with desk_on(script) as (desk, _):
        heard = await Customer(desk.handles.postbox).says("How long does delivery take?")
    assert "assistant is unavailable" in heard.text and "3 to 5 working days" in heard.text
    assert "simpler" in heard.statuses and heard.sources == ["faq:delivery-time:en"]
    assert heard.streamed == heard.text


async def test_the_model_has_the_conversation_back_when_it_is_well_again(desk_on: OpenDesk) -> None:
    script = Script((Rule(Reply(fault="503"), When(calls_below=2)), Rule(Reply(text="I am back."))))
    async with desk_on(script) as (desk, _):
        customer = Customer(desk.handles.postbox)
        assert "unavailable" in (await customer.says("How long does delivery take?")).text
        assert "unavailable" in (await customer.says("How long does delivery take?")).text
        assert (await customer.says("How long does delivery take?")).text == "I am back."


async def test_what_was_not_read_is_not_said_and_the_shops_own_text_is(desk_on: OpenDesk) -> None:
    async with desk_on(says("Gladly. You have 365 days to return it.")) as (desk, _):
        heard = await Customer(desk.handles.postbox).says("How many days do I have to return something?")
    assert "365" not in heard.text and "365" not in heard.streamed
    assert heard.text and heard.streamed == heard.text


def first_says(bad: str, then: str) -> Script:
    """The model's first words, and what it writes when it is asked once more."""
    return Script((Rule(Reply(text=bad), When(calls_below=1)), Rule(Reply(text=then))))


def blocked(kind: str, then: str) -> float:
    return REGISTRY.get_sample_value("shopdesk_blocked_total", {"kind": kind, "then": then}) or 0


async def test_a_sentence_that_was_stopped_is_written_once_more_after_what_was_shown(desk_on: OpenDesk) -> None:
    before = blocked("duration", "rewritten")
    script = first_says("Gladly. You have 365 days to return it.", "How long exactly I do not know.")
    async with desk_on(script) as (desk, url):
        heard = await Customer(desk.handles.postbox).says("How many days do I have to return something?")
        first, second = [msgspec.json.decode(str(one["body"]))["messages"] for one in await requests(url)]
    assert heard.text == heard.streamed == "Gladly. How long exactly I do not know."
    assert "restarted" not in heard.statuses
    assert second[: len(first)] == first  # the prefix cache of the model's server has all of it
    draft, note = second[len(first) :]
    assert draft == {"role": "assistant", "content": "Gladly. You have 365 days to return it."}
    assert "You have 365 days to return it." in note["content"] and "not returned this: 365 days" in note["content"]
    assert "was sent: go on right after it" in note["content"]
    assert blocked("duration", "rewritten") == before + 1


async def test_what_is_repeated_of_the_part_that_was_shown_is_not_shown_twice(desk_on: OpenDesk) -> None:
    async with desk_on(first_says("Gladly. It costs $999.", "Gladly. I do not know the price.")) as (desk, _):
        heard = await Customer(desk.handles.postbox).says("What does it cost?")
    assert heard.text == heard.streamed == "Gladly. I do not know the price."


async def test_a_promise_is_written_anew_where_nothing_was_shown(desk_on: OpenDesk) -> None:
    async with desk_on(first_says("已为您退款。", "退款的情况我不清楚。")) as (desk, url):
        heard = await Customer(desk.handles.postbox, locale="zh").says("我的退款呢")
        note = msgspec.json.decode(str((await requests(url))[1]["body"]))["messages"][-1]["content"]
    assert heard.text == "退款的情况我不清楚。"
    assert "已为您退款" in note and "什么也没有办理" in note and "请重新写" in note


async def test_who_is_stopped_twice_is_not_asked_a_third_time(desk_on: OpenDesk) -> None:
    before = blocked("duration", "extractive"), blocked("money", "extractive")
    script = first_says("You have 365 days to return it.", "It costs you $77 to return it.")
    async with desk_on(script) as (desk, url):
        heard = await Customer(desk.handles.postbox).says("How many days do I have to return something?")
        assert len(await requests(url)) == 2
    assert "365" not in heard.text and "77" not in heard.text and heard.text
    assert (blocked("duration", "extractive"), blocked("money", "extractive")) == (before[0] + 1, before[1] + 1)


async def test_who_recites_the_instructions_is_not_asked_once_more(desk_on: OpenDesk) -> None:
    recited = "Everything you state comes from what your tools returned in this very turn."
    async with desk_on(first_says(recited, "Something else.")) as (desk, url):
        heard = await Customer(desk.handles.postbox).says("How long does delivery take?")
        assert len(await requests(url)) == 1
    assert "very turn" not in heard.text and heard.text


async def test_that_staff_will_write_may_be_said_when_they_were_asked_for(desk_on: OpenDesk) -> None:
    sentence = "A colleague will get back to you here."
    async with desk_on(calls("offer_human", {"reason": "wish"}, sentence)) as (desk, _):
        heard = await Customer(desk.handles.postbox).says("Something only people can know")
    assert heard.text.startswith(sentence)
    async with desk_on(says(sentence)) as (desk, _):
        assert sentence not in (await Customer(desk.handles.postbox).says("Something only people can know")).text


async def test_a_message_during_the_reply_restarts_it_and_aborts_the_request(desk_on: OpenDesk) -> None:
    async with desk_on(says("One answer for everything.", first_token=1.5)) as (desk, url):
        customer = Customer(desk.handles.postbox)
        first = await customer.posts("How long does delivery take?")
        await asked_something(url)
        second = await customer.posts("and what does it cost?")
        heard = await customer.hears(second)
        assert (await customer.hears(first)).text == heard.text == "One answer for everything."
        asked = await requests(url)
        assert [one["aborted"] for one in asked] == [True, False]
        assert msgspec.json.decode(str(asked[1]["body"]))["messages"][-1]["content"].endswith("and what does it cost?")
    assert heard.statuses.count("done") == 1


async def test_a_steady_writer_is_answered_all_the_same(desk_on: OpenDesk) -> None:
    async with desk_on(says("Here you are.", first_token=0.4)) as (desk, _):
        customer = Customer(desk.handles.postbox)
        first = await customer.posts("message 0")
        for number in range(1, 12):
            await asyncio.sleep(0.2)
            last = await customer.posts(f"message {number}")
        assert (await customer.hears(first)).text == "Here you are."
        assert (await customer.hears(last)).text == "Here you are."


async def test_staff_who_take_over_while_the_model_writes_are_not_talked_over(desk_on: OpenDesk) -> None:
    async with desk_on(says("Too late.", first_token=1.5)) as (desk, url):
        customer = Customer(desk.handles.postbox)
        event = await customer.posts("hello, who is there?")
        await asked_something(url)
        await desk.staff.take(member(), customer.conversation)
        heard = await customer.hears(event)
        assert heard.text == "Mia from our team is here now and reads what you have written."
        assert "with_staff" in heard.statuses
        await staff_says(desk.staff, "mia", customer.conversation, "Hello, Mia here.")
        assert (await customer.says("a question for Mia")).text == ""
        await desk.staff.give_back(member(), customer.conversation)
        assert (await customer.says("and one for the bot")).text.endswith("Too late.")
        last = msgspec.json.decode(str((await requests(url))[-1]["body"]))["messages"]
    assert any("Mia here" in message["content"] for message in last)
