"""What `shopdesk doctor` says of what finds texts by meaning."""

from pathlib import Path

from bot.channels import Finding
from bot.knowledge.embedding.choosing import chosen
from bot.knowledge.embedding.embedder import EmbedderFailed
from bot.knowledge.embedding.endpoint import EndpointFailed
from bot.knowledge.embedding.minilm import MiniLm, minilm_folder
from bot.knowledge.embedding.served import open_served
from bot.knowledge.searching.reranking import open_reranker
from bot.settings import Settings

EMBEDDER, RERANKER = "SHOPDESK_EMBEDDER", "SHOPDESK_RERANK_URL"


async def embedding_findings(
    settings: Settings, built_with: str | None = None, minilm: Path | None = None
) -> list[Finding]:
    """One of the embedder, and one of the reranker where there is one. Takes a few seconds at most."""
    found = [await _embedder(settings, built_with, minilm or minilm_folder())]
    return [*found, await _reranker(settings)] if settings.rerank_url else found


async def _embedder(settings: Settings, built_with: str | None, folder: Path) -> Finding:
    choice = chosen(settings, folder, built_with)
    if choice == "served":
        return await _served(settings)
    if choice == "minilm":
        return _minilm(folder)
    if settings.embedder == "none":
        return Finding(EMBEDDER, True, "none: texts are found by words, and by what was learned from known questions")
    if chosen(settings, folder) != "none":
        advice = "To use it, say `shopdesk knowledge publish`, and start the desk again."
        return Finding(EMBEDDER, True, "MiniLM is installed, and the knowledge was published without it", advice)
    advice = "make minilm finds English questions by meaning; README, Find by meaning, has more."
    return Finding(EMBEDDER, True, "not set, and MiniLM is not installed: texts are found by words", advice)


async def _served(settings: Settings) -> Finding:
    key = settings.embedding_key.get_secret_value()
    async with open_served(settings.embedding_url, settings.embedding_name, key) as embedder:
        if embedder.trouble:
            advice = "Until then searches go by words alone, and nothing can be published."
            return Finding("SHOPDESK_EMBEDDING_URL", False, embedder.trouble, advice)
        same = "" if embedder.root in ("", settings.embedding_name) else f" ({embedder.root})"
        found = f"{settings.embedding_url} serves {settings.embedding_name}{same}, {embedder.dimensions} dimensions"
        return Finding("SHOPDESK_EMBEDDING_URL", True, found)


def _minilm(folder: Path) -> Finding:
    try:
        model = MiniLm(folder)
    except EmbedderFailed as failure:
        return Finding(EMBEDDER, False, str(failure), "make minilm, or set SHOPDESK_EMBEDDER to none.")
    return Finding(EMBEDDER, True, f"{model.name}, {model.dimensions} dimensions, for English")


async def _reranker(settings: Settings) -> Finding:
    key = settings.embedding_key.get_secret_value()
    async with open_reranker(settings.rerank_url, settings.rerank_name, key) as reranker:
        try:
            await reranker.asked("Where is my order?", ["Orders are tracked by their number.", "We sell lamps."])
        except EndpointFailed as failure:
            advice = "Start that server, or correct SHOPDESK_RERANK_URL and _NAME. Until then the order stays as found."
            return Finding(RERANKER, False, str(failure), advice)
    return Finding(RERANKER, True, f"{settings.rerank_url} ranks with {settings.rerank_name}")
