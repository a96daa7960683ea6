"""Answers to interactions: what is shown where something was pressed. Discord waits three seconds for the first."""

import logging
from typing import Any

import aiohttp
import discord
from discord.http import HTTPClient, Route

from adapters.discord.payloads import Interaction

log = logging.getLogger(__name__)

SAY, LATER, SEEN, EDIT, FORM = 4, 5, 6, 7, 9  # kinds of answers; SEEN: nothing is to be shown


async def acknowledge(http: HTTPClient, asked: Interaction, kind: int, data: dict[str, Any]) -> None:
    """The first answer. Never raises: who pressed is told by Discord that it failed, and does it again."""
    where = Route("POST", "/interactions/{webhook_id}/{webhook_token}/callback", webhook_id=int(asked.id),
                  webhook_token=asked.token)  # fmt: skip
    await _send(http, where, {"type": kind, "data": data})


async def change(http: HTTPClient, application: str, asked: Interaction, data: dict[str, Any]) -> None:
    """What the first answer has said: that something comes later, say."""
    where = Route("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
                  webhook_id=int(application), webhook_token=asked.token)  # fmt: skip
    await _send(http, where, data)


async def add(http: HTTPClient, application: str, asked: Interaction, data: dict[str, Any]) -> None:
    """A further one."""
    where = Route("POST", "/webhooks/{webhook_id}/{webhook_token}", webhook_id=int(application),
                  webhook_token=asked.token)  # fmt: skip
    await _send(http, where, data)


async def _send(http: HTTPClient, where: Route, body: dict[str, Any]) -> None:
    try:
        await http.request(where, json=body)
    except (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError) as problem:
        log.warning("an interaction could not be answered: %s", type(problem).__name__)
