"""`shopdesk` as processes of its own, as its user starts them."""

import logging
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from click.testing import CliRunner

from bot.cli import main
from serving.ports import free_port

START_SECONDS = 90.0
SAID_WHEN_READY = {"worker": "Worker: ready"}  # any other prints the address at which it serves
SERVES = "Shop and chat"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from bot.cli import main; main()", *arguments]


def environment(data: Path, **settings: object) -> dict[str, str]:
    """Of a process: nothing of ours but this. What it finds does not depend on whether MiniLM is installed."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("SHOPDESK_")}
    own = {"SHOPDESK_DATA_DIR": str(data), "SHOPDESK_EMBEDDER": "none"}
    return {**bare, **own, **{f"SHOPDESK_{k.upper()}": str(v) for k, v in settings.items()}}


def run_once(*arguments: str, env: Mapping[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), env=dict(env), input=stdin, capture_output=True, text=True, timeout=120)


def run_here(*arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The same without the two seconds in which a process of its own starts."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        with ThreadPoolExecutor(1) as thread:
            done = thread.submit(CliRunner().invoke, main, arguments, env=dict(env)).result(timeout=120)
    finally:
        root.handlers[:], root.level = handlers, level
    failed = done.exception and not isinstance(done.exception, SystemExit)
    said = "".join(traceback.format_exception(done.exception)) if failed else ""
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr + said)


@dataclass
class Running:
    process: subprocess.Popen[str]
    url: str
    output: Path

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def running(data: Path, role: str = "run", **settings: object) -> Iterator[Running]:
    """`shopdesk` in this role, started and ready; killed afterwards if it still lives."""
    family: list[psutil.Process] = []
    try:
        with started(data, role, **settings) as one:
            wait_until_ready(one, role)
            family = one.family()
            yield one
    finally:
        psutil.wait_procs(family, timeout=40)


@contextmanager
def started(data: Path, role: str = "run", **settings: object) -> Iterator[Running]:
    """The same without waiting: for several that start at the same moment."""
    port = free_port()
    output = data.parent / f"output-{port}.txt"
    with output.open("w") as file:
        process = subprocess.Popen(
            command(role), env=environment(data, port=port, **settings), stdout=file, stderr=file, text=True
        )
    one = Running(process, f"http://127.0.0.1:{port}", output)
    try:
        yield one
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_until_ready(one: Running, role: str = "run") -> None:
    deadline = time.monotonic() + START_SECONDS
    while SAID_WHEN_READY.get(role, SERVES) not in one.output.read_text():
        assert one.process.poll() is None, one.output.read_text()
        assert time.monotonic() < deadline, one.output.read_text()
        time.sleep(0.05)


def all_gone(processes: list[psutil.Process], within: float) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=within)
    return not alive
