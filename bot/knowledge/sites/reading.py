"""A site read, for the first time or again: only what may have changed since is fetched, the rest is kept."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec

from bot.knowledge.reading.drafts import Draft
from bot.knowledge.sites.addresses import clean, is_sitemap
from bot.knowledge.sites.kept import PageSeen, Site
from bot.knowledge.sites.pages import read_answer
from bot.knowledge.sites.sitemaps import Listed, listed_pages
from bot.knowledge.sites.visiting import Answer, PageAway, SiteAway, Visitor

log = logging.getLogger(__name__)

TRUSTED_SECONDS = 7 * 24 * 3600.0  # so long a date in a sitemap is believed; then the page itself is asked
LEFT = (404, 410)


class SiteRead(msgspec.Struct, frozen=True):
    """What it says now, and how that was found out."""

    site: Site
    drafts: tuple[Draft, ...]
    read: int  # pages fetched, new or changed
    same: int
    left: int  # pages that are gone
    away: tuple[str, ...] = ()  # pages that could not be read just now, and why: what they said is kept


class _Seen(msgspec.Struct, frozen=True):
    """One page after a visit; `page` is None for one that has left."""

    page: PageSeen | None
    drafts: tuple[Draft, ...] = ()
    changed: bool = False
    away: str = ""


class SiteReader:
    """`kept` are the drafts that are published of the site; `now` in seconds since 1970."""

    def __init__(
        self, visitor: Visitor, site: Site, kept: Sequence[Draft], languages: Sequence[str], now: Callable[[], float]
    ) -> None:
        self._visitor, self._site, self._languages, self._now = visitor, site, languages, now
        self._known = {page.url: page for page in site.pages}
        self._kept: dict[str, list[Draft]] = {}
        for draft in kept:
            self._kept.setdefault(draft.path, []).append(draft)

    async def read(self) -> SiteRead:
        """Raises SiteAway: nothing of it may then be changed."""
        address = self._site.address
        named = await self._visitor.read_robots(address)
        starts = [address] if is_sitemap(address) else named or [clean("/sitemap.xml", address)]
        listed = await listed_pages(self._visitor, address, starts, self._site.only)
        if not listed:
            raise SiteAway(f"the sitemap of {address} names no page that may be read")
        seen = await asyncio.gather(*(self._visit(page) for page in listed))
        away = tuple(one.away for one in seen if one.away)
        if 2 * len(away) > len(seen):
            raise SiteAway(f"{len(away)} of {len(seen)} pages of {address} cannot be read; the first: {away[0]}")
        drafts = tuple(draft for one in seen for draft in one.drafts)
        if not drafts:
            reason = next((one.page.left_out for one in seen if one.page and one.page.left_out), "they are gone")
            raise SiteAway(f"no page of {address} has anything to publish; the first: {reason}")
        pages = tuple(one.page for one in seen if one.page)
        urls = {page.url for page in pages}
        return SiteRead(
            site=msgspec.structs.replace(self._site, pages=pages, read_at=self._now()),
            drafts=drafts,
            read=sum(one.changed for one in seen),
            same=sum(one.page is not None and not one.changed and not one.away for one in seen),
            left=len([url for url in self._known if url not in urls]),
            away=away,
        )

    async def _visit(self, listed: Listed) -> _Seen:
        known = self._known.get(listed.url)
        kept = tuple(self._kept.get(listed.url, ()))
        if known and not known.left_out and not kept:
            known = None  # what it said was not kept
        if known and self._is_as_before(known, listed):
            return _Seen(known, kept)
        try:
            answer = await self._visitor.get(
                listed.url, known.etag if known else "", known.last_modified if known else ""
            )
        except PageAway as away:
            return _Seen(known, kept, away=str(away))
        if answer.status in LEFT:
            return _Seen(None)
        if answer.status == 304 and known:
            return _Seen(msgspec.structs.replace(known, lastmod=listed.lastmod, read_at=self._now()), kept)
        if answer.status != 200:
            return _Seen(known, kept, away=f"{listed.url} answers {answer.status}")
        return await self._taken_in(answer, listed, known, kept)

    def _is_as_before(self, known: PageSeen, listed: Listed) -> bool:
        is_fresh = self._now() - known.read_at < TRUSTED_SECONDS
        return bool(listed.lastmod) and listed.lastmod == known.lastmod and is_fresh

    async def _taken_in(self, answer: Answer, listed: Listed, known: PageSeen | None, kept: tuple[Draft, ...]) -> _Seen:
        found = await asyncio.to_thread(read_answer, answer, listed, self._site, self._languages)
        page = PageSeen(
            url=listed.url,
            lastmod=listed.lastmod,
            etag=answer.etag,
            last_modified=answer.last_modified,
            digest=found.digest,
            read_at=self._now(),
            left_out=found.left_out,
        )
        if known and known.digest == page.digest and known.left_out == page.left_out:
            return _Seen(page, kept)
        return _Seen(page, found.drafts, changed=True)
