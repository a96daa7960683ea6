"""Which embedder, and whether a reranker, by the settings."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.knowledge.embedding.embedder import Embedder, EmbedderFailed
from bot.knowledge.embedding.minilm import MiniLm, minilm_folder, read_manifest
from bot.knowledge.embedding.served import open_served
from bot.knowledge.searching.reranking import Reranker, open_reranker
from bot.settings import Settings, SettingsError

log = logging.getLogger(__name__)


def chosen(settings: Settings, minilm: Path, built_with: str | None = None) -> str:
    """ "served", "minilm" or "none"; `minilm` is the folder where it would lie.

    Nothing changes by itself under a shop: what was published without an embedder (`built_with` "") goes on without.
    """
    if settings.embedder != "auto":
        return settings.embedder
    if settings.embedding_url:
        return "served"
    return "minilm" if read_manifest(minilm) and built_with != "" else "none"


@asynccontextmanager
async def choose_embedder(
    settings: Settings, built_with: str | None = None, minilm: Path | None = None
) -> AsyncIterator[Embedder | None]:
    """None where texts are found by words alone. A served one may be away yet: it fails until it has come.

    `built_with`: the embedder of what is published, "" for none; None where nothing is, or it is not to count.
    Raises SettingsError where MiniLM is asked for and is not there.
    """
    folder = minilm or minilm_folder()
    choice = chosen(settings, folder, built_with)
    if choice == "served":
        key = settings.embedding_key.get_secret_value()
        async with open_served(settings.embedding_url, settings.embedding_name, key) as served:
            yield served
    else:
        yield await _minilm(folder, demanded=settings.embedder == "minilm") if choice == "minilm" else None


async def _minilm(folder: Path, demanded: bool) -> Embedder | None:
    try:
        return await asyncio.to_thread(MiniLm, folder)
    except EmbedderFailed as failure:
        if demanded:
            raise SettingsError(f"SHOPDESK_EMBEDDER is minilm, and it cannot be used: {failure}.") from failure
        log.warning("found by words alone, since MiniLM cannot be used: %s", failure)
        return None


@asynccontextmanager
async def choose_reranker(settings: Settings) -> AsyncIterator[Reranker | None]:
    if not settings.rerank_url:
        yield None
        return
    key = settings.embedding_key.get_secret_value()
    async with open_reranker(settings.rerank_url, settings.rerank_name, key) as reranker:
        yield reranker
