"""The only place where the parts meet. A real desk and a tested one are built by the same function."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path

import aiohttp
from dotenv import dotenv_values

import prompts as prompts_that_come_along
from bot.answering.action_desk import ActionDesk
from bot.answering.extractive import Extractive
from bot.answering.ground import Ground
from bot.answering.intents import Intents
from bot.answering.link_desk import LinkDesk
from bot.answering.presenting import Presenting
from bot.answering.prompting import DEFAULT_LANGUAGE, Prompts
from bot.answering.turn import Answerer
from bot.channels import Handles
from bot.connection import Connection, connect
from bot.conversation import ConversationManager
from bot.desk.handoff import Handoff
from bot.embedded_redis import embedded_redis, socket_path
from bot.keys import Keys
from bot.knowledge.index import open_index
from bot.knowledge.passages import Retriever
from bot.language import LanguageDetector
from bot.limits import Limits
from bot.link_codes import LinkCodes
from bot.listening import Listener
from bot.mail import Announced, Mailer, Postroom, Smtp, smtp_server
from bot.mailbox import Mailbox
from bot.model_server import served_models
from bot.one_time_codes import OneTimeCodes
from bot.pages import Visitor
from bot.publishing import Publishing
from bot.settings import Settings
from bot.shop.identity import Identity
from bot.shop.records import ShopProfile
from bot.shop.store import ShopStore, StoreUnavailable, open_store
from bot.shop_pages import ShopPages
from bot.turns import TurnQueue
from bot.worker import Worker

DEMO_VISITORS = 6
FRESH_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class ShopDesk:
    """A whole desk, ready to serve."""

    handles: Handles
    worker: Worker
    handoff: Handoff
    alone: bool  # no other process works on this Redis

    async def work(self) -> None:
        await self.worker.run(self.alone)


@asynccontextmanager
async def open_desk(settings: Settings, announce: Callable[[str], None] = print) -> AsyncIterator[ShopDesk]:
    """Open everything the settings name, start what they leave out, close it in reverse order.

    Raises OSError or ValueError with one sentence that says what to do.
    """
    async with AsyncExitStack() as opened:
        url = settings.redis_url
        if not url:
            redis = opened.enter_context(embedded_redis(settings.data_dir))
            watch = asyncio.create_task(redis.keep_alive())
            opened.callback(watch.cancel)
            url = redis.url
        yield await opened.enter_async_context(
            open_desk_on(settings, url, alone=not settings.redis_url, announce=announce)
        )


@asynccontextmanager
async def open_desk_on(
    settings: Settings, redis_url: str, alone: bool, announce: Callable[[str], None] = print
) -> AsyncIterator[ShopDesk]:
    """The same on a Redis that runs already."""
    async with AsyncExitStack() as opened:
        connection = await opened.enter_async_context(connect(redis_url))
        store = await opened.enter_async_context(open_store(database_url(settings)))
        keys, prompts = Keys(settings.shards), read_prompts(settings)
        publishing = Publishing(store, settings.data_dir / "knowledge", prompts.languages)
        await publishing.prepare(datetime.now(UTC))
        profile = await store.profile()
        if profile is None:
            raise StoreUnavailable("The shop's database was emptied while we started: start again.")
        listener = await opened.enter_async_context(Listener(connection).running())
        mailbox, limits = Mailbox(connection, keys, listener), Limits(connection.commands)
        retriever = open_index(settings.data_dir / "knowledge")
        presenting = Presenting(store, prompts, profile.currency)
        identity = Identity(store, limits)
        handoff = Handoff(connection, keys, mailbox)
        intents = {
            language: Intents(prompts.table(language, "intents.toml")["wanted"]) for language in prompts.languages
        }
        postroom = await opened.enter_async_context(_postroom(settings, profile, announce))
        codes, links = OneTimeCodes(connection, limits), LinkCodes(connection, limits)
        ground = Ground(profile, store, identity, retriever, presenting, prompts, intents, codes, postroom, links)
        answerer = await opened.enter_async_context(_answerer(settings, ground))
        detector = LanguageDetector(prompts.languages)
        manager = ConversationManager(
            answerer, ActionDesk(ground), LinkDesk(ground), handoff, identity, detector, prompts, intents, profile
        )
        queue = TurnQueue(connection, keys, f"worker-{os.getpid()}-{secrets.token_hex(4)}")
        handles = Handles(
            postbox=mailbox,
            limiter=limits,
            pages=ShopPages(profile, store, retriever, presenting, await _visitors(store, profile)),
            health=lambda: _health(settings, connection, store, retriever),
            secret=_secret(settings.data_dir),
            languages=prompts.languages,
            words=prompts.say,
            data=settings.data_dir,
            announce=announce,
        )
        worker = Worker(queue, manager, keys, settings.workers)
        ageing = asyncio.create_task(_keep_fresh(store))
        opened.callback(ageing.cancel)
        yield ShopDesk(handles, worker, handoff, alone)


def database_url(settings: Settings) -> str:
    if settings.database_url:
        return settings.database_url
    return f"sqlite+aiosqlite:///{(settings.data_dir / 'shop.sqlite').resolve()}"


def redis_url(settings: Settings) -> str:
    """Where a desk that runs already has its Redis: for commands that look at it from outside."""
    return settings.redis_url or f"unix://{socket_path(settings.data_dir)}"


def read_prompts(settings: Settings) -> Prompts:
    return Prompts(settings.prompts_dir or Path(str(prompts_that_come_along.__path__[0])))


def read_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment over the .env file of the current folder."""
    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {**from_file, **environ}


