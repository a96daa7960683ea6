"""What staff have the model write: one request, one text, without the tools and the memory of a conversation."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

import aiohttp
import msgspec

from bot.answering.breaker import Breaker
from bot.answering.chunks import Reply
from bot.answering.completions import Completions, Deadlines
from bot.answering.failures import ModelFailure
from bot.answering.patience import Patience
from bot.answering.places import Places, Replica
from bot.answering.replicas import Replicas

MOST_TOKENS = 1500
AT_ONCE = 4  # for each server: customers go first


class _Message(msgspec.Struct, frozen=True):
    role: str
    content: str


class _Request(msgspec.Struct, frozen=True):
    model: str
    messages: tuple[_Message, ...]
    max_tokens: int
    temperature: float = 0.0
    stream: bool = True


class ModelWriter:
    """A Writer."""

    def __init__(self, replicas: Replicas, name: str, first_text_seconds: float) -> None:
        self._replicas, self._name, self._first = replicas, name, first_text_seconds

    async def written(self, instructions: str, text: str) -> str:
        """Raises ConnectionError where the model has no whole reply."""
        asked = (_Message("system", instructions), _Message("user", text))
        body = msgspec.json.encode(_Request(self._name, asked, MOST_TOKENS))
        reply = Reply()
        try:
            patience = Patience(text_by=asyncio.get_running_loop().time() + self._first)
            async with aclosing(self._replicas.stream(body, patience)) as chunks:
                async for chunk in chunks:
                    reply.take(chunk)
        except ModelFailure as failure:
            raise ConnectionError(f"The model has no reply now: {failure}") from failure
        written = reply.text().strip()
        if not written or reply.finish_reason == "length":
            raise ConnectionError("The model has no reply now: what it wrote is not whole.")
        return written


@asynccontextmanager
async def open_writer(
    urls: tuple[str, ...], name: str, key: str, deadlines: Deadlines, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[ModelWriter]:
    """The model while the context lasts. Nothing is asked of it yet."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=4)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=None)  # the deadlines are ours
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        replicas = [Replica(url, Completions(http, url, key), Breaker(clock), AT_ONCE) for url in urls]
        yield ModelWriter(Replicas(Places(replicas), deadlines), name, deadlines.first_token + 2)
