"""Fronts and workers as processes of their own over one Redis: shared, replaced one by one, stopped and refused."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from click.testing import CliRunner

from bot.channels import Finding
from bot.cli import main
from bot.doctor import examine
from bot.keys import Keys
from bot.opening.signing_secret import SecretsDiffer, agreed_secret
from bot.redis.connection import Connection, connect
from bot.redis.embedded import server_binary
from bot.redis.one_at_a_time import one_at_a_time
from bot.settings import Settings
from serving.chaos.servers import server
from serving.ports import free_port
from serving.script import Reply, Rule, Script, When
from serving.scripted_model import scripted_model
from tests.running import Running, environment, run_here, started, wait_until_ready

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANSWER = "Here is the answer."
SECRET = "s" * 32
ENDED_SECONDS = 25.0  # the end of a Python process takes its time on a busy machine
SCRIPT = Script(
    rules=(
        Rule(Reply(text=ANSWER, first_token=5), When(user="slowest")),
        Rule(Reply(text=ANSWER, first_token=1), When(user="slow")),
        Rule(Reply(text=ANSWER, first_token=0.2, tokens_per_second=10)),
    )
)


@dataclass
class Desk:
    """Many processes that are one desk."""

    folder: Path
    redis: str
    model: str

    def settings(self, **changed: object) -> dict[str, object]:
        return {
            "redis_url": self.redis,
            "database_url": f"sqlite+aiosqlite:///{self.folder.parent.parent / 'shop.sqlite'}",
            "secret": SECRET,
            "model_url": self.model,
            "model_name": "scripted",
            "burst_seconds": 0,
            "conversations_per_minute": 100_000,
        } | changed

    def worker(self, **changed: object) -> AbstractAsyncContextManager[Running]:
        return process(self.folder, "worker", **self.settings(**changed))


@dataclass
class Served(Desk):
    """With its fronts."""

    web: str
    other: Running  # on another machine, with nothing but the secret, Redis and the database in common


@asynccontextmanager
async def process(data: Path, role: str, **settings: object) -> AsyncIterator[Running]:
    """Ready; the loop, on which the model runs too, goes on meanwhile."""
    with started(data, role, **settings) as one:
        await asyncio.to_thread(wait_until_ready, one, role)
        yield one


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    binary = server_binary()
    assert binary
    with server(binary, tmp_path_factory.mktemp("roles-redis")) as one:
        yield one.url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(redis: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """Two fronts that found an empty database, both at once, as from two machines: each has its own data folder."""
    folder = tmp_path_factory.mktemp("roles")
    async with scripted_model(SCRIPT) as model:
        desk = Desk(folder / "here" / "data", redis, model)
        (folder / "here").mkdir()
        (folder / "there").mkdir()
        settings = desk.settings()
        with (
            started(desk.folder, "web", **settings) as web,
            started(folder / "there" / "data", "web", **settings) as other,
        ):
            await asyncio.to_thread(wait_until_ready, web, "web")
            await asyncio.to_thread(wait_until_ready, other, "web")
            yield Served(desk.folder, redis, model, web.url, other)


@dataclass
class Talk:
    """One conversation over the API."""

    url: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def at(self, web: str) -> "Talk":
        """The same conversation, at another front."""
        return Talk(f"{web}/v1/{self.url.split('/v1/')[1]}", self.token)

    async def send(self, http: aiohttp.ClientSession, text: str, message: str = "1") -> None:
        """Returns when the message is accepted."""
        headers = {**self.headers, "Accept": "text/event-stream"}
        body = {"id": message, "text": text}
        async with http.post(f"{self.url}/messages", json=body, headers=headers) as response:
            assert response.status == 200, await response.text()

    async def events(self, http: aiohttp.ClientSession) -> list[dict[str, Any]]:
        async with http.get(f"{self.url}/events", headers=self.headers) as response:
            assert response.status == 200, await response.text()
            return list((await response.json())["events"])

    async def answered(self, http: aiohttp.ClientSession) -> list[str]:
        """The texts of the desk, once a turn has ended."""
        events = await self.until("done", http)
        return [event["text"] for event in events if event["kind"] == "text"]

    async def until(self, status: str, http: aiohttp.ClientSession) -> list[dict[str, Any]]:
        """All events, once this has happened."""
        while True:
            events = await self.events(http)
            if any(event.get("status") == status for event in events):
                return events
            await asyncio.sleep(0.1)


async def talk(http: aiohttp.ClientSession, web: str) -> Talk:
    async with http.post(f"{web}/v1/conversations", json={}) as response:
        made = await response.json()
    return Talk(f"{web}/v1/conversations/{made['conversation']}", made["token"])


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[aiohttp.ClientSession]:
    async with asyncio.timeout(seconds), aiohttp.ClientSession() as http:
        yield http


def stopped(process: Running, by: signal.Signals = signal.SIGTERM) -> int:
    """How the process ended when it was asked to."""
    process.process.send_signal(by)
    return process.process.wait(ENDED_SECONDS)


async def test_what_one_front_accepts_streams_on_a_socket_of_another_and_reconnects_when_that_one_stops(
    desk: Served,
) -> None:
    async with desk.worker(), deadline(60) as http:
        here = await talk(http, desk.web)
        elsewhere = here.at(desk.other.url)
        async with http.ws_connect(f"{elsewhere.url}/socket", origin=desk.other.url) as socket:
            await socket.send_json({"token": here.token})
            await here.send(http, "How are you?")
            heard = await frames_of_a_turn(socket)
            assert "".join(one["text"] for one in heard if one["kind"] == "delta").strip() == ANSWER
            assert [one["text"] for one in heard if one["kind"] == "text"] == [ANSWER]
            assert await asyncio.to_thread(stopped, desk.other) == 0
            assert (await socket.receive()).data == aiohttp.WSCloseCode.SERVICE_RESTART
        assert "Traceback" not in desk.other.output.read_text()
        assert [event["text"] for event in await here.events(http) if event["kind"] == "text"] == [ANSWER]


async def frames_of_a_turn(socket: aiohttp.ClientWebSocketResponse) -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []
    while not heard or heard[-1].get("status") != "done":
        heard.append(await socket.receive_json())
    return heard


async def test_workers_are_replaced_one_after_the_other_under_steady_messages_and_nobody_notices(desk: Served) -> None:
    waits: list[float] = []

    async def visit(http: aiohttp.ClientSession) -> None:
        one, began = await talk(http, desk.web), time.monotonic()
        await one.send(http, "A slow question")
        assert await one.answered(http) == [ANSWER]
        waits.append(time.monotonic() - began)

    async def replace() -> None:
        for old in pair:
            await workers.enter_async_context(desk.worker(grace_seconds=0.3))
            assert await asyncio.to_thread(stopped, old) == 0
            await asyncio.sleep(1)

    async with deadline(240) as http, AsyncExitStack() as workers:
        pair = [await workers.enter_async_context(desk.worker(grace_seconds=0.3)) for _ in range(2)]
        replacing = asyncio.create_task(replace())
        async with asyncio.TaskGroup() as visits:
            begun = 0
            while not replacing.done():
                visits.create_task(visit(http))
                begun += 1
                await asyncio.sleep(0.25)
        await replacing
    assert len(waits) == begun > 10
    assert max(waits) < 9.5, "a conversation waited until the lease of its old worker had run out"


async def test_a_turn_in_the_making_is_finished_within_the_grace_time_and_later_mail_is_left_to_others(
    desk: Served,
) -> None:
    async with deadline(150) as http:
        begun, late = await talk(http, desk.web), await talk(http, desk.web)
        async with desk.worker(grace_seconds=30) as worker:
            await begun.send(http, "The slowest question")
            await begun.until("thinking", http)
            worker.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(2)
            await late.send(http, "Too late for this worker")
            assert await begun.answered(http) == [ANSWER]
            assert await asyncio.to_thread(worker.process.wait, ENDED_SECONDS) == 0
        assert [event["kind"] for event in await late.events(http)] == ["said"]
        async with desk.worker():
            assert await late.answered(http) == [ANSWER]


async def test_a_turn_longer_than_the_grace_time_is_handed_over_and_a_second_ctrl_c_does_not_wait(
    desk: Served,
) -> None:
    async with deadline(150) as http, desk.worker(grace_seconds=0.2) as first, desk.worker(grace_seconds=60) as second:
        eight = [await talk(http, desk.web) for _ in range(8)]
        for one in eight:
            await one.send(http, "The slowest question")
        for one in eight:
            await one.until("thinking", http)
        assert await held_by(first, desk) > 0
        began = time.monotonic()
        assert await asyncio.to_thread(stopped, first) == 0
        for one in eight:
            assert await one.answered(http) == [ANSWER]
        assert time.monotonic() - began < 12, "the other worker waited for the leases to run out"
        again = await talk(http, desk.web)
        await again.send(http, "The slowest question")
        await again.until("thinking", http)
        second.process.send_signal(signal.SIGINT)
        await asyncio.sleep(2)
        assert second.process.poll() is None
        assert await asyncio.to_thread(stopped, second, signal.SIGINT) == 130
        assert "Traceback" not in first.output.read_text() + second.output.read_text()


async def held_by(worker: Running, desk: Served) -> int:
    """How many conversations it has leased."""
    async with connect(desk.redis) as connection:
        leases: Any = [await connection.commands.get(key) for key in await connection.commands.keys("lease:*")]
    return sum(str(owner).startswith(f"worker-{worker.process.pid}-") for owner in leases)


async def test_a_worker_waits_while_the_redis_of_a_killed_run_is_away_and_goes_on_when_it_is_back(
    desk: Served, demo_data: Path
) -> None:
    async with (
        deadline(240) as http,
        process(demo_data, "run", burst_seconds=0) as first,
        process(demo_data, "worker", burst_seconds=0) as worker,
    ):
        first.process.kill()
        first.process.wait()
        await asyncio.sleep(0.5)
        assert worker.process.poll() is None
        async with process(demo_data, "run", workers=1, burst_seconds=0) as second:
            one = await talk(http, second.url)
            await one.send(http, "How long does delivery take?")
            assert "working days" in (await one.answered(http))[0]
            assert await asyncio.to_thread(stopped, worker) == 0
            assert await asyncio.to_thread(stopped, second) == 0


async def test_a_front_with_another_secret_is_refused_in_one_sentence(desk: Served) -> None:
    env = environment(desk.folder, port=free_port(), **desk.settings(secret="t" * 32))
    ended = await asyncio.to_thread(run_here, "web", env=env)
    assert ended.returncode == 1 and ended.stdout == ""
    (sentence,) = ended.stderr.splitlines()
    assert "SHOPDESK_SECRET" in sentence


async def test_only_living_processes_have_a_say_about_the_secret(desk: Served) -> None:
    ours = Settings.model_validate({"secret": "o" * 32})
    theirs = Settings.model_validate({"secret": "t" * 32})
    async with own_database(desk.redis) as connection:
        async with agreed_secret(ours, connection, alone=False), agreed_secret(ours, connection, alone=False):
            with pytest.raises(SecretsDiffer):
                await agreed_secret(theirs, connection, alone=False).__aenter__()
        async with agreed_secret(theirs, connection, alone=False) as secret:  # those two stopped in order
            assert secret == b"t" * 32
            entry: Any = (await connection.commands.zrange(Keys.signers(), 0, -1))[0]
            assert "t" * 16 not in entry
        await connection.commands.zadd(Keys.signers(), {entry: time.time() + 30})  # that one was killed
        with pytest.raises(SecretsDiffer):
            await agreed_secret(ours, connection, alone=False).__aenter__()
        await connection.commands.zadd(Keys.signers(), {entry: time.time() - 1})  # long ago
        async with agreed_secret(ours, connection, alone=False):
            pass
        await connection.commands.zadd(Keys.signers(), {entry: time.time() + 30})
        async with agreed_secret(ours, connection, alone=True):
            pass


async def test_only_one_process_at_a_time_prepares_and_one_that_died_blocks_nobody_for_long(desk: Served) -> None:
    inside: list[int] = []

    async def prepare(connection: Connection) -> None:
        async with one_at_a_time(connection, Keys.preparing()):
            inside.append(1)
            await asyncio.sleep(0.05)
            assert len(inside) == 1
            inside.clear()

    async with own_database(desk.redis) as connection:
        await connection.commands.set(Keys.preparing(), "of one that died", px=300)
        async with asyncio.timeout(30):
            await asyncio.gather(*(prepare(connection) for _ in range(8)))
        assert not await connection.commands.exists(Keys.preparing())


@asynccontextmanager
async def own_database(url: str) -> AsyncIterator[Connection]:
    """Beside that of the desk that is running."""
    async with connect(f"{url.rstrip('/').removesuffix('/0')}/1") as connection:
        await connection.commands.flushdb()
        yield connection


async def test_without_a_redis_to_share_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    ended = await asyncio.to_thread(run_here, "worker", env=environment(tmp_path / "data"))
    assert ended.returncode == 1 and ended.stdout == ""
    (sentence,) = ended.stderr.splitlines()
    assert "SHOPDESK_REDIS_URL" in sentence and "shopdesk run" in sentence


async def test_a_name_that_is_no_command_gets_a_sentence_that_lists_what_there_is() -> None:
    said = CliRunner().invoke(main, ["pigeon"])
    assert said.exit_code == 2
    (sentence,) = said.stderr.splitlines()
    assert "pigeon" in sentence and "worker" in sentence and "channels: discord, telegram, web" in sentence


async def test_doctor_advises_to_set_a_secret_where_processes_may_be_on_several_machines(
    desk: Served, tmp_path: Path
) -> None:
    async def found(**settings: str) -> Finding:
        findings = await examine(Settings.model_validate({"data_dir": tmp_path, **settings}), [])
        return next(one for one in findings if one.name == "SHOPDESK_SECRET")

    assert "the same 32 characters" in (await found(redis_url=desk.redis)).advice
    assert not (await found(redis_url=desk.redis, secret=SECRET)).advice
    assert not (await found()).advice
