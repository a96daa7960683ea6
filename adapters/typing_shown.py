"""That somebody is typing, shown on a platform: now, or not at all, and nobody's typing keeps another's waiting."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from bot.channels import Unreachable

log = logging.getLogger(__name__)

SECONDS = 2.0  # that showing it may take
AT_ONCE = 8  # of which is shown that they type; more at once are left out

Show = Callable[[str], Awaitable[object]]


async def show_typing(typing: AsyncIterator[str], show: Show) -> None:
    """`typing`: the conversations in which it happens. Until cancelled."""
    under_way = set[str]()
    async with asyncio.TaskGroup() as group:
        async for conversation in typing:
            if conversation not in under_way and len(under_way) < AT_ONCE:
                under_way.add(conversation)
                group.create_task(_shown(conversation, show, under_way))


async def _shown(conversation: str, show: Show, under_way: set[str]) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            await show(conversation)
    except (ConnectionError, TimeoutError, Unreachable):
        pass  # the next comes in some seconds
    except Exception:
        log.exception("it could not be shown that somebody types")
    finally:
        under_way.discard(conversation)
