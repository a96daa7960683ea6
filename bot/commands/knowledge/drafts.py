"""`shopdesk knowledge drafts`: entries made of what staff have answered, to be approved or dropped."""

from datetime import UTC, datetime
from pathlib import Path

import click

from bot.commands.knowledge.caring import Care, caring, shown
from bot.commands.playing import Environ, play
from bot.insights.drafting import Drafts, FaqDraft, as_entry, edited, suggested_name


@click.group("drafts", invoke_without_command=True)
@click.pass_context
def drafts(context: click.Context) -> None:
    """FAQ entries that wait for approval: what staff answered where the desk had no answer, and begun gaps."""
    if context.invoked_subcommand is None:
        play(_list(context.obj))


@drafts.command(help="The whole of a draft, as a file to be edited.")
@click.argument("name", metavar="ID")
@click.pass_obj
def show(environ: Environ, name: str) -> None:
    play(_show(environ, name))


@drafts.command(help="Publish it: the desk answers from it within a second.")
@click.argument("name", metavar="ID")
@click.option("--name", "entry", default="", help="Name of the entry, as in its address: delivery-time.")
@click.option("--edit", type=click.Path(path_type=Path, exists=True), help="A file with the answer, better worded.")
@click.pass_obj
def approve(environ: Environ, name: str, entry: str, edit: Path | None) -> None:
    play(_approve(environ, name, entry, edit.read_text(encoding="utf-8") if edit else ""))


@drafts.command(help="Throw it away.")
@click.argument("name", metavar="ID")
@click.pass_obj
def drop(environ: Environ, name: str) -> None:
    play(_drop(environ, name))


async def _list(environ: Environ) -> None:
    async with caring(environ) as care:
        found = await _drafts(care).waiting()
    for draft in found:
        at = datetime.fromtimestamp(draft.at, UTC).astimezone()
        taken_out = f"  taken out: {', '.join(draft.marks)}" if draft.marks else ""
        click.echo(f"{draft.id}  {draft.language}  {at:%Y-%m-%d %H:%M}  {draft.conversation or 'gap'}{taken_out}")
        click.echo(f"  {shown(_title(draft))}\n  {shown(draft.text)}")
    if not found:
        click.echo("No draft waits.")


async def _show(environ: Environ, name: str) -> None:
    async with caring(environ) as care:
        draft = await _drafts(care).one(name)
    click.echo(f"# {_title(draft)}\n\n{draft.text}")
    for question in draft.questions[1:]:
        click.echo(f"also asked: {question}", err=True)
    if draft.marks:
        click.echo(f"Something personal stood at {', '.join(draft.marks)}: mend it before you approve.", err=True)


async def _approve(environ: Environ, name: str, entry: str, written: str) -> None:
    async with caring(environ) as care:
        draft = await _drafts(care).one(name)
        if written:
            draft = edited(draft, written)
        made = as_entry(draft, entry)
        if await care.index.passage(made.passage.id):
            known = entry or suggested_name(draft)
            raise ValueError(f"There is an entry {known} in {draft.language} already: choose another --name.")
        await care.publishing.put([made])
        await _drafts(care).done(draft)
    click.echo(f"{made.passage.id} is published; the desk answers from it now.")


async def _drop(environ: Environ, name: str) -> None:
    async with caring(environ) as care:
        await _drafts(care).done(await _drafts(care).one(name))
    click.echo(f"{name} is dropped.")


def _drafts(care: Care) -> Drafts:
    return Drafts(care.connection, care.keys)


def _title(draft: FaqDraft) -> str:
    return draft.questions[0] if draft.questions else "(who asked has been forgotten)"
