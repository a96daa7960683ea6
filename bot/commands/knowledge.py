"""`shopdesk knowledge`: putting the shop's FAQ and policies in place."""

from pathlib import Path

import click

from bot.commands.playing import Environ, play, settings_of
from bot.opening.places import database_url, read_prompts
from bot.publishing import Publishing
from bot.shop.store import open_store


@click.group(help="The FAQ and the policies.")
def knowledge() -> None: ...


@knowledge.command("import", help="Replace the FAQ and the policies by a file or folder (docs/knowledge-files.md).")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--language", default="", help="Language of all of it, whatever the files and folders say.")
@click.option("--kind", default="", type=click.Choice(["", "faq", "policy"]), help="The same for the kind.")
@click.pass_obj
def import_knowledge(environ: Environ, path: Path, language: str, kind: str) -> None:
    play(_import(environ, path, language, kind))


async def _import(environ: Environ, path: Path, language: str, kind: str) -> None:
    settings = settings_of(environ)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with open_store(database_url(settings)) as store:
        publishing = Publishing(store, settings.data_dir / "knowledge", read_prompts(settings).languages)
        count = await publishing.import_knowledge(path, language, kind)
    click.echo(f"Published {count} passages; a desk that is running answers from them at once.")
