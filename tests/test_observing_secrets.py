"""What a customer writes is in no log line, no figure and no span, whichever way a turn goes."""

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Literal

import aiohttp
import pytest
from aiohttp import web
from websockets.asyncio.client import connect as connect_socket

from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.messages import DONE, Incoming
from bot.redis.connection import Connection
from serving.ports import free_port
from serving.script import Fault, Reply, Rule, Script, When
from serving.scripted_model import scripted_model
from tests.otlp_receiver import Collector, collecting
from tests.running import running
from tests.web_callers import STREAM, frames

MAIL, TELEPHONE, CARD = "mira.kowalczyk-9f3@example.com", "+44 7700 900123", "4111 1111 1111 1111"
ORDER, TOKEN, NAME = "#W7770001", "sk-live-Zx81kQm2vT", "Kowalczyk-Brandt"
TEXT = f"I am {NAME}. My e-mail is {MAIL}, my telephone {TELEPHONE}, my card {CARD}, my key {TOKEN}."
SEEDED = {
    MAIL, "mira.kowalczyk", TELEPHONE, "7700 900123", "7700900123", CARD, CARD.replace(" ", ""), ORDER, "W7770001",
    TOKEN, "Zx81kQm2vT", NAME, "Kowalczyk",
}  # fmt: skip


class Talker:
    """A visitor who seeds every message with what must not be seen again."""

    def __init__(self, url: str, http: aiohttp.ClientSession, started: dict[str, str]) -> None:
        self.url, self.http, self.id, self.token = url, http, started["conversation"], started["token"]
        self.path = f"/v1/conversations/{self.id}"
        self._number = 0

    async def say(self, text: str, press: str = "") -> list[str]:
        """The kinds and statuses of what came back."""
        self._number += 1
        body = {"id": f"m{self._number}", "text": text} | ({"press": press} if press else {})
        headers = {"Authorization": f"Bearer {self.token}", **STREAM}
        async with self.http.post(f"{self.path}/messages", json=body, headers=headers) as answer:
            return [data.get("status", data.get("kind", "")) async for _, data in frames(answer)]


@asynccontextmanager
async def talking_to(url: str) -> AsyncIterator[Talker]:
    async with (
        aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(40)) as http,
        http.post("/v1/conversations", json={}) as answer,
    ):
        yield Talker(url, http, await answer.json())


