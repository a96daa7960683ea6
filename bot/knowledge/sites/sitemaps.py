"""Sitemaps (sitemaps.org): an index of them or the pages of a site, as XML, packed XML or one address a line."""

import re
import zlib
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

import msgspec
from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

from bot.knowledge.sites.addresses import belongs, clean, same_host
from bot.knowledge.sites.visiting import PageAway, SiteAway, Visitor

MOST_BYTES = 50 << 20  # unpacked, as the protocol says
MOST_SITEMAPS = 50
MOST_PAGES = 5000
MOST_DEPTH = 3
GZIP = b"\x1f\x8b"


class Listed(msgspec.Struct, frozen=True):
    """A page, as a sitemap names it."""

    url: str
    lastmod: str = ""
    language: str = ""  # as its alternates say


class Sitemap(msgspec.Struct, frozen=True):
    pages: list[Listed]
    sitemaps: list[str]


async def listed_pages(visitor: Visitor, address: str, starts: list[str], only: str) -> list[Listed]:
    """All pages of the site, each once. Raises SiteAway: half a list would look as if pages had left."""
    waiting = [(clean(start, address), 0) for start in starts]
    seen: set[str] = set()
    found: dict[str, Listed] = {}
    while waiting:
        url, depth = waiting.pop(0)
        if not url or url in seen or not same_host(url, address):
            continue
        seen.add(url)
        if len(seen) > MOST_SITEMAPS or depth > MOST_DEPTH:
            raise SiteAway(f"{address} has more than {MOST_SITEMAPS} sitemaps, or one inside another too often")
        sitemap = await _fetched(visitor, url)
        waiting += [(clean(inner, url), depth + 1) for inner in sitemap.sitemaps]
        for page in sitemap.pages:
            cleaned = clean(page.url, url)
            if cleaned and belongs(cleaned, address, only) and visitor.may_read(cleaned):
                found.setdefault(cleaned, msgspec.structs.replace(page, url=cleaned))
        if len(found) > MOST_PAGES:
            raise SiteAway(f"{address} lists more than {MOST_PAGES} pages: name a part of it with --only")
    return list(found.values())


def read_sitemap(content: bytes) -> Sitemap:
    """Raises ValueError for what is no sitemap."""
    if content.startswith(GZIP):
        content = _unpacked(content)
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        lines = content.decode("utf-8-sig", "replace").split()
        pages = [Listed(line) for line in lines if line.startswith(("http://", "https://"))]
        if not pages:
            raise ValueError("names no address")
        return Sitemap(pages, [])
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as broken:
        raise ValueError(f"is no XML that is read here ({type(broken).__name__})") from None
    name = _name(root)
    if name == "sitemapindex":
        return Sitemap([], [said for entry in root if (said := _said(entry, "loc"))])
    if name == "urlset":
        return Sitemap(list(_pages(root)), [])
    raise ValueError(f"is no sitemap: it holds <{name}>")


async def _fetched(visitor: Visitor, url: str) -> Sitemap:
    try:
        answer = await visitor.get(url, most=MOST_BYTES)
    except PageAway as away:
        raise SiteAway(str(away)) from None
    if answer.status != 200:
        raise SiteAway(f"the sitemap {url} answers {answer.status}: name the site's sitemap instead of its address")
    try:
        return read_sitemap(answer.body)
    except ValueError as wrong:
        raise SiteAway(f"the sitemap {url} {wrong}") from None


def _pages(root: Element) -> Iterator[Listed]:
    for entry in root:
        if not (url := _said(entry, "loc")):
            continue
        languages = [
            (link.get("hreflang") or "")
            for link in entry
            if _name(link) == "link" and (link.get("href") or "").strip() == url
        ]
        named = [language for language in languages if re.fullmatch(r"[A-Za-z]{2,3}(?:[-_].*)?", language)]
        language = re.split("[-_]", named[0].lower())[0] if named else ""
        yield Listed(url, _said(entry, "lastmod"), language)


def _said(entry: Element, name: str) -> str:
    return next(((child.text or "").strip() for child in entry if _name(child) == name), "")


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _unpacked(content: bytes) -> bytes:
    try:
        unpacking = zlib.decompressobj(wbits=31)
        unpacked = unpacking.decompress(content, MOST_BYTES)
    except zlib.error:
        raise ValueError("is packed, and broken") from None
    if unpacking.unconsumed_tail:
        raise ValueError(f"is larger than {MOST_BYTES >> 20} MB when it is unpacked")
    return unpacked
