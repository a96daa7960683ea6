"""How fast Discord may be asked: everything together, and each channel by itself."""

import asyncio
from collections.abc import Sequence

from bot.channels import Bucket, NotNow, Pace

ALL = Bucket("requests", 33.0, 12.0)  # Discord: no more than 50 in any second for a bot
SPARE = 0.3  # the share that what grows leaves for messages that last
SPARE_TYPING = 0.15  # typing is left out after that
_PATIENCE = 3.0  # seconds that a request waits here; longer, and it comes again later


def posts(channel: str) -> tuple[Bucket, ...]:
    """Discord: about 5 messages in 5 seconds in a channel."""
    return Bucket(f"posts:{channel}", 0.5, 3), ALL


def edits(channel: str) -> tuple[Bucket, ...]:
    return Bucket(f"edits:{channel}", 0.6, 3), ALL


def typing(channel: str) -> tuple[Bucket, ...]:
    return Bucket(f"typing:{channel}", 0.5, 2), ALL


async def turn(pace: Pace, account: str, buckets: Sequence[Bucket] = (ALL,)) -> None:
    """Waits until the request may go. Raises NotNow, ConnectionError."""
    while wait := await pace.take(account, buckets):
        if wait > _PATIENCE:
            raise NotNow(wait)
        await asyncio.sleep(wait)
