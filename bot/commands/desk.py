"""`shopdesk desk`: conversations that wait for a person, in the terminal of one."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from bot.attachments.keeping import read_kept
from bot.commands.playing import Environ, play, settings_of
from bot.desk.book import Book
from bot.desk.desk import StaffDesk
from bot.desk.line import Line
from bot.desk.news import DeskNews
from bot.desk.overdue import Overdue
from bot.desk.tables import desk_tables
from bot.desks import Member
from bot.insights.tables import insight_tables
from bot.insights.talks import Talks
from bot.keys import Keys
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.messages import CLOSE, RETURNED, STAFF, TOOK, Attachment, FinalText, Said
from bot.opening.attachments import store_of_attachments
from bot.opening.places import database_url, redis_url
from bot.redis.connection import Connection, connect
from bot.redis.shards import check_shards
from bot.shop.database import open_database
from bot.shop.store import open_store

DAY = 24 * 3600
PUBLIC = "(others read along)"
DEEDS = {TOOK: "(has taken it)", RETURNED: "(has given it back to the bot)", CLOSE: "(closed)"}


@click.group(help="Conversations that wait for a person.")
def desk() -> None: ...


@desk.command(help="Who waits, the longest first; then those whom somebody has.")
@click.pass_obj
def waiting(environ: Environ) -> None:
    play(_waiting(environ))


@desk.command(help="What was said in a conversation.")
@click.argument("conversation")
@click.pass_obj
def show(environ: Environ, conversation: str) -> None:
    play(_show(environ, conversation))


@desk.command(help="Copy a photo or file that a customer has sent into FILE; `show` says how it is called.")
@click.argument("kept")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def fetch(environ: Environ, kept: str, file: Path) -> None:
    play(_fetch(environ, kept, file))


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
@click.option("--who", default="staff", help="Your name.")
@click.pass_obj
def give_back(environ: Environ, conversation: str, who: str) -> None:
    play(_give_back(environ, conversation, who))


@desk.command(help="End a conversation: the customer is thanked, and asked how it was; the bot answers again.")
@click.argument("conversation")
@click.option("--who", default="staff", help="Your name.")
@click.pass_obj
def close(environ: Environ, conversation: str, who: str) -> None:
    play(_close(environ, conversation, who))


@desk.command(help="What customers said of closed conversations: 1 is bad, 5 is very good.")
@click.option("--days", default=30, show_default=True, help="Of how many days.")
@click.pass_obj
def ratings(environ: Environ, days: int) -> None:
    play(_ratings(environ, days))


@desk.command(help="To whom nobody came in time, and what has become of it.")
@click.option("--days", default=30, show_default=True, help="Of how many days.")
@click.pass_obj
def overdue(environ: Environ, days: int) -> None:
    play(_overdue(environ, days))


async def _waiting(environ: Environ) -> None:
    async with _connected(environ) as (connection, keys):
        handoffs = await Line(connection, keys).handoffs()
    found = [one for one in handoffs if one.state == "waiting"]
    for one in found:
        since = datetime.fromtimestamp(one.since, UTC).astimezone()
        public = f"  {PUBLIC}" if one.public else ""
        click.echo(f"{one.conversation}  since {since:%Y-%m-%d %H:%M}  {one.reason}{public}")
    if not found:
        click.echo("Nobody is waiting.")
    for one in handoffs[len(found) :]:
        click.echo(f"{one.conversation}  taken by {one.owner}")


async def _fetch(environ: Environ, kept: str, file: Path) -> None:
    content = await read_kept(store_of_attachments(settings_of(environ)), kept)
    try:
        with file.open("xb") as target:
            target.write(content)
    except FileExistsError:
        raise ValueError(f"{file} is there already: name another file.") from None
    click.echo(f"{file}: {len(content):,} bytes. It is from a customer: open it as carefully as any stranger's file.")


def _described(one: Attachment) -> str:
    """What it is, and how to get it."""
    name = _printable(one.name).replace("\n", " ")
    size = f"{one.size / 1000:,.0f} kB" if one.size else ""
    where = f"shopdesk desk fetch {one.kept} FILE" if one.kept else "not kept"
    return ", ".join(filter(None, (f"{one.kind} {name}".strip(), size, where)))


def _words(said: Said) -> str:
    """What was written, or what staff did instead; "" for a button of a customer, and for the desk's clock."""
    deed = said.message.partition(":")[0] if said.by == STAFF else ""
    return _printable(said.text) or DEEDS.get(deed, "")


