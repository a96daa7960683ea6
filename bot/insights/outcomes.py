"""How a talk ended. What the customer said counts before what staff say, and both before what is only assumed."""

from typing import Literal

from bot.insights.folding import SILENCE, Talk

Outcome = Literal[
    "bot_said", "bot_assumed", "staff_said", "staff_assumed", "abandoned", "unanswered", "unresolved", "open"
]  # fmt: skip
OUTCOMES: tuple[Outcome, ...] = (
    "bot_said", "bot_assumed", "staff_said", "staff_assumed", "abandoned", "unanswered", "unresolved", "open",
)  # fmt: skip
RESOLVED: tuple[Outcome, ...] = ("bot_said", "bot_assumed", "staff_said", "staff_assumed")
BADLY = 2  # stars; who gives so few was not helped


def outcome(talk: Talk, now: float) -> Outcome:
    """`now`: seconds since the epoch.

    said: the customer said that it is settled, or took what was offered. assumed: they were silent for a day after an
    answer, or staff closed it. abandoned: they left while the desk waited for them, before they had asked anything, or
    found the answer themselves. unanswered: what they asked last was never answered. unresolved: it was, and did not
    help.
    """
    is_silent = now - talk.last >= SILENCE
    if talk.settled == "said":
        return ("staff_said" if talk.answered_by == "staff" else "bot_said") if talk.answered_by else "abandoned"
    if talk.state in ("waiting", "taken"):
        return "unanswered" if talk.overdue and is_silent and talk.unanswered else "open"
    if not is_silent and talk.state != "closed":
        return "open"
    if talk.settled == "not" or 0 < talk.stars <= BADLY or talk.help == "unresolved":
        return "unresolved"
    if talk.state == "closed" and talk.help == "resolved":
        return "staff_assumed"
    if talk.unanswered:
        return "abandoned" if talk.state == "withdrawn" else "unanswered"
    if talk.asks or not talk.answered_by:
        return "abandoned"
    return "staff_assumed" if talk.answered_by == "staff" else "bot_assumed"


def resolution(talk: Talk, now: float) -> float | None:
    """Seconds from the first message to the answer that settled it; None where it was not resolved."""
    if outcome(talk, now) not in RESOLVED:
        return None
    return max(0.0, (talk.settled_at or talk.last) - talk.began)
