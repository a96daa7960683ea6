"""The figures of a desk: where they can be read and by whom, what they say of the queues, and what they never say."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from bot.keys import GROUP, Keys
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.messages import Incoming
from bot.observing.figure_server import serving_figures
from bot.observing.figures import ProcessFigures
from bot.observing.queue_figures import QueueFigures
from bot.redis.connection import Connection, connect
from bot.redis.embedded import embedded_redis
from tests.web_callers import calling, receive, socket_of
from tests.web_fixtures import echo, served

QUEUES = {
    "shopdesk_queue_conversations", "shopdesk_queue_oldest_seconds", "shopdesk_parked_messages",
    "shopdesk_waiting_for_staff", "shopdesk_outbox_conversations", "shopdesk_facts_waiting",
}  # fmt: skip


def read(text: bytes) -> dict[str, float]:
    """Every sample by its name and labels, as `name{label=value}`."""
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


async def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def message(conversation: str, number: int = 0) -> Incoming:
    return Incoming("web", conversation, f"m{number}", text="hello")


@pytest_asyncio.fixture
async def mailbox(connection: Connection) -> AsyncIterator[Mailbox]:
    yield Mailbox(connection, Keys(4), Listener(connection))


async def test_the_queues_of_all_shards_are_told_by_a_process_that_did_not_fill_them(
    connection: Connection, mailbox: Mailbox
) -> None:
    keys = Keys(4)
    for number in range(20):
        await mailbox.accept(message(f"web:{number}"), deliver=number < 7)
    for number in range(3):
        where = f"web:{number}"
        await connection.commands.zadd(keys.waiting(keys.tag(where)), {where: time.time()})
    await connection.commands.hset(keys.parked(keys.tag("web:0")), "web:0 1-0", "0 crashed\n{}")
    await connection.commands.xadd(keys.facts(keys.shard(2)), {"fact": "{}"})
    found = read(await ProcessFigures(QueueFigures(connection, keys)).text())
    assert found["shopdesk_queue_conversations"] == 20
    assert found["shopdesk_facts_waiting"] == 1
    assert found["shopdesk_waiting_for_staff"] == 3
    assert found["shopdesk_parked_messages"] == 1
    assert found["shopdesk_outbox_conversations"] == 7
    assert found["shopdesk_redis_up"] == 1


async def test_the_queues_are_told_on_every_kind_of_redis(any_connection: Connection, any_keys: Keys) -> None:
    mailbox = Mailbox(any_connection, any_keys, Listener(any_connection))
    for number in range(12):
        await mailbox.accept(message(f"web:{number}"))
    found = read(await ProcessFigures(QueueFigures(any_connection, any_keys)).text())
    assert (found["shopdesk_redis_up"], found["shopdesk_queue_conversations"]) == (1, 12)


async def test_the_age_of_the_queue_is_that_of_its_oldest_conversation(
    connection: Connection, mailbox: Mailbox
) -> None:
    for number in range(8):
        await mailbox.accept(message(f"web:{number}"))
    later = QueueFigures(connection, Keys(4), now=lambda: time.time() + 40)
    assert 40 <= read(await ProcessFigures(later).text())["shopdesk_queue_oldest_seconds"] < 45


async def test_an_empty_desk_has_no_age(connection: Connection) -> None:
    found = read(await ProcessFigures(QueueFigures(connection, Keys(4))).text())
    assert [found[name] for name in sorted(QUEUES)] == [0] * len(QUEUES)


async def test_the_work_of_a_scrape_does_not_grow_with_the_queue(connection: Connection, mailbox: Mailbox) -> None:
    async def commands() -> dict[str, int]:
        stats = await connection.commands.info("commandstats")
        return {name.removeprefix("cmdstat_").split("|")[0]: one["calls"] for name, one in stats.items()}

    async def cost() -> dict[str, int]:
        before = await commands()
        await ProcessFigures(QueueFigures(connection, Keys(4))).text()
        after = await commands()
        return {name: count - before.get(name, 0) for name, count in after.items() if count > before.get(name, 0)}

    few = await cost()
    await connection.commands.xgroup_create(Keys(4).ready("{s00}"), GROUP, id="0", mkstream=True)
    for number in range(300):
        await mailbox.accept(message(f"web:{number}"))
    many = await cost()
    few.pop("info"), many.pop("info")
    assert many == few == {"xlen": 8, "xrange": 4, "hlen": 4, "zcard": 8}


async def test_scrapes_of_one_second_cost_one_read(connection: Connection, mailbox: Mailbox) -> None:
    figures = ProcessFigures(QueueFigures(connection, Keys(1)))
    at_once = await asyncio.gather(*(figures.text() for _ in range(10)))
    await mailbox.accept(message("web:1"))
    assert {read(text)["shopdesk_queue_conversations"] for text in [*at_once, await figures.text()]} == {0}


async def test_without_redis_a_scrape_still_tells_the_rest(tmp_path_factory: pytest.TempPathFactory) -> None:
    with embedded_redis(tmp_path_factory.mktemp("gone")) as server:
        async with connect(server.url) as connection:
            figures = ProcessFigures(QueueFigures(connection, Keys(2)))
            server.stop()
            began = time.monotonic()
            found = read(await figures.text())
            assert time.monotonic() - began < 20
    assert found["shopdesk_redis_up"] == 0
    assert all(found[name] != found[name] for name in QUEUES)  # NaN: nothing is known
    assert "shopdesk_sockets_open" in found and "process_resident_memory_bytes" in found


async def test_the_small_server_has_the_figures_and_nothing_else() -> None:
    async def text() -> bytes:
        return b"shopdesk_sockets_open 7.0\n"

    async with serving_figures("127.0.0.1", 0, text) as port, aiohttp.ClientSession() as http:
        async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
            assert answer.status == 200 and read(await answer.read()) == {"shopdesk_sockets_open": 7}
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        for path in ("/", "/metrics/x", "/secret"):
            async with http.get(f"http://127.0.0.1:{port}{path}") as answer:
                assert answer.status == 404
        async with http.post(f"http://127.0.0.1:{port}/metrics", data=b"x") as answer:
            assert answer.status == 404


async def test_who_says_nothing_or_too_much_does_not_keep_the_small_server_from_others() -> None:
    async def text() -> bytes:
        return b"shopdesk_sockets_open 7.0\n"

    async with serving_figures("127.0.0.1", 0, text) as port, aiohttp.ClientSession() as http:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        _, long = await asyncio.open_connection("127.0.0.1", port)
        long.write(b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 100_000)
        async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
            assert answer.status == 200
        for _, writer in [*silent, (None, long)]:
            writer.close()


async def test_a_port_that_is_taken_is_said_in_a_sentence_that_names_the_setting() -> None:
    async def text() -> bytes:
        return b""

    async with serving_figures("127.0.0.1", 0, text) as port:
        with pytest.raises(OSError, match="SHOPDESK_METRICS_PORT"):
            async with serving_figures("127.0.0.1", port, text):
                pass


async def test_the_web_port_tells_the_figures_to_a_caller_on_this_machine() -> None:
    async with served() as shop, aiohttp.ClientSession() as http, http.get(f"{shop.url}/metrics") as answer:
        assert answer.status == 200 and read(await answer.read()) == {"shopdesk_sockets_open": 0}
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"X-Forwarded-Proto": "https"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"CF-Connecting-IP": "203.0.113.9"},
        {"Host": "shop.example"},  # a proxy that hands the name on, or a page that was given our address
        {"Host": "127.0.0.1.shop.example:8000"},
        {"Host": ""},
    ],
    ids=str,
)
async def test_whoever_comes_through_a_proxy_or_by_another_name_finds_nothing(headers: dict[str, str]) -> None:
    async with (
        served() as shop,
        aiohttp.ClientSession(shop.url, headers=headers) as http,
        http.get("/metrics") as answer,
    ):
        assert answer.status == 404 and b"shopdesk_" not in await answer.read()


async def test_an_open_socket_is_counted_until_it_closes() -> None:
    async with served(script=echo) as shop, calling(shop) as caller:
        async with socket_of(caller) as socket:
            await socket.send(json.dumps({"token": caller.token}))
            await socket.send(json.dumps({"id": "a", "text": "hello"}))
            await receive(socket, "accepted")
            assert shop.figures.open == 1
        await until(lambda: shop.figures.open == 0)
