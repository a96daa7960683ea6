"""Opens what lets a person watch a process: its figures, on a port of their own too, and its traces."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import entry_points

from bot.keys import Keys
from bot.observing.figure_server import serving_figures
from bot.observing.figures import ProcessFigures
from bot.observing.pseudonyms import PSEUDONYMS
from bot.observing.queue_figures import QueueFigures
from bot.opening.signing_secret import own_secret
from bot.redis.connection import Connection
from bot.settings import Settings


@asynccontextmanager
async def watched(settings: Settings, connection: Connection, keys: Keys) -> AsyncIterator[ProcessFigures]:
    """While the context lasts. Raises OSError with a sentence that says what to do if the port cannot be opened."""
    PSEUDONYMS.use(own_secret(settings))
    async with AsyncExitStack() as opened:
        figures = ProcessFigures(QueueFigures(connection, keys))
        if settings.otlp_url:
            (found,) = entry_points(group="shopdesk.tracing", name="otlp")
            await opened.enter_async_context(found.load()(settings.otlp_url))
        if settings.metrics_port:
            await opened.enter_async_context(
                serving_figures(settings.metrics_host, settings.metrics_port, figures.text)
            )
        yield figures
