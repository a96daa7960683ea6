"""`shopdesk worker`: replies are made here, by any number of these; channels are served elsewhere."""

import click

from bot.commands.playing import Environ, play, settings_of
from bot.commands.stopping import until_stopped
from bot.opening.back_office import open_back_office


@click.command(help="Only make the replies, beside any number of other processes on one Redis.")
@click.pass_obj
def worker(environ: Environ) -> None:
    play(_work(environ))


async def _work(environ: Environ) -> None:
    settings = settings_of(environ)
    async with open_back_office(settings, click.echo) as back_office:
        answering = f"with {settings.model_name}" if settings.model_url else "without a model"
        click.echo(f"Worker: ready for {settings.workers} conversations at the same time, answered {answering}.")
        await until_stopped([], back_office.work(), settings.grace_seconds)
