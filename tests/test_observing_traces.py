"""One message is one trace, over the processes that have to do with it; and no word of a customer is in it."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp

from bot.messages import DONE, Event, FinalText, Incoming
from bot.observing.delivering import TracedPostbox
from bot.redis.connection import Connection
from serving.ports import free_port
from serving.script import Call, Reply, Rule, Script, When
from serving.scripted_model import scripted_model
from tests.otlp_receiver import Collector, Got, collecting
from tests.running import environment, running
from tests.web_callers import STREAM, frames

LOOKS_FOR_RETURNS = Script(
    (
        Rule(Reply(text="Yes, it may come back [1]."), When(after="tool")),
        Rule(Reply(tool_calls=(Call("search_knowledge", {"query": "returns"}),))),
    )
)
QUESTION = "How long may Kowalczyk return a kettle?"


async def until(holds: Callable[[], object], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def ask(url: str, text: str, message: str = "a") -> list[Any]:
    """One message to a desk, and its streamed answer to the end."""
    async with aiohttp.ClientSession(url) as http:
        async with http.post("/v1/conversations", json={}) as answer:
            started = await answer.json()
        headers = {"Authorization": f"Bearer {started['token']}", **STREAM}
        path = f"/v1/conversations/{started['conversation']}/messages"
        async with http.post(path, json={"id": message, "text": text}, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return [started["conversation"], *[frame async for frame in frames(answer)]]


async def figures(url: str) -> str:
    async with aiohttp.ClientSession() as http, http.get(f"{url}/metrics") as answer:
        return await answer.text()


def only(collector: Collector, name: str) -> Got:
    (span,) = collector.named(name)
    return span


async def test_a_message_is_one_trace_over_the_web_process_and_the_worker(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    async with collecting() as collector, scripted_model(LOOKS_FOR_RETURNS) as model:
        shared = {"redis_url": redis_url, "otlp_url": collector.url, "burst_seconds": 0}
        asked = {"model_url": model, "model_name": "scripted"}
        port = free_port()
        with (
            running(demo_data, "web", **shared) as web,
            running(demo_data, "worker", **shared, **asked, metrics_port=port),
        ):
            conversation, *answer = await ask(web.url, QUESTION)
            assert answer[-1][1] == {"kind": "status", "status": "done"}
            await until(lambda: collector.named("deliver") and collector.named("turn"))
            of_web, of_worker = await figures(web.url), await figures(f"http://127.0.0.1:{port}")
    assert 'shopdesk_accepted_total{channel="web"} 1.0' in of_web and "shopdesk_accepted_total{" not in of_worker
    assert 'shopdesk_turns_total{answered_by="model",ended="finished"} 1.0' in of_worker
    assert "shopdesk_turns_total{" not in of_web and "shopdesk_queue_conversations 0.0" in of_web
    accept, turn, deliver = (only(collector, name) for name in ("accept", "turn", "deliver"))
    tool, commit = only(collector, "tool"), only(collector, "commit")
    calls = sorted(collector.named("model call"), key=lambda span: span.began)
    assert {span.trace for span in collector.spans} == {accept.trace}
    assert (accept.parent, turn.parent, deliver.parent) == ("", accept.id, accept.id)
    assert len(calls) == 2 and {span.parent for span in (*calls, tool, commit)} == {turn.id}
    assert accept.process == deliver.process != turn.process
    assert {span.process for span in (*calls, tool, commit)} == {turn.process}
    assert accept.began <= turn.began <= calls[0].began <= tool.began <= calls[1].began <= commit.began <= commit.ended
    assert turn.facts["shopdesk.ended"] == "finished" and turn.facts["shopdesk.answered_by"] == "model"
    assert tool.facts["shopdesk.name"] == "search_knowledge" and calls[0].facts["shopdesk.outcome"] == "answered"
    assert accept.facts["shopdesk.conversation"] == turn.facts["shopdesk.conversation"]
    told = b"".join(collector.bodies)
    for quoted in (conversation, "Kowalczyk", "kettle", "come back", "returns"):
        assert quoted.encode() not in told


async def test_a_collector_that_is_away_holds_nothing_up(demo_data: Path) -> None:
    with running(demo_data, otlp_url="http://127.0.0.1:1", burst_seconds=0) as desk:
        began = time.monotonic()
        _, *answer = await ask(desk.url, "What is your returns policy?")
        assert answer[-1][1]["status"] == "done" and time.monotonic() - began < 30
        began = time.monotonic()
        desk.process.terminate()
        await asyncio.to_thread(desk.process.wait, 40)
        assert time.monotonic() - began < 30


LOADED = """
import asyncio, os, sys
from bot.assembly import open_desk
from bot.settings import read_settings

async def main():
    async with open_desk(read_settings(os.environ)):
        print([name for name in sys.modules if name.startswith(("opentelemetry.sdk.trace", "opentelemetry.exporter"))])

asyncio.run(main())
"""


def test_without_a_collector_nothing_of_the_sdk_is_loaded(demo_data: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], env=environment(demo_data), capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "[]\n", done.stdout + done.stderr


class Remembering:
    """A postbox that gives each message an event id and answers it at once."""

    def __init__(self) -> None:
        self.accepted: list[Incoming] = []

    async def accept(self, incoming: Incoming, per_minute: int = 0, deliver: bool = False) -> str:
        self.accepted.append(incoming)
        return f"{len(self.accepted)}-0"

    async def events(self, conversation: str, after: str = "") -> AsyncIterator[Event]:
        for number, _ in enumerate(self.accepted):
            yield Event(f"9-{number}", FinalText("hello"), f"{number + 1}-0")
            yield Event(f"9-{number}", DONE, f"{number + 1}-0")

    async def reply(self, conversation: str, to: str) -> AsyncIterator[Event]:
        async for event in self.events(conversation):
            if event.answers == to:
                yield event

    async def transcript(self, conversation: str, after: str = "", before: str = "", at_most: int = 0) -> list[Event]:
        return [event async for event in self.events(conversation)]


async def test_where_nobody_collects_a_traced_postbox_changes_nothing() -> None:
    plain, traced = Remembering(), Remembering()
    around = TracedPostbox(traced)
    for number in range(3):
        incoming = Incoming("web", "web:1", f"m{number}", text="hello")
        assert await plain.accept(incoming) == await around.accept(incoming)
    assert traced.accepted == plain.accepted
    assert [one async for one in around.events("web:1")] == [one async for one in plain.events("web:1")]
    assert [one async for one in around.reply("web:1", "2-0")] == [one async for one in plain.reply("web:1", "2-0")]
    assert await around.transcript("web:1") == await plain.transcript("web:1")
