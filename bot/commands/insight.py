"""`shopdesk insight`: what happened on the desk, as tables in the terminal of a lead or for a spreadsheet."""

import csv
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import click

from bot.commands.playing import Environ, play, settings_of
from bot.desk.small_talk import SmallTalk
from bot.desks import Span, Table
from bot.insights.looking_back import MOST_DAYS, ORDER, LookingBack
from bot.insights.questions import Questions
from bot.insights.tables import insight_tables
from bot.insights.talks import Talks
from bot.opening.places import database_url, read_prompts
from bot.shop.store import open_store

MINUTE, HOUR = 60, 3600
LONG = 24  # rows; of more, as in one for each day, those are left out in which nothing happened


@click.command(help="What happened on the desk: conversations, outcomes, times, ratings, topics.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, MOST_DAYS), help="Of how many days.")
@click.option("--table", type=click.Choice(ORDER), help="Only this one.")
@click.option("--csv", "as_csv", is_flag=True, help="For a spreadsheet.")
@click.pass_obj
def insight(environ: Environ, days: int, table: str | None, as_csv: bool) -> None:
    play(_insight(environ, days, table, as_csv))


async def _insight(environ: Environ, days: int, table: str | None, as_csv: bool) -> None:
    settings = settings_of(environ)
    async with open_store(database_url(settings)) as store:
        await store.database.add(insight_tables)
        profile = await store.profile()
        if profile is None:
            raise ValueError("There is no shop yet: start one with shopdesk run.")
        zone, talks = ZoneInfo(profile.desk.time_zone), Talks(store.database)
        questions = Questions(talks, None, profile.order_number, SmallTalk(read_prompts(settings)).is_it)
        looking_back = LookingBack(talks, questions, zone, settings.tone_threshold)
        today = datetime.now(zone).date()
        found = await looking_back.tables(Span(f"{today - timedelta(days=days - 1)}", f"{today}"))
    wanted = [one for one in found if table in (None, one.name)]
    if as_csv:
        _write(wanted)
    else:
        for one in wanted:
            _print(one)


def _write(tables: list[Table]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("table", "label", "value", "unit", "conversations"))
    for table in tables:
        for row in table.rows:
            value = "" if row.value is None else round(row.value, 3)
            writer.writerow((table.name, _harmless(row.label), value, table.unit, row.of))


def _print(table: Table) -> None:
    rows = [row for row in table.rows if row.of or len(table.rows) <= LONG]
    click.echo(f"\n{table.name.replace('_', ' ')} ({table.unit})")
    for row in rows:
        line = " ".join(_printable(row.label).replace("_", " ").split())
        click.echo(f"  {_read(row.value, table.unit):>8}  {line[:70]}" + (f"  ({row.of})" if _counts(table) else ""))
    if not rows:
        click.echo("  nothing yet")


def _counts(table: Table) -> bool:
    """Whether a row says besides its value how many conversations are behind it."""
    return table.unit != "conversations"


def _read(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "seconds":
        return _duration(value)
    return f"{value:.0%}" if unit == "share" else f"{value:.1f}" if unit == "stars" else f"{value:.0f}"


def _duration(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    return f"{seconds / MINUTE:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:.1f} h"


def _printable(text: str) -> str:
    """What a customer has written must not command the terminal of who reads it."""
    return "".join(sign for sign in text if sign == "\n" or sign.isprintable())


def _harmless(text: str) -> str:
    """Nor the spreadsheet."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
