"""`shopdesk run` and `chat`: the whole desk in one process."""

import click

from bot.assembly import open_desk
from bot.channels import Channel, find_channels
from bot.commands.playing import Environ, play, settings_of
from bot.commands.stopping import until_stopped
from bot.opening.places import read_environment
from bot.settings import Settings

CHAT = "terminal"


@click.command(help="Serve the shop's customers on every channel that is set up, and make the replies.")
@click.pass_obj
def run(environ: Environ) -> None:
    play(_run(environ))


@click.command(help="Talk to the desk in this terminal.")
@click.pass_obj
def chat(environ: Environ) -> None:
    play(_chat(environ))


async def _run(environ: Environ) -> None:
    of_channels = read_environment(environ)
    found = [make(of_channels) for make in find_channels().values()]
    await _serve(settings_of(environ), [channel for channel in found if channel.enabled()])


async def _chat(environ: Environ) -> None:
    of_channels = read_environment(environ)
    channels = [make(of_channels) for make in find_channels(CHAT).values()]
    await _serve(settings_of(environ), channels, beside=True)


async def _serve(settings: Settings, channels: list[Channel], beside: bool = False) -> None:
    announcing = Announcing(settings, beside)
    async with open_desk(settings, announcing) as desk:
        serving = [channel.serve(desk.handles) for channel in channels]
        await until_stopped(serving, desk.work(), settings.grace_seconds)


class Announcing:
    """Says, once something is open, by what it answers."""

    def __init__(self, settings: Settings, beside: bool = False) -> None:
        """`beside`: on standard error, where it cannot fall into the middle of a talk."""
        self._silent_about_model = bool(settings.model_url)
        self._beside = beside

    def __call__(self, line: str) -> None:
        click.echo(line, err=self._beside)
        if not self._silent_about_model:
            click.echo("Answers come without a model (SHOPDESK_MODEL_URL is not set).", err=self._beside)
        self._silent_about_model = True
