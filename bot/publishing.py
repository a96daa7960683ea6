"""Putting a shop and its knowledge in place: the demo at the first run, the owner's own files afterwards."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from bot.knowledge.documents import read_knowledge
from bot.knowledge.from_catalogue import product_passages
from bot.knowledge.index import open_index, publish
from bot.knowledge.passages import Passage
from bot.shop.files import ShopFiles, read_shop
from bot.shop.store import ShopStore

DEMO = Path(__file__).parent / "demo"
STAMP = "demo.stamp"


class Publishing:
    """Writes what everybody else only reads. `languages` are those the desk speaks."""

    def __init__(self, store: ShopStore, knowledge: Path, languages: Sequence[str]) -> None:
        self._store, self._folder, self._languages = store, knowledge, languages

    async def prepare(self, now: datetime) -> None:
        """The demo shop where there is none yet (or an older one); its dates moved up to today."""
        profile = await self._store.profile()
        if profile is None or (profile.demo and self._stamp() != _demo_hash()):
            await self.import_shop(read_shop(DEMO / "shop", now.astimezone(UTC).date()))
            await self.import_knowledge(DEMO / "knowledge")
            (self._folder / STAMP).write_text(_demo_hash())
        await self._store.keep_fresh(now)
        try:
            open_index(self._folder)
        except FileNotFoundError:
            await self._publish([])

    async def import_shop(self, files: ShopFiles) -> None:
        """Replace the shop. Knowledge that came with the demo shop goes with it."""
        before = await self._store.profile()
        kept = [] if before is None or before.demo != files.profile.demo else self._imported()
        await self._store.replace(files)
        await self._publish(kept)

    async def import_knowledge(self, path: Path, language: str = "", kind: str = "") -> int:
        """Replace all FAQ entries and policies; returns how many passages there are now of them.

        Raises KnowledgeFileError when a file is wrong, ValueError for a language that the desk does not speak:
        nothing changes then.
        """
        profile = await self._store.profile()
        passages = read_knowledge(path, profile.facts if profile else {}, language, kind)
        if foreign := {one.language for one in passages} - set(self._languages):
            spoken = ", ".join(self._languages)
            raise ValueError(f"The desk does not speak {', '.join(sorted(foreign))}; it speaks {spoken}: see prompts/.")
        await self._publish(passages)
        return len(passages)

    def _imported(self) -> list[Passage]:
        try:
            index = open_index(self._folder)
        except FileNotFoundError:
            return []
        kinds = ("faq", "policy")
        return [passage for kind in kinds for passage in index.everything() if passage.kind == kind]

    async def _publish(self, imported: Sequence[Passage]) -> None:
        publish(self._folder, [*imported, *product_passages(await self._store.products(), self._languages)])

    def _stamp(self) -> str:
        try:
            return (self._folder / STAMP).read_text()
        except FileNotFoundError:
            return ""


def _demo_hash() -> str:
    files = sorted(path for path in DEMO.rglob("*") if path.suffix in (".md", ".json", ".toml"))
    return blake2b(b"\0".join(path.read_bytes() for path in files), digest_size=12).hexdigest()
