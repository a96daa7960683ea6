"""uvicorn inside a loop that is already running: it binds first, leaves signals alone and ends quickly."""

import asyncio
import contextlib
import errno
import math
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from adapters.web.silent import Unread, Writable

LARGEST_FRAME = 16 * 1024  # bytes: 4,000 Chinese characters, written out, are 12,000
_DEAD_READER_MS = 30_000  # what a reader leaves unread for so long is given up by the kernel


def bind(host: str, port: int) -> socket.socket:
    """Raises OSError with a sentence that says what to do."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_READER_MS)
        listening.bind(place)
        listening.listen(2048)
        listening.setblocking(False)
    except OSError as problem:
        raise OSError(_advice(problem, host, port)) from None  # no number: str() is the sentence alone
    return listening


def _advice(problem: OSError, host: str, port: int) -> str:
    if problem.errno == errno.EADDRINUSE:
        return f"Port {port} is taken: stop the other program or set SHOPDESK_PORT to a free one."
    if problem.errno == errno.EACCES:
        return f"Port {port} may not be used by this user: set SHOPDESK_PORT to one above 1023."
    return f"{host} is not an address of this machine: set SHOPDESK_HOST to one that is, such as 127.0.0.1."


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, opened: Callable[[], None]) -> None:
        super().__init__(config)
        self._opened = opened

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ctrl-C belongs to whoever owns the loop."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._opened()


class _SocketProtocol(WebSocketsSansIOProtocol):
    """Most open chats are silent, and what is kept of each is memory: so no asyncio.Queue and no asyncio.Event, of 3 KB
    and 1 KB, and nothing of the handshake once it is over.

    A socket that was refused is finished: uvicorn 0.54 sends the refusal, then logs an error as though nothing had
    been sent (github.com/Kludex/uvicorn/pull/3138)."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.queue = Unread()  # type: ignore[assignment]
        self.writable = Writable()  # type: ignore[assignment]

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if message["type"] == "websocket.accept" and self.handshake_complete:
            self.request.headers.clear()
            self.response.headers.clear()
            self.scope["headers"].clear()  # type: ignore[attr-defined]
        if self.initial_response and self.close_sent:
            self.handshake_complete = True


async def serve(
    app: ASGIApp,
    listening: socket.socket,
    opened: Callable[[], None],
    closing: asyncio.Event,
    grace_seconds: float = 2.0,
    proxies: Sequence[str] = (),
) -> None:
    """Until cancelled; calls `opened` once requests are taken, sets `closing` before it ends.

    Nobody new is let in then, streams end, and requests under way have the grace time. Callers at `proxies`, addresses
    or networks, may say by X-Forwarded-For whom they call for.
    """
    config = uvicorn.Config(
        app,
        http="h11",
        ws=_SocketProtocol,
        ws_per_message_deflate=False,
        ws_max_size=LARGEST_FRAME,
        ws_max_queue=4,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=list(proxies),
        timeout_graceful_shutdown=math.ceil(grace_seconds),
    )
    server = _Server(config, opened)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await asyncio.shield(running)
    finally:
        closing.set()
        server.should_exit = True
        await running
