"""What happens on a desk, as it is written down, short to write in a test. Times are hours since a Monday began."""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from bot.desks import Reason
from bot.insights.facts import HandoffFact, TurnFact
from bot.messages import STAFF

MONDAY = datetime(2026, 11, 16, tzinfo=UTC).timestamp()
HOUR = 3600.0
ADA = "web:ada"


def at(hours: float) -> float:
    return MONDAY + hours * HOUR


def turn(hours: float, said: str, replied: str = "Here you are.", **more: Any) -> TurnFact:
    """Answered after two seconds."""
    known: dict[str, Any] = {
        "conversation": ADA,
        "event": f"{round(at(hours) * 1000)}-0",
        "channel": "web",
        "language": "en",
        "at": at(hours),
        "answered": at(hours) + 2,
        "by": "extractive" if replied else "staff",
    }
    return TurnFact(**{**known, "said": said, "replied": replied, **more})


def staff_wrote(hours: float, said: str = "Let me see.", **more: Any) -> TurnFact:
    return turn(hours, said, "", channel=STAFF, by="staff", **more)


def deed(
    hours: float,
    what: Literal["opened", "took", "assigned", "answered", "returned", "closed", "quiet", "overdue", "withdrawn"],
    since: float = 0.0,
    reason: Reason = "asked",
    **more: Any,
) -> HandoffFact:
    """As part of a turn of that hour. `since`: when it joined the line, in hours."""
    fact = HandoffFact(ADA, 1, at(hours) + 2, what, reason, at(since), "web")
    return msgspec.structs.replace(fact, **more)
