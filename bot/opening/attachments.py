"""Where a desk keeps what its customers send, and the sweeping of it while the desk is open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from obstore.store import ObjectStore

from bot.attachments.keeping import KeptAttachments
from bot.attachments.sweeping import Sweeper
from bot.beside import beside
from bot.keys import Keys
from bot.limits import Limits
from bot.object_stores import open_store
from bot.redis.connection import Connection
from bot.settings import Settings

MEGABYTE = 1_000_000


@asynccontextmanager
async def opened_attachments(
    settings: Settings, connection: Connection, keys: Keys, limits: Limits
) -> AsyncIterator[KeptAttachments]:
    """Raises ValueError that names the setting where the address cannot be opened."""
    store = store_of_attachments(settings)
    async with beside(Sweeper(store, connection, keys).run):
        yield KeptAttachments(store, settings.attachment_mb * MEGABYTE, limits)


def place_of_attachments(settings: Settings) -> str:
    """The address, for people to read."""
    return settings.attachments_url or str((settings.data_dir / "attachments").resolve())


def store_of_attachments(settings: Settings) -> ObjectStore:
    """Raises ValueError that names the setting."""
    return open_store(
        settings.attachments_url or f"file://{place_of_attachments(settings)}", "SHOPDESK_ATTACHMENTS_URL"
    )
