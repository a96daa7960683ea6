"""`shopdesk knowledge site`: the shop's own web site as a source, beside the files."""

import time
from datetime import UTC, datetime

import click

from bot.commands.playing import Environ, play, settings_of
from bot.knowledge.sites.addresses import site_address
from bot.knowledge.sites.kept import Site
from bot.knowledge.sites.reading import SiteRead
from bot.knowledge.sites.rounds import read_site
from bot.opening.knowledge import open_publishing
from bot.opening.places import read_prompts

SHOWN = 10  # pages that are left out, and why


@click.group("site", help="Your web site, read by its sitemap and read again by itself (docs/knowledge-files.md).")
def site() -> None: ...


@site.command("add", help="Read a site, or a part of it: https://shop.example/help/, or the address of a sitemap.")
@click.argument("url")
@click.option("--language", default="", help="Language of all pages, whatever they say.")
@click.option(
    "--kind",
    default="",
    type=click.Choice(["", "faq", "policy"]),
    metavar="[faq|policy]",
    help="What its pages are: policy.",
)
@click.option("--only", default="", metavar="PATTERN", help='Only pages with such a path: "/help/*".')
@click.pass_obj
def add(environ: Environ, url: str, language: str, kind: str, only: str) -> None:
    play(_add(environ, url, language, kind, only))


@site.command("list", help="The sites that are read, and when they were read last.")
@click.pass_obj
def list_sites(environ: Environ) -> None:
    play(_list(environ))


@site.command("refresh", help="Read what has changed on a site, or on all of them, now.")
@click.argument("url", default="")
@click.pass_obj
def refresh(environ: Environ, url: str) -> None:
    play(_refresh(environ, url))


@site.command("remove", help="Take what was read of a site out of the knowledge, and read it no more.")
@click.argument("url")
@click.pass_obj
def remove(environ: Environ, url: str) -> None:
    play(_remove(environ, url))


async def _add(environ: Environ, url: str, language: str, kind: str, only: str) -> None:
    settings, site = settings_of(environ), Site(site_address(url), language, kind, only)
    languages = read_prompts(settings).languages
    if site.language and site.language not in languages:
        raise ValueError(f"The desk does not speak {site.language}; it speaks {', '.join(languages)}: see prompts/.")
    async with open_publishing(settings) as publishing:
        click.echo(_said(await read_site(publishing, site, (), languages, time.time)))


async def _list(environ: Environ) -> None:
    async with open_publishing(settings_of(environ)) as publishing:
        found = await publishing.sites()
    if not found:
        click.echo("No site is read; `shopdesk knowledge site add URL` reads one.")
    for site, drafts in found:
        when = datetime.fromtimestamp(site.read_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        options = [f"{name} {value}" for name in ("language", "kind", "only") if (value := getattr(site, name))]
        asked = f" ({', '.join(options)})" if options else ""
        click.echo(f"{site.address}{asked}: {_counted(site, len(drafts))}, read {when}")


async def _refresh(environ: Environ, url: str) -> None:
    settings, address = settings_of(environ), site_address(url) if url else ""
    async with open_publishing(settings) as publishing:
        sites = [(site, kept) for site, kept in await publishing.sites() if address in ("", site.address)]
        if not sites:
            raise _unknown(address)
        for site, kept in sites:
            click.echo(_said(await read_site(publishing, site, kept, read_prompts(settings).languages, time.time)))


async def _remove(environ: Environ, url: str) -> None:
    address = site_address(url)
    async with open_publishing(settings_of(environ)) as publishing:
        found = [site for site, _ in await publishing.sites() if site.address == address]
        if not found:
            raise _unknown(address)
        await publishing.import_site((), found[0])
    click.echo(f"{address} is read no more, and nothing of it is answered from.")


def _unknown(address: str) -> ValueError:
    said = f"{address} is not among the sites that are read" if address else "no site is read"
    return ValueError(f"{said}: see `shopdesk knowledge site list`.")


def _counted(site: Site, passages: int) -> str:
    pages = f"{site.published} page{'' if site.published == 1 else 's'}"
    return f"{pages}, {passages} passage{'' if passages == 1 else 's'}"


def _said(found: SiteRead) -> str:
    site = found.site
    changes = f"{found.read} new or changed, {found.same} as before, {found.left} gone"
    lines = [f"{site.address}: {_counted(site, len(found.drafts))}; pages: {changes}."]
    out = [f"  left out: {page.url}: {page.left_out}" for page in site.pages if page.left_out]
    lines += [*out[:SHOWN], *([f"  and {len(out) - SHOWN} more left out"] if len(out) > SHOWN else [])]
    away = [f"  not read just now, kept as it was: {reason}" for reason in found.away]
    return "\n".join([*lines, *away[:SHOWN]])
