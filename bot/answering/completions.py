"""Ask an OpenAI-compatible server (vLLM) for a chat completion, streamed: request bytes out, typed chunks in.

The protocol is OpenAI's `POST /v1/chat/completions` with `stream: true`: server-sent events, one JSON chunk in each,
`[DONE]` at the end. Leaving the iterator closes the connection, by which the server knows to stop generating.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator
from math import inf

import aiohttp
import msgspec

from bot.answering.chunks import Chunk, read_chunk
from bot.answering.failures import ModelGarbled, ModelOverloaded, ModelRefused, ModelTooSlow, ModelUnavailable
from bot.answering.pace import Pace

LONGEST_EVENT = 256 * 1024  # bytes; a chunk is a token or a few
END_SECONDS = 0.05
USAGE_SECONDS = 1.0  # what comes after the end of a reply is only its count of tokens
LONGEST_EXPLANATION = 300  # bytes of an error's body that are repeated


class Deadlines(msgspec.Struct, frozen=True):
    """Seconds, all from the moment the request is sent.

    8 s for a first token: a healthy server needs less than one, a busy one a few; longer, and the short answer is the
    better one. 45 s for the whole: 700 tokens at the 16 a second of a card that many share. A reply in between has to
    keep pace with its reader (bot/answering/pace.py).
    """

    first_token: float = 8
    whole_reply: float = 45
    first_text: float = inf  # or the end, for a reply that only calls tools: see bot/answering/patience.py


class Completions:
    """The one address where completions are asked for; the HTTP session belongs to whoever opened it."""

    def __init__(self, http: aiohttp.ClientSession, url: str, api_key: str = "") -> None:
        base = url.rstrip("/")
        self._http = http
        self._url = f"{base if base.endswith('/v1') else base + '/v1'}/chat/completions"
        self._headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"

    async def stream(self, body: bytes, deadlines: Deadlines) -> AsyncGenerator[Chunk, None]:
        """The chunks of one reply, to its end. Raises the ModelFailure that fits, never a bare network error."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        last = started + deadlines.whole_reply
        text_by = min(started + deadlines.first_text, last)
        due = min(started + deadlines.first_token, text_by)
        response = await self._ask(body, due)
        try:
            events, finished, pace = _Events(response.content), False, None
            while (event := await events.next(due, finished)) is not None and event != b"[DONE]":
                chunk = read_chunk(event)
                if size := chunk.size:
                    now = loop.time()
                    pace = pace or Pace(now)
                    if chunk.has_text:
                        text_by = last
                    due = min(pace.took(size, now), text_by)
                if chunk.finishes:
                    finished, due = True, min(loop.time() + USAGE_SECONDS, last)
                yield chunk
            if event is None and not finished:
                raise ModelGarbled("The model's reply was cut off before its end")
            await events.end()
        finally:
            response.close()  # tells the server to stop; after the end of the body, the connection is kept for the next

    async def _ask(self, body: bytes, due: float) -> aiohttp.ClientResponse:
        response = None
        try:
            async with asyncio.timeout_at(due):
                response = await self._http.post(self._url, data=body, headers=self._headers, allow_redirects=False)
                await self._refuse(response)
                return response
        except BaseException as error:
            if response is not None:
                response.close()
            if isinstance(error, TimeoutError):
                raise ModelTooSlow(f"{self._url} did not begin to answer in time") from None
            if isinstance(error, (aiohttp.ClientError, OSError)):
                raise ModelUnavailable(f"{self._url} cannot be reached: {error}") from error
            raise

    async def _refuse(self, response: aiohttp.ClientResponse) -> None:
        status = response.status
        if status == 200 and response.content_type == "text/event-stream":
            return
        if status == 200:
            raise ModelGarbled(f"{self._url} answered with {response.content_type}, not with a stream of events")
        why = (await response.content.read(LONGEST_EXPLANATION)).decode(errors="replace").strip()
        said = f"{self._url} answered {status}: {why}"
        if status in (429, 503):
            raise ModelOverloaded(said)
        raise ModelUnavailable(said) if status >= 500 else ModelRefused(said)


class _Events:
    """The `data:` lines of a body; several that arrived together cost one wait."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content
        self._ready: deque[bytes] = deque()
        self._rest = b""

    async def next(self, due: float, may_end: bool) -> bytes | None:
        """The next event, None at the end of the body; `due` is in the event loop's seconds. Where the body `may_end`,
        it also ends when nothing comes or the connection breaks."""
        while not self._ready:
            try:
                data = await self._read(due)
            except (ModelTooSlow, ModelGarbled):
                if not may_end:
                    raise
                return None
            if not data:
                return None
            *lines, self._rest = (self._rest + data).split(b"\n")
            if len(self._rest) > LONGEST_EVENT:
                raise ModelGarbled(f"The model's reply has an event longer than {LONGEST_EVENT} bytes")
            self._ready.extend(line[5:].strip() for line in lines if line.startswith(b"data:"))
        return self._ready.popleft()

    async def end(self) -> None:
        """Wait a moment for the end of the body, without which the connection cannot be used again."""
        with contextlib.suppress(TimeoutError, aiohttp.ClientError, OSError):
            async with asyncio.timeout(END_SECONDS):
                while not self._content.at_eof():
                    await self._content.readany()

    async def _read(self, due: float) -> bytes:
        try:
            async with asyncio.timeout_at(due):
                return await self._content.readany()
        except TimeoutError:
            raise ModelTooSlow("The model fell silent, or writes more slowly than people read") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ModelGarbled(f"The model's reply was cut off: {error}") from error
