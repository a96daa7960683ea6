"""What every process of a desk stands on, whatever it does there: Redis, the shop, its knowledge and its words."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from bot.answering.presenting import Presenting
from bot.answering.prompting import Prompts
from bot.attachments.keeping import KeptAttachments
from bot.channels import Figures
from bot.desk.canned import CannedStore
from bot.desk.demo_staff import settle_demo_staff
from bot.desk.passwords import Passwords
from bot.desk.people import Staff
from bot.desk.tables import desk_tables
from bot.keys import Keys
from bot.knowledge.embedding.choosing import choose_embedder, choose_reranker
from bot.knowledge.index import KnowledgeIndex, open_index
from bot.knowledge.reranked import Reranked
from bot.knowledge.searching.choosing import choose_milvus
from bot.knowledge.searching.milvus_serving import MilvusFinder
from bot.limits import Limits
from bot.observing.watching import watched
from bot.opening.attachments import opened_attachments
from bot.opening.knowledge import built_with, kept_up, place_of
from bot.opening.places import database_url, read_prompts, redis_url
from bot.publishing import Publishing
from bot.redis.connection import Connection, connect
from bot.redis.one_at_a_time import one_at_a_time
from bot.redis.shards import settle_shards
from bot.settings import Settings
from bot.shop.records import ShopProfile
from bot.shop.store import ShopStore, StoreUnavailable, open_store


@dataclass(frozen=True, slots=True)
class Premises:
    settings: Settings
    connection: Connection
    keys: Keys
    limits: Limits
    store: ShopStore
    profile: ShopProfile
    prompts: Prompts
    publishing: Publishing
    retriever: KnowledgeIndex | Reranked
    presenting: Presenting
    attachments: KeptAttachments
    figures: Figures
    announce: Callable[[str], None]  # prints one line to the person who started the program
    alone: bool  # no other process works on this Redis


@asynccontextmanager
async def open_premises(
    settings: Settings, redis: str, alone: bool, announce: Callable[[str], None]
) -> AsyncIterator[Premises]:
    """On the Redis of this address. Of processes that start together on an empty database, one puts the demo shop
    there and the others wait.

    Raises OSError or ValueError with one sentence that says what to do.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = Keys(settings.shards, settings.keep_days)
    prompts = read_prompts(settings)
    async with (
        connect(redis) as connection,
        open_store(database_url(settings)) as store,
        choose_embedder(settings, built_with(settings)) as embedder,
        choose_reranker(settings) as reranker,
        choose_milvus(settings) as milvus,
    ):
        await settle_shards(connection, settings.shards)
        place = place_of(settings, connection, embedder)
        publishing = Publishing(store, place.folder, prompts.languages, embedder, place)
        async with one_at_a_time(connection, keys.preparing()):
            await publishing.prepare(datetime.now(UTC))
            profile = await store.profile()
            if profile is None:
                raise StoreUnavailable("The shop's database was emptied while we started: start again.")
            await _settle_staff(store, profile, settings)
        limits = Limits(connection.commands)
        index = await open_index(place.folder, embedder, partial(MilvusFinder, milvus) if milvus else None)
        async with (
            watched(settings, connection, keys) as figures,
            kept_up(place, publishing, index, connection, milvus),
            opened_attachments(settings, connection, keys, limits) as attachments,
        ):
            yield Premises(
                settings=settings,
                connection=connection,
                keys=keys,
                limits=limits,
                store=store,
                profile=profile,
                prompts=prompts,
                publishing=publishing,
                retriever=Reranked(index, reranker) if reranker else index,
                presenting=Presenting(store, prompts, profile.currency),
                attachments=attachments,
                figures=figures,
                announce=announce,
                alone=alone,
            )


async def _settle_staff(store: ShopStore, profile: ShopProfile, settings: Settings) -> None:
    """Their tables, and those who work at the demo shop."""
    await store.database.add(desk_tables)
    staff, canned = Staff(store.database, Passwords()), CannedStore(store.database)
    await settle_demo_staff(staff, canned, profile.demo, settings.data_dir)


@asynccontextmanager
async def join_premises(settings: Settings, announce: Callable[[str], None]) -> AsyncIterator[Premises]:
    """On the Redis that the processes of a desk share: the one that is set, else that of a `shopdesk run` with the
    same data folder. Raises OSError or ValueError with one sentence that says what to do."""
    if not settings.redis_url:
        await _find_running(settings)
    async with open_premises(settings, redis_url(settings), alone=False, announce=announce) as premises:
        yield premises


async def _find_running(settings: Settings) -> None:
    try:
        async with connect(redis_url(settings)):
            return
    except ConnectionError:
        raise ConnectionError(
            "There is no Redis to share: set SHOPDESK_REDIS_URL to the one of all processes of the desk, or first "
            f"start `shopdesk run` on this machine with the same data folder ({settings.data_dir})."
        ) from None
