"""What the commands that care for a desk's knowledge work on: what was said there, what is published, who publishes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.answering.prompting import Prompts
from bot.commands.playing import Environ, settings_of
from bot.keys import Keys
from bot.knowledge.embedding.choosing import choose_embedder
from bot.knowledge.index import KnowledgeIndex, open_index
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.opening.knowledge import built_with, place_of
from bot.opening.places import database_url, read_prompts, redis_url
from bot.publishing import Publishing
from bot.redis.connection import Connection, connect
from bot.redis.embedded import socket_path
from bot.redis.shards import check_shards
from bot.shop.records import in_language
from bot.shop.store import ShopStore, open_store

SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Care:
    connection: Connection
    keys: Keys
    mailbox: Mailbox
    index: KnowledgeIndex
    publishing: Publishing
    prompts: Prompts
    store: ShopStore

    async def say(self) -> "Saying":
        profile = await self.store.profile()
        return Saying(
            self.prompts, {one: in_language(profile.name, one) for one in self.prompts.languages} if profile else {}
        )


@dataclass(frozen=True, slots=True)
class Saying:
    """The fixed sentences, in the shop's name."""

    prompts: Prompts
    shop: dict[str, str]  # its name by language

    def __call__(self, language: str, name: str, **values: object) -> str:
        return self.prompts.say(language, name, shop=self.shop.get(language, ""), **values)


@asynccontextmanager
async def caring(environ: Environ) -> AsyncIterator[Care]:
    """On the Redis of the desk that is running. Raises OSError or ValueError in one sentence."""
    settings = settings_of(environ)
    if not settings.redis_url and not socket_path(settings.data_dir).exists():
        raise ValueError(f"No desk is running on the data folder {settings.data_dir}: start one with shopdesk run.")
    keys, prompts = Keys(settings.shards, settings.keep_days), read_prompts(settings)
    async with (
        connect(redis_url(settings)) as connection,
        open_store(database_url(settings)) as store,
        choose_embedder(settings, built_with(settings)) as embedder,
    ):
        await check_shards(connection, settings.shards)
        place = place_of(settings, connection, embedder)
        await place.prepare()
        yield Care(
            connection,
            keys,
            Mailbox(connection, keys, Listener(connection)),
            await open_index(place.folder, embedder),
            Publishing(store, place.folder, prompts.languages, embedder, place),
            prompts,
            store,
        )


def shown(text: str) -> str:
    """On one line."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"
