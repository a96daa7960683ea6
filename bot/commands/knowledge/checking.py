"""`shopdesk knowledge check`: what the texts say twice and not alike, and which figures should be names of facts."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from bot.commands.playing import Environ, play, settings_of
from bot.knowledge.contradictions import Bindable, Contradiction, Findings, findings
from bot.knowledge.reading.documents import bind, read_drafts
from bot.opening.knowledge import open_publishing
from bot.publishing import Publishing

SHOWN = 20  # of each sort, where not all of them are asked for


@click.command("check", help="Look for contradictions: in what is published, or in a file or folder before it is.")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--language", default="", help="Language of all of it, whatever the files and folders say.")
@click.option(
    "--kind",
    default="",
    type=click.Choice(["", "faq", "policy"]),
    metavar="[faq|policy]",
    help="The same for the kind.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 where something contradicts something else.")
@click.pass_obj
def check(environ: Environ, path: Path | None, language: str, kind: str, strict: bool) -> None:
    found: list[Findings] = []
    play(_check(environ, path, language, kind, found))
    if strict and any(one.contradictions for one in found):
        sys.exit(1)


async def _check(environ: Environ, path: Path | None, language: str, kind: str, found: list[Findings]) -> None:
    async with open_publishing(settings_of(environ)) as publishing:
        drafts, facts = await publishing.texts()
    if path is not None:
        drafts = [*(draft for draft in drafts if draft.source), *read_drafts(path, language, kind)]
        bind(drafts, facts)
    found.append(await asyncio.to_thread(findings, drafts, facts))
    click.echo("\n".join(_report(found[0])))


async def warnings(publishing: Publishing) -> str:
    """What is wrong with the texts that have just been published; "" for nothing."""
    found = await asyncio.to_thread(findings, *await publishing.texts())
    if not found.contradictions:
        return ""
    lines = _contradictions(found.contradictions)
    return "\n".join(["", *lines, "It is published all the same; `shopdesk knowledge check` says this again."])


def _report(found: Findings) -> list[str]:
    if not found.contradictions and not found.bindable:
        return ["No contradictions found."]
    lines = _contradictions(found.contradictions) if found.contradictions else ["No contradictions found."]
    return [*lines, *_bindable(found.bindable)]


def _contradictions(found: Sequence[Contradiction]) -> list[str]:
    count = f"{len(found)} contradiction{'' if len(found) == 1 else 's'}:"
    return [count, *(f"- {one}" for one in found[:SHOWN]), *_more(len(found) - SHOWN)]


def _bindable(found: Sequence[Bindable]) -> list[str]:
    if not found:
        return []
    shown = [f"- {one}" for one in found[:SHOWN]]
    return ["Written out, where a name would keep them right:", *shown, *_more(len(found) - SHOWN)]


def _more(left: int) -> list[str]:
    return [f"  and {left} more"] if left > 0 else []
