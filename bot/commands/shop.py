"""`shopdesk shop`: the shop's data in and out."""

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from bot.answering.presenting import Presenting
from bot.answering.presenting_actions import PresentingActions
from bot.answering.prompting import DEFAULT_LANGUAGE, Prompts
from bot.commands.playing import Environ, play, settings_of
from bot.opening.knowledge import open_publishing
from bot.opening.places import database_url, read_prompts
from bot.publishing import Replaced
from bot.shop.applying import Applying, Saying
from bot.shop.database import open_database
from bot.shop.done_changes import read_done_changes
from bot.shop.files import ShopFiles, read_shop
from bot.shop.profile_file import read_profile
from bot.shop.records import Customer, ShopProfile
from bot.shop.rules import Refusal
from bot.shop.store import ShopStore, open_store
from bot.shop.tau2 import RULES_OF_THE_BENCHMARK
from bot.shop.tau2.reading import read_database
from bot.shop.tau2.writing import write_database


@click.group(help="The shop's products, customers and orders.")
def shop() -> None: ...


@shop.command("import", help="Replace the shop by the files of a folder (docs/shop-files.md), or by a database file.")
@click.argument("path", type=click.Path(path_type=Path), metavar="FOLDER|FILE")
@click.option(
    "--format", "written", default="files", type=click.Choice(["files", "tau2"]), help="tau2: tau2-bench's db.json."
)
@click.option("--settings", "rules", type=click.Path(path_type=Path), help="With tau2: a shop.toml of your own.")
@click.pass_obj
def import_shop(environ: Environ, path: Path, written: str, rules: Path | None) -> None:
    if rules and written == "files":
        raise click.UsageError("--settings is for --format tau2; a folder has its own shop.toml.")
    play(_import(environ, path, written, rules or RULES_OF_THE_BENCHMARK))


@shop.command("export", help="Write the whole shop to a file, or to where the command's output goes.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--format", "written", required=True, type=click.Choice(["tau2"]), help="tau2: tau2-bench's db.json.")
@click.pass_obj
def export_shop(environ: Environ, file: Path | None, written: str) -> None:
    play(_export(environ, file))


@shop.command("apply", help="Do what the lines of a file say, each as its customer (docs/actions-file.md).")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only say what may be done; nothing changes.")
@click.pass_obj
def apply_file(environ: Environ, file: BinaryIO, dry_run: bool) -> None:
    play(_apply(environ, file, dry_run))


@shop.command("changes", help="Print what customers had changed, the newest last: a line of JSON each.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="From this day on, in UTC.")
@click.option("--order", default="", metavar="NUMBER", help="Of this order only.")
@click.pass_obj
def changes(environ: Environ, since: datetime | None, order: str) -> None:
    play(_changes(environ, since.replace(tzinfo=UTC) if since else None, order.strip()))


async def _import(environ: Environ, path: Path, written: str, rules: Path) -> None:
    settings = settings_of(environ)
    files = _read(path, written, rules, datetime.now(UTC).date())
    async with open_publishing(settings) as publishing:
        replaced = await publishing.import_shop(files)
    click.echo("\n".join(_said(files, replaced)))
    if written == "tau2":
        click.echo(f"Names and rules are those of {rules}; everything counts as placed and delivered today.")


def _said(files: ShopFiles, replaced: Replaced) -> Iterator[str]:
    """For the person who has imported: what is there, what is missing, and whether a running desk knows it."""
    yield f"Imported {len(files.products)} products, {len(files.customers)} customers and {len(files.orders)} orders."
    if replaced.gone:
        yield f"The FAQ and policies that were there ({replaced.gone} passages) went with the demo shop."
    if not replaced.texts:
        yield "There is no FAQ and no policy now: shopdesk knowledge import PATH."
    if replaced.before and _at_start(replaced.before) != _at_start(files.profile):
        yield "shop.toml says something new: a desk that is running has to be started again to take it up."
    elif replaced.before:
        yield "A desk that is running answers from it at once; shop.toml is as it was at the last import."


def _at_start(profile: ShopProfile) -> ShopProfile:
    """What a desk reads when it starts: all but the facts, which stand in the texts."""
    return msgspec.structs.replace(profile, facts={})


def _read(path: Path, written: str, rules: Path, today: date) -> ShopFiles:
    if written == "tau2":
        return read_database(path, read_profile(rules), today)
    return read_shop(path, today)


async def _export(environ: Environ, file: Path | None) -> None:
    async with open_database(database_url(settings_of(environ))) as database:
        found = await write_database(database)
    _write(found + b"\n", file)


def _write(found: bytes, file: Path | None) -> None:
    if file is None:
        sys.stdout.buffer.write(found)
        return
    file.write_bytes(found)
    click.echo(f"Wrote {file}.")


async def _apply(environ: Environ, file: BinaryIO, dry_run: bool) -> None:
    settings = settings_of(environ)
    all_ok = True
    async with open_store(database_url(settings)) as store:
        profile = await store.profile()
        if profile is None:
            raise ValueError("The shop is empty: import it first (shopdesk shop import).")
        words = _words(store, read_prompts(settings), profile)
        applying = Applying(store, Path(str(file.name)).name, words, lambda: datetime.now(UTC))
        async for outcome in applying.apply(file, dry_run):
            click.echo(msgspec.json.encode(outcome))
            all_ok = all_ok and outcome.ok
    if not all_ok:
        sys.exit(1)


async def _changes(environ: Environ, since: datetime | None, order: str) -> None:
    async with open_database(database_url(settings_of(environ))) as database:
        found = await read_done_changes(database, since, order)
    for change in found:
        click.echo(msgspec.json.encode(change))
    if not found:
        click.echo("Customers had nothing changed.", err=True)


def _words(store: ShopStore, prompts: Prompts, profile: ShopProfile) -> Saying:
    """The sentences that a customer would read, in English."""
    presenting = PresentingActions(store, prompts, Presenting(store, prompts, profile.currency), profile)

    known: dict[str, Customer | None] = {}

    async def say(refusal: Refusal, customer_id: str) -> str:
        if customer_id not in known:
            known[customer_id] = await store.of(customer_id).customer()
        return await presenting.refusal(refusal, DEFAULT_LANGUAGE, known[customer_id])

    return say
