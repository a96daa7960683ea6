"""What a soak plays against, as processes: our desk, or the naive one."""

import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from bot.redis.embedded import server_binary
from serving.ports import free_port
from serving.soak.books import Books, read_books
from serving.soak.naive import read_naive_books
from serving.soak.processes import SHOPDESK, Process
from serving.soak.shop import write_shop

SCRIPT = Path(__file__).parent / "script.toml"
MANY = "1000000"  # these limits are not what is looked at here


class World(Protocol):
    name: str
    folder: Path
    urls: list[str]
    processes: list[Process]
    widget_secret: str
    by_http: float  # share of the visits that use the HTTP API instead of the socket

    async def books(self) -> Books: ...
    def parked(self) -> dict[str, str]:
        """Why messages were put aside, by their event ids."""


class OurDesk:
    """Two web processes, two workers, two model servers and a Redis."""

    name = "our desk"
    by_http = 0.1

    def __init__(self, folder: Path, orders: Mapping[str, Sequence[str]]) -> None:
        folder.mkdir()
        ports = [free_port() for _ in range(4)]
        web, model = ports[:2], ports[2:]
        self.widget_secret = secrets.token_urlsafe(32)
        self.urls = [f"http://127.0.0.1:{port}" for port in web]
        self._settings = self._common_settings(folder, [f"http://127.0.0.1:{port}/v1" for port in model])
        self.folder = folder
        write_shop(folder / "files", orders)
        self._command("shop", "import", str(folder / "files"), SHOPDESK_REDIS_URL="")  # which does not run yet
        self.processes = [
            _redis(folder, "everysec"),
            *(_model(folder, number, port) for number, port in enumerate(model, 1)),
            *(self._worker(number) for number in (1, 2)),
            *(self._web(number, port) for number, port in enumerate(web, 1)),
        ]

    async def books(self) -> Books:
        return await read_books(f"sqlite+aiosqlite:///{self.folder / 'data' / 'shop.sqlite'}")

    def parked(self) -> dict[str, str]:
        listed = [line.split("  ") for line in self._command("mailbox", "parked").splitlines()]
        return {line[1]: line[3] for line in listed if len(line) > 3}

    def _common_settings(self, folder: Path, models: Sequence[str]) -> dict[str, str]:
        return {
            "SHOPDESK_DATA_DIR": str(folder / "data"),
            "SHOPDESK_REDIS_URL": f"unix://{folder / 'redis.sock'}",
            "SHOPDESK_MODEL_URL": ",".join(models),
            "SHOPDESK_MODEL_NAME": "scripted",
            "SHOPDESK_PUBLIC_URL": self.urls[0],  # as behind one load balancer
            "SHOPDESK_WIDGET_SECRET": self.widget_secret,
            "SHOPDESK_LOG_FORMAT": "json",  # with the time of each line
            "SHOPDESK_MESSAGES_PER_MINUTE": MANY,
            "SHOPDESK_CONVERSATIONS_PER_MINUTE": MANY,
            "SHOPDESK_SOCKETS_PER_ADDRESS": MANY,
        }

    def _web(self, number: int, port: int) -> Process:
        return self._role(f"web {number}", "web", {"SHOPDESK_PORT": str(port)}, "Shop and chat")

    def _worker(self, number: int) -> Process:
        return self._role(f"worker {number}", "worker", {}, "Worker: ready")

    def _role(self, name: str, role: str, more: Mapping[str, str], ready: str) -> Process:
        log = self.folder / f"{name.replace(' ', '-')}.log"
        return Process(name, [*SHOPDESK, role], log, {**self._settings, **more}, self.folder, ready)

    def _command(self, *arguments: str, **settings: str) -> str:
        """What a command of ours prints. Raises RuntimeError with what it complains about."""
        once = Process(
            "command", [*SHOPDESK, *arguments], self.folder / "commands.log", self._settings | settings, self.folder
        )
        done = subprocess.run(
            once.command, env=once.whole_environment(), cwd=once.folder, capture_output=True, text=True, timeout=120
        )
        if done.returncode:
            raise RuntimeError(f"shopdesk {' '.join(arguments)} failed: {done.stderr.strip()}")
        return done.stdout


class NaiveDesk:
    """What stands in many tutorials: see serving/soak/naive.py."""

    name = "the naive desk"
    by_http = 0.0
    widget_secret = ""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, ports = folder, [free_port() for _ in range(2)]
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        self._redis_url = f"unix://{folder / 'redis.sock'}"
        redis = _redis(folder, "everysec")
        workers = [self._process(folder, f"worker {number}", "", "worker") for number in (1, 2)]
        webs = [
            self._process(folder, f"web {number}", "Running on", "web", str(port))
            for number, port in enumerate(ports, 1)
        ]
        self.processes = [redis, *workers, *webs]

    async def books(self) -> Books:
        return await read_naive_books(self._redis_url)

    def parked(self) -> dict[str, str]:
        return {}

    def _process(self, folder: Path, name: str, ready: str, *arguments: str) -> Process:
        command = [sys.executable, "-m", "serving.soak.naive", self._redis_url, *arguments]
        return Process(name, command, folder / f"{name.replace(' ', '-')}.log", ready=ready)


def _redis(folder: Path, fsync: str) -> Process:
    binary = server_binary()
    if binary is None:
        raise OSError("No redis-server is installed: install the package redis-server or valkey.")
    options = {
        "port": "0",
        "unixsocket": str(folder / "redis.sock"),
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": fsync,
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    return Process("Redis", [binary, *arguments], folder / "redis.log")


def _model(folder: Path, number: int, port: int) -> Process:
    command = [sys.executable, "-m", "serving.scripted_model", "--script", str(SCRIPT), "--port", str(port)]
    return Process(f"model {number}", command, folder / f"model-{number}.log")
