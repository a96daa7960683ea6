"""`shopdesk staff`: who may help customers at a desk, how they sign in, and the book of what they did."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click

from bot.channels import channel_names
from bot.commands.playing import Environ, play, settings_of
from bot.desk.book import Book
from bot.desk.passwords import Passwords, new_password
from bot.desk.people import ROLES, Staff
from bot.desk.tables import desk_tables
from bot.desks import DEEDS, Member, Role
from bot.opening.places import database_url
from bot.shop.database import Database, open_database

ON = click.option("--on", "place", required=True, metavar="NAME:ID", help="The channel, and their id (a number) there.")
GENERATE = click.option("--generate", is_flag=True, help="Make one and print it; else it is asked for, or read.")


@click.group(help="The shop's people: who may help customers, in which role, and what they did.")
def staff() -> None: ...


@staff.command(help="Take somebody in. The password is asked for twice, or read from standard input.")
@click.argument("login")
@click.option("--name", default="", help="As customers read it; without, the login.")
@click.option("--role", default="agent", show_default=True, type=click.Choice(ROLES))
@click.option("--language", default="", help="In which they read the desk: en, zh; without, their browser's.")
@GENERATE
@click.pass_obj
def add(environ: Environ, login: str, name: str, role: Role, language: str, generate: bool) -> None:
    play(_add(environ, Member(login, name, role, language), generate))


@staff.command("list", help="Everybody: login, name, role, and who they are on other platforms.")
@click.pass_obj
def everybody(environ: Environ) -> None:
    play(_list(environ))


@staff.command(help="Give somebody a new password; where they were signed in, they are no more.")
@click.argument("login")
@GENERATE
@click.pass_obj
def password(environ: Environ, login: str, generate: bool) -> None:
    play(_password(environ, login, generate))


@staff.command(help="Make somebody a lead or an agent; they have to sign in again.")
@click.argument("login")
@click.argument("role", type=click.Choice(ROLES))
@click.pass_obj
def role(environ: Environ, login: str, role: Role) -> None:
    play(_role(environ, login, role))


@staff.command(help="Say who somebody is on a platform: what that user does at a desk there is done by them.")
@click.argument("login")
@ON
@click.pass_obj
def link(environ: Environ, login: str, place: str) -> None:
    play(_link(environ, login, place))


@staff.command(help="Take back what `link` said.")
@click.argument("login")
@ON
@click.pass_obj
def unlink(environ: Environ, login: str, place: str) -> None:
    play(_unlink(environ, login, place))


@staff.command(help="Somebody is staff no more, from this moment on and everywhere.")
@click.argument("login")
@click.pass_obj
def remove(environ: Environ, login: str) -> None:
    play(_remove(environ, login))


@staff.command("book", help="Who did what, and when, the newest last.")
@click.option("--conversation", default="", help="Only what was done in this one.")
@click.option("--by", default="", metavar="LOGIN", help="Only what they did.")
@click.option("--deed", default="", type=click.Choice(["", *DEEDS]), show_choices=False, help="Only these: took, ...")
@click.option("--last", default=100, show_default=True, type=click.IntRange(1, 100_000), help="So many entries.")
@click.pass_obj
def read_book(environ: Environ, conversation: str, by: str, deed: str, last: int) -> None:
    play(_book(environ, conversation, by, deed, last))


async def _add(environ: Environ, member: Member, generate: bool) -> None:
    chosen = _chosen(generate)
    async with _opened(environ) as database:
        added = await _staff(database).add(member, chosen)
    click.echo(f"{added.login} is {_article(added.role)}; customers read the name {added.name}.")
    _tell(chosen, generate)


async def _list(environ: Environ) -> None:
    async with _opened(environ) as database:
        members, links = await _staff(database).all(), await _staff(database).links()
    for member in members:
        places = [f"{one.platform}:{one.user}" for one in links if one.login == member.login]
        click.echo("  ".join(filter(None, (member.login, member.name, member.role, member.language, *places))))
    if not members:
        click.echo("There is no staff yet: shopdesk staff add LOGIN --role lead")


async def _password(environ: Environ, login: str, generate: bool) -> None:
    chosen = _chosen(generate)
    async with _opened(environ) as database:
        await _staff(database).set_password(login, chosen)
    click.echo(f"{login} has a new password, and has to sign in again.")
    _tell(chosen, generate)


async def _role(environ: Environ, login: str, role: Role) -> None:
    async with _opened(environ) as database:
        await _staff(database).set_role(login, role)
    click.echo(f"{login} is {_article(role)} now, and has to sign in again.")


async def _link(environ: Environ, login: str, place: str) -> None:
    platform, user = _place(place)
    async with _opened(environ) as database:
        await _staff(database).link(login, platform, user)
    click.echo(f"{login} is {platform}:{user}.")


async def _unlink(environ: Environ, login: str, place: str) -> None:
    platform, user = _place(place)
    async with _opened(environ) as database:
        await _staff(database).unlink(login, platform, user)
    click.echo(f"{login} is {platform}:{user} no more.")


async def _remove(environ: Environ, login: str) -> None:
    async with _opened(environ) as database:
        await _staff(database).remove(login)
    click.echo(f"{login} is staff no more. What they had taken, a lead can return: shopdesk desk waiting")


async def _book(environ: Environ, conversation: str, by: str, deed: str, last: int) -> None:
    async with _opened(environ) as database:
        entries = await Book(database).entries(last, conversation, by, deed=deed)
    for one in reversed(entries):
        at = f"{one.at.astimezone():%Y-%m-%d %H:%M:%S}"
        click.echo("  ".join(filter(None, (at, one.by or "-", one.deed, one.conversation, one.detail))))
    if not entries:
        click.echo("Nothing is in the book.", err=True)


def _chosen(generate: bool) -> str:
    """Never an argument: those are seen by everybody on the machine."""
    if generate:
        return new_password()
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    if given := sys.stdin.readline().rstrip("\r\n"):
        return given
    raise ValueError("No password came on standard input: write it there, or use --generate.")


def _tell(chosen: str, generate: bool) -> None:
    if generate:
        click.echo(f"Password: {chosen}")


def _place(place: str) -> tuple[str, str]:
    platform, colon, user = place.partition(":")
    if not colon or platform.casefold() not in channel_names():
        raise ValueError(f"--on is a channel and an id, NAME:ID; channels: {', '.join(channel_names())}.")
    return platform.casefold(), user.strip()


def _article(role: Role) -> str:
    return "an agent" if role == "agent" else "a lead"


def _staff(database: Database) -> Staff:
    return Staff(database, Passwords())


@asynccontextmanager
async def _opened(environ: Environ) -> AsyncIterator[Database]:
    """The shop's; the desk need not run."""
    settings = settings_of(environ)
    if not settings.database_url:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with open_database(database_url(settings)) as database:
        await database.add(desk_tables)
        yield database
