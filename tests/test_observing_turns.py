"""What a turn leaves in the figures and in the log: who answered, how it ended, how long each part took."""

import asyncio
import io
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.answering.breaker import Breaker
from bot.answering.completions import Completions
from bot.answering.patience import Patience
from bot.answering.places import Places, Replica
from bot.assembly import ShopDesk, open_desk_on
from bot.messages import Incoming
from bot.observing import metrics
from bot.observing.logs import DeskHandler, configure_logs
from bot.observing.model_calls import shown_places
from bot.observing.pseudonyms import PSEUDONYMS
from bot.redis.connection import Connection
from bot.settings import Settings
from serving.script import Call, Fault, Reply, Rule, Script, When
from serving.scripted_model import scripted_model
from tests.talking import Customer

Samples = dict[str, float]
ALLOWED = {
    "ended": metrics.ENDINGS, "answered_by": metrics.ANSWERERS, "stage": metrics.STAGES, "what": metrics.REFUSALS,
    "outcome": metrics.MODEL_OUTCOMES, "result": metrics.DELIVERIES,
    "channel": ("web", "terminal", "telegram", "discord", "test", "staff", "lines", "post"),
    "why": (*metrics.FALLBACKS, *metrics.HANDOFFS), "then": metrics.THEN,
    "kind": (*metrics.BLOCKED, *metrics.UNANSWERED), "how": metrics.MISSED,
}  # fmt: skip


