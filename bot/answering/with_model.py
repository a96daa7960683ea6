"""The answerer of a desk that has a model. Found by entry point: LangChain is loaded only where this is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.answering.agent import Agent
from bot.answering.completions import Deadlines
from bot.answering.extractive import Extractive
from bot.answering.falling_back import FallingBack
from bot.answering.ground import Ground
from bot.answering.model import ModelSettings, open_model
from bot.answering.model_turns import ModelTurnLimit
from bot.answering.patience import TOOLS_SECONDS
from bot.answering.seeing import Sight
from bot.answering.turn import Answerer
from bot.settings import Settings


@asynccontextmanager
async def open_answerer(settings: Settings, ground: Ground) -> AsyncIterator[Answerer]:
    """The agent, and the extractive answerer for whenever the model has no reply."""
    async with open_model(
        ModelSettings(
            url=settings.model_url,
            name=settings.model_name,
            api_key=settings.model_key.get_secret_value(),
            concurrency=settings.model_concurrency,
            deadlines=Deadlines(settings.model_first_token_seconds, settings.model_reply_seconds),
        )
    ) as model:
        yield FallingBack(
            Agent(
                model,
                ground,
                settings.model_first_token_seconds + TOOLS_SECONDS,
                Sight(ground.attachments) if settings.model_sees and ground.attachments else None,
            ),
            Extractive(ground),
            ground.prompts,
            ModelTurnLimit(settings.model_turns_per_hour, ground.limits),
        )
