"""Asking the model server whether it is there and what it serves."""

import asyncio

import aiohttp

from bot.settings import Settings

SECONDS = 3.0


async def served_models(settings: Settings) -> list[str]:
    """The names it serves. Raises aiohttp.ClientError, TimeoutError, or ValueError for an answer of another kind."""
    key = settings.model_key.get_secret_value()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with (
        asyncio.timeout(SECONDS),
        aiohttp.ClientSession(headers=headers) as http,
        http.get(f"{settings.model_url.removesuffix('/v1')}/v1/models") as response,
    ):
        found = await response.json(content_type=None)
    try:
        return [str(model["id"]) for model in found["data"]]
    except (KeyError, TypeError) as error:
        raise ValueError("no list of models") from error
