"""The shop's own site as a source: what is read of it, how politely, and what a second reading fetches."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as some

from bot.knowledge.index import open_index
from bot.knowledge.reading.documents import bind
from bot.knowledge.reading.drafts import Draft
from bot.knowledge.sites.addresses import belongs, clean, same_host, site_address
from bot.knowledge.sites.kept import Site, keep_sites, read_sites, with_site
from bot.knowledge.sites.reading import SiteRead, SiteReader
from bot.knowledge.sites.rounds import SiteRounds, read_site
from bot.knowledge.sites.sitemaps import read_sitemap
from bot.knowledge.sites.visiting import SiteAway, visit
from tests.publishing_ground import Machine, machine, own_shop, write_edition
from tests.running import environment, run_here

LANGUAGES = ("en", "zh")
DAY = 24 * 3600.0


@dataclass
class Page:
    body: str | bytes = ""
    lastmod: str = ""
    status: int = 200
    kind: str = "text/html"
    etag: str = ""
    location: str = ""
    listed: bool = True
    alternates: str = ""


@dataclass
class Shop:
    """A real web server, whose pages a test changes."""

    address: str = ""
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    at_once: int = 0
    most_at_once: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self.agents.add(request.headers["User-Agent"])
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.005)
        self.at_once -= 1
        if request.path == "/sitemap.xml" and "/sitemap.xml" not in self.pages:
            return web.Response(text=self.sitemap(), content_type="application/xml")
        page = self.pages.get(request.path)
        if page is None:
            return web.Response(status=404)
        if page.location:
            return web.Response(status=page.status, headers={"Location": page.location})
        if page.etag and request.headers.get("If-None-Match") == page.etag:
            return web.Response(status=304, headers={"ETag": page.etag})
        body = page.body.encode() if isinstance(page.body, str) else page.body
        headers = {"ETag": page.etag} if page.etag else {}
        return web.Response(status=page.status, body=body, content_type=page.kind, headers=headers)

    def sitemap(self) -> str:
        entries = "".join(
            f"<url><loc>{self.address}{path}</loc><lastmod>{page.lastmod}</lastmod>{page.alternates}</url>"
            for path, page in self.pages.items()
            if page.listed
        )
        names = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
        return f'<?xml version="1.0"?><urlset {names}>{entries}</urlset>'

    def take_asked(self) -> list[str]:
        asked, self.asked = self.asked, []
        return [path for path in asked if path not in ("/robots.txt", "/sitemap.xml")]


@asynccontextmanager
async def opened() -> AsyncIterator[Shop]:
    shop = Shop()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", shop.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        server = web.TCPSite(runner, "127.0.0.1", 0)
        await server.start()
        port = runner.addresses[0][1]
        shop.address = f"http://127.0.0.1:{port}"
        yield shop
    finally:
        await runner.cleanup()


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Shop]:
    async with opened() as shop:
        yield shop


def page(words: str, head: str = "", language: str = "en") -> str:
    title = "Returns" if language == "en" else "退货"
    return (
        f'<html lang="{language}"><head><title>{title}</title>{head}</head><body><nav>Home | Cart</nav>'
        f"<main><h1>{title}</h1><h2>Refunds</h2><p>{words}</p></main><footer>Imprint</footer></body></html>"
    )


def asked_for(shop: Shop, **options: str) -> Site:
    return Site(site_address(shop.address), **options)


async def read(site: Site, kept: tuple[Draft, ...] = (), now: float = 1000.0) -> SiteRead:
    async with visit() as visitor:
        return await SiteReader(visitor, site, kept, LANGUAGES, lambda: now).read()


# --- what is read ----------------------------------------------------------------------------------------------------


async def test_the_pages_of_the_sitemap_are_read_by_their_main_content_and_link_to_their_place(shop: Shop) -> None:
    shop.pages = {
        "/returns": Page(page("Within 30 days.")),
        "/zh/returns": Page(page("30 天内退款。", language="zh-CN")),
        "/unlisted": Page(page("Not in the sitemap."), listed=False),
    }
    found = await read(asked_for(shop))
    english, chinese = [draft.passage for draft in found.drafts]
    assert (english.title, english.text, english.kind) == ("Returns: Refunds", "Within 30 days.", "policy")
    assert english.url == f"{shop.address}/returns#:~:text=Refunds"
    assert (chinese.language, chinese.title) == ("zh", "退货：Refunds")
    assert {draft.source for draft in found.drafts} == {f"{shop.address}/"}
    assert [draft.place for draft in found.drafts] == [f"{shop.address}/returns", f"{shop.address}/zh/returns"]
    assert (found.read, found.same, found.left) == (2, 0, 0)


async def test_a_sitemap_is_found_in_robots_txt_in_an_index_and_packed(shop: Shop) -> None:
    shop.pages = {"/help/a": Page(page("A.")), "/help/b": Page(page("B."), listed=False)}
    b = f"<urlset><url><loc>{shop.address}/help/b</loc></url></urlset>"
    index = (
        f"<sitemapindex><sitemap><loc>{shop.address}/one.xml.gz</loc></sitemap>"
        f"<sitemap><loc>{shop.address}/two.txt</loc></sitemap></sitemapindex>"
    )
    shop.pages |= {
        "/robots.txt": Page(f"Sitemap: {shop.address}/index.xml", kind="text/plain", listed=False),
        "/index.xml": Page(index, kind="application/xml", listed=False),
        "/one.xml.gz": Page(gzip.compress(b.encode()), kind="application/gzip", listed=False),
        "/two.txt": Page(f"{shop.address}/help/a\n", kind="text/plain", listed=False),
    }
    found = await read(asked_for(shop))
    assert {draft.passage.text for draft in found.drafts} == {"A.", "B."}


async def test_only_its_own_pages_that_robots_txt_allows_and_that_were_asked_for_are_read(shop: Shop) -> None:
    shop.pages = {
        "/help/a": Page(page("A.")),
        "/help/secret/b": Page(page("B.")),
        "/shop/c": Page(page("C.")),
        "/robots.txt": Page("User-agent: *\nDisallow: /help/secret/\n", kind="text/plain", listed=False),
    }
    shop.pages["/sitemap.xml"] = Page(
        shop.sitemap().replace("</urlset>", "<url><loc>http://other.example/help/d</loc></url></urlset>"),
        kind="application/xml",
        listed=False,
    )
    found = await read(asked_for(shop, only="/help/*"))
    assert [draft.passage.text for draft in found.drafts] == ["A."]
    assert shop.take_asked() == ["/help/a"]
    below = await read(Site(site_address(f"{shop.address}/shop/")))
    assert [draft.passage.text for draft in below.drafts] == ["C."]


async def test_it_says_who_it_is_and_asks_for_two_pages_at_a_time(shop: Shop) -> None:
    shop.pages = {f"/p{number}": Page(page(f"Page {number}.")) for number in range(12)}
    await read(asked_for(shop))
    assert all(agent.startswith("Shopdesk/") for agent in shop.agents)
    assert shop.most_at_once == 2


async def test_language_and_kind_are_those_asked_for_else_those_that_the_page_says(shop: Shop) -> None:
    alternate = '<xhtml:link rel="alternate" hreflang="zh-Hans" href="{url}"/>'
    shop.pages = {
        "/a": Page(page("三十天。", language="")),
        "/b": Page(page("Trente jours.", language="fr")),
    }
    shop.pages["/a"].alternates = alternate.format(url=f"{shop.address}/a")
    found = await read(asked_for(shop))
    assert [draft.passage.language for draft in found.drafts] == ["zh"]
    assert {seen.left_out for seen in found.site.pages} == {"", "the desk does not speak fr"}
    asked = await read(asked_for(shop, language="en", kind="faq"))
    assert {(draft.passage.language, draft.passage.kind) for draft in asked.drafts} == {("en", "faq")}


async def test_a_page_that_is_another_one_or_wants_to_be_left_alone_is_left_out(shop: Shop) -> None:
    shop.pages = {
        "/a": Page(page("A.", f'<link rel="canonical" href="{shop.address}/a">')),
        "/a2": Page(page("A.", '<link rel="canonical" href="/a">')),
        "/b": Page(page("B.", '<meta name="robots" content="noindex">')),
        "/c": Page("<html><body></body></html>"),
        "/d": Page("x", kind="image/png"),
    }
    found = await read(asked_for(shop))
    assert [draft.passage.text for draft in found.drafts] == ["A."]
    assert [seen.left_out for seen in found.site.pages] == [
        "",
        f"it is the same as {shop.address}/a",
        "it asks not to be found (noindex)",
        "there is no text in it",
        "it is image/png, neither HTML nor PDF",
    ]


async def test_braces_on_a_page_are_no_facts(shop: Shop, tmp_path: Path) -> None:
    shop.pages = {"/a": Page(page("Write {{ name }} and {% raw %} {{."))}

    (passage,) = bind((await read(asked_for(shop))).drafts, {})
    assert passage.text == "Write {{ name }} and {% raw %} {{."


async def test_a_redirect_is_followed_on_the_same_host_only(shop: Shop) -> None:
    async with opened() as other:
        other.pages = {"/x": Page(page("Elsewhere."))}
        shop.pages = {
            "/a": Page(status=301, location="/new"),
            "/new": Page(page("Moved."), listed=False),
            "/b": Page(status=302, location=f"{other.address}/x"),
            "/c": Page(page("C.")),
        }
        found = await read(asked_for(shop))
        assert {draft.passage.text for draft in found.drafts} == {"Moved.", "C."}
        assert len(found.away) == 1 and "another host" in found.away[0]
        assert other.asked == []


# --- read again ------------------------------------------------------------------------------------------------------


async def test_a_second_reading_fetches_only_what_may_have_changed(shop: Shop) -> None:
    shop.pages = {
        "/dated": Page(page("Dated."), lastmod="2026-01-01"),
        "/tagged": Page(page("Tagged."), etag='"1"'),
        "/plain": Page(page("Plain.")),
        "/leaves": Page(page("Leaves.")),
        "/unlisted-later": Page(page("Unlisted."), lastmod="2026-01-01"),
    }
    first = await read(asked_for(shop))
    assert len(shop.take_asked()) == 5
    shop.pages["/leaves"].status = 410
    shop.pages["/unlisted-later"].listed = False
    shop.pages["/plain"].body = page("Plain.").replace("Home | Cart", "Home | Cart (1)")
    second = await read(first.site, first.drafts, now=2000.0)
    assert shop.take_asked() == ["/tagged", "/plain", "/leaves"]
    assert (second.read, second.same, second.left) == (0, 3, 2)
    kept = {draft.passage.text: draft for draft in first.drafts}
    assert list(second.drafts) == [kept["Dated."], kept["Tagged."], kept["Plain."]]

    shop.pages["/dated"] = Page(page("Dated anew."), lastmod="2026-02-01")
    shop.pages["/tagged"] = Page(page("Tagged anew."), etag='"2"')
    shop.pages["/plain"] = Page(page("Plain anew."))
    third = await read(second.site, second.drafts, now=3000.0)
    assert [draft.passage.text for draft in third.drafts] == ["Dated anew.", "Tagged anew.", "Plain anew."]
    assert third.read == 3


async def test_a_date_that_never_changes_is_not_believed_for_ever(shop: Shop) -> None:
    shop.pages = {"/a": Page(page("Old."), lastmod="2026-01-01")}
    first = await read(asked_for(shop))
    shop.pages["/a"].body = page("New.")
    soon = await read(first.site, first.drafts, now=1000.0 + DAY)
    assert soon.drafts == first.drafts
    later = await read(soon.site, soon.drafts, now=1000.0 + 8 * DAY)
    assert [draft.passage.text for draft in later.drafts] == ["New."]


async def test_a_page_that_is_left_out_is_not_read_again_while_nothing_changes(shop: Shop) -> None:
    shop.pages = {"/a": Page(page("A.")), "/fr": Page(page("Bonjour.", language="fr"), lastmod="2026-01-01")}
    first = await read(asked_for(shop))
    shop.take_asked()
    second = await read(first.site, first.drafts, now=2000.0)
    assert shop.take_asked() == ["/a"]
    assert second.site.pages[1].left_out == "the desk does not speak fr"


async def test_a_page_that_fails_just_now_keeps_what_it_said(shop: Shop) -> None:
    shop.pages = {"/a": Page(page("A.")), "/b": Page(page("B.")), "/c": Page(page("C."))}
    first = await read(asked_for(shop))
    shop.pages["/b"].status = 503
    second = await read(first.site, first.drafts)
    assert second.drafts == first.drafts and second.away == (f"{shop.address}/b answers 503",)


async def test_a_site_that_is_away_or_lists_nothing_changes_nothing(shop: Shop) -> None:
    shop.pages = {"/a": Page(page("A.")), "/b": Page(page("B."))}
    first = await read(asked_for(shop))
    shop.pages["/a"].status = shop.pages["/b"].status = 500
    with pytest.raises(SiteAway, match="2 of 2 pages"):
        await read(first.site, first.drafts)
    shop.pages = {}
    with pytest.raises(SiteAway, match="names no page"):
        await read(first.site, first.drafts)
    shop.pages["/sitemap.xml"] = Page(status=500)
    with pytest.raises(SiteAway, match="answers 500"):
        await read(first.site, first.drafts)
    shop.pages["/robots.txt"] = Page(status=503)
    with pytest.raises(SiteAway, match=r"robots.txt answers 503"):
        await read(first.site, first.drafts)
    async with opened() as gone:
        address = gone.address
    with pytest.raises(SiteAway, match="cannot be read"):
        await read(Site(site_address(address)))


async def test_what_is_too_large_is_not_read(shop: Shop) -> None:
    shop.pages = {"/a": Page(page("A.")), "/b": Page(page("B."))}
    shop.pages["/huge"] = Page(page("word " * 3_000_000))
    found = await read(asked_for(shop))
    assert len(found.away) == 1 and "is larger than 10 MB" in found.away[0]


# --- the rounds ------------------------------------------------------------------------------------------------------


class Published:
    """A publisher that keeps in memory what the real one keeps with its version."""

    def __init__(self) -> None:
        self.known: list[Site] = []
        self.drafts: list[Draft] = []
        self.times = 0

    async def sites(self) -> list[tuple[Site, list[Draft]]]:
        return [(site, [one for one in self.drafts if one.source == site.address]) for site in self.known]

    async def import_site(self, drafts: tuple[Draft, ...], site: Site) -> None:
        self.times += 1
        self.known = with_site(self.known, site)
        self.drafts = [one for one in self.drafts if one.source != site.address] + list(drafts)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - it looks from outside
            await asyncio.sleep(0.01)


async def test_sites_are_read_again_when_their_hours_are_over_by_one_process_of_many(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.knowledge.sites.rounds.LOOK_SECONDS", 0.02)
    shop.pages = {"/a": Page(page("A."))}
    publisher, clock, turn = Published(), Clock(), asyncio.Lock()
    await read_site(publisher, asked_for(shop), (), LANGUAGES, clock)

    @asynccontextmanager
    async def alone() -> AsyncIterator[None]:
        async with turn:
            yield

    rounds = [asyncio.create_task(SiteRounds(publisher, LANGUAGES, 24, alone, clock).keep()) for _ in range(3)]
    try:
        shop.take_asked()
        shop.pages["/a"].body = page("New.")
        await asyncio.sleep(0.1)
        assert shop.asked == []
        clock.now += DAY
        await until(lambda: publisher.times == 2)
        assert [draft.passage.text for draft in publisher.drafts] == ["New."]
        await asyncio.sleep(0.1)
        assert publisher.times == 2 and shop.take_asked() == ["/a"]
    finally:
        for each in rounds:
            each.cancel()
        await asyncio.gather(*rounds, return_exceptions=True)


async def test_a_site_that_is_away_is_told_of_once_and_tried_again_later(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bot.knowledge.sites.rounds.LOOK_SECONDS", 0.02)
    shop.pages = {"/a": Page(page("A."))}
    publisher, clock = Published(), Clock()
    await read_site(publisher, asked_for(shop), (), LANGUAGES, clock)

    @asynccontextmanager
    async def alone() -> AsyncIterator[None]:
        yield

    keeping = asyncio.create_task(SiteRounds(publisher, LANGUAGES, 24, alone, clock).keep())
    try:
        shop.pages["/robots.txt"] = Page(status=503)
        clock.now += DAY
        await until(lambda: any(one.name.startswith("bot.") for one in caplog.records))
        await asyncio.sleep(0.1)
        (told,) = [one for one in caplog.records if one.name.startswith("bot.")]
        assert "answers 503; what was read of the site stays" in told.getMessage()
        assert publisher.times == 1 and len(publisher.drafts) == 1
        del shop.pages["/robots.txt"]
        clock.now += 3600
        await until(lambda: publisher.times == 2)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


# --- published -------------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncIterator[Machine]:
    async with machine(tmp_path / "data", tmp_path / "shop.sqlite") as one:
        await one.publishing.import_shop(own_shop())
        yield one


async def texts(machine: Machine) -> list[str]:
    index = await open_index(machine.folder)
    found = [*await index.all("faq", "en"), *await index.all("policy", "en")]
    return sorted(passage.text for passage in found)


async def test_a_site_and_the_files_leave_one_another_alone_and_a_rollback_brings_both_back(
    shop: Shop, here: Machine, tmp_path: Path
) -> None:
    await here.publishing.import_knowledge(write_edition(tmp_path / "texts", "Old.", ["delivery"]))
    shop.pages = {"/a": Page(page("From the site.")), "/b": Page(page("Stays."), lastmod="2026-01-01")}
    first = await read_site(here.publishing, asked_for(shop, only="/*"), (), LANGUAGES, lambda: 1000.0)
    assert await texts(here) == ["From the site.", "Old.", "Stays."]

    await here.publishing.import_knowledge(write_edition(tmp_path / "texts", "New.", ["delivery"]))
    assert await texts(here) == ["From the site.", "New.", "Stays."]
    ((site, kept),) = await here.publishing.sites()
    assert site == first.site and list(first.drafts) == kept

    shop.pages["/a"].body = page("Changed on the site.")
    shop.take_asked()
    await read_site(here.publishing, site, kept, LANGUAGES, lambda: 2000.0)
    assert shop.take_asked() == ["/a"]
    assert await texts(here) == ["Changed on the site.", "New.", "Stays."]

    await here.publishing.roll_back()
    ((site, _),) = await here.publishing.sites()
    assert site.read_at == 1000.0 and await texts(here) == ["From the site.", "New.", "Stays."]

    await here.publishing.import_site((), site)
    assert await texts(here) == ["New."] and await here.publishing.sites() == []


async def test_a_site_stays_when_the_demo_shop_comes_and_when_the_own_one_follows(shop: Shop, tmp_path: Path) -> None:
    shop.pages = {"/a": Page(page("From the site."))}
    async with machine(tmp_path / "data", tmp_path / "shop.sqlite") as one:
        await read_site(one.publishing, asked_for(shop), (), LANGUAGES, lambda: 1000.0)
        await one.publishing.prepare(datetime.now(UTC))
        assert "From the site." in await texts(one) and len(await texts(one)) > 100
        await one.publishing.import_shop(own_shop())
        assert await texts(one) == ["From the site."] and len(await one.publishing.sites()) == 1


async def test_the_commands_add_list_refresh_and_remove_a_site(shop: Shop, tmp_path: Path) -> None:
    shop.pages = {"/a": Page(page("A.")), "/fr": Page(page("Bonjour.", language="fr"))}

    async def say(*words: str) -> str:
        env = environment(tmp_path / "data")
        done = await asyncio.to_thread(run_here, "knowledge", "site", *words, env=env)
        return (done.stdout + done.stderr).strip()

    assert await say("add", shop.address) == (
        f"{shop.address}/: 1 page, 1 passage; pages: 2 new or changed, 0 as before, 0 gone.\n"
        f"  left out: {shop.address}/fr: the desk does not speak fr"
    )
    assert (await say("list")).startswith(f"{shop.address}/: 1 page, 1 passage, read 20")
    assert "0 new or changed, 2 as before, 0 gone" in await say("refresh")
    assert await say("remove", shop.address) == f"{shop.address}/ is read no more, and nothing of it is answered from."
    assert await say("refresh") == "shopdesk: no site is read: see `shopdesk knowledge site list`."
    no_address = 'shopdesk: "ftp://shop.example" is no address of a site: write it like https://shop.example'
    for command in ("add", "refresh", "remove"):
        assert await say(command, "ftp://shop.example") == no_address


# --- addresses and sitemaps ------------------------------------------------------------------------------------------


def test_one_page_has_one_address() -> None:
    assert clean("HTTP://Shop.Example:80/a b#x") == "http://shop.example/a%20b"
    assert clean("/退货?q=包裹", "https://shop.example/") == (
        "https://shop.example/%E9%80%80%E8%B4%A7?q=%E5%8C%85%E8%A3%B9"
    )
    assert clean("https://商店.example") == "https://xn--czrs0t.example/"
    for wrong in ("ftp://shop.example/", "javascript:alert(1)", "https://user:pass@shop.example/", "https://", ""):
        assert clean(wrong) == ""


@given(some.text(max_size=60))
def test_cleaning_an_address_twice_is_the_same_and_never_raises(said: str) -> None:
    once = clean(f"https://shop.example/{said}")
    assert clean(once) == once


def test_a_site_is_named_as_people_name_it_and_nothing_else_is_taken_for_one() -> None:
    assert site_address(" shop.example ") == "https://shop.example/"
    assert site_address("http://shop.example/help/") == "http://shop.example/help/"
    for wrong in ("", "file:///etc/passwd", "https://a:b@shop.example"):
        with pytest.raises(ValueError, match="is no address of a site"):
            site_address(wrong)


def test_what_belongs_to_a_site() -> None:
    assert same_host("http://shop.example/a", "https://shop.example/")
    assert not same_host("https://www.shop.example/a", "https://shop.example/")
    assert not same_host("https://shop.example:8443/", "https://shop.example/")
    assert belongs("https://shop.example/help/a", "https://shop.example/help/", "")
    assert not belongs("https://shop.example/cart", "https://shop.example/help/", "")
    assert belongs("https://shop.example/cart", "https://shop.example/maps/sitemap.xml", "")
    assert not belongs("https://shop.example/cart", "https://shop.example/", "/help/*")


def test_a_sitemap_that_would_eat_memory_or_reach_out_is_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>'
    outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset><url><loc>&a;</loc></url></urlset>'
    packed = gzip.compress(b" " * (60 << 20))
    for content, reason in ((bomb.encode(), "no XML"), (outside.encode(), "no XML"), (packed, "larger than 50 MB")):
        with pytest.raises(ValueError, match=reason):
            read_sitemap(content)
    for content in (b"<html></html>", b"no address", b"", b"\x1f\x8bbroken"):
        with pytest.raises(ValueError, match=r"is no sitemap|names no address|is packed"):
            read_sitemap(content)


@given(some.binary(max_size=200))
def test_whatever_is_said_to_be_a_sitemap_is_read_or_refused(content: bytes) -> None:
    try:
        read_sitemap(content)
    except ValueError as refused:
        assert str(refused)


def test_what_is_known_of_a_site_is_kept(tmp_path: Path) -> None:
    assert read_sites(tmp_path) == []
    one, two = Site("https://a.example/", only="/x/*"), Site("https://b.example/", language="zh")
    keep_sites(tmp_path, with_site([two], one))
    assert read_sites(tmp_path) == [one, two]
