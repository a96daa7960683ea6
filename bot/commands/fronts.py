"""`shopdesk` and the name of a channel: that channel alone in a process; workers elsewhere make the replies."""

import click

from bot.channels import find_channels
from bot.commands.playing import Environ, play, settings_of
from bot.commands.stopping import until_stopped
from bot.opening.front import open_front
from bot.opening.places import read_environment


def front(name: str) -> click.Command:
    """The command that serves the installed channel of this name."""

    @click.command(name, help="Only this channel, beside any number of other processes on one Redis.")
    @click.pass_obj
    def command(environ: Environ) -> None:
        play(_serve(environ, name))

    return command


async def _serve(environ: Environ, name: str) -> None:
    settings = settings_of(environ)
    channel = find_channels(name)[name](read_environment(environ))
    if not channel.enabled():
        raise ValueError(f"The channel {name} is not set up: `shopdesk doctor` says what is missing.")
    async with open_front(settings, click.echo) as handles:
        await until_stopped([channel.serve(handles)], None, settings.grace_seconds)
