"""Processes that are started, killed without warning and started again; none of them outlives the soak."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2): what the kernel sends us when our parent is gone
SHOPDESK = (sys.executable, "-c", "from bot.cli import main; main()")
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Process:
    """Start it from the main thread: it dies with the thread that started it."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = ROOT
    ready: str = ""  # what it says when it serves; "" where nobody need wait for it
    _running: subprocess.Popen[bytes] | None = None

    @property
    def kind(self) -> str:
        return self.name.partition(" ")[0]

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                self.command,
                env=self.whole_environment(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_the_soak(),
            )

    def whole_environment(self) -> dict[str, str]:
        """Without the desk's settings of whoever started the soak."""
        bare = {name: value for name, value in os.environ.items() if not name.startswith("SHOPDESK_")}
        return {**bare, **self.environment}

    def runs(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def is_ready(self) -> bool:
        return self.ready in self.said()

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def kill(self) -> None:
        if self._running:
            self._running.kill()
            self._running.wait()


def _die_with_the_soak() -> Callable[[], None]:
    libc, soak = ctypes.CDLL(None), os.getpid()

    def before_exec() -> None:
        os.setsid()  # Ctrl-C in the terminal is for the soak alone
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != soak:  # it was gone before we asked to hear of it
            os._exit(1)

    return before_exec


@contextmanager
def all_killed_at_the_end(processes: Sequence[Process]) -> Iterator[None]:
    try:
        yield
    finally:
        for process in processes:
            process.kill()