@asynccontextmanager
async def _answerer(settings: Settings, ground: Ground) -> AsyncIterator[Answerer]:
    if not settings.model_url:
        yield Extractive(ground)
        return
    (found,) = entry_points(group="shopdesk.answerers", name="model")
    async with found.load()(settings, ground) as answerer:
        yield answerer


@asynccontextmanager
async def _postroom(
    settings: Settings, profile: ShopProfile, announce: Callable[[str], None]
) -> AsyncIterator[Postroom | None]:
    mailer = mailer_of(settings, profile, announce)
    if mailer is None:
        yield None
        return
    postroom = Postroom(mailer)
    try:
        yield postroom
    finally:
        await postroom.finish()


def mailer_of(settings: Settings, profile: ShopProfile, announce: Callable[[str], None]) -> Mailer | None:
    """None where the shop is a real one and has set no server."""
    url, sender = settings.smtp_url.get_secret_value(), settings.mail_from or profile.email
    if url:
        return Smtp(smtp_server(url), sender)
    return Announced(settings.data_dir / "mail", sender, announce) if profile.demo else None


async def _keep_fresh(store: ShopStore) -> None:
    """A demo that runs for days has orders of today all the same."""
    while True:
        await asyncio.sleep(FRESH_SECONDS)
        with contextlib.suppress(StoreUnavailable):
            await store.keep_fresh(datetime.now(UTC))


async def _visitors(store: ShopStore, profile: ShopProfile) -> tuple[Visitor, ...]:
    if not profile.demo:
        return ()
    return tuple(Visitor(customer.id, customer.name) for customer in (await store.customers())[:DEMO_VISITORS])


async def _health(settings: Settings, connection: Connection, store: ShopStore, retriever: Retriever) -> dict[str, str]:
    """Each dependency by name: "ok", "away: …" where the desk serves without it, or what is wrong."""
    found: dict[str, str] = {}
    for name, ping in (("redis", connection.commands.ping), ("database", store.ping)):
        try:
            await ping()
            found[name] = "ok"
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"
    known = retriever.all("faq", DEFAULT_LANGUAGE) or retriever.all("product", DEFAULT_LANGUAGE)
    found["knowledge"] = "ok" if known else "nothing is published"
    if settings.model_url:
        try:
            await served_models(settings)
            found["model"] = "ok"
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            found["model"] = f"away: answers come without it ({type(error).__name__})"
    return found


def _secret(folder: Path) -> bytes:
    """Made at the first run; whoever can read it can sign in as anybody."""
    path = folder / "secret"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
    return path.read_bytes()
