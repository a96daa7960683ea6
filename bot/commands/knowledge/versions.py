"""`shopdesk knowledge versions`, `rollback` and `publish`: which version serves, the one before, the same anew."""

import click

from bot.commands.knowledge.importing import change, counted
from bot.commands.playing import Environ, play, settings_of
from bot.editions import Version
from bot.opening.knowledge import open_publishing


@click.command("versions", help="Which version of the knowledge serves, and which one a rollback brings back.")
@click.pass_obj
def list_versions(environ: Environ) -> None:
    play(_versions(environ))


@click.command("rollback", help="Let the version serve again that served before: its index and its texts.")
@click.pass_obj
def roll_back(environ: Environ) -> None:
    play(change(environ, lambda publishing: publishing.roll_back()))


@click.command("publish", help="Publish the same texts anew: with another embedder, or learned from once more.")
@click.pass_obj
def publish_anew(environ: Environ) -> None:
    play(change(environ, lambda publishing: publishing.publish_anew(), anew=True))


async def _versions(environ: Environ) -> None:
    async with open_publishing(settings_of(environ)) as publishing:
        serving, before = await publishing.versions()
    if serving is None:
        click.echo("Nothing is published yet: `shopdesk run` publishes the demo's, `shopdesk knowledge import` yours.")
        return
    click.echo(f"serves:          {_described(serving)}")
    click.echo(f"rollback brings: {_described(before) if before else 'nothing, there is no version before it'}")


def _described(version: Version) -> str:
    learned = "learned from" if version.learned else "not learned from yet"
    embedder = version.embedder or "no embedder"
    since = f"{version.since:%Y-%m-%d %H:%M:%S}"
    return (
        f"{version.name}, on this machine since {since}: {counted(version.passages)} of FAQ and policies, "
        f"{version.products} of products; {learned}, {embedder}"
    )
