"""The front of a desk: what its channels get into their hands. Nothing here answers, so nothing loads an answerer."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from bot.answering.prompting import DEFAULT_LANGUAGE
from bot.bookmarks import RedisBookmarks
from bot.channels import Handles
from bot.listening import Listener
from bot.mailbox import Bounds, Mailbox
from bot.model_server import ask_model_servers, away
from bot.observing.delivering import TracedPostbox
from bot.opening.premises import Premises, join_premises
from bot.opening.signing_secret import agreed_secret
from bot.opening.staff_side import staff_side_of
from bot.outbox import Postman
from bot.pace import RedisPace
from bot.pages import Visitor
from bot.settings import Settings
from bot.shop.records import ShopProfile
from bot.shop.store import ShopStore
from bot.shop_pages import ShopPages

DEMO_VISITORS = 6


@asynccontextmanager
async def open_front(settings: Settings, announce: Callable[[str], None]) -> AsyncIterator[Handles]:
    """A front by itself; workers are processes of their own. Raises OSError or ValueError in one sentence."""
    async with join_premises(settings, announce) as premises, front_of(premises) as handles:
        yield handles


@asynccontextmanager
async def front_of(premises: Premises) -> AsyncIterator[Handles]:
    """Raises SecretsDiffer where another process of the desk signs its visitors' tokens otherwise."""
    on, settings = premises, premises.settings
    async with AsyncExitStack() as opened:
        secret = await opened.enter_async_context(agreed_secret(settings, on.connection, on.alone))
        listener = await opened.enter_async_context(Listener(on.connection).running())
        bounds = Bounds(line=settings.most_in_line, told=settings.busy_after)
        mailbox = Mailbox(on.connection, on.keys, listener, bounds)
        postbox = TracedPostbox(mailbox) if settings.otlp_url else mailbox
        yield Handles(
            postbox=postbox,
            limiter=on.limits,
            outbox=Postman(on.connection, on.keys, listener, postbox),
            pace=RedisPace(on.connection),
            bookmarks=RedisBookmarks(on.connection),
            attachments=on.attachments,
            staff=await opened.enter_async_context(staff_side_of(on, postbox, listener, secret)),
            pages=ShopPages(on.profile, on.store, on.retriever, on.presenting, await _visitors(on.store, on.profile)),
            figures=on.figures,
            health=lambda: _health(premises),
            secret=secret,
            languages=on.prompts.languages,
            words=on.prompts.say,
            data=settings.data_dir,
            announce=on.announce,
            grace_seconds=settings.grace_seconds,
        )


async def _visitors(store: ShopStore, profile: ShopProfile) -> tuple[Visitor, ...]:
    if not profile.demo:
        return ()
    return tuple(Visitor(customer.id, customer.name) for customer in (await store.customers())[:DEMO_VISITORS])


async def _health(on: Premises) -> dict[str, str]:
    """Each dependency by name: "ok", "away: …" where the desk serves without it, or what is wrong."""
    found: dict[str, str] = {}
    for name, ping in (("redis", on.connection.commands.ping), ("database", on.store.ping)):
        try:
            await ping()
            found[name] = "ok"
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"
    known = await on.retriever.all("faq", DEFAULT_LANGUAGE) or await on.retriever.all("product", DEFAULT_LANGUAGE)
    found["knowledge"] = "ok" if known else "nothing is published"
    if on.settings.model_url:
        found["model"] = away(await ask_model_servers(on.settings)) or "ok"
    return found
