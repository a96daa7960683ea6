"""The whole path: a customer's WebSocket, the web process, the mailbox, a worker, the model, and back again.

The customers are in the row's own process and not counted; the CPU is that of the desk's processes together.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from serving.bench.chat_sockets import Visits
from serving.bench.desk_processes import desk_processes
from serving.bench.measuring import Ask
from serving.bench.surroundings import Surroundings


@asynccontextmanager
async def one_process(around: Surroundings) -> AsyncIterator[Ask]:
    async with _visited(around, "run") as ask:
        yield ask


@asynccontextmanager
async def one_worker(around: Surroundings) -> AsyncIterator[Ask]:
    async with _visited(around, "web", "worker") as ask:
        yield ask


@asynccontextmanager
async def two_workers(around: Surroundings) -> AsyncIterator[Ask]:
    async with _visited(around, "web", "worker", "worker") as ask:
        yield ask


@asynccontextmanager
async def _visited(around: Surroundings, *commands: str) -> AsyncIterator[Ask]:
    with desk_processes(around, *commands) as desk:
        visits = Visits(desk)
        try:
            around.measured.append(desk.cpu)
            yield visits.ask
        finally:
            around.measured.clear()
            await visits.close()
