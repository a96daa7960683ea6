"""What a row runs beside: a Redis, the scripted model and a data folder, each a process or a place of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from redis import Redis

from bot.embedded_redis import embedded_redis
from bot.settings import Settings, read_settings

SCRIPT = Path(__file__).parent / "script.toml"
PLACES = 512  # more than ask at once: what is measured is work, not waiting for a place


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

    def settings(self, with_model: bool) -> Settings:
        """As a shop would set them in its environment."""
        model = {"SHOPDESK_MODEL_URL": self.model_url, "SHOPDESK_MODEL_NAME": "scripted"} if with_model else {}
        places = {"SHOPDESK_WORKERS": str(PLACES), "SHOPDESK_MODEL_CONCURRENCY": str(PLACES)}
        return read_settings({"SHOPDESK_DATA_DIR": str(self.data)} | places | model)

    def cpu(self) -> Cpu:
        with Redis.from_url(self.redis_url) as redis:
            spent = redis.info("cpu")
        return Cpu(time.process_time(), spent["used_cpu_user"] + spent["used_cpu_sys"], _seconds_of(self.model_process))


@contextmanager
def surroundings(data: Path) -> Iterator[Surroundings]:
    with (
        TemporaryDirectory(prefix="shopdesk-bench-") as folder,
        embedded_redis(Path(folder)) as redis,
        _scripted_model() as model,
    ):
        assert model.stdout
        model_url = model.stdout.readline().split()[-1]
        yield Surroundings(data, redis.url, model_url, model.pid)


@contextmanager
def _scripted_model() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "serving.scripted_model", "--script", str(SCRIPT), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def _seconds_of(process: int) -> float:
    """User and system time, see proc(5)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
