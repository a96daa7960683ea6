"""`shopdesk run` as a process of its own, as its user starts it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

START_SECONDS = 40.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from bot.cli import main; main()", *arguments]


def environment(data: Path, **settings: object) -> dict[str, str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("SHOPDESK_")}
    return {**bare, "SHOPDESK_DATA_DIR": str(data), **{f"SHOPDESK_{k.upper()}": str(v) for k, v in settings.items()}}


def run_once(*arguments: str, env: Mapping[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), env=dict(env), input=stdin, capture_output=True, text=True, timeout=60)


@dataclass
class Running:
    process: subprocess.Popen[str]
    url: str
    output: Path

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def running(data: Path, **settings: object) -> Iterator[Running]:
    """Started and listening; killed afterwards if it still lives."""
    port = free_port()
    output = data.parent / f"output-{port}.txt"
    with output.open("w") as file:
        process = subprocess.Popen(
            command("run"), env=environment(data, port=port, **settings), stdout=file, stderr=file, text=True
        )
    family: list[psutil.Process] = []
    try:
        deadline = time.monotonic() + START_SECONDS
        while "Shop and chat" not in output.read_text():
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.05)
        family = psutil.Process(process.pid).children(recursive=True)
        yield Running(process, f"http://127.0.0.1:{port}", output)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        psutil.wait_procs(family, timeout=10)


def all_gone(processes: list[psutil.Process], within: float) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=within)
    return not alive
