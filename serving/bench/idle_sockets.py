"""What an open chat costs that nobody writes in: sockets that have proved themselves and read their history."""

import asyncio
import resource
import time
from contextlib import AsyncExitStack

import msgspec
from redis.asyncio import Redis

from bot.keys import Keys
from bot.messages import Said
from serving.bench.chat_sockets import chat_socket
from serving.bench.desk_processes import Desk, desk_processes
from serving.bench.figures import IdleSockets
from serving.bench.surroundings import Surroundings

OPENING_AT_ONCE = 50
WARM_UP = 100  # sockets before the first look: what the process needs once is not theirs
SPARE_FILES = 200
SETTLE_SECONDS = 2.0


async def idle_sockets(around: Surroundings, sockets: int, seconds: float) -> IdleSockets:
    """`seconds`: how long nothing happens. As many as are asked for, fewer where the system allows fewer open files."""
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    sockets = min(sockets, most_files - SPARE_FILES - WARM_UP)
    async with AsyncExitStack() as opened, Redis.from_url(around.redis_url) as redis:
        with desk_processes(around, "web") as desk:  # ends first: then the sockets are closed already
            await _open(desk, redis, WARM_UP, opened)
            await asyncio.sleep(SETTLE_SECONDS)
            before = desk.web_memory()
            await _open(desk, redis, sockets, opened)
            await asyncio.sleep(SETTLE_SECONDS)
            kib_each = (desk.web_memory() - before) / sockets
            cpu, began = desk.cpu(), time.monotonic()
            await asyncio.sleep(seconds)
            return IdleSockets(sockets, kib_each, (desk.cpu() - cpu) / (time.monotonic() - began))


async def _open(desk: Desk, redis: Redis, sockets: int, opened: AsyncExitStack) -> None:
    """Each returns when it has read what was said before."""
    places = asyncio.Semaphore(OPENING_AT_ONCE)
    said = msgspec.json.encode(Said("customer", "m1", "How long does delivery take?"))

    async def open_one() -> None:
        async with places:
            conversation, token = desk.conversation()
            await redis.xadd(Keys().events(conversation), {"what": said})
            socket = await opened.enter_async_context(chat_socket(desk, conversation, token))
            await socket.recv()

    async with asyncio.TaskGroup() as group:
        for _ in range(sockets):
            group.create_task(open_one())