async def read(desk: ShopDesk) -> Samples:
    text = (await desk.handles.figures.text()).decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()) if name != "le")
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def more(after: Samples, before: Samples) -> Samples:
    """What was counted between the two."""
    counted = {name: value - before.get(name, 0) for name, value in after.items()}
    return {name: value for name, value in counted.items() if value and not name.startswith("process_")}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log at INFO, as JSON."""
    stream, root = io.StringIO(), logging.getLogger()
    configure_logs("json", "INFO", stream)
    yield stream
    for handler in [one for one in root.handlers if isinstance(one, DeskHandler)]:
        root.removeHandler(handler)
    configure_logs("text", "WARNING")


async def test_an_answer_counts_once_and_each_stage_of_it_is_measured(desk: ShopDesk, customer: Customer) -> None:
    before = await read(desk)
    await customer.says("How long does delivery take?")
    counted = more(await read(desk), before)
    assert counted["shopdesk_turns_total{answered_by=extractive,ended=finished}"] == 1
    assert sum(value for name, value in counted.items() if name.startswith("shopdesk_turns_total")) == 1
    assert sum(value for name, value in counted.items() if name.startswith("shopdesk_accepted_total")) == 1
    for stage in metrics.STAGES:
        assert counted[f"shopdesk_turn_seconds_count{{stage={stage}}}"] == 1, stage
    assert counted["shopdesk_first_text_seconds_count"] == 1
    parts = sum(counted.get(f"shopdesk_turn_seconds_sum{{stage={stage}}}", 0) for stage in ("answer", "commit"))
    assert parts <= counted["shopdesk_turn_seconds_sum{stage=whole}"] < 20


async def test_a_wish_for_a_person_is_a_handoff_that_was_asked_for_once(desk: ShopDesk, customer: Customer) -> None:
    before = await read(desk)
    await customer.says("I want to talk to a person")
    await customer.says("I want to talk to a person")
    counted = more(await read(desk), before)
    assert counted["shopdesk_handoffs_total{why=asked}"] == 1


async def test_a_turn_is_one_line_with_hashed_ids(desk: ShopDesk, customer: Customer, lines: io.StringIO) -> None:
    await customer.says("How long does delivery take?")
    entries: list[dict[str, Any]] = [json.loads(line) for line in lines.getvalue().splitlines()]
    (turn,) = [entry for entry in entries if entry["message"] == "turn"]
    assert turn["conversation"] == PSEUDONYMS.of(customer.conversation)
    assert (turn["ended"], turn["answered_by"], turn["language"], turn["messages"]) == (
        "finished",
        "extractive",
        "en",
        1,
    )
    assert 0 < turn["milliseconds"] < 20_000
    assert "delivery" not in lines.getvalue()


async def test_a_model_that_answers_is_counted_by_replica_with_its_first_token(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    script = Script(
        (
            Rule(Reply(text="Yes, it may come back [1]."), When(after="tool")),
            Rule(Reply(tool_calls=(Call("search_knowledge", {"query": "returns"}),))),
        )
    )
    counted, place = await counted_with(script, demo_data, redis_url)
    assert counted[f"shopdesk_model_calls_total{{outcome=answered,replica={place}}}"] == 2
    assert counted["shopdesk_model_first_token_seconds_count"] == 2
    assert counted["shopdesk_turns_total{answered_by=model,ended=finished}"] == 1


@pytest.mark.parametrize(("fault", "outcome"), [("500", "unavailable"), ("503", "overloaded"), ("garbage", "garbled")])
async def test_a_model_that_fails_is_counted_with_the_answer_that_came_without_it(
    fault: Fault, outcome: str, demo_data: Path, redis_url: str, connection: Connection
) -> None:
    counted, place = await counted_with(Script((Rule(Reply(fault=fault)),)), demo_data, redis_url)
    assert counted[f"shopdesk_model_calls_total{{outcome={outcome},replica={place}}}"] >= 1
    assert counted[f"shopdesk_fallbacks_total{{why={outcome}}}"] == 1
    assert counted["shopdesk_turns_total{answered_by=extractive,ended=finished}"] == 1


async def counted_with(script: Script, data: Path, redis_url: str) -> tuple[Samples, str]:
    """What one question to a desk with this model counts, and the name of its replica."""
    async with scripted_model(script) as url:
        settings = Settings(data_dir=data, burst_seconds=0, model_url=url, model_name="scripted")
        async with open_desk_on(settings, redis_url, alone=True) as desk:
            work = asyncio.create_task(desk.work())
            before = await read(desk)
            await Customer(desk.handles.postbox).says("May I return a kettle?")
            counted = more(await read(desk), before)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
    return counted, url.removeprefix("http://").removesuffix("/v1")


async def test_no_label_ever_names_a_customer_or_anything_without_bounds(desk: ShopDesk, customer: Customer) -> None:
    before = await read(desk)  # channels of other tests in this process among them
    for text in ("How long does delivery take?", "I want to talk to a person", "qwertz uiop", "我要退货"):
        await customer.says(text)
    counted = more(await read(desk), before)
    assert any("{" in name for name in counted)
    for name in counted:
        for label in filter(None, name.partition("{")[2].rstrip("}").split(",")):
            key, _, value = label.partition("=")
            assert key == "replica" or value in ALLOWED[key], name


async def test_a_message_that_redis_does_not_store_is_counted_as_refused(
    desk: ShopDesk, connection: Connection
) -> None:
    before = await read(desk)
    await connection.commands.config_set("maxmemory", "1")
    try:
        with pytest.raises(ConnectionError):
            await desk.handles.postbox.accept(Incoming("web", "web:full", "m", text="hello"))
    finally:
        await connection.commands.config_set("maxmemory", "0")
    counted = more(await read(desk), before)
    assert counted["shopdesk_refused_total{what=not_stored}"] == 1
    assert counted["shopdesk_redis_errors_total"] >= 1


async def test_a_replica_is_shown_by_host_and_port_with_its_calls_and_whether_it_is_left_alone() -> None:
    breaker = Breaker(lambda: 0.0, errors=2)
    async with aiohttp.ClientSession() as http:
        url = "http://desk:hunter22@model-1:8000/v1?key=hunter22"
        places = Places([Replica(url, Completions(http, url), breaker, places=4)])
        with shown_places(places):
            first = await places.take(Patience(), 1)
            await places.take(Patience(), 1)
            assert shown("shopdesk_model_in_flight") == {"model-1:8000": 2}
            assert shown("shopdesk_model_breaker_open") == {"model-1:8000": 0}
            places.leave(first)
            breaker.failed(), breaker.failed()
            assert shown("shopdesk_model_in_flight") == {"model-1:8000": 1}
            assert shown("shopdesk_model_breaker_open") == {"model-1:8000": 1}
        assert shown("shopdesk_model_in_flight") == {} == shown("shopdesk_model_breaker_open")


def shown(name: str) -> Samples:
    """The samples of a metric by replica."""
    (family,) = [one for one in metrics.REGISTRY.collect() if one.name == name]
    return {sample.labels["replica"]: sample.value for sample in family.samples}


async def test_a_scrape_takes_no_time_that_a_customer_would_notice(desk: ShopDesk, customer: Customer) -> None:
    await customer.says("How long does delivery take?")
    await desk.handles.figures.text()
    began = time.process_time()
    for _ in range(10):
        await desk.handles.figures.text()
    assert (time.process_time() - began) / 10 < 0.5
