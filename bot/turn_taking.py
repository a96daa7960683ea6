"""When a turn begins and when it may be heard: people write in bursts, and a burst is one question. No I/O in here."""

import re
from collections.abc import Sequence

from bot.messages import STAFF, Incoming
from bot.sessions import Session

SETTLE_SECONDS = 0.06  # nothing is told sooner: a phone that was offline sends what it has all at once
LONGEST_BURST_SECONDS = 2.0  # who writes on for longer is answered meanwhile
FEW_WORDS, FEW_CHARACTERS = 3, 6  # so little is a beginning rather than a question

_whole = re.compile(r"[.!?。！？…)）]\s*$")
_goes_on = re.compile(r"[,，、:：;；—-]\s*$")
_han = re.compile(r"[㐀-鿿]")


def pause(messages: Sequence[Incoming], session: Session, taken: str, quiet_seconds: float) -> float:
    """Seconds to wait for more before the turn begins, at the moment `taken` (an event id: Redis' clock).

    None for a press or for the answer to what the desk has asked; until it has been quiet for `quiet_seconds` where
    the customer is in the middle of something.
    """
    if not quiet_seconds or any(one.press or one.channel == STAFF for one in messages):
        return 0.0
    oldest, newest, now = (_seconds(place) for place in (messages[0].accepted, messages[-1].accepted, taken))
    if newest - oldest > LONGEST_BURST_SECONDS:
        return 0.0
    if len(messages) == 1 and (_is_asked(session) or not (session.in_bursts or is_fragment(messages[0].text))):
        return 0.0
    return max(0.0, newest + quiet_seconds - now)


def settling(messages: Sequence[Incoming], taken: str, quiet_seconds: float) -> float:
    """Seconds during which nothing of the reply is told yet; the reply is made meanwhile."""
    if not quiet_seconds or any(one.press for one in messages):
        return 0.0
    return max(0.0, _seconds(messages[-1].accepted) + SETTLE_SECONDS - _seconds(taken))


def is_fragment(text: str) -> bool:
    """Whether more is likely to come: a greeting, a few words without an end, a sentence left open."""
    if _whole.search(text):
        return False
    if _goes_on.search(text):
        return True
    if any(character.isdigit() for character in text):
        return False  # a number is what somebody was looking for before they wrote
    characters = len(_han.findall(text))
    return 0 < characters <= FEW_CHARACTERS or (not characters and 0 < len(text.split()) <= FEW_WORDS)


def _is_asked(session: Session) -> bool:
    return bool(session.pending or session.walk or session.proposal_is_asked)


def _seconds(event_id: str) -> float:
    return int(event_id.partition("-")[0]) / 1000