def _printable(text: str) -> str:
    """What a customer has written must not command the terminal of who reads it."""
    return "".join(letter for letter in text if letter == "\n" or letter.isprintable())


async def _show(environ: Environ, conversation: str) -> None:
    async with _connected(environ) as (connection, keys):
        events = await Mailbox(connection, keys, Listener(connection)).transcript(conversation)
    if any(isinstance(event.what, Said) and event.what.public for event in events):
        click.echo(PUBLIC)
    for event in events:
        if isinstance(event.what, Said):
            if words := _words(event.what):
                click.echo(f"{event.what.by}: {words}")
            for attachment in event.what.attachments:
                click.echo(f"    [{_described(attachment)}]")
        elif isinstance(event.what, FinalText):
            click.echo(f"desk: {event.what.text}")
    if not events:
        raise ValueError(f"There is no conversation {conversation}.")


async def _take(environ: Environ, conversation: str, who: str) -> None:
    async with _desk(environ) as desk:
        await desk.take(_member(who), conversation)
    click.echo(f"You have {conversation}; the bot is silent there.")


async def _say(environ: Environ, conversation: str, who: str, text: str) -> None:
    async with _desk(environ) as desk:
        await desk.say(_member(who), conversation, text, f"{who}:{time.time_ns()}")
    click.echo("Sent.")


async def _give_back(environ: Environ, conversation: str, who: str) -> None:
    async with _desk(environ) as desk:
        await desk.give_back(_member(who), conversation)
    click.echo(f"The bot answers in {conversation} again.")


async def _close(environ: Environ, conversation: str, who: str) -> None:
    async with _desk(environ) as desk:
        await desk.close(_member(who), conversation)
    click.echo(f"{conversation} is closed; the customer is asked how it was.")


async def _ratings(environ: Environ, days: int) -> None:
    """Out of the lead's figures: they are kept once."""
    async with open_database(database_url(settings_of(environ))) as database:
        await database.add(insight_tables)
        found = await Talks(database).stars(time.time() - days * DAY)
    if not found:
        click.echo("Nobody has said how it was.")
        return
    for stars in range(5, 0, -1):
        click.echo(f"{stars}: {found.count(stars)}")
    click.echo(f"{len(found)} in {days} days, {sum(found) / len(found):.1f} on average")


async def _overdue(environ: Environ, days: int) -> None:
    async with _connected(environ) as (connection, keys):
        missed = await Overdue(connection, keys).since(days * DAY)
    for one in missed:
        at, now = datetime.fromtimestamp(one.at, UTC).astimezone(), one.handoff
        became = "it is over" if now is None else f"{now.owner} has it" if now.owner else "still waits"
        click.echo(f"{one.conversation}  missed {at:%Y-%m-%d %H:%M}  {became}")
    if not missed:
        click.echo("Nobody was missed.")


@asynccontextmanager
async def _connected(environ: Environ) -> AsyncIterator[tuple[Connection, Keys]]:
    """To the Redis of the desk that is running."""
    settings = settings_of(environ)
    async with connect(redis_url(settings)) as connection:
        await check_shards(connection, settings.shards)
        yield connection, Keys(settings.shards, settings.keep_days)


@asynccontextmanager
async def _desk(environ: Environ) -> AsyncIterator[StaffDesk]:
    """Its deeds alone: nobody here listens to what is new."""
    async with _connected(environ) as (connection, keys), open_store(database_url(settings_of(environ))) as store:
        await store.database.add(desk_tables)
        listener = Listener(connection)
        mailbox, news = Mailbox(connection, keys, listener), DeskNews(connection, keys, listener)
        yield StaffDesk(connection, keys, mailbox, news, Book(store.database))


def _member(who: str) -> Member:
    """Whoever works at this machine may do what an agent may."""
    return Member(who, who.capitalize(), "agent")
