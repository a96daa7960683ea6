"""A desk whose turns cost nothing: the real mailbox, listener and worker, and an answer that is always the same."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bot.conversation import ConversationManager
from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.messages import FinalText, Incoming, Part, TextDelta
from bot.redis.connection import connect
from bot.sessions import Line, Session
from bot.turns import TurnQueue
from bot.worker import Timing, Worker


class Echo(ConversationManager):
    """Says how many messages it has heard so far; the session counts them."""

    def __init__(self) -> None: ...

    async def turn(self, session: Session, messages: Sequence[Incoming], staff: str) -> AsyncGenerator[Part, None]:
        for message in messages:
            session.remember(Line("customer", message.text))
        text = f"heard: {', '.join(message.message for message in messages)}"
        yield TextDelta(text)
        yield FinalText(text)

    async def give_up(
        self, session: Session, messages: Sequence[Incoming], staff: str, why: str
    ) -> AsyncGenerator[Part, None]:
        yield FinalText("given up")


@asynccontextmanager
async def plain_desk(redis_url: str, keys: Keys) -> AsyncIterator[Mailbox]:
    """At work."""
    async with connect(redis_url) as connection, Listener(connection).running() as listener:
        worker = Worker(TurnQueue(connection, keys, "plain"), Echo(), keys, timing=Timing(burst=0, grace=1))
        work = asyncio.create_task(worker.run(alone=False))
        try:
            yield Mailbox(connection, keys, listener)
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
