"""`shopdesk run`, `chat` and `doctor`: serving the shop's customers, and what stands in the way of it."""

import asyncio
import signal
import sys
from collections.abc import Callable

import click

from bot.assembly import ShopDesk, open_desk, read_environment
from bot.channels import Channel, find_channels
from bot.commands.playing import Environ, play, settings_of
from bot.doctor import examine
from bot.settings import Settings

STOP_SECONDS = 8.0  # how long channels and turns may take to end after Ctrl-C; the worker needs five at most


@click.command(help="Serve the shop's customers on every channel that is set up.")
@click.pass_obj
def run(environ: Environ) -> None:
    play(_serve(environ, None))


@click.command(help="Talk to the desk in this terminal.")
@click.pass_obj
def chat(environ: Environ) -> None:
    play(_serve(environ, "terminal"))


@click.command(help="Say of every setting and server what was found and what to do about it.")
@click.pass_obj
def doctor(environ: Environ) -> None:
    play(_doctor(environ))


async def _serve(environ: Environ, only: str | None) -> None:
    settings = settings_of(environ)
    channels = _channels(environ, only)
    async with open_desk(settings, _announcing(settings)) as desk:
        await _until_stopped(desk, channels)


def _channels(environ: Environ, only: str | None) -> list[Channel]:
    """The one that is asked for, or all that are set up."""
    of_channels = read_environment(environ)
    opened = [make(of_channels) for name, make in find_channels().items() if only in (None, name)]
    return [channel for channel in opened if only or channel.enabled()]


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


async def _doctor(environ: Environ) -> None:
    settings, of_channels = settings_of(environ), read_environment(environ)
    findings = await examine(settings, [make(of_channels) for make in find_channels().values()])
    for finding in findings:
        click.echo(f"{'ok  ' if finding.ok else 'MEND'} {finding.name}: {finding.found}")
        if finding.advice:
            click.echo(f"     {finding.advice}")
    if not all(finding.ok for finding in findings):
        sys.exit(1)
