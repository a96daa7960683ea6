"""Real vLLM servers on the CPU with a tiny model; their environment is built by `make test-vllm`."""

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / ".venv-vllm/bin/python"
STARTS_WITHIN = 300  # seconds
CPU = {"VLLM_TARGET_DEVICE": "cpu", "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
QUIET = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "OMP_NUM_THREADS": "1"}


def is_installed() -> bool:
    return bool(list(PYTHON.parent.parent.glob("ready-*")))


def tiny_model(folder: Path) -> Path:
    tiny = folder / "tiny"
    subprocess.run([PYTHON, ROOT / "serving/tiny_model.py", tiny], check=True, capture_output=True, timeout=120)
    return tiny


@contextlib.contextmanager
def running(line: list[str], port: int, log: Path) -> Iterator[str]:
    """The address of the server that this command starts."""
    with log.open("wb") as out:
        environment = {**os.environ, **CPU, **QUIET}
        server = subprocess.Popen(line, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        _wait_until_ready(server, f"http://127.0.0.1:{port}/health", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        _stop(server)


def _stop(server: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):  # it leads a group of its own, with its engine in it
            os.killpg(server.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(20)


def _wait_until_ready(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail("vLLM did not start:\n" + log.read_text(errors="replace")[-3000:])
