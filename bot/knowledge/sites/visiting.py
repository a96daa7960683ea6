"""Fetching from one site, politely: two at a time, by our name, within its robots.txt, never from another host."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from urllib.robotparser import RobotFileParser

import aiohttp
import msgspec

from bot.knowledge.sites.addresses import clean, same_host

AT_A_TIME = 2
SECONDS = 20.0  # for one answer
MOST_BYTES = 10 << 20  # of one answer
MOST_REDIRECTS = 5
LONGEST_DELAY = 10.0  # seconds between two pages, whatever robots.txt asks for
REDIRECTS = (301, 302, 303, 307, 308)
NAME = "Shopdesk"


class SiteAway(ConnectionError):
    """The site, or too much of it, cannot be read just now; what was read of it before stays."""


class PageAway(ConnectionError):
    """One address cannot be read just now; the text says why."""


class Answer(msgspec.Struct, frozen=True):
    url: str  # behind all redirects
    status: int
    kind: str = ""  # "text/html"
    charset: str = ""
    body: bytes = b""
    etag: str = ""
    last_modified: str = ""


class Visitor:
    """One site's visitor. Use `visit`."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http, self._turns = http, asyncio.Semaphore(AT_A_TIME)
        self._robots: RobotFileParser | None = None
        self.delay = 0.0

    async def read_robots(self, address: str) -> list[str]:
        """The sitemaps that robots.txt names. Raises SiteAway: a server that fails here must not be read (RFC 9309)."""
        url = clean("/robots.txt", address)
        try:
            answer = await self.get(url)
        except PageAway as away:
            raise SiteAway(str(away)) from None
        if answer.status >= 500 or answer.status == 429:
            raise SiteAway(f"{url} answers {answer.status}")
        robots = RobotFileParser(url)
        robots.parse(answer.body.decode("utf-8", "replace").splitlines() if answer.status == 200 else [])
        self._robots = robots
        self.delay = min(float(robots.crawl_delay(NAME) or 0), LONGEST_DELAY)
        return robots.site_maps() or []

    def may_read(self, url: str) -> bool:
        return self._robots is None or self._robots.can_fetch(NAME, url)

    async def get(self, url: str, etag: str = "", last_modified: str = "", most: int = MOST_BYTES) -> Answer:
        """Raises PageAway: no answer, too much of it, or a way that leads to another host."""
        headers = {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": last_modified} if last_modified else {}
        async with self._turns:
            answer = await self._followed(url, headers, most)
            if self.delay:
                await asyncio.sleep(self.delay)
            return answer

    async def _followed(self, url: str, headers: dict[str, str], most: int) -> Answer:
        now = url
        for _ in range(MOST_REDIRECTS + 1):
            answer, target = await self._asked(now, headers, most)
            if not target:
                return answer
            if not same_host(url, target):
                raise PageAway(f"{url} leads to another host, {target}: only its own pages are read")
            if not self.may_read(target):
                raise PageAway(f"{url} leads to {target}, which robots.txt keeps to itself")
            now = target
        raise PageAway(f"{url} leads from one address to the next, more than {MOST_REDIRECTS} times")

    async def _asked(self, url: str, headers: dict[str, str], most: int) -> tuple[Answer, str]:
        try:
            async with self._http.get(url, headers=headers, allow_redirects=False) as response:
                if response.status in REDIRECTS:
                    target = clean(response.headers.get("Location", ""), url)
                    if not target:
                        raise PageAway(f"{url} leads to no address")
                    return Answer(url, response.status), target
                body = await _body(response, most) if response.status == 200 else b""
                return (
                    Answer(
                        url=url,
                        status=response.status,
                        kind=response.content_type,
                        charset=response.charset or "",
                        body=body,
                        etag=response.headers.get("ETag", ""),
                        last_modified=response.headers.get("Last-Modified", ""),
                    ),
                    "",
                )
        except TimeoutError:
            raise PageAway(f"{url} does not answer within {SECONDS:.0f} seconds") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise PageAway(f"{url} cannot be read: {error or type(error).__name__}") from None


@asynccontextmanager
async def visit() -> AsyncIterator[Visitor]:
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    connector = aiohttp.TCPConnector(limit=AT_A_TIME)
    headers = {"User-Agent": f"{NAME}/{_version()} (reads its own shop's site)", "Accept-Encoding": "gzip, deflate"}
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(
        headers=headers, timeout=timeout, connector=connector, cookie_jar=jar, max_line_size=16_384
    ) as http:
        yield Visitor(http)


async def _body(response: aiohttp.ClientResponse, most: int) -> bytes:
    """As it is unpacked, too: what is small on its way may be large here."""
    body = bytearray()
    async for piece in response.content.iter_chunked(65_536):
        body += piece
        if len(body) > most:
            raise PageAway(f"{response.url} is larger than {most >> 20} MB")
    return bytes(body)


def _version() -> str:
    try:
        return version("shopdesk")
    except PackageNotFoundError:
        return "0"
