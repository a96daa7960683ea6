"""The desk as a channel meets it: accepted, put into the mailbox, answered by a worker, committed, heard."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.assembly import ShopDesk, open_desk_on
from bot.messages import SIMPLER, WAITING_FOR_STAFF, FinalText, Incoming, TextDelta
from serving.bench.measuring import Answered, Ask
from serving.bench.questions import Question
from serving.bench.surroundings import Surroundings


@asynccontextmanager
async def extractive(around: Surroundings) -> AsyncIterator[Ask]:
    async with _desk(around, with_model=False) as ask:
        yield ask


@asynccontextmanager
async def agent(around: Surroundings) -> AsyncIterator[Ask]:
    async with _desk(around, with_model=True) as ask:
        yield ask


@asynccontextmanager
async def _desk(around: Surroundings, with_model: bool) -> AsyncIterator[Ask]:
    settings = around.settings(with_model)
    async with open_desk_on(settings, around.redis_url, alone=True) as desk:
        work = asyncio.create_task(desk.work())
        try:
            yield lambda question: _ask(desk, question)
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


async def _ask(desk: ShopDesk, question: Question) -> Answered:
    first_text, simpler = 0.0, False
    event_id = await desk.handles.postbox.accept(
        Incoming(
            channel="bench",
            conversation=question.conversation,
            message=secrets.token_hex(8),
            text=question.text,
            customer=question.customer,
        )
    )
    async for event in desk.handles.postbox.reply(question.conversation, event_id):
        # the pieces are gone where the turn was done before we listened: then the whole text is the first
        if isinstance(event.what, TextDelta | FinalText):
            first_text = first_text or time.perf_counter()
        simpler = simpler or event.what in (SIMPLER, WAITING_FOR_STAFF)
    return Answered(first_text, bool(first_text) and not simpler)
