"""A Redis Cluster that changes under the desk: a primary dies, a slot moves, nodes are named badly."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.crc import key_slot

from bot.assembly import open_desk_on
from bot.doctor import examine
from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.messages import Incoming
from bot.redis.address import read_redis_address, without_login
from bot.redis.cluster import Address
from bot.redis.connection import connect
from bot.redis.embedded import embedded_redis
from bot.settings import Settings
from serving.chaos.cluster_trial import SHARDS, trial
from serving.chaos.plain_desk import plain_desk
from serving.chaos.servers import CLUSTER_SECONDS, Nodes, Server, cluster, until
from tests.redis_servers import Servers, binary_of
from tests.talking import Customer


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    """Three primaries and a replica of each, to be killed."""
    with cluster(binary_of("cluster"), tmp_path / "nodes", replicas=True) as found:
        yield found


def slot_of(keys: Keys, conversation: str) -> int:
    return key_slot(keys.mailbox(conversation).encode())


async def test_a_primary_that_dies_under_load_costs_a_few_seconds_and_no_message(nodes: Nodes) -> None:
    async with plain_desk(nodes.url, Keys(SHARDS)) as postbox:
        found = await trial(postbox, nodes, 1)
    kept = found.kept
    assert kept.accepted > 50 and found.gap > 1  # there was a load, and it was hit
    assert (kept.lost, kept.unanswered, kept.duplicate, kept.out_of_order) == (0, 0, 0, 0), found
    assert found.gap - found.election < 8, found


async def test_who_listens_hears_on_when_the_node_that_told_them_dies(nodes: Nodes) -> None:
    keys = Keys(8)
    async with connect(nodes.url) as connection, Listener(connection).running() as listener:
        mailbox = Mailbox(connection, keys, listener)
        await mailbox.accept(Incoming("test", "test:a", "1", "one"))
        heard: list[str] = []
        both = asyncio.Event()

        async def listen() -> None:
            while not both.is_set():
                try:
                    async for event in mailbox.events("test:a", after=heard[-1] if heard else ""):
                        heard.append(event.id)
                        if len(heard) == 2:
                            both.set()
                except ConnectionError:  # it reads the past of the node that is gone: whoever listens asks again
                    await asyncio.sleep(0.1)

        channel, task = keys.events("test:a"), asyncio.create_task(listen())
        async with asyncio.timeout(20):
            told_by = await subscribed(nodes, channel)
            told_by.kill()
            while True:
                try:
                    await mailbox.accept(Incoming("test", "test:a", "2", "two"))
                    break
                except ConnectionError:
                    await asyncio.sleep(0.1)
            await both.wait()
            await subscribed(nodes, channel)
        task.cancel()


async def subscribed(nodes: Nodes, channel: str) -> Server:
    """The node at which our listener is, as soon as it is."""
    while True:
        for one in nodes.nodes:
            if one.process:
                with one.client() as client:
                    if client.pubsub_numsub(channel)[0][1]:
                        return one
        await asyncio.sleep(0.02)


async def test_a_slot_that_moves_to_another_node_takes_its_conversations_along(servers: Servers) -> None:
    keys, conversation = Keys(8), "test:moving"
    binary_of("cluster")
    async with connect(servers.url("cluster")) as connection:
        await connection.commands.flushall()
        mailbox = Mailbox(connection, keys, Listener(connection))
        assert connection.cluster
        slot = slot_of(keys, conversation)
        source = connection.cluster.owner(slot)
        target = next(node for node in connection.cluster.primaries() if node != source)
        assert source
        accepted: list[str] = []
        moved = asyncio.Event()

        async def write() -> None:
            while not moved.is_set() or len(accepted) < 60:
                number = str(len(accepted))
                accepted.append(await mailbox.accept(Incoming("test", conversation, number, f"text {number}")))
                await asyncio.sleep(0.005)

        writing = asyncio.create_task(write())
        await asyncio.sleep(0.2)
        await asyncio.to_thread(move, server_at(source), server_at(target), slot)
        moved.set()
        await writing
        transcript = [event.id for event in await mailbox.transcript(conversation)]
        assert transcript == accepted and connection.cluster.owner(slot) == target
        await asyncio.to_thread(move, server_at(target), server_at(source), slot)


def server_at(address: Address) -> Server:
    return Server("", Path(), address.port)


def move(source: Server, target: Server, slot: int) -> None:
    """As redis-cli --cluster reshard does it."""
    with source.client() as there, target.client() as here:
        names = {one: client.execute_command("CLUSTER MYID") for one, client in (("source", there), ("target", here))}
        here.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", names["source"])
        there.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", names["target"])
        while keys := there.execute_command("CLUSTER GETKEYSINSLOT", slot, 10):
            there.execute_command("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
        for client in (here, there):
            client.execute_command("CLUSTER SETSLOT", slot, "NODE", names["target"])


async def test_a_desk_on_a_cluster_with_one_shard_works(demo_data: Path, servers: Servers) -> None:
    async with connect(servers.url("cluster")) as connection:
        await connection.commands.flushall()
    settings = Settings(data_dir=demo_data, burst_seconds=0)
    async with open_desk_on(settings, servers.url("cluster"), alone=True) as desk:
        work = asyncio.create_task(desk.work())
        assert (await Customer(desk.handles.postbox).says("hello")).text
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_the_doctor_looks_at_every_node_of_a_cluster(tmp_path: Path, nodes: Nodes) -> None:
    settings = Settings(data_dir=tmp_path, redis_url=nodes.url)
    found, advice = await redis_findings(settings)
    assert found.endswith("3 primaries, 3 replicas") and advice.startswith("Set SHOPDESK_SHARDS to 64")
    settings = Settings(data_dir=tmp_path, redis_url=nodes.url, shards=64)
    assert await redis_findings(settings) == [found, ""]
    careless = nodes.nodes[4]
    with careless.client() as client:
        client.config_set("appendonly", "no")
    found, advice = await redis_findings(settings)
    assert f"appendonly yes` on 127.0.0.1:{careless.port}" in advice
    with careless.client() as client:
        client.config_set("appendonly", "yes")
        client.config_set("maxmemory-policy", "allkeys-lru")
    assert f"maxmemory-policy noeviction` on 127.0.0.1:{careless.port}" in (await redis_findings(settings))[1]
    nodes.nodes[3].kill()
    found, advice = await redis_findings(settings)
    assert f"127.0.0.1:{nodes.nodes[3].port} does not answer" in found and "Start it" in advice


async def redis_findings(settings: Settings) -> list[str]:
    (finding,) = [one for one in await examine(settings, []) if one.name == "SHOPDESK_REDIS_URL"]
    assert finding.ok != bool(finding.advice and "SHARDS" not in finding.advice)
    return [finding.found, finding.advice]


@pytest.mark.parametrize(
    ("written", "hosts"),
    [
        ("redis://one", ["one:6379"]),
        ("redis://:pass@one:1,two:2,[::1]:3/0", ["one:1", "two:2", "::1:3"]),
        ("rediss://user:p%40ss@one:1,two", ["one:1", "two:6379"]),
        ("unix:///tmp/redis.sock", []),
    ],
)
def test_the_address_may_name_some_nodes(written: str, hosts: list[str]) -> None:
    read = read_redis_address(written)
    assert [str(host) for host in read.hosts] == hosts
    assert read.safe == written.startswith("rediss") and "host" not in read.options
    assert "pass" not in without_login(written) and "p%40ss" not in without_login(written)


async def test_several_hosts_that_are_no_cluster_are_refused(servers: Servers) -> None:
    url = servers.url("6.2")
    with pytest.raises(ConnectionError, match=r"SHOPDESK_REDIS_URL \(several hosts are for a Redis Cluster"):
        async with connect(f"{url},127.0.0.1:1"):
            pass


async def test_a_cluster_without_some_of_its_slots_is_refused(tmp_path: Path) -> None:
    with cluster(binary_of("cluster"), tmp_path) as nodes:
        with nodes.nodes[0].client() as client:
            client.execute_command("CLUSTER DELSLOTS", 7)
        until(lambda: not nodes.is_well(), CLUSTER_SECONDS, "a hole that all nodes know of")
        with pytest.raises(ConnectionError, match="is not complete"):
            async with connect(nodes.url):
                pass


async def test_one_dead_node_among_those_to_begin_with_does_not_matter(nodes: Nodes) -> None:
    dead = await asyncio.to_thread(lambda: nodes.nodes[0])
    dead.kill()
    await asyncio.to_thread(until, lambda: _has_another(nodes), CLUSTER_SECONDS, "another primary")
    async with connect(nodes.url) as connection:
        for number in range(20):
            await connection.commands.set(f"test:{number}", number)


def _has_another(nodes: Nodes) -> bool:
    try:
        return bool(nodes.primary_of(0).process)
    except LookupError:
        return False


def test_embedded_redis_is_no_cluster(tmp_path: Path) -> None:
    async def look() -> bool:
        with embedded_redis(tmp_path) as server:
            async with connect(server.url) as connection:
                return connection.cluster is None

    assert asyncio.run(look())
