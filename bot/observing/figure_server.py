"""A small HTTP server for `GET /metrics` alone: a process without customers has no other port."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LONGEST_HEAD = 8 * 1024  # bytes
HEAD_SECONDS = 5.0


@asynccontextmanager
async def serving_figures(host: str, port: int, text: Callable[[], Awaitable[bytes]]) -> AsyncIterator[int]:
    """Serves while the context lasts; yields the port, which is another than `port` where that is 0.

    Raises OSError with a sentence that says what to do if it cannot be opened.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(_response(await text()) if _asks_for_figures(head) else _nothing_here())
            await writer.drain()
        writer.close()

    try:
        server = await asyncio.start_server(answer, host, port, limit=LONGEST_HEAD)
    except OSError as problem:
        raise OSError(
            f"{host}:{port} cannot be opened for the figures ({problem.strerror or problem}): "
            "correct SHOPDESK_METRICS_HOST, or set SHOPDESK_METRICS_PORT to a free port."
        ) from None
    async with server:
        yield int(server.sockets[0].getsockname()[1])


def _asks_for_figures(head: bytes) -> bool:
    method, _, rest = head.partition(b" ")
    return method == b"GET" and rest.split(b" ", 1)[0].partition(b"?")[0] == b"/metrics"


def _response(body: bytes) -> bytes:
    lines = ("HTTP/1.1 200 OK", f"Content-Type: {CONTENT_TYPE}", f"Content-Length: {len(body)}", "Connection: close")
    return "\r\n".join([*lines, "", ""]).encode() + body


def _nothing_here() -> bytes:
    return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
