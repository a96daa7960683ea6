"""`shopdesk doctor`: what stands in the way of serving, printed."""

import sys

import click

from bot.channels import find_channels
from bot.commands.playing import Environ, play, settings_of
from bot.doctor import examine
from bot.opening.places import read_environment


@click.command(help="Say of every setting and server what was found and what to do about it.")
@click.pass_obj
def doctor(environ: Environ) -> None:
    play(_doctor(environ))


async def _doctor(environ: Environ) -> None:
    settings, of_channels = settings_of(environ), read_environment(environ)
    findings = await examine(settings, [make(of_channels) for make in find_channels().values()])
    for finding in findings:
        click.echo(f"{'ok  ' if finding.ok else 'MEND'} {finding.name}: {finding.found}")
        if finding.advice:
            click.echo(f"     {finding.advice}")
    if not all(finding.ok for finding in findings):
        sys.exit(1)
