"""Asking the model servers whether they are there and what they serve."""

import asyncio
from dataclasses import dataclass

import aiohttp

from bot.settings import Settings

SECONDS = 3.0
LOOK_SECONDS = 20.0  # the first picture that a server sees takes longer
LONGEST_EXPLANATION = 200  # characters
ONE_COLOUR = (  # a PNG of 64 by 64 pixels, all of them grey
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAAAAACPAi4CAAAALElEQVR42u3MMREAAAgEoNeY9g9iCD"
    "cPAlCTm45AIBAIBAKBQCAQCASC58EC1u0A2qVz2eUAAAAASUVORK5CYII="
)


@dataclass(frozen=True, slots=True)
class AskedServer:
    """What one of them said."""

    url: str
    serves: tuple[str, ...] = ()
    trouble: str = ""  # why it is away; "" where it answered


async def ask_model_servers(settings: Settings) -> list[AskedServer]:
    """Every replica, all at once, in the order of the setting. Takes SECONDS at most and raises nothing."""
    key = settings.model_key.get_secret_value()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with aiohttp.ClientSession(headers=headers) as http:
        return list(await asyncio.gather(*(_asked(http, url) for url in settings.model_urls)))


async def ask_to_look(settings: Settings) -> list[AskedServer]:
    """Every replica, whether it takes a picture; `trouble` is what it said where it does not. Raises nothing."""
    key = settings.model_key.get_secret_value()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with aiohttp.ClientSession(headers=headers) as http:
        return list(await asyncio.gather(*(_looked(http, url, settings.model_name) for url in settings.model_urls)))


def away(asked: list[AskedServer]) -> str:
    """One line for those that are away, "" for none. By their place in the setting: anybody may read it, and an
    address inside the shop's network is nobody's business."""
    gone = [f"number {place} ({one.trouble})" for place, one in enumerate(asked, 1) if one.trouble]
    if len(gone) == len(asked) == 1:
        return f"away: answers come without it ({asked[0].trouble})"
    if not gone:
        return ""
    without = "answers come without it" if len(gone) == len(asked) else "the others serve"
    return f"away: {len(gone)} of {len(asked)}, {without}: {', '.join(gone)}"


async def _looked(http: aiohttp.ClientSession, url: str, model: str) -> AskedServer:
    pieces = [{"type": "text", "text": "Which colour?"}, {"type": "image_url", "image_url": {"url": ONE_COLOUR}}]
    request = {"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": pieces}]}
    try:
        address = f"{url.removesuffix('/v1')}/v1/chat/completions"
        async with asyncio.timeout(LOOK_SECONDS), http.post(address, json=request) as response:
            said = (await response.text())[:LONGEST_EXPLANATION]
            return AskedServer(url, (model,)) if response.ok else AskedServer(url, trouble=f"{response.status}: {said}")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return AskedServer(url, trouble=type(error).__name__)


async def _asked(http: aiohttp.ClientSession, url: str) -> AskedServer:
    try:
        async with asyncio.timeout(SECONDS), http.get(f"{url.removesuffix('/v1')}/v1/models") as response:
            found = await response.json(content_type=None)
        return AskedServer(url, tuple(str(model["id"]) for model in found["data"]))
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return AskedServer(url, trouble=type(error).__name__)
    except (KeyError, TypeError):
        return AskedServer(url, trouble="no list of models")
