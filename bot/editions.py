"""From the texts as they are kept to the version that serves: one edit of them, carried through whole or not at all."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from bot.knowledge.building import SOURCE, change, publish, read_passages, refuse_doubles
from bot.knowledge.changes import Difference, difference
from bot.knowledge.embedding.embedder import Embedder
from bot.knowledge.from_catalogue import product_passages
from bot.knowledge.learning.lessons import Lessons, read_borders
from bot.knowledge.passages import Passage
from bot.knowledge.reading.documents import bind
from bot.knowledge.reading.drafts import Draft
from bot.knowledge.reading.imported import keep_drafts, read_kept
from bot.knowledge.searching.entry_book import EntryBook
from bot.knowledge.sharing.place import Place
from bot.knowledge.sites.kept import Site, keep_sites, read_sites, with_site
from bot.knowledge.versions import current
from bot.shop.rule_facts import facts_of
from bot.shop.store import ShopStore

TRIES = 5  # of a change that others are faster with
FEW = 200  # passages that differ: put in one by one; with more, everything is built and learned anew

Edit = Callable[[list[Draft]], list[Draft]]  # all texts that are kept, as they were and as they shall be


class Published(msgspec.Struct, frozen=True):
    version: str  # that serves now
    before: str  # and before; the same where there was nothing to do
    passages: int  # of FAQ and policies
    difference: Difference


class Version(msgspec.Struct, frozen=True):
    """One of the two that are kept."""

    name: str
    since: datetime  # in this folder
    passages: int  # of FAQ and policies
    products: int
    learned: bool
    embedder: str  # "" for none


class Overtaken(Exception):
    """Somebody else has published meanwhile: what was made is of no use."""


class Editions:
    """Whoever is overtaken by another publisher begins anew, on top of what that one has published.

    All raise ValueError where others are faster again and again, EmbedderFailed, and OSError where this machine cannot
    see what serves on the others.
    """

    def __init__(self, store: ShopStore, place: Place, languages: Sequence[str], embedder: Embedder | None) -> None:
        self._store, self._place, self._languages, self._embedder = store, place, languages, embedder
        self._folder = place.folder

    async def edit(self, edit: Edit, site: Site | None = None) -> Published:
        """What takes no longer at a million passages than at ten, where few entries change."""
        for _ in range(TRIES):
            try:
                done = await self._edit_few(edit, site)
            except Overtaken:
                continue
            return done or await self.publish(edit, site=site)
        raise too_busy()

    async def publish(
        self, edit: Edit, learn: bool = True, few: int = FEW, always: bool = False, site: Site | None = None
    ) -> Published:
        """With the products and facts of today. More than `few` changes: built anew. `always`: even if nothing is."""
        for _ in range(TRIES):
            try:
                return await self._publish(edit, learn, few, always, site)
            except Overtaken:
                continue
        raise too_busy()

    async def roll_back(self) -> Published:
        """Index, texts and all; but with the products and facts of today."""
        for _ in range(TRIES):
            async with self._place.changing():
                base, before = current(self._folder), await self._place.before()
                if not before:
                    raise ValueError("There is no version before the one that serves.")
                passages = await self.bound(await asyncio.to_thread(self.drafts, before))
                last = await asyncio.to_thread(self._passages_of, base)
                served = await self._place.serve(before)
            if served:
                today = await self.publish(lambda kept: kept, always=not self._is_built_alike(before))
                return msgspec.structs.replace(today, before=base, difference=difference(last, passages))
        raise too_busy()

    async def learn(self) -> None:
        """What was published without learning is published with it."""
        for _ in range(TRIES):
            async with self._place.changing():
                base = current(self._folder)
            if not base or self._lessons(base).learned:
                return
            passages = await asyncio.to_thread(read_passages, self._folder / base)
            source = self._folder / base / SOURCE
            kept = source if source.is_dir() else None
            version = await publish(self._folder, passages, self._embedder, source=kept, serve=False)
            if await self.serve(version, base):
                return

    async def versions(self) -> tuple[Version | None, Version | None]:
        """The one that serves, and the one that a rollback brings back."""
        async with self._place.changing():
            names = current(self._folder), await self._place.before()
            serving, before = [await asyncio.to_thread(self._described, name) for name in names]
        return serving, before

    async def build(
        self, passages: Sequence[Passage], drafts: Sequence[Draft], sites: Sequence[Site], learn: bool
    ) -> str:
        """Only lies in the folder then."""
        with _written(drafts, sites) as source:
            return await publish(self._folder, passages, self._embedder, learn, source, serve=False)

    async def serve(self, version: str, base: str) -> bool:
        """False when something else serves by now than what it was made from."""
        async with self._place.changing():
            if current(self._folder) != base:
                return False
            return version == base or await self._place.serve(version)

    def drafts(self, version: str) -> list[Draft]:
        """As they were imported; where an older release did not keep them with the version, as it kept them then."""
        kept = read_kept(self._folder / version / SOURCE) if version else None
        if kept is None:
            kept = read_kept(self._folder)
        if kept is None:
            kept = [Draft(one.id, 0, one) for one in self._passages_of(version).values() if one.kind != "product"]
        return kept

    def sites(self, version: str) -> list[Site]:
        return read_sites(self._folder / version / SOURCE) if version else []

    async def bound(self, drafts: Sequence[Draft]) -> list[Passage]:
        """All passages there shall be. Raises KnowledgeFileError, ValueError."""
        imported = await self._filled_in(drafts)
        passages = [*imported, *product_passages(await self._store.products(), self._languages)]
        refuse_doubles(passages)
        return passages

    async def _edit_few(self, edit: Edit, site: Site | None) -> Published | None:
        """None, and nothing is done, where everything has to be built anew. Raises Overtaken."""
        async with self._place.changing():
            base = current(self._folder)
            kept, known = await asyncio.to_thread(self.drafts, base), self.sites(base)
            drafts, sites = edit(kept), with_site(known, site)
            was = {draft.passage.id: draft for draft in kept}
            new = [draft for draft in drafts if was.get(draft.passage.id) != draft]
            gone = was.keys() - {draft.passage.id for draft in drafts}
            if not base or len(new) + len(gone) > FEW or not self._is_built_alike(base):
                return None
            put = await self._filled_in(new)
            refuse_doubles(put)
            before = self._serving(base, [*gone, *(one.id for one in put)])
            if taken := before.keys() - was.keys():
                raise ValueError(f"two passages have the id {min(taken)}: one of them comes from the catalogue")
            changes = difference(before, put)
            done = Published(base, base, len(drafts), changes)
            if not changes and drafts == kept and sites == known:
                return done
            return msgspec.structs.replace(done, version=await self._change(put, changes, drafts, sites))

    async def _publish(self, edit: Edit, learn: bool, few: int, always: bool, site: Site | None) -> Published:
        """Few passages are changed within the turn; what takes long is built outside of it. Raises Overtaken."""
        async with self._place.changing():
            base = current(self._folder)
            kept, known = await asyncio.to_thread(self.drafts, base), self.sites(base)
            drafts, sites = edit(kept), with_site(known, site)
            passages = await self.bound(drafts)
            before = await asyncio.to_thread(self._passages_of, base)
            changes = difference(before, passages)
            done = Published(base, base, len(drafts), changes)
            if base and not changes and drafts == kept and sites == known and not always:
                return done
            if base and not always and len(changes) <= few and self._is_built_alike(base):
                put = [one for one in passages if one.id in {*changes.added, *changes.changed}]
                return msgspec.structs.replace(done, version=await self._change(put, changes, drafts, sites))
        version = await self.build(passages, drafts, sites, learn)
        if not await self.serve(version, base):
            raise Overtaken
        return msgspec.structs.replace(done, version=version)

    async def _change(
        self, put: Sequence[Passage], changes: Difference, drafts: Sequence[Draft], sites: Sequence[Site]
    ) -> str:
        said = {*changes.added, *changes.changed}
        with _written(drafts, sites) as source:
            version = await change(
                self._folder,
                [one for one in put if one.id in said],
                changes.removed,
                self._embedder,
                source,
                serve=False,
            )
        if not await self._place.serve(version):
            raise Overtaken
        return version

    async def _filled_in(self, drafts: Sequence[Draft]) -> list[Passage]:
        profile = await self._store.profile()
        passages = bind(drafts, facts_of(profile) if profile else {})
        if foreign := {one.language for one in passages} - set(self._languages):
            spoken = ", ".join(self._languages)
            raise ValueError(f"The desk does not speak {', '.join(sorted(foreign))}; it speaks {spoken}: see prompts/.")
        return passages

    def _serving(self, version: str, ids: Sequence[str]) -> dict[str, Passage]:
        with closing(EntryBook(self._folder / version)) as book:
            return {one: passage for one in ids if (passage := book.passage(one))}

    def _passages_of(self, version: str) -> dict[str, Passage]:
        if not version or not (self._folder / version).is_dir():
            return {}
        return {passage.id: passage for passage in read_passages(self._folder / version)}

    def _lessons(self, version: str) -> Lessons:
        return read_borders(self._folder / version)

    def _is_built_alike(self, version: str) -> bool:
        return self._lessons(version).embedder == (self._embedder.name if self._embedder else "")

    def _described(self, version: str) -> Version | None:
        if not version:
            return None
        passages, lessons = self._passages_of(version).values(), self._lessons(version)
        since = datetime.fromtimestamp((self._folder / version).stat().st_mtime).astimezone()
        products = sum(passage.kind == "product" for passage in passages)
        return Version(version, since, len(passages) - products, products, lessons.learned, lessons.embedder)


def too_busy() -> ValueError:
    return ValueError("Others are publishing at the same time, again and again: nothing was changed, try again.")


@contextmanager
def _written(drafts: Sequence[Draft], sites: Sequence[Site]) -> Iterator[Path]:
    """A folder with what is kept with a version: the texts, and the sites that some of them come from."""
    sources = {draft.source for draft in drafts}
    with tempfile.TemporaryDirectory() as folder:
        keep_drafts(Path(folder), drafts)
        keep_sites(Path(folder), [site for site in sites if site.address in sources])
        yield Path(folder)
