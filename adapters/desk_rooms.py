"""What a chat app gives to staff: a group in which each handoff has a thread of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from adapters.desk_words import DeskButton
from adapters.text import Rich
from bot.messages import Attachment


class Gone(Exception):
    """The thread, or the message in it, was deleted by somebody."""


@dataclass(frozen=True)
class Called:
    """A member of the staff who has an id on the platform."""

    id: str
    name: str


class Room(Protocol):
    """Where a group of staff reads. All raise Gone, ConnectionError when it is to be tried again, and Unreachable where
    it is closed to us until a person puts that right, who is told."""

    @property
    def longest(self) -> int:
        """UTF-16 units of a message that surely fits."""

    @property
    def longest_caption(self) -> int:
        """The same of words that stand under a photo or file."""

    async def open(self, title: str, once: str) -> str:
        """A new thread. `once`: the same for the same, where a platform can know by it what it has already."""

    async def reopen(self, thread: str) -> None:
        """Also where it is open."""

    async def shut(self, thread: str) -> None:
        """Also where it is shut."""

    async def remove(self, thread: str) -> None:
        """With all that stands in it; also where it is gone."""

    def cut(self, page: Rich) -> Sequence[Rich]:
        """The messages that it takes."""

    async def post(
        self, thread: str, page: Rich, once: str, buttons: Sequence[DeskButton] = (), calls: Sequence[Called] = ()
    ) -> str:
        """One message; returns its id. `once`: as for `open`. `calls`: who is called by name."""

    async def show(self, thread: str, attachment: Attachment, page: Rich, once: str) -> None:
        """A photo or file that is kept, with words under it that are no longer than a caption, or with none. Where it
        cannot be shown the words are all the same."""

    async def types(self, thread: str) -> None:
        """That the customer is writing; passing, and left out where there is no room for it."""

    async def redraw(self, thread: str, message: str, buttons: Sequence[DeskButton]) -> None:
        """Other buttons under a message of ours. Nothing happens where there is no such message any more."""
