"""The command `shopdesk`."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from bot.assembly import (
    ShopDesk,
    database_url,
    open_desk,
    read_environment,
    read_prompts,
    redis_url,
)
from bot.channels import Channel, find_channels
from bot.connection import Connection, connect
from bot.desk.handoff import Handoff
from bot.doctor import examine
from bot.keys import Keys
from bot.knowledge.drafts import KnowledgeFileError
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.messages import FinalText, Said
from bot.publishing import Publishing
from bot.settings import Settings, read_settings
from bot.shop.files import ShopFileError, read_shop
from bot.shop.store import open_store

STOP_SECONDS = 8.0  # how long channels and turns may take to end after Ctrl-C; the worker needs five at most
EXPECTED = (OSError, ValueError, KnowledgeFileError, ShopFileError)


@click.group(help="The service desk of an online shop, in chat.")
def main() -> None:
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)


@main.command(help="Serve the shop's customers on every channel that is set up.")
def run() -> None:
    _play(_serve(None))


@main.command(help="Talk to the desk in this terminal.")
def chat() -> None:
    _play(_serve("terminal"))


@main.command(help="Say of every setting and server what was found and what to do about it.")
def doctor() -> None:
    _play(_doctor())


@main.group(help="The shop's products, customers and orders.")
def shop() -> None: ...


@shop.command("import", help="Replace the shop by the files of a folder (docs/shop-files.md).")
@click.argument("folder", type=click.Path(path_type=Path))
def import_shop(folder: Path) -> None:
    _play(_import_shop(folder))


@main.group(help="The FAQ and the policies.")
def knowledge() -> None: ...


@knowledge.command("import", help="Replace the FAQ and the policies by a file or folder (docs/knowledge-files.md).")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--language", default="", help="Language of all of it, whatever the files and folders say.")
@click.option("--kind", default="", type=click.Choice(["", "faq", "policy"]), help="The same for the kind.")
def import_knowledge(path: Path, language: str, kind: str) -> None:
    _play(_import_knowledge(path, language, kind))


@main.group(help="Conversations that wait for a person.")
def desk() -> None: ...


@desk.command(help="Who waits, the longest first.")
def waiting() -> None:
    _play(_waiting())


@desk.command(help="What was said in a conversation.")
@click.argument("conversation")
def show(conversation: str) -> None:
    _play(_show(conversation))


@desk.command(help="Take a conversation: the bot is silent in it until you give it back.")
@click.argument("conversation")
@click.option("--who", default="staff", help="Your name.")
def take(conversation: str, who: str) -> None:
    _play(_take(conversation, who))


@desk.command(help="Write into a conversation.")
@click.argument("conversation")
@click.argument("text")
@click.option("--who", default="staff", help="Your name.")
def say(conversation: str, text: str, who: str) -> None:
    _play(_say(conversation, who, text))


@desk.command("return", help="Give a conversation back to the bot.")
@click.argument("conversation")
def give_back(conversation: str) -> None:
    _play(_give_back(conversation))


def _play(work: Coroutine[None, None, None]) -> None:
    """Run to the end, or to Ctrl-C or SIGTERM; what a person can mend is one sentence, everything else a traceback."""
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        sys.exit(130)
    except EXPECTED as error:
        click.echo(f"shopdesk: {_sentence(error)}", err=True)
        sys.exit(1)


def _sentence(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return said or type(error).__name__


def _settings() -> tuple[Settings, dict[str, str]]:
    environ = read_environment(os.environ)
    settings = read_settings(environ)
    logging.getLogger().setLevel(settings.log_level)
    return settings, environ


def _channels(environ: dict[str, str], only: str | None) -> list[Channel]:
    """The one that is asked for, or all that are set up."""
    found = find_channels()
    opened = [make(environ) for name, make in found.items() if only in (None, name)]
    return [channel for channel in opened if only or channel.enabled()]


async def _serve(only: str | None) -> None:
    settings, environ = _settings()
    channels = _channels(environ, only)
    async with open_desk(settings, _announcing(settings)) as desk:
        await _until_stopped(desk, channels)


def _announcing(settings: Settings) -> Callable[[str], None]:
    """Says, once something is open, by what it answers."""
    said: list[str] = []

    def announce(line: str) -> None:
        click.echo(line)
        if not said and not settings.model_url:
            click.echo("Answers come without a model (SHOPDESK_MODEL_URL is not set).")
        said.append(line)

    return announce


async def _until_stopped(desk: ShopDesk, channels: list[Channel]) -> None:
    """Until a channel fails, all channels have ended, or Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    worker = asyncio.create_task(desk.work())
    serving = [asyncio.create_task(channel.serve(desk.handles)) for channel in channels]
    ended = asyncio.create_task(_all_ended(serving))
    stopped = asyncio.create_task(_waited(stop))
    tasks = {worker, stopped, ended, *serving}
    try:
        await asyncio.wait({worker, stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=STOP_SECONDS)
    for task in (worker, *serving):
        if task.done() and not task.cancelled() and (error := task.exception()):
            raise error


async def _all_ended(serving: list[asyncio.Task[None]]) -> None:
    await asyncio.gather(*serving)


async def _waited(stop: asyncio.Event) -> None:
    await stop.wait()


async def _doctor() -> None:
    settings, environ = _settings()
    findings = await examine(settings, [make(environ) for make in find_channels().values()])
    for finding in findings:
        click.echo(f"{'ok  ' if finding.ok else 'MEND'} {finding.name}: {finding.found}")
        if finding.advice:
            click.echo(f"     {finding.advice}")
    if not all(finding.ok for finding in findings):
        sys.exit(1)


async def _import_shop(folder: Path) -> None:
    settings, _ = _settings()
    files = read_shop(folder, datetime.now(UTC).date())
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with open_store(database_url(settings)) as store:
        publishing = Publishing(store, settings.data_dir / "knowledge", read_prompts(settings).languages)
        await publishing.import_shop(files)
    click.echo(
        f"Imported {len(files.products)} products, {len(files.customers)} customers and {len(files.orders)} orders. "
        "A desk that is running has to be started again to take up shop.toml."
    )


async def _import_knowledge(path: Path, language: str, kind: str) -> None:
    settings, _ = _settings()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with open_store(database_url(settings)) as store:
        publishing = Publishing(store, settings.data_dir / "knowledge", read_prompts(settings).languages)
        count = await publishing.import_knowledge(path, language, kind)
    click.echo(f"Published {count} passages; a desk that is running answers from them at once.")


async def _waiting() -> None:
    async with _handoff() as handoff:
        waiting = await handoff.waiting()
    for one in waiting:
        since = datetime.fromtimestamp(one.since, UTC).astimezone()
        click.echo(f"{one.conversation}  since {since:%Y-%m-%d %H:%M}")
    if not waiting:
        click.echo("Nobody is waiting.")


async def _show(conversation: str) -> None:
    async with _postbox() as postbox:
        events = await postbox.transcript(conversation)
    for event in events:
        if isinstance(event.what, Said):
            click.echo(f"{event.what.by}: {event.what.text}")
        elif isinstance(event.what, FinalText):
            click.echo(f"desk: {event.what.text}")
    if not events:
        raise ValueError(f"There is no conversation {conversation}.")


async def _take(conversation: str, who: str) -> None:
    async with _handoff() as handoff:
        await handoff.take(conversation, who)
    click.echo(f"You have {conversation}; the bot is silent there.")


async def _say(conversation: str, who: str, text: str) -> None:
    async with _handoff() as handoff:
        await handoff.say(conversation, who, text)
    click.echo("Sent.")


async def _give_back(conversation: str) -> None:
    async with _handoff() as handoff:
        await handoff.give_back(conversation)
    click.echo(f"The bot answers in {conversation} again.")


@asynccontextmanager
async def _connected() -> AsyncIterator[tuple[Connection, Keys]]:
    """To the Redis of the desk that is running."""
    settings, _ = _settings()
    async with connect(redis_url(settings)) as connection:
        yield connection, Keys(settings.shards)


@asynccontextmanager
async def _postbox() -> AsyncIterator[Mailbox]:
    async with _connected() as (connection, keys):
        yield Mailbox(connection, keys, Listener(connection))


@asynccontextmanager
async def _handoff() -> AsyncIterator[Handoff]:
    async with _connected() as (connection, keys):
        yield Handoff(connection, keys, Mailbox(connection, keys, Listener(connection)))
