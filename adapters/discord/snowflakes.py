"""Discord's ids, which say when they were made. https://discord.com/developers/docs/reference#snowflakes"""

import time
from datetime import UTC, datetime

_EPOCH_MS = 1420070400000
_DAY_MS = 86_400_000


def days_old(snowflake: str) -> float:
    return (time.time() * 1000 - _EPOCH_MS - (int(snowflake) >> 22)) / _DAY_MS


def days_ago(days: float) -> str:
    """Smaller than every id made since then."""
    return str(max(0, int(time.time() * 1000 - _EPOCH_MS - days * _DAY_MS)) << 22)


def edited_days_ago(timestamp: str) -> float:
    """Of the time that Discord writes; for ever where it is none."""
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(timestamp)).total_seconds() / 86_400
    except ValueError:
        return float("inf")
