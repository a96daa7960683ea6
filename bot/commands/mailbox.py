"""`shopdesk mailbox`: messages that no worker got through, and conversations that are to be forgotten."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import click

from bot.commands.playing import Environ, play, settings_of
from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.opening.places import redis_url
from bot.parking import Parked, Parking
from bot.redis.connection import Connection, connect
from bot.redis.shards import check_shards

SHOWN_CHARACTERS = 80
WHICH = "WHICH is a conversation, the id of a parked message, or `all`."


@click.group(help="Messages that were put aside, because no turn on them came to an end.")
def mailbox() -> None: ...


@mailbox.command(help="What was put aside, the oldest first: conversation, message, since when, why, and the text.")
@click.pass_obj
def parked(environ: Environ) -> None:
    play(_parked(environ))


@mailbox.command(help=f"Answer it now, as if it had just been written. {WHICH}")
@click.argument("which")
@click.pass_obj
def retry(environ: Environ, which: str) -> None:
    play(_each(environ, which, Parking.retry, "will be answered now"))


@mailbox.command(help=f"Throw it away: nobody answers it. {WHICH}")
@click.argument("which")
@click.pass_obj
def drop(environ: Environ, which: str) -> None:
    play(_each(environ, which, Parking.drop, "is thrown away"))


@mailbox.command(help="Forget a conversation: all that was said, who it was, what waits in it.")
@click.argument("conversation")
@click.pass_obj
def erase(environ: Environ, conversation: str) -> None:
    play(_erase(environ, conversation))


async def _parked(environ: Environ) -> None:
    async with _connected(environ) as (connection, keys):
        found = await Parking(connection, keys).parked()
    for one in found:
        since = one.at.astimezone()
        said = " ".join((one.message.text or f"[{one.message.press}]").split())[:SHOWN_CHARACTERS]
        click.echo(f"{one.conversation}  {one.event}  {since:%Y-%m-%d %H:%M:%S}  {one.why}  {said}")
    if not found:
        click.echo("Nothing is parked.")


async def _each(environ: Environ, which: str, deed: Callable[[Parking, Parked], Awaitable[bool]], done: str) -> None:
    async with _connected(environ) as (connection, keys):
        parking = Parking(connection, keys)
        meant = [one for one in await parking.parked() if which in ("all", one.conversation, one.event)]
        for one in meant:
            if await deed(parking, one):
                click.echo(f"{one.conversation}  {one.event}  {done}")
    if not meant:
        click.echo(f"shopdesk: nothing is parked under {which}; see: shopdesk mailbox parked", err=True)
        sys.exit(1)


async def _erase(environ: Environ, conversation: str) -> None:
    async with _connected(environ) as (connection, keys):
        of_it = (keys.events(conversation), keys.session(conversation), keys.mailbox(conversation))
        was_there = await connection.commands.exists(*of_it)
        await Mailbox(connection, keys, Listener(connection)).erase(conversation)
    if not was_there:
        click.echo(f"shopdesk: nothing is known of {conversation}: is that its whole name?", err=True)
        sys.exit(1)
    click.echo(f"{conversation} is forgotten.")


@asynccontextmanager
async def _connected(environ: Environ) -> AsyncIterator[tuple[Connection, Keys]]:
    """To the Redis of the desk that is running."""
    settings = settings_of(environ)
    async with connect(redis_url(settings)) as connection:
        await check_shards(connection, settings.shards)
        yield connection, Keys(settings.shards, settings.keep_days)
