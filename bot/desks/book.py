"""The book of the desk: which of the shop's people did what, and when."""

from datetime import datetime
from typing import Literal, Protocol, get_args

import msgspec

from bot.desks.people import Member

Deed = Literal[
    "added", "removed", "password", "role", "linked", "unlinked", "signed_in", "refused", "signed_out",
    "took", "assigned", "said", "noted", "returned", "closed", "read",
    "canned_kept", "canned_dropped", "faq_approved", "faq_dropped",
]  # fmt: skip
DEEDS: tuple[Deed, ...] = get_args(Deed)


class BookEntry(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    by: str  # a login; "" for the command line, and for who is nobody
    deed: str
    conversation: str  # "" where it was forgotten, too
    detail: str  # to whom, from where, which role; never what somebody wrote


class StaffBook(Protocol):
    def read(self, member: Member, conversation: str) -> None:
        """A member has opened a conversation: one entry for each of them, conversation and day, written a moment later.
        Nobody waits for it, and nothing comes of it where it cannot be written but a line in the log."""

    async def entries(
        self, at_most: int = 200, conversation: str = "", by: str = "", before: int = 0, deed: str = ""
    ) -> list[BookEntry]:
        """The newest first; `before`: only older ones than that of this id. Raises ConnectionError."""
