"""Putting a shop and its knowledge in place: the demo at the first run, the owner's own files afterwards."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

import msgspec

from bot.editions import TRIES, Edit, Editions, Published, Version, too_busy
from bot.knowledge.changes import from_source, with_entries, with_questions, without_entries
from bot.knowledge.embedding.embedder import Embedder
from bot.knowledge.from_catalogue import product_passages
from bot.knowledge.reading.documents import bind, read_drafts
from bot.knowledge.reading.drafts import Draft
from bot.knowledge.reading.imported import read_kept
from bot.knowledge.sharing.place import OneFolder, Place
from bot.knowledge.sites.kept import Site
from bot.knowledge.versions import current
from bot.shop.files import ShopFiles, read_shop
from bot.shop.records import ShopProfile
from bot.shop.rule_facts import facts_of
from bot.shop.store import ShopStore

DEMO = Path(__file__).parent / "demo"
STAMP = "demo.stamp"  # of which release the demo shop is
OWN = "own"  # what somebody imported, even if it calls itself a demo


class Replaced(msgspec.Struct, frozen=True):
    """What came of the import of a shop."""

    before: ShopProfile | None
    gone: int  # texts that had come with the demo shop
    texts: int  # besides products that are published now


class Publishing:
    """Writes what everybody else only reads. `languages` are those the desk speaks.

    Everything is checked as a whole before anything changes, and two publishers at the same time lose nothing of each
    other's (bot/editions.py, and what is raised there).
    """

    def __init__(
        self,
        store: ShopStore,
        knowledge: Path,
        languages: Sequence[str],
        embedder: Embedder | None = None,
        place: Place | None = None,
    ) -> None:
        self._store, self._folder, self._languages = store, knowledge, languages
        self._place = place or OneFolder(knowledge, embedder)
        self._editions = Editions(store, self._place, languages, embedder)

    async def prepare(self, now: datetime) -> None:
        """The demo shop where there is none yet (or an older one); its dates moved up to today; all of it published.

        Where another machine has put the demo shop into the database, only its texts are missing here. What was never
        published is searched by words alone until somebody calls `learn`.
        """
        new = not current(self._folder) and read_kept(self._folder) is None and not self._stamp()
        newest = await self._place.prepare()
        profile = await self._store.profile()
        if new and profile is not None and profile.demo:
            self._write_stamp(_demo_hash())
        if profile is None or (profile.demo and self._stamp() not in (OWN, _demo_hash())):
            demo = read_shop(DEMO / "shop", now.astimezone(UTC).date())
            await self._replace(demo, lambda kept: [*_or_demo([]), *_of_sites(kept)], learn=False)
            self._write_stamp(_demo_hash())
        elif not profile.demo:
            self._write_stamp(OWN)  # another machine may have imported it
        await self._store.keep_fresh(now)
        if newest:  # an import may have been killed half-way
            of_demo = self._stamp() == _demo_hash()
            await self._editions.publish(lambda kept: _or_demo(kept) if of_demo else kept, learn=False)

    async def learn(self) -> None:
        """What was published without learning is published with it. Seconds; what serves meanwhile is the same texts.

        For one process of all.
        """
        await self._editions.learn()

    async def import_shop(self, files: ShopFiles) -> Replaced:
        """Replace the shop; its FAQ and policies follow what [rules] and [facts] say now.

        Knowledge that came with the demo shop goes with it. Raises KnowledgeFileError where a text names a fact that
        the new shop.toml does not have: nothing changes then.
        """
        before = await self._store.profile()
        leaves = before is not None and before.demo != files.profile.demo
        gone = texts = 0

        def follow(kept: list[Draft]) -> list[Draft]:
            nonlocal gone, texts
            stay = _of_sites(kept) if leaves else kept
            gone, texts = len(kept) - len(stay), len(stay)
            return stay

        await self._replace(files, follow)
        self._write_stamp(OWN)
        return Replaced(before, gone, texts)

    async def import_knowledge(self, path: Path, language: str = "", kind: str = "", url: str = "") -> Published:
        """Replace all FAQ entries and policies that came from files; `url`: where they lie on the web.

        Raises KnowledgeFileError when a file is wrong, ValueError for a language that the desk does not speak:
        nothing changes then.
        """
        drafts = await asyncio.to_thread(read_drafts, path, language, kind, url)
        return await self._editions.publish(lambda kept: from_source(kept, drafts, ""), few=0)

    async def import_site(self, drafts: Sequence[Draft], site: Site) -> Published:
        """The same for what came from this site; without drafts the site itself is forgotten."""
        return await self._editions.edit(lambda kept: from_source(kept, drafts, site.address), site=site)

    async def shop(self) -> ShopProfile | None:
        """The one to which the texts belong; None where there is none yet."""
        return await self._store.profile()

    async def texts(self) -> tuple[list[Draft], dict[str, str]]:
        """All that is published besides products, as it was written, and the facts that are filled in."""
        async with self._place.changing():
            base = current(self._folder)
        profile = await self._store.profile()
        return await asyncio.to_thread(self._editions.drafts, base), facts_of(profile) if profile else {}

    async def sites(self) -> list[tuple[Site, list[Draft]]]:
        """Those that are read, each with what is published of it."""
        async with self._place.changing():
            base = current(self._folder)
        sites = self._editions.sites(base)
        drafts = await asyncio.to_thread(self._editions.drafts, base) if sites else []
        return [(site, [draft for draft in drafts if draft.source == site.address]) for site in sites]

    async def put(self, drafts: Sequence[Draft]) -> Published:
        """Add entries, or change those with the same ids. All of it is found within a second, on every machine.

        With a `source` of their own they stay when files are imported. Raises KnowledgeFileError, ValueError.
        """
        return await self._editions.edit(lambda kept: with_entries(kept, drafts))

    async def add_questions(self, passage_id: str, questions: Sequence[str]) -> Published:
        """More ways in which customers ask for an entry. Raises ValueError where there is none."""
        return await self._editions.edit(lambda kept: with_questions(kept, passage_id, questions))

    async def remove(self, names: Sequence[str]) -> Published:
        """Ids, or names of entries, which then go in all languages. Raises ValueError for what there is not."""
        return await self._editions.edit(lambda kept: without_entries(kept, names))

    async def publish_anew(self) -> Published:
        """The same texts, learned from anew, with the embedder of today."""
        return await self._editions.publish(lambda kept: kept, few=0, always=True)

    async def roll_back(self) -> Published:
        """What served before serves again: index, texts and all; with the products and facts of today.

        Raises ValueError where there is nothing, KnowledgeFileError where its texts lack a fact of today's shop.
        """
        return await self._editions.roll_back()

    async def versions(self) -> tuple[Version | None, Version | None]:
        """The one that serves, and the one that a rollback brings back."""
        return await self._editions.versions()

    async def _replace(self, files: ShopFiles, edit: Edit, learn: bool = True) -> None:
        """Killed at any point, what is left is one shop and texts that can be bound to it at the next start."""
        products = product_passages(files.products, self._languages)
        for _ in range(TRIES):
            async with self._place.changing():
                base = current(self._folder)
                drafts = edit(await asyncio.to_thread(self._editions.drafts, base))
                sites = self._editions.sites(base)
            passages = [*bind(drafts, facts_of(files.profile)), *products]
            version = await self._editions.build(passages, drafts, sites, learn)
            async with self._place.changing():
                if current(self._folder) != base or (version != base and not await self._place.serve(version)):
                    continue
                (self._folder / STAMP).unlink(missing_ok=True)
                try:
                    await self._store.replace(files)
                except BaseException:
                    await self._bring_back(base)
                    raise
                return
        raise too_busy()

    async def _bring_back(self, base: str) -> None:
        if base and await self._place.before() == base:
            await self._place.serve(base)

    def _stamp(self) -> str:
        try:
            return (self._folder / STAMP).read_text()
        except FileNotFoundError:
            return ""

    def _write_stamp(self, stamp: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / STAMP).write_text(stamp)


def _of_sites(kept: list[Draft]) -> list[Draft]:
    """What somebody wanted to be read stays, whatever the shop."""
    return [draft for draft in kept if draft.source]


def _or_demo(kept: list[Draft]) -> list[Draft]:
    return kept or read_drafts(DEMO / "knowledge")


def _demo_hash() -> str:
    files = sorted(path for path in DEMO.rglob("*") if path.suffix in (".md", ".json", ".toml"))
    return blake2b(b"\0".join(path.read_bytes() for path in files), digest_size=12).hexdigest()
