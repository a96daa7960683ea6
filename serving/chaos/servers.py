"""Redis servers of our own on loopback: single ones and whole clusters, to be stopped, killed and started again."""

import ctypes
import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from serving.ports import free_port

READY_SECONDS = 15.0
CLUSTER_SECONDS = 30.0
LOOK_SECONDS = 0.1
NODE_TIMEOUT_MILLISECONDS = 2000  # of a cluster: silent for so long, and a node is taken for dead
SLOTS = 16384
BUS = 10000  # a cluster's nodes talk on the port so many above
PR_SET_PDEATHSIG = 1


@dataclass
class Server:
    """One redis-server; what it has accepted is in its file. It dies with the thread that started it."""

    binary: str
    folder: Path
    port: int
    options: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Raises TimeoutError when it does not answer, naming its log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.folder),
            "logfile": str(self.folder / "redis.log"),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "repl-diskless-sync-delay": "0",
            **self.options,
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        libc = ctypes.CDLL(None)
        self.process = subprocess.Popen(
            [self.binary, *words], preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        )
        until(self._answers, READY_SECONDS, f"a redis-server that answers; its log is {self.folder / 'redis.log'}")

    def _answers(self) -> bool:
        if self.process and self.process.poll() is not None:
            log = self.folder / "redis.log"
            raise RuntimeError(f"redis-server gave up: {log.read_text()[-2000:] if log.exists() else 'it has no log'}")
        with self.client() as client:
            try:
                return bool(client.ping())
            except (redis.ConnectionError, redis.TimeoutError):
                return False

    def client(self) -> redis.Redis:
        """For one look; the driver's patience is short."""
        return redis.Redis(port=self.port, socket_timeout=2, socket_connect_timeout=2, decode_responses=True)

    def kill(self) -> None:
        """SIGKILL, as when its machine dies."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stall(self) -> None:
        """It keeps its connections and says nothing more, until `resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self.process:
            os.kill(self.process.pid, number)


@contextmanager
def server(binary: str, folder: Path, **options: str) -> Iterator[Server]:
    one = Server(binary, folder, free_port(), options)
    try:
        one.start()
        yield one
    finally:
        one.kill()


@dataclass
class Nodes:
    """A cluster: its primaries, and of each a replica where it was made with them."""

    nodes: list[Server]

    @property
    def url(self) -> str:
        """The address of the whole, with its first nodes to begin with."""
        return "redis://" + ",".join(f"127.0.0.1:{one.port}" for one in self.nodes[:3])

    def primary_of(self, slot: int) -> Server:
        """As the living nodes see it. Raises LookupError when none has it."""
        by_port = {one.port: one for one in self.nodes}
        for one in self.nodes:
            if one.process:
                with one.client() as client:
                    for first, last, (_, port, *_), *_ in _slots(client):
                        if first <= slot <= last and by_port[port].process:
                            return by_port[port]
        raise LookupError(f"no living node has slot {slot}")

    def is_well(self) -> bool:
        """Every node agrees that all slots are served, and every replica has all of its primary."""
        return all(one.process and self._is_content(one) for one in self.nodes)

    def _is_content(self, one: Server) -> bool:
        with one.client() as client:
            try:
                info, replication = client.execute_command("CLUSTER INFO"), client.info("replication")
            except redis.RedisError:
                return False
        known = info["cluster_state"] == "ok" and int(info["cluster_known_nodes"]) == len(self.nodes)
        if replication["role"] == "slave":
            return bool(known and replication["master_link_status"] == "up")
        return bool(known and replication["connected_slaves"] == self._replicas_each())

    def _replicas_each(self) -> int:
        return 1 if len(self.nodes) > 3 else 0


@contextmanager
def cluster(binary: str, folder: Path, replicas: bool = False) -> Iterator[Nodes]:
    """Three primaries, and a replica of each where asked for; ready when it is yielded."""
    options = {"cluster-enabled": "yes", "cluster-node-timeout": str(NODE_TIMEOUT_MILLISECONDS)}
    with ExitStack() as started:
        found = Nodes([])
        for number in range(6 if replicas else 3):
            port = free_port(beside=BUS)
            found.nodes.append(started.enter_context(_on(binary, folder / str(number), port, options)))
        _share_out(found.nodes[:3])
        _meet(found.nodes)
        for primary, replica in zip(found.nodes, found.nodes[3:], strict=False):
            _follow(primary, replica)
        until(found.is_well, CLUSTER_SECONDS, "a cluster that is well")
        yield found


@contextmanager
def _on(binary: str, folder: Path, port: int, options: dict[str, str]) -> Iterator[Server]:
    one = Server(binary, folder, port, options)
    try:
        one.start()
        yield one
    finally:
        one.kill()


def _share_out(primaries: list[Server]) -> None:
    borders = [number * SLOTS // len(primaries) for number in range(len(primaries) + 1)]
    for one, (first, after) in zip(primaries, itertools.pairwise(borders), strict=True):
        with one.client() as client:
            client.execute_command("CLUSTER ADDSLOTS", *range(first, after))
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", primaries.index(one) + 1)


def _meet(nodes: list[Server]) -> None:
    with nodes[0].client() as first:
        for other in nodes[1:]:
            first.execute_command("CLUSTER MEET", "127.0.0.1", other.port)

    def all_met() -> bool:
        return all(len(_known(one)) == len(nodes) for one in nodes)

    until(all_met, CLUSTER_SECONDS, "nodes that have met")


def _known(one: Server) -> dict[str, Any]:
    with one.client() as client:
        nodes: dict[str, Any] = client.execute_command("CLUSTER NODES")
        return {name: node for name, node in nodes.items() if "handshake" not in node["flags"]}


def _follow(primary: Server, replica: Server) -> None:
    with primary.client() as client:
        name = client.execute_command("CLUSTER MYID")
    with replica.client() as client:
        client.execute_command("CLUSTER REPLICATE", name)


def _slots(client: redis.Redis) -> list[Any]:
    client.response_callbacks.pop("CLUSTER SLOTS", None)
    try:
        found: list[Any] = client.execute_command("CLUSTER SLOTS")  # type: ignore[no-untyped-call]
    except redis.RedisError:
        return []
    return found


def until(is_so: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait for something, looking often; returns how long it took. Raises TimeoutError naming it."""
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - began


def system_redis() -> str | None:
    """The redis-server of this machine, beside the one that our own wheel carries."""
    return shutil.which("redis-server")
