"""Where storms are played: a desk over a real Redis with a gate before it, and channels as processes to be killed."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from bot.assembly import open_desk_on
from bot.channels import Postbox
from bot.keys import Keys
from bot.opening.knowledge import open_publishing
from bot.redis.connection import Connection, connect
from bot.redis.embedded import server_binary
from bot.settings import read_settings
from bot.shop.files import read_shop
from serving.chaos.servers import server
from serving.script import Quote, Reply, Rule, Script, When
from serving.scripted_model import scripted_model
from serving.soak.processes import SHOPDESK, Process, all_killed_at_the_end
from serving.soak.shop import write_shop
from serving.soak.words import word
from tests.redis_gate import Gate, gate_before

TRIALS = int(os.environ.get("TRIALS", "0"))  # 0: the short version
long_version = pytest.mark.skipif(not TRIALS, reason="make channels-soak")
START_SECONDS, ANSWER_SECONDS = 60.0, 40.0
READERS = ("otter", "heron", "badger", "beaver", "marten", "kestrel", "plover", "weasel", "magpie", "lapwing")
LONG = " ".join(f"The {one} has read this sentence of the long answer too." for one in READERS)
SAID = {"said": Quote(r"[\s\S]+", "user")}
SCRIPT = Script(
    rules=(
        Rule(Reply(f"You wrote: {{said}} {LONG}", first_token=0.2, tokens_per_second=20), When("at length"), SAID),
        Rule(Reply(text="You wrote: {said}", first_token=0.05), quotes=SAID),
    )
)  # fmt: skip


class Customer(Protocol):
    """On a platform."""

    def conversation(self) -> str:
        """As soon as there is one."""

    async def writes(self, text: str) -> object: ...
    def times_shown(self, word: str) -> int:
        """In what the desk sent to that customer."""


@dataclass
class Ground:
    folder: Path
    gate: Gate
    connection: Connection
    model: str
    postbox: Postbox
    processes: list[Process] = field(default_factory=list)
    words: int = 0

    def process(self, name: str, command: Sequence[str], ready: str = "", **more: str) -> Process:
        """Not started yet; what it says to Redis goes through the gate."""
        settings = settings_of(self.folder, self.gate.url, self.model)
        settings |= {f"SHOPDESK_{key.upper()}": said for key, said in more.items()}
        log = self.folder / f"{name.replace(' ', '-')}.log"
        one = Process(name, command, log, settings, ready=ready)
        self.processes.append(one)
        return one

    def channel(self, name: str, **more: str) -> Process:
        return self.process(f"{name} {len(self.processes)}", [*SHOPDESK, name], **more)

    def new_word(self) -> str:
        self.words += 1
        return word(self.words)

    async def take_from_the_dead(self, account: str) -> None:
        """What a process that was killed has of an account is another's after ten seconds. Trials do not wait."""
        await self.connection.commands.delete(Keys.account(account))

    async def end(self, *channels: Process, account: str) -> None:
        for channel in channels:
            channel.kill()
        self.gate.let_through()
        async for key in self.connection.commands.scan_iter(f"*{account}*", count=1000):
            await self.connection.commands.delete(key)


@asynccontextmanager
async def storm_ground(folder: Path) -> AsyncIterator[Ground]:
    """With a worker in this process."""
    binary = server_binary()
    assert binary
    with server(binary, folder / "redis") as redis:
        async with gate_before(redis.port) as gate, scripted_model(SCRIPT) as model:
            settings = read_settings(settings_of(folder, redis.url, model))
            write_shop(folder / "files", {})
            async with open_publishing(settings) as publishing:
                await publishing.import_shop(read_shop(folder / "files", datetime.now(UTC).date()))
            async with open_desk_on(settings, redis.url, alone=False) as desk, connect(redis.url) as connection:
                ground = Ground(folder, gate, connection, model, desk.handles.postbox)
                work = asyncio.create_task(desk.work())
                with all_killed_at_the_end(ground.processes):
                    yield ground
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)


def settings_of(folder: Path, redis: str, model: str) -> dict[str, str]:
    return {
        "SHOPDESK_DATA_DIR": str(folder / "data"),
        "SHOPDESK_REDIS_URL": redis,
        "SHOPDESK_SECRET": "s" * 32,
        "SHOPDESK_MODEL_URL": model,
        "SHOPDESK_MODEL_NAME": "scripted",
        "SHOPDESK_MODEL_TURNS_PER_HOUR": "0",
        "SHOPDESK_EMBEDDER": "none",
        "SHOPDESK_BURST_SECONDS": "0",
        "SHOPDESK_GRACE_SECONDS": "1",
    }


async def ready(process: Process) -> None:
    """For the first time that it is started."""

    def says_so() -> bool:
        assert process.runs(), process.said()
        return process.is_ready()

    await until(says_so, START_SECONDS, f"{process.name} to be ready")


async def until(holds: Callable[[], bool], seconds: float, what: str | Callable[[], str]) -> float:
    """Returns how long it took."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"waited {seconds:g} s for {what if isinstance(what, str) else what()}")
        await asyncio.sleep(0.02)
    return time.monotonic() - began


def tell(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201
