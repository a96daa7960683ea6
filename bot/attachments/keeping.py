"""Photos and files of customers in a folder or an object store: limited in size and number, read by their kept name."""

import obstore
from obstore.store import ObjectStore

from bot.attachments.naming import conversation_of, kept_name
from bot.limits import Limits
from bot.object_stores import TROUBLE

MOST_A_DAY = 40  # different files of one conversation
DAY_SECONDS = 24 * 3600


class KeptAttachments:
    """The Attachments of bot/channels.py."""

    def __init__(self, store: ObjectStore, most_bytes: int, limits: Limits) -> None:
        self._store, self._most_bytes, self._limits = store, most_bytes, limits

    @property
    def most_bytes(self) -> int:
        return self._most_bytes

    async def keep(self, conversation: str, name: str, media_type: str, content: bytes) -> str:
        """The customer's name for it and what they call its type are not believed, and are no part of its place.

        Raises ValueError for an empty file, a larger one than `most_bytes`, and one more than MOST_A_DAY.
        """
        if not content:
            raise ValueError("the file is empty")
        if len(content) > self._most_bytes:
            raise ValueError(f"the file has {len(content)} bytes; {self._most_bytes} are kept at most")
        kept = kept_name(conversation, content)
        if await self._limits.guess("attachments", conversation, kept, MOST_A_DAY, DAY_SECONDS):
            raise ValueError(f"more than {MOST_A_DAY} different files in a day")
        try:
            await obstore.put_async(self._store, kept, content)
        except TROUBLE as error:
            raise ConnectionError(f"the attachment was not kept: {error}") from error
        return kept

    async def read(self, kept: str) -> bytes:
        return await read_kept(self._store, kept)


async def read_kept(store: ObjectStore, kept: str) -> bytes:
    """Only what `keep` may have put there: whatever else is named does not exist. Raises FileNotFoundError, and
    ConnectionError where the store is away."""
    if not conversation_of(kept):
        raise FileNotFoundError(f"{kept!r} is not the name of an attachment")
    try:
        return bytes(await (await obstore.get_async(store, kept)).bytes_async())
    except FileNotFoundError:
        raise FileNotFoundError(f"{kept} is not there, or not any more") from None
    except TROUBLE as error:
        raise ConnectionError(f"the attachment was not read: {error}") from error
