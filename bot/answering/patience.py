"""How urgent a call to the model is, and how long its customer waits for text: what all calls of one turn share."""

import time
from dataclasses import dataclass, field
from enum import IntEnum
from math import inf

TOOLS_SECONDS = 2.0  # for the tools and the calls after the first one, on top of the first token's own time
PAUSE_SECONDS = 4.0  # text that has begun may stand still so long between two calls, as long as within one
HELD_SECONDS = 8.0  # so long may text be on its way and none of it shown: 32 words at the slowest pace that is borne


class Urgency(IntEnum):
    """Who goes first where the model has more to do than it can."""

    INTERACTIVE = 0  # a customer is waiting
    BACKGROUND = 1  # nobody is


@dataclass(slots=True)
class Patience:
    """Without `text_by`, only each call's own deadlines hold."""

    urgency: Urgency = Urgency.INTERACTIVE
    since: float = field(default_factory=time.time)  # when what is answered was accepted; seconds since the epoch
    text_by: float = inf  # the turn's first text has to be shown then; seconds of the event loop
    has_text: bool = False  # the customer was shown some
    shown_by: float = inf  # a call that brings text has to have more of it shown then
    failed: set[str] = field(default_factory=set)  # replicas that failed this turn: it does not go back to them

    def next_text_by(self, now: float) -> float:
        """When the call that begins now has to bring text.

        The turn's first text is due 10 s after its beginning (8 s for a first token, and 2), over all calls and
        retries. Once there is some, the customer has something to read: then a call has PAUSE_SECONDS at least. So a
        turn whose calls fail one after the other ends within 10 + 4 s, and the simpler answer takes less than one.
        """
        return max(self.text_by, now + PAUSE_SECONDS) if self.has_text else self.text_by

    def begins_call(self, now: float) -> None:
        """Tools have their own time: what they took is not taken from the call after them."""
        self.shown_by = now + HELD_SECONDS if self.has_text else self.text_by

    def shows(self, now: float) -> None:
        """The customer was shown text. What the model wrote does not count: a sentence is held until it is checked."""
        self.has_text, self.shown_by = True, now + HELD_SECONDS
