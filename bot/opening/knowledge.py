"""Where a desk's knowledge is published and how it is kept up: in one folder, or on every machine of the desk."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

from bot.beside import Work, beside
from bot.keys import Keys
from bot.knowledge.embedding.choosing import choose_embedder
from bot.knowledge.embedding.embedder import Embedder
from bot.knowledge.index import KnowledgeIndex
from bot.knowledge.learning.lessons import read_borders
from bot.knowledge.searching.milvus_serving import LOOK_SECONDS, MilvusKeeper
from bot.knowledge.searching.milvus_versions import MilvusVersions
from bot.knowledge.sharing.machines import ManyMachines
from bot.knowledge.sharing.object_shelf import ObjectShelf
from bot.knowledge.sharing.place import OneFolder, Place
from bot.knowledge.sharing.redis_shelf import RedisShelf
from bot.knowledge.sharing.serving import Register
from bot.knowledge.sharing.shelf import Shelf
from bot.knowledge.versions import current
from bot.object_stores import open_store
from bot.opening.places import database_url, read_prompts
from bot.publishing import Publishing
from bot.redis.connection import Connection, connect
from bot.redis.one_at_a_time import one_at_a_time
from bot.settings import Settings
from bot.shop import store

log = logging.getLogger(__name__)

LEARN_AGAIN_SECONDS = 30.0


def place_of(settings: Settings, connection: Connection | None, embedder: Embedder | None) -> Place:
    """A Redis that is set may have other machines on it; the one in the data folder has not."""
    folder = settings.data_dir / "knowledge"
    if connection is None or not settings.redis_url:
        return OneFolder(folder, embedder)
    return ManyMachines(folder, Register(connection), _shelf(settings.knowledge_url, connection), embedder)


@asynccontextmanager
async def kept_up(
    place: Place,
    publishing: Publishing,
    index: KnowledgeIndex,
    connection: Connection,
    milvus: MilvusVersions | None = None,
) -> AsyncIterator[None]:
    """While in use: what others publish is fetched and opened, and what was published in a hurry is learned from."""
    works: list[Work] = [partial(_learn, publishing, connection), index.follow]
    if isinstance(place, ManyMachines):
        works.append(place.follow)
    if milvus:
        works.append(partial(_bring, MilvusKeeper(milvus, place.folder), connection))
    async with beside(*works):
        yield


def built_with(settings: Settings) -> str | None:
    """The embedder of what is published on this machine, "" for none; None where nothing is, or by another release."""
    folder = settings.data_dir / "knowledge"
    try:
        return read_borders(folder / current(folder)).embedder if current(folder) else None
    except OSError:
        return None


@asynccontextmanager
async def open_publishing(settings: Settings, anew: bool = False) -> AsyncIterator[Publishing]:
    """For a command: while a desk is running, and while none is. `anew`: with another embedder, if there is a better.

    Raises OSError or ValueError with one sentence.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as opened:
        connection = await opened.enter_async_context(connect(settings.redis_url)) if settings.redis_url else None
        before = None if anew else built_with(settings)
        embedder = await opened.enter_async_context(choose_embedder(settings, before))
        shop = await opened.enter_async_context(store.open_store(database_url(settings)))
        place = place_of(settings, connection, embedder)
        yield Publishing(shop, place.folder, read_prompts(settings).languages, embedder, place)


def _shelf(url: str, connection: Connection) -> Shelf:
    return ObjectShelf(open_store(url), url) if url else RedisShelf(connection)


async def _bring(keeper: MilvusKeeper, connection: Connection) -> None:
    """In one process of the desk at a time; when that one ends, another goes on."""
    while True:
        with suppress(ConnectionError):  # Redis is away: it was told by others
            async with one_at_a_time(connection, Keys.bringing()):
                await keeper.follow()
        await asyncio.sleep(LOOK_SECONDS)


async def _learn(publishing: Publishing, connection: Connection) -> None:
    """In one process of the desk; the others find it done. Tried again, for the embedder or Redis may be away."""
    while True:
        try:
            async with one_at_a_time(connection, Keys.learning()):
                return await publishing.learn()
        except (OSError, ValueError) as error:
            log.warning("the knowledge is searched without what could be learned from it: %s", error)
        await asyncio.sleep(LEARN_AGAIN_SECONDS)
