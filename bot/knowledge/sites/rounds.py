"""Going round the sites again: by a command, or every so many hours while a desk is open."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Protocol

from bot.knowledge.embedding.embedder import EmbedderFailed
from bot.knowledge.reading.drafts import Draft, KnowledgeFileError
from bot.knowledge.sites.kept import Site
from bot.knowledge.sites.reading import SiteRead, SiteReader
from bot.knowledge.sites.visiting import SiteAway, visit

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0  # at most so long after its time a site is read
TURN_SECONDS = 1.0
AGAIN_SECONDS = 3600.0  # when a site that was away is tried again, and no sooner
TROUBLE = (OSError, ValueError, KnowledgeFileError, EmbedderFailed)


class Publisher(Protocol):
    """Bot/publishing.py."""

    async def sites(self) -> list[tuple[Site, list[Draft]]]: ...
    async def import_site(self, drafts: Sequence[Draft], site: Site) -> object: ...


async def read_site(
    publisher: Publisher, site: Site, kept: Sequence[Draft], languages: Sequence[str], now: Callable[[], float]
) -> SiteRead:
    """Read it and publish what it says now. Raises SiteAway, and what publishing raises: nothing is changed then."""
    async with visit() as visitor:
        found = await SiteReader(visitor, site, kept, languages, now).read()
    await publisher.import_site(found.drafts, found.site)
    return found


class SiteRounds:
    """`alone` keeps other processes of the desk from going the same round."""

    def __init__(
        self,
        publisher: Publisher,
        languages: Sequence[str],
        hours: float,
        alone: Callable[[], AbstractAsyncContextManager[None]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._publisher, self._languages, self._every = publisher, languages, hours * 3600
        self._alone, self._now = alone, now
        self._tried: dict[str, float] = {}

    async def keep(self) -> None:
        """Until cancelled."""
        look = min(LOOK_SECONDS, self._every)
        while True:
            try:
                if await self._due():
                    await self._round_alone()
            except TROUBLE as error:
                log.warning("the sites are not read just now: %s", error)
            await asyncio.sleep(look)

    async def _round_alone(self) -> None:
        async with AsyncExitStack() as opened:
            try:
                async with asyncio.timeout(TURN_SECONDS):
                    await opened.enter_async_context(self._alone())
            except TimeoutError:
                return  # another process is going round
            await self._round()

    async def _round(self) -> None:
        """Others may have gone it while we waited for our turn."""
        for site, kept in await self._due():
            self._tried[site.address] = self._now()
            try:
                found = await read_site(self._publisher, site, kept, self._languages, self._now)
                log.info("%s: %d pages read, %d as before, %d left", site.address, found.read, found.same, found.left)
            except SiteAway as away:
                log.warning("%s; what was read of the site stays, and it is tried again later", away)
            except TROUBLE as error:
                log.warning("what %s says now cannot be published, what was read before stays: %s", site.address, error)

    async def _due(self) -> list[tuple[Site, list[Draft]]]:
        now = self._now()
        return [
            (site, kept)
            for site, kept in await self._publisher.sites()
            if now - site.read_at >= self._every
            and now - self._tried.get(site.address, 0) >= min(AGAIN_SECONDS, self._every)
        ]
