"""Putting a shop and its knowledge in place: the demo at the first run, the owner's own files afterwards."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from bot.knowledge.documents import bind, read_drafts
from bot.knowledge.drafts import Draft
from bot.knowledge.from_catalogue import product_passages
from bot.knowledge.imported import keep_drafts, read_kept
from bot.knowledge.index import open_index, publish, refuse_doubles
from bot.knowledge.passages import Passage
from bot.shop.files import ShopFiles, read_shop
from bot.shop.rule_facts import facts_of
from bot.shop.store import ShopStore

DEMO = Path(__file__).parent / "demo"
STAMP = "demo.stamp"  # of which release the demo shop is
OWN = "own"  # what somebody imported, even if it calls itself a demo


class Publishing:
    """Writes what everybody else only reads. `languages` are those the desk speaks."""

    def __init__(self, store: ShopStore, knowledge: Path, languages: Sequence[str]) -> None:
        self._store, self._folder, self._languages = store, knowledge, languages

    async def prepare(self, now: datetime) -> None:
        """The demo shop where there is none yet (or an older one); its dates moved up to today; all of it published.

        Where another machine has put the demo shop into the database, only its texts are missing here.
        """
        profile = await self._store.profile()
        if profile is not None and profile.demo and self._is_new():
            keep_drafts(self._folder, read_drafts(DEMO / "knowledge"))
            self._write_stamp(_demo_hash())
        if profile is None or (profile.demo and self._stamp() not in (OWN, _demo_hash())):
            demo = read_shop(DEMO / "shop", now.astimezone(UTC).date())
            await self._replace(demo, read_drafts(DEMO / "knowledge"))
            self._write_stamp(_demo_hash())
        await self._store.keep_fresh(now)
        await self._publish(bind(self._drafts(), await self._facts()))  # an import may have been killed half-way

    async def import_shop(self, files: ShopFiles) -> None:
        """Replace the shop; its FAQ and policies follow what [rules] and [facts] say now.

        Knowledge that came with the demo shop goes with it. Raises KnowledgeFileError where a text names a fact that
        the new shop.toml does not have: nothing changes then.
        """
        before = await self._store.profile()
        leaves = before is not None and before.demo != files.profile.demo
        await self._replace(files, [] if leaves else self._drafts())
        self._write_stamp(OWN)

    async def import_knowledge(self, path: Path, language: str = "", kind: str = "") -> int:
        """Replace all FAQ entries and policies; returns how many passages there are now of them.

        Raises KnowledgeFileError when a file is wrong, ValueError for a language that the desk does not speak:
        nothing changes then.
        """
        drafts = read_drafts(path, language, kind)
        passages = bind(drafts, await self._facts())
        if foreign := {one.language for one in passages} - set(self._languages):
            spoken = ", ".join(self._languages)
            raise ValueError(f"The desk does not speak {', '.join(sorted(foreign))}; it speaks {spoken}: see prompts/.")
        await self._publish(passages)
        keep_drafts(self._folder, drafts)
        return len(passages)

    async def _replace(self, files: ShopFiles, drafts: Sequence[Draft]) -> None:
        """Killed at any point, what is left is one shop and texts that can be bound to it at the next start."""
        passages = [*bind(drafts, facts_of(files.profile)), *product_passages(files.products, self._languages)]
        refuse_doubles(passages)
        (self._folder / STAMP).unlink(missing_ok=True)
        keep_drafts(self._folder, drafts)
        await self._store.replace(files)
        publish(self._folder, passages)

    async def _facts(self) -> dict[str, str]:
        profile = await self._store.profile()
        return facts_of(profile) if profile else {}

    def _drafts(self) -> list[Draft]:
        """As they were imported; where an older release did not keep them, as they were published."""
        kept = read_kept(self._folder)
        if kept is not None:
            return kept
        try:
            published = open_index(self._folder).everything()
        except FileNotFoundError:
            return []
        return [Draft(passage.id, 0, passage) for passage in published if passage.kind in ("faq", "policy")]

    async def _publish(self, imported: Sequence[Passage]) -> None:
        publish(self._folder, [*imported, *product_passages(await self._store.products(), self._languages)])

    def _is_new(self) -> bool:
        """Whether no shop was ever published from this folder."""
        return read_kept(self._folder) is None and not self._stamp()

    def _stamp(self) -> str:
        try:
            return (self._folder / STAMP).read_text()
        except FileNotFoundError:
            return ""

    def _write_stamp(self, stamp: str) -> None:
        (self._folder / STAMP).write_text(stamp)


def _demo_hash() -> str:
    files = sorted(path for path in DEMO.rglob("*") if path.suffix in (".md", ".json", ".toml"))
    return blake2b(b"\0".join(path.read_bytes() for path in files), digest_size=12).hexdigest()
