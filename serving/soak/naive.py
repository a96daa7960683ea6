"""A desk as many tutorials build it, for the checker to prove itself on. Do not copy it.

One Redis stream for all questions, a consumer group of workers that take many at a time; a worker remembers which
entries it has begun, so that none is answered twice, and claims what another left unacknowledged. There is no mailbox
per conversation, and a message id is not looked at. It speaks as much of our HTTP API as the customers of the soak use.

python -m serving.soak.naive REDIS_URL web PORT
python -m serving.soak.naive REDIS_URL worker
"""

import asyncio
import contextlib
import secrets
import sys
from collections import Counter
from random import random
from typing import Any

import msgspec
from aiohttp import WSMsgType, web
from redis.asyncio import Redis
from redis.exceptions import RedisError

from serving.soak.books import Books
from serving.soak.words import words_in

QUESTIONS, GROUP = "questions", "workers"
CLAIM_SECONDS = 1.0
THINK_SECONDS = 0.25  # at most
RETRY_SECONDS = 0.2
AT_ONCE = 32


class Hello(msgspec.Struct, frozen=True):
    token: str
    after: str = ""


class Message(msgspec.Struct, frozen=True):
    id: str
    text: str = ""
    press: str = ""


class Web:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/healthy", self.healthy),
                web.post("/v1/conversations", self.start),
                web.get("/v1/conversations/{conversation}/events", self.events),
                web.get("/v1/conversations/{conversation}/socket", self.socket),
            ]
        )
        return app

    async def healthy(self, request: web.Request) -> web.Response:
        await self._redis.ping()
        return web.Response()

    async def start(self, request: web.Request) -> web.Response:
        conversation = secrets.token_hex(8)
        return web.json_response({"conversation": conversation, "token": conversation}, status=201)

    async def events(self, request: web.Request) -> web.Response:
        entries: Any = await self._redis.xrange(_events(request.match_info["conversation"]))
        listed = ",".join(_told(entry, fields) for entry, fields in entries)
        return web.Response(text=f'{{"events":[{listed}]}}', content_type="application/json")

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        conversation = request.match_info["conversation"]
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        hello = msgspec.json.decode(await socket.receive_str(), type=Hello)
        telling = asyncio.create_task(self._tell(socket, conversation, hello.after or "0"))
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    await self._take(socket, conversation, msgspec.json.decode(frame.data, type=Message))
        finally:
            telling.cancel()
        return socket

    async def _take(self, socket: web.WebSocketResponse, conversation: str, message: Message) -> None:
        said = msgspec.json.encode({"kind": "said", "by": "customer", "message": message.id, "text": message.text})
        try:
            event: Any = await self._redis.xadd(_events(conversation), {"what": said})
            await self._redis.xadd(
                QUESTIONS, {"conversation": conversation, "text": message.text, "press": message.press}
            )
            await socket.send_json({"kind": "accepted", "id": message.id, "event": event})
        except RedisError:
            await socket.send_json({"kind": "error", "id": message.id, "status": 503, "retry_after": 1})

    async def _tell(self, socket: web.WebSocketResponse, conversation: str, after: str) -> None:
        with contextlib.suppress(RedisError, ConnectionError):
            while True:
                answer: Any = await self._redis.xread({_events(conversation): after}, block=5000)
                for entry, fields in answer[0][1] if answer else ():
                    await socket.send_str(_told(entry, fields))
                    after = entry
        await socket.close()


class Worker:
    def __init__(self, redis: Redis) -> None:
        self._redis, self._name = redis, secrets.token_hex(4)
        self._free = asyncio.Semaphore(AT_ONCE)
        self._answering: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        while True:
            try:
                with contextlib.suppress(RedisError):  # it is there already
                    await self._redis.xgroup_create(QUESTIONS, GROUP, id="0", mkstream=True)
                await asyncio.gather(self._read(), self._claim())
            except RedisError:
                await asyncio.sleep(RETRY_SECONDS)

    async def _read(self) -> None:
        while True:
            answer: Any = await self._redis.xreadgroup(GROUP, self._name, {QUESTIONS: ">"}, count=8, block=1000)
            for entry, fields in answer[0][1] if answer else ():
                await self._begin(entry, fields)

    async def _claim(self) -> None:
        while True:
            await asyncio.sleep(CLAIM_SECONDS)
            claimed: Any = await self._redis.xautoclaim(QUESTIONS, GROUP, self._name, int(CLAIM_SECONDS * 1000), "0-0")
            for entry, fields in claimed[1]:
                await self._begin(entry, fields)

    async def _begin(self, entry: str, fields: dict[str, str]) -> None:
        await self._free.acquire()
        task = asyncio.create_task(self._answer(entry, fields))
        self._answering.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._answering.discard(task)
        self._free.release()

    async def _answer(self, entry: str, fields: dict[str, str]) -> None:
        with contextlib.suppress(RedisError):
            if await self._redis.set(f"begun:{entry}", 1, nx=True):
                await asyncio.sleep(THINK_SECONDS * random())
                await self._reply(fields["conversation"], fields["text"], fields["press"])
            await self._redis.xack(QUESTIONS, GROUP, entry)

    async def _reply(self, conversation: str, text: str, press: str) -> None:
        order = next(
            (part for part in f"{text} {press}".replace(":", " ").replace(",", " ").split() if "-" in part), ""
        )
        parts: list[dict[str, object]] = [{"kind": "text", "text": f"You wrote: {text}"}]
        if press:
            await self._redis.rpush("changes", order)
            parts = [{"kind": "text", "text": f"Done: order {order} is cancelled. {' '.join(words_in(text))}"}]
        elif order:
            parts.append({"kind": "buttons", "buttons": [{"id": f"confirm:{order}", "label": "Confirm"}]})
        async with self._redis.pipeline(transaction=True) as pipeline:
            for part in [*parts, {"kind": "status", "status": "done"}]:
                pipeline.xadd(_events(conversation), {"what": msgspec.json.encode(part)})
            await pipeline.execute()


async def read_naive_books(redis_url: str) -> Books:
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        listed: Any = await redis.lrange("changes", 0, -1)
        changed: Counter[str] = Counter(listed)
    return Books(changed, changed)


def _events(conversation: str) -> str:
    return f"events:{conversation}"


def _told(entry: str, fields: dict[str, str]) -> str:
    return f'{{"id":"{entry}",{fields["what"][1:]}'


def main() -> None:
    redis_url, role, *rest = sys.argv[1:]
    redis = Redis.from_url(redis_url, decode_responses=True)
    if role == "web":
        web.run_app(Web(redis).application(), host="127.0.0.1", port=int(rest[0]))
    else:
        asyncio.run(Worker(redis).run())


if __name__ == "__main__":
    main()