@asynccontextmanager
async def quoting_model() -> AsyncIterator[str]:
    """A model server that refuses each request and quotes it, as servers do."""

    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=400, text=(await request.text())[-290:])

    app = web.Application()
    app.router.add_post("/v1/chat/completions", refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def seen(http: aiohttp.ClientSession, port: int) -> str:
    async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
        return await answer.text()


def check(where: str, text: str, ids: set[str]) -> None:
    hits = sorted(secret for secret in SEEDED | ids if secret.lower() in text.lower())
    assert not hits, f"{where} has {hits}"


async def visit(url: str) -> Talker:
    """The ways of a message that end well, and those that are refused."""
    async with talking_to(url) as talker:
        await talker.say(TEXT)
        await talker.say(f"Where is my order {ORDER}? My e-mail is {MAIL}.")
        await talker.say(f"请问订单 {ORDER} 到哪里了？邮箱 {MAIL}")
        await talker.say("", press=f"cancel:{TOKEN}")
        await talker.say(f"I want to talk to a person about {CARD}")
        for path in (
            f"/v1/conversations/{TOKEN}/events?token={TOKEN}",
            f"/{MAIL}?q={CARD}",
            f"{talker.path}/events?after={NAME}",
        ):
            async with talker.http.get(path, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
                assert answer.status >= 400
        async with talker.http.post(
            f"{talker.path}/messages", data=TEXT, headers={"Content-Type": "application/json"}
        ) as refused:
            assert refused.status == 401
        place = url.replace("http", "ws") + f"{talker.path}/socket?token={TOKEN}"
        async with connect_socket(place, origin=url) as socket:  # type: ignore[arg-type]
            await socket.send(json.dumps({"token": TOKEN, "text": TEXT}))
            await socket.wait_closed()
        return talker


async def ask_a_broken_shop(data: Path, connection: Connection) -> str:
    """A customer whom the shop knows asks for an order; the error quotes the question. Returns the conversation."""
    where = "web:kowalczyk-brandt"
    with closing(sqlite3.connect(data / "shop.sqlite", timeout=20, isolation_level=None)) as database:
        database.execute("ALTER TABLE orders RENAME TO orders_elsewhere")
        (customer,) = database.execute("SELECT id FROM customers LIMIT 1").fetchone()
    async with Listener(connection).running() as listener:
        mailbox = Mailbox(connection, Keys(), listener)
        question = Incoming("web", where, "m1", text=f"What is the status of order {ORDER}? {TEXT}", customer=customer)
        event = await mailbox.accept(question)
        async with asyncio.timeout(30):
            assert [told async for told in mailbox.reply(where, event)][-1].what == DONE
    return where


async def spoil_session(connection: Connection, conversation: str) -> None:
    session = json.dumps({"conversation": conversation, "history": TEXT, "language": [MAIL]})
    await connection.commands.set(Keys().session(conversation), session)


@pytest.mark.parametrize("form", ["text", "json"])
async def test_no_way_of_a_turn_leaves_a_customers_words_behind(
    form: Literal["text", "json"], demo_data: Path, redis_url: str, connection: Connection
) -> None:
    port, ids = free_port(), set[str]()
    shared = {"redis_url": redis_url, "burst_seconds": 0, "log_level": "INFO", "log_format": form, "metrics_port": port}
    async with collecting() as collector, quoting_model() as model, aiohttp.ClientSession() as http:
        asked = {"model_url": model, "model_name": "quoting", "otlp_url": collector.url}
        with running(demo_data, **shared, **asked) as desk:
            ids.add((await visit(desk.url)).id)
            async with talking_to(desk.url) as talker:
                ids.add(talker.id)
                await talker.say(TEXT)
                await spoil_session(connection, talker.id)
                assert "done" in await talker.say(TEXT)
            ids.add(await ask_a_broken_shop(demo_data, connection))
            figures = await seen(http, port)
            await until_told(collector, ids)
            written = desk.output.read_text()
    assert "ModelRefused" in written and "Traceback" in written and "parked" in written, written
    assert re.search(r'ended"?[=:]"?finished', written) and re.search(r'ended"?[=:]"?parked', written)
    assert "shopdesk_parked_total 1.0" in figures
    assert {"accept", "turn", "model call", "commit", "deliver"} <= {span.name for span in collector.spans}
    check("the log", written, ids)
    check("the figures", figures, ids)
    check("the spans", b"".join(collector.bodies).decode(errors="replace"), ids)
    if form == "json":
        started = [line for line in written.splitlines() if line.startswith("{")]
        assert all(json.loads(line)["level"] for line in started)


async def until_told(collector: Collector, ids: set[str]) -> None:
    async with asyncio.timeout(40):
        while len({span.facts["shopdesk.conversation"] for span in collector.named("turn")}) < len(ids):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("fault", ["garbage"])
async def test_no_fault_of_the_model_leaves_a_customers_words_behind(fault: Fault, demo_data: Path) -> None:
    script = Script((Rule(Reply(text=f"{NAME}, {MAIL}: ", fault=fault), When()),))
    async with collecting() as collector, scripted_model(script) as model:
        asked = {"model_url": model, "model_name": "scripted", "otlp_url": collector.url}
        with running(demo_data, log_level="INFO", burst_seconds=0, **asked) as desk:
            async with talking_to(desk.url) as talker:
                assert "done" in await talker.say(TEXT)
            await until_told(collector, {talker.id})
            written = desk.output.read_text()
    assert "the model has no reply" in written
    check("the log", written, {talker.id})
    check("the spans", b"".join(collector.bodies).decode(errors="replace"), {talker.id})
