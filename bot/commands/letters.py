"""`shopdesk letters`: those about what was done in a chat that have not been sent, and what becomes of them."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
import msgspec

from bot.commands.playing import Environ, play, settings_of
from bot.desk.answer_mail import KEY as ANSWER_KEY
from bot.letters.errands import ErrandBook, Unsent
from bot.opening.places import database_url, redis_url
from bot.redis.connection import connect
from bot.shop.actions import name_of
from bot.shop.store import ShopStore, open_store

WHICH = "WHICH is the order, the customer, the conversation of an answer, or `all`."


class About(msgspec.Struct, frozen=True):
    """What a letter that was not sent is about."""

    unsent: Unsent
    action: str
    order: str  # its number; "" = the account; "chat" of what staff wrote there
    customer: str  # or the conversation

    def is_meant(self, which: str) -> bool:
        return which in ("all", self.order, self.customer)


@click.group(help="Letters about what was done in a chat that could not be sent yet.")
def letters() -> None: ...


@letters.command(
    "unsent",
    help="What was not sent: action, order, customer (or chat), what becomes of it, and why.",
)
@click.pass_obj
def unsent(environ: Environ) -> None:
    play(_unsent(environ))


@letters.command(help=f"Send it now. {WHICH}")
@click.argument("which")
@click.pass_obj
def again(environ: Environ, which: str) -> None:
    play(_each(environ, which, drop=False))


@letters.command(help=f"Never send it. {WHICH}")
@click.argument("which")
@click.pass_obj
def drop(environ: Environ, which: str) -> None:
    play(_each(environ, which, drop=True))


async def _unsent(environ: Environ) -> None:
    async with _opened(environ) as (book, store):
        found = await _about(book, store)
    for one in found:
        goes_on = "given up" if one.unsent.given_up else f"tried {one.unsent.tries} times"
        click.echo("  ".join((one.action, one.order or "account", one.customer, goes_on, one.unsent.why)))
    if not found:
        click.echo("Every letter was sent.")


async def _each(environ: Environ, which: str, drop: bool) -> None:
    async with _opened(environ) as (book, store):
        meant = [one for one in await _about(book, store) if one.is_meant(which)]
        for one in meant:
            await (book.drop(one.unsent.key) if drop else book.again(one.unsent))
            done = "will not be sent" if drop else "will be sent now"
            click.echo(f"{one.action}  {one.order or 'account'}  {one.customer}  {done}")
    if not meant:
        click.echo(f"shopdesk: no letter waits under {which}; see: shopdesk letters unsent", err=True)
        sys.exit(1)


async def _about(book: ErrandBook, store: ShopStore) -> list[About]:
    """What was only about to be done, and was not, is left out."""
    about: list[About] = []
    for one in await book.unsent():
        if one.key.startswith(ANSWER_KEY):
            about.append(About(one, "answer", "chat", one.key.partition(" ")[2]))
        elif deed := await store.deed(one.key):
            about.append(About(one, name_of(deed.action), deed.effect.order, deed.customer))
    return about


@asynccontextmanager
async def _opened(environ: Environ) -> AsyncIterator[tuple[ErrandBook, ShopStore]]:
    """Those of the desk that is running."""
    settings = settings_of(environ)
    async with connect(redis_url(settings)) as connection, open_store(database_url(settings)) as store:
        yield ErrandBook(connection), store
