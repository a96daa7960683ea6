"""What an answerer stands on, opened without the rest of the desk; and turns as the desk would hand them in."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.answering.ground import Ground
from bot.answering.presenting import Presenting
from bot.answering.turn import Turn
from bot.knowledge.index import open_index
from bot.limits import Limits
from bot.opening.places import database_url, read_prompts
from bot.publishing import Publishing
from bot.redis.connection import connect
from bot.sessions import Line, Session
from bot.shop.identity import Identity, Level
from bot.shop.store import open_store
from serving.bench.questions import Question
from serving.bench.surroundings import Surroundings


@asynccontextmanager
async def open_ground(around: Surroundings) -> AsyncIterator[Ground]:
    settings = around.settings(with_model=True)
    prompts = read_prompts(settings)
    async with AsyncExitStack() as opened:
        connection = await opened.enter_async_context(connect(around.redis_url))
        store = await opened.enter_async_context(open_store(database_url(settings)))
        knowledge = settings.data_dir / "knowledge"
        await Publishing(store, knowledge, prompts.languages).prepare(datetime.now(UTC))
        profile = await store.profile()
        assert profile is not None  # prepare() has just seen to it
        presenting, identity = (
            Presenting(store, prompts, profile.currency),
            Identity(store, Limits(connection.commands)),
        )
        yield Ground(profile, store, identity, await open_index(knowledge), presenting, prompts, {})


@dataclass
class Sessions:
    """Kept in memory, where the desk has them in Redis."""

    by_conversation: dict[str, Session] = field(default_factory=dict)

    def turn(self, question: Question) -> Turn:
        """The customer's words are the end of the session's history, as in the desk."""
        session = self.by_conversation.get(question.conversation)
        if session is None:
            session = Session(question.conversation, question.language, question.customer, Level.SIGNED_IN)
            self.by_conversation[question.conversation] = session
        session.remember(Line("customer", question.text))
        return Turn(session, question.text, "", question.language)
