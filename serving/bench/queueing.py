"""Many open chats, a fifth of them busy, and a model that takes a second: how long a message waits for a worker.

A busy customer asks, waits for the answer, reads it for three seconds and asks again.
"""

import asyncio
import itertools
import os
import random
import time
from contextlib import AsyncExitStack

from websockets.asyncio.client import ClientConnection

from serving.bench.chat_sockets import Heard, ask, chat_socket
from serving.bench.desk_processes import Desk, desk_processes
from serving.bench.figures import Queueing, percentile
from serving.bench.questions import SPEAKERS
from serving.bench.surroundings import Surroundings, machine_seconds

WORKERS = 2
OPEN_FOR_EACH_ACTIVE = 5
OPENING_AT_ONCE = 50
READS_SECONDS = 3.0  # on average, between an answer and the next question
BEGIN_WITHIN_SECONDS = 4.0


async def queueing(around: Surroundings, open_chats: int, seconds: float) -> Queueing:
    with desk_processes(around, "web", *["worker"] * WORKERS) as desk:
        async with AsyncExitStack() as opened:
            chats = await _open(desk, open_chats, opened)
            active = chats[::OPEN_FOR_EACH_ACTIVE]
            began, worked = time.monotonic(), machine_seconds()
            until = began + BEGIN_WITHIN_SECONDS + seconds
            heard = [
                one for each in await asyncio.gather(*(_customer(*chat, until) for chat in active)) for one in each
            ]
            wall = time.monotonic() - began
            busy = (machine_seconds() - worked) / wall / (os.cpu_count() or 1)
    waited = [float(_milliseconds(one.taken) - _milliseconds(one.accepted)) for one in heard]
    return Queueing(
        open=open_chats,
        active=len(active),
        workers=WORKERS,
        turns=len(heard),
        per_second=len(heard) / wall,
        p50=percentile(waited, 50),
        p95=percentile(waited, 95),
        most=max(waited),
        not_answered=sum(not one.as_meant for one in heard),
        busy=busy,
    )


async def _open(desk: Desk, sockets: int, opened: AsyncExitStack) -> list[tuple[ClientConnection, int]]:
    places = asyncio.Semaphore(OPENING_AT_ONCE)

    async def open_one(number: int) -> tuple[ClientConnection, int]:
        async with places:
            _, customer, _ = SPEAKERS[number % len(SPEAKERS)]
            proof = desk.conversation(customer)
            return await opened.enter_async_context(chat_socket(desk, *proof)), number

    return await asyncio.gather(*(open_one(number) for number in range(sockets)))


async def _customer(socket: ClientConnection, number: int, until: float) -> list[Heard]:
    chance = random.Random(number)
    _, _, questions = SPEAKERS[number % len(SPEAKERS)]
    heard: list[Heard] = []
    await asyncio.sleep(chance.uniform(0, BEGIN_WITHIN_SECONDS))
    for text in itertools.cycle(questions):
        if time.monotonic() > until and heard:
            return heard
        heard.append(await ask(socket, text))
        await asyncio.sleep(chance.uniform(0, 2 * READS_SECONDS))
    return heard


def _milliseconds(event_id: str) -> int:
    return int(event_id.partition("-")[0])
