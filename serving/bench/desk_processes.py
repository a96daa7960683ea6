"""Shopdesk as a shop runs it: processes of its own, started by its commands, on the Redis and the model of a row."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from redis import Redis

from adapters.web.tokens import Tokens
from serving.bench.surroundings import NO_LIMIT, Surroundings, seconds_of
from serving.ports import free_port

START_SECONDS = 90.0
STOP_SECONDS = 15.0
TOKEN_HOURS = 1
LISTENS, WORKS = ("run", "web"), ("run", "worker")  # the commands whose processes do so

# all customers come from one address here
FROM_ONE_ADDRESS = {
    "SHOPDESK_MESSAGES_PER_MINUTE": str(NO_LIMIT),
    "SHOPDESK_CONVERSATIONS_PER_MINUTE": str(NO_LIMIT),
    "SHOPDESK_SOCKETS_PER_ADDRESS": str(NO_LIMIT),
}


class Desk:
    """Where customers reach it, and what its processes spend."""

    def __init__(self, url: str, secret: bytes, processes: Sequence[tuple[str, int]]) -> None:
        self.url = url
        self._tokens, self._processes = Tokens(secret, TOKEN_HOURS), processes

    def conversation(self, customer: str = "") -> tuple[str, str]:
        """A new one, and the token for it, as the web process would issue them."""
        return self._tokens.issue(customer)

    def cpu(self) -> float:
        """Seconds of all its processes."""
        return sum(seconds_of(process) for _, process in self._processes)

    def web_memory(self) -> float:
        """KiB that the process that holds the sockets has in memory."""
        web = next(process for command, process in self._processes if command in LISTENS)
        pages = int(Path(f"/proc/{web}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024


@contextmanager
def desk_processes(around: Surroundings, *commands: str) -> Iterator[Desk]:
    """One process for each command ("run", "web", "worker"), ready to serve; stopped afterwards."""
    port = free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SHOPDESK_")}
    environ |= around.environ(with_model=True) | FROM_ONE_ADDRESS
    environ |= {"SHOPDESK_REDIS_URL": around.redis_url, "SHOPDESK_PORT": str(port)}
    with ExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory(prefix="shopdesk-bench-desk-")))
        started: list[tuple[str, subprocess.Popen[bytes]]] = []
        for number, command in enumerate(commands):
            output = folder / f"{number}-{command}.txt"
            started.append((command, opened.enter_context(_process(command, environ, output))))
            if number == 0:
                _wait_until_ready(around, started, folder)  # it fills an empty data folder for the others
        _wait_until_ready(around, started, folder)
        processes = [(command, process.pid) for command, process in started]
        yield Desk(f"http://127.0.0.1:{port}", (around.data / "secret").read_bytes(), processes)


@contextmanager
def _process(command: str, environ: dict[str, str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    arguments = [sys.executable, "-c", "from bot.cli import main; main()", command]
    with output.open("wb") as file, subprocess.Popen(arguments, env=environ, stdout=file, stderr=file) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_ready(around: Surroundings, started: list[tuple[str, subprocess.Popen[bytes]]], folder: Path) -> None:
    count = Counter(command for command, _ in started)
    listening, working = (sum(count[command] for command in commands) for commands in (LISTENS, WORKS))
    deadline = time.monotonic() + START_SECONDS
    while True:
        said = "\n".join(file.read_text(errors="replace") for file in folder.iterdir())
        if said.count("Shop and chat") == listening and _workers(around.redis_url) == working:
            return
        if time.monotonic() > deadline or any(process.poll() is not None for _, process in started):
            raise SystemExit(f"The desk did not start: {', '.join(count)}. It said:\n{said}")
        time.sleep(0.05)


def _workers(redis_url: str) -> int:
    """How many wait for mail."""
    with Redis.from_url(redis_url) as redis:
        return int(redis.info("clients")["blocked_clients"])
