"""What a row runs beside: a Redis, the scripted model and a data folder, each a process or a place of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from redis import Redis

from bot.redis.embedded import embedded_redis
from bot.settings import Settings, read_settings

SCRIPT = Path(__file__).parent / "script.toml"
PLACES = 512  # more than ask at once: what is measured is work, not waiting for a place
NO_LIMIT = 1_000_000


class Cpu(msgspec.Struct, frozen=True):
    """Seconds since each process began."""

    own: float
    redis: float
    model: float


class Surroundings(msgspec.Struct, frozen=True):
    data: Path
    redis_url: str
    model_url: str
    model_process: int
    # seconds of CPU of what a row measures; without any, of the row's own process
    measured: list[Callable[[], float]] = []

    def settings(self, with_model: bool) -> Settings:
        return read_settings(self.environ(with_model))

    def environ(self, with_model: bool) -> dict[str, str]:
        """As a shop would set them that has many customers; they are counted as in a shop, and reach no limit. Without
        an embedder, wherever this runs: what finding by meaning costs is measured elsewhere (docs/evaluation.md)."""
        model = {"SHOPDESK_MODEL_URL": self.model_url, "SHOPDESK_MODEL_NAME": "scripted"} if with_model else {}
        return model | {
            "SHOPDESK_DATA_DIR": str(self.data),
            "SHOPDESK_EMBEDDER": "none",
            "SHOPDESK_WORKERS": str(PLACES),
            "SHOPDESK_MODEL_CONCURRENCY": str(PLACES),
            "SHOPDESK_MODEL_TURNS_PER_HOUR": str(NO_LIMIT),
        }

    def cpu(self) -> Cpu:
        with Redis.from_url(self.redis_url) as redis:
            spent = redis.info("cpu")
        own = sum(cpu() for cpu in self.measured) if self.measured else time.process_time()
        return Cpu(own, spent["used_cpu_user"] + spent["used_cpu_sys"], seconds_of(self.model_process))


@contextmanager
def surroundings(data: Path, script: Path = SCRIPT) -> Iterator[Surroundings]:
    with (
        TemporaryDirectory(prefix="shopdesk-bench-") as folder,
        embedded_redis(Path(folder)) as redis,
        _scripted_model(script) as model,
    ):
        assert model.stdout
        model_url = model.stdout.readline().split()[-1]
        yield Surroundings(data, redis.url, model_url, model.pid)


@contextmanager
def _scripted_model(script: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "serving.scripted_model", "--script", str(script), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def seconds_of(process: int) -> float:
    """User and system time, see proc(5)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine_seconds() -> float:
    """That all cores together have worked, for whomever, see proc(5)."""
    user, nice, system, _, _, interrupts, soft_interrupts, *_ = Path("/proc/stat").read_text().split()[1:]
    return sum(map(int, (user, nice, system, interrupts, soft_interrupts))) / os.sysconf("SC_CLK_TCK")
