"""`shopdesk desk`: conversations that wait for a person, in the terminal of one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import click

from bot.commands.playing import Environ, play, settings_of
from bot.desk.handoff import Handoff
from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.messages import FinalText, Said
from bot.opening.places import redis_url
from bot.redis.connection import Connection, connect
from bot.redis.shards import check_shards


@click.group(help="Conversations that wait for a person.")
def desk() -> None: ...


@desk.command(help="Who waits, the longest first.")
@click.pass_obj
def waiting(environ: Environ) -> None:
    play(_waiting(environ))


@desk.command(help="What was said in a conversation.")
@click.argument("conversation")
@click.pass_obj
def show(environ: Environ, conversation: str) -> None:
    play(_show(environ, conversation))


@desk.command(help="Take a conversation: the bot is silent in it until you give it back.")
@click.argument("conversation")
@click.option("--who", default="staff", help="Your name.")
@click.pass_obj
def take(environ: Environ, conversation: str, who: str) -> None:
    play(_take(environ, conversation, who))


@desk.command(help="Write into a conversation.")
@click.argument("conversation")
@click.argument("text")
@click.option("--who", default="staff", help="Your name.")
@click.pass_obj
def say(environ: Environ, conversation: str, text: str, who: str) -> None:
    play(_say(environ, conversation, who, text))


@desk.command("return", help="Give a conversation back to the bot.")
@click.argument("conversation")
@click.pass_obj
def give_back(environ: Environ, conversation: str) -> None:
    play(_give_back(environ, conversation))


async def _waiting(environ: Environ) -> None:
    async with _handoff(environ) as handoff:
        waiting = await handoff.waiting()
    for one in waiting:
        since = datetime.fromtimestamp(one.since, UTC).astimezone()
        click.echo(f"{one.conversation}  since {since:%Y-%m-%d %H:%M}")
    if not waiting:
        click.echo("Nobody is waiting.")


async def _show(environ: Environ, conversation: str) -> None:
    async with _connected(environ) as (connection, keys):
        events = await Mailbox(connection, keys, Listener(connection)).transcript(conversation)
    for event in events:
        if isinstance(event.what, Said):
            click.echo(f"{event.what.by}: {event.what.text}")
        elif isinstance(event.what, FinalText):
            click.echo(f"desk: {event.what.text}")
    if not events:
        raise ValueError(f"There is no conversation {conversation}.")


async def _take(environ: Environ, conversation: str, who: str) -> None:
    async with _handoff(environ) as handoff:
        await handoff.take(conversation, who)
    click.echo(f"You have {conversation}; the bot is silent there.")


async def _say(environ: Environ, conversation: str, who: str, text: str) -> None:
    async with _handoff(environ) as handoff:
        await handoff.say(conversation, who, text)
    click.echo("Sent.")


async def _give_back(environ: Environ, conversation: str) -> None:
    async with _handoff(environ) as handoff:
        await handoff.give_back(conversation)
    click.echo(f"The bot answers in {conversation} again.")


@asynccontextmanager
async def _connected(environ: Environ) -> AsyncIterator[tuple[Connection, Keys]]:
    """To the Redis of the desk that is running."""
    settings = settings_of(environ)
    async with connect(redis_url(settings)) as connection:
        await check_shards(connection, settings.shards)
        yield connection, Keys(settings.shards, settings.keep_days)


@asynccontextmanager
async def _handoff(environ: Environ) -> AsyncIterator[Handoff]:
    async with _connected(environ) as (connection, keys):
        yield Handoff(connection, keys, Mailbox(connection, keys, Listener(connection)))
