"""`shopdesk knowledge import`, `put` and `remove`: changing what the desk answers from."""

from collections.abc import Callable, Coroutine
from pathlib import Path

import click

from bot.commands.knowledge.checking import warnings
from bot.commands.playing import Environ, play, settings_of
from bot.editions import Published
from bot.knowledge.reading.documents import read_drafts
from bot.opening.knowledge import open_publishing
from bot.publishing import Publishing

MOST_LISTED = 20  # ids of each kind of change

LANGUAGE = click.option("--language", default="", help="Language of all of it, whatever the files and folders say.")
KIND = click.option(
    "--kind",
    default="",
    type=click.Choice(["", "faq", "policy"]),
    metavar="[faq|policy]",
    help="The same for the kind.",
)


@click.command("import", help="Replace what came from files by a file or folder (docs/knowledge-files.md).")
@click.argument("path", type=click.Path(path_type=Path))
@LANGUAGE
@KIND
@click.option("--url", default="", help="Where the folder lies on the web: sources link to its PDF, Word and HTML.")
@click.pass_obj
def import_knowledge(environ: Environ, path: Path, language: str, kind: str, url: str) -> None:
    play(_import(environ, path, language, kind, url))


@click.command("put", help="Add the entries of a file or folder, or change those with the same ids; the rest stays.")
@click.argument("path", type=click.Path(path_type=Path))
@LANGUAGE
@KIND
@click.pass_obj
def put_entries(environ: Environ, path: Path, language: str, kind: str) -> None:
    play(change(environ, lambda publishing: publishing.put(read_drafts(path, language, kind))))


@click.command("remove", help="Remove entries by name (in all languages: delivery-time) or id (faq:delivery-time:en).")
@click.argument("entries", nargs=-1, required=True)
@click.pass_obj
def remove_entries(environ: Environ, entries: tuple[str, ...]) -> None:
    play(change(environ, lambda publishing: publishing.remove(entries)))


async def _import(environ: Environ, path: Path, language: str, kind: str, url: str) -> None:
    async with open_publishing(settings_of(environ)) as publishing:
        told = said(await publishing.import_knowledge(path, language, kind, url))
        doubts = await warnings(publishing)
        shop = await publishing.shop()
    click.echo(told + doubts)
    if shop is None:
        click.echo("There is no shop yet: import yours before the first start, or the demo comes with its own FAQ.")
    elif shop.demo:
        click.echo("This is the FAQ of the demo shop now; with a shop of your own, import it again after that.")


async def change(
    environ: Environ, work: Callable[[Publishing], Coroutine[None, None, Published]], anew: bool = False
) -> None:
    """Do it, and say what came of it."""
    async with open_publishing(settings_of(environ), anew) as publishing:
        told = said(await work(publishing))
        doubts = await warnings(publishing)
    click.echo(told + doubts)


def said(published: Published) -> str:
    """For the person who has published."""
    changes, serves = (
        published.difference,
        f"{counted(published.passages)} of FAQ and policies, version {published.version}",
    )
    if published.version == published.before:
        return f"Nothing to change: {serves}."
    if not changes:
        return f"Published anew, the same texts: {serves}."
    kinds = (("added", "+", changes.added), ("changed", "~", changes.changed), ("removed", "-", changes.removed))
    lines = [line for _, sign, ids in kinds for line in _listed(sign, ids)]
    counts = ", ".join(f"{len(ids)} {what}" for what, _, ids in kinds if ids)
    return "\n".join([*lines, f"{counts}: {serves}. A desk that is running answers from it at once."])


def counted(passages: int) -> str:
    return f"{passages} passage{'' if passages == 1 else 's'}"


def _listed(sign: str, ids: tuple[str, ...]) -> list[str]:
    more = [f"{sign} and {len(ids) - MOST_LISTED} more"] if len(ids) > MOST_LISTED else []
    return [*(f"{sign} {one}" for one in ids[:MOST_LISTED]), *more]
