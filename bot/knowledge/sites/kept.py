"""What is known of each site that is read: its address, what was asked for, and how each page was last seen."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

FILE = "sites.json"


class PageSeen(msgspec.Struct, frozen=True):
    """So that what has not changed since need not be read again."""

    url: str
    lastmod: str = ""  # as the sitemap says
    etag: str = ""
    last_modified: str = ""
    digest: str = ""  # of its text
    read_at: float = 0.0  # seconds since 1970: when the page itself was last asked for
    left_out: str = ""  # why nothing of it is published


class Site(msgspec.Struct, frozen=True):
    address: str
    language: str = ""  # of all pages, whatever they say
    kind: str = ""
    only: str = ""  # a pattern that the path of a page must match: "/help/*"
    pages: tuple[PageSeen, ...] = ()
    read_at: float = 0.0  # when its sitemap was last read to the end

    @property
    def published(self) -> int:
        return sum(not page.left_out for page in self.pages)


def keep_sites(folder: Path, sites: Sequence[Site]) -> None:
    """In one step: whoever reads meanwhile reads the old ones."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".unfinished-{FILE}"
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(sites)))
    unfinished.replace(folder / FILE)


def read_sites(folder: Path) -> list[Site]:
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=list[Site])
    except FileNotFoundError:
        return []


def with_site(sites: Sequence[Site], site: Site | None) -> list[Site]:
    """In place of what was known of it."""
    others = [one for one in sites if site is None or one.address != site.address]
    return sorted([*others, *([site] if site else [])], key=lambda one: one.address)
