"""What a worker gets of a conversation for one turn, and how that turn may end."""

from enum import Enum

import msgspec

from bot.messages import Incoming


class Token(msgspec.Struct, frozen=True):
    """The right to serve a conversation: one entry of the ready stream."""

    id: str
    conversation: str
    tag: str


class Batch(msgspec.Struct, frozen=True):
    """What a leased conversation brings to a turn."""

    token: Token
    fence: int
    messages: tuple[Incoming, ...]
    letters: int  # how many of the mailbox these are; what was taken back is among them, and no message
    last: str  # event id of the newest message in it
    waiting: int  # how many messages waited, these included
    tries: int  # how often a worker began on them and did not come back, this time included
    taken: str  # event id at which they were taken: the time by Redis' clock
    readable: bool  # whether all of them are; one that is not is empty
    session: str  # as it was saved, "" for a new conversation
    staff: str  # who of the staff has the conversation, "" for nobody
    staffed: str  # how often that has changed


class Ended(Enum):
    """How a commit ended."""

    MORE = 1  # committed; more mail waits and the lease is kept
    FINISHED = 0  # committed; nothing waits
    STEPPED_BACK = 2  # committed; more mail waits in line again, the lease is given up
    TAKEN_OVER = -1  # another worker has the conversation: all of this turn is void
    STAFF_CHANGED = -2  # void: staff came or went while the reply was in the making
    INTERRUPTED = -3  # void: the customer wrote while the reply was in the making
