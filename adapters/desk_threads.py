"""Which conversation a thread of a group of staff is for; and that it goes when its conversation was deleted or has
become too old to be kept."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.channels import Bookmarks, Postbox, Unreachable

log = logging.getLogger(__name__)

ROUND_SECONDS = 600.0  # within which every thread is looked at


@dataclass(frozen=True)
class Thread:
    conversation: str = ""
    event: str = (
        ""  # something that happened there before it was shown: as long as it is known the conversation is kept
    )


class Threads:
    """Of one group: `reader` is what the group is called at the desk. All raise ConnectionError."""

    def __init__(self, bookmarks: Bookmarks, postbox: Postbox, reader: str) -> None:
        self._bookmarks, self._postbox, self._account = bookmarks, postbox, f"{reader}:desk"
        self._known = dict[str, Thread]()  # by thread; platforms give no number twice
        self._thread_of = dict[str, str]()  # by conversation

    async def conversation(self, thread: str) -> str:
        """ "" for a thread that is for none."""
        if thread not in self._known:
            await self.load()
        return self._known.get(thread, Thread()).conversation

    def thread(self, conversation: str) -> str:
        """As far as this process knows; "" else."""
        return self._thread_of.get(conversation, "")

    async def load(self) -> None:
        """What other processes have remembered."""
        kept = await self._bookmarks.read(self._account)
        self._known = {thread: Thread(*value.rsplit(" ", 1)) for thread, value in kept.items()}
        self._thread_of = {one.conversation: thread for thread, one in self._known.items()}

    async def add(self, thread: str, conversation: str, event: str) -> None:
        self._known[thread], self._thread_of[conversation] = Thread(conversation, event), thread
        await self._bookmarks.write(self._account, thread, f"{conversation} {event}")

    async def remove(self, thread: str) -> None:
        self._thread_of.pop(self._known.pop(thread, Thread()).conversation, None)
        await self._bookmarks.write(self._account, thread, "")

    async def is_forgotten(self, thread: str) -> bool:
        """Whether what stands in it was deleted at the customer's wish, or is older than anything is kept."""
        if thread not in self._known:
            await self.load()
        known = self._known.get(thread, Thread())
        return bool(known.event) and await self._postbox.happened(known.conversation, known.event) is None

    async def sweep(self, delete: Callable[[str], Awaitable[None]]) -> None:
        """Deletes threads that are forgotten; until cancelled."""
        while True:
            try:
                await self.load()
            except ConnectionError as problem:
                log.warning("forgotten threads are looked for again: %s", problem)
            for thread in list(self._known):
                await self._deleted_if_forgotten(thread, delete)
                await asyncio.sleep(ROUND_SECONDS / (len(self._known) + 1))
            await asyncio.sleep(ROUND_SECONDS / (len(self._known) + 1))

    async def _deleted_if_forgotten(self, thread: str, delete: Callable[[str], Awaitable[None]]) -> None:
        """One that cannot be deleted now stands in the way of no other, and is tried again in the next round."""
        try:
            if await self.is_forgotten(thread):
                await delete(thread)
                await self.remove(thread)
        except (ConnectionError, Unreachable) as problem:
            log.warning("a thread that is forgotten is not deleted yet: %s", problem)
