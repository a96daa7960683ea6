"""Our agent loop alone: no mailbox, no worker, no Redis; a turn goes in and its parts come out."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.answering.agent import Agent
from bot.answering.model import ModelSettings, open_model
from bot.messages import FinalText, TextDelta
from bot.sessions import Line
from serving.bench.ground import Sessions, open_ground
from serving.bench.measuring import Answered, Ask
from serving.bench.questions import Question
from serving.bench.surroundings import PLACES, Surroundings


@asynccontextmanager
async def loop_alone(around: Surroundings) -> AsyncIterator[Ask]:
    settings = ModelSettings(url=around.model_url, name="scripted", concurrency=PLACES)
    async with open_ground(around) as ground, open_model(settings) as model:
        agent, sessions = Agent(model, ground), Sessions()

        async def ask(question: Question) -> Answered:
            turn, first_text, text = sessions.turn(question), 0.0, ""
            async for part in agent.answer(turn):
                if isinstance(part, TextDelta):
                    first_text = first_text or time.perf_counter()
                elif isinstance(part, FinalText):
                    text = part.text
            turn.session.remember(Line("desk", text))
            return Answered(first_text, bool(text))

        yield ask
