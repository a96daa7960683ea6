"""Whether a desk already answers at an address, so that a port it holds is not taken for a mistake."""

import asyncio

import aiohttp

SECONDS = 3.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where one listens on all addresses, and one to ask at


async def desk_runs_at(host: str, port: int) -> bool:
    """Whether GET /healthy there answers as a Shopdesk does, be it well or not."""
    asked = _EVERYWHERE.get(host, host)
    url = f"http://[{asked}]:{port}/healthy" if ":" in asked else f"http://{asked}:{port}/healthy"
    try:
        async with asyncio.timeout(SECONDS), aiohttp.ClientSession() as http, http.get(url) as answer:
            found = await answer.json()
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return False
    return isinstance(found, dict) and {"redis", "database"} <= found.keys()
