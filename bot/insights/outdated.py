"""Which conversations were told a text that is not the shop's any more: the old text beside the one of today."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Protocol

import msgspec

from bot.insights.told import GONE, Telling, Tellings
from bot.insights.told_texts import ToldTexts
from bot.knowledge.passages import Kind, Passage

ENTRY_PARTS = 3  # of the id of a passage, kind:name:language name the entry; what follows is a piece of it


class Knowledge(Protocol):
    """Of a Retriever, what is needed here."""

    async def passage(self, passage_id: str) -> Passage | None: ...
    async def all(self, kind: Kind, language: str) -> list[Passage]: ...


class Outdated(msgspec.Struct, frozen=True):
    """What one conversation was told, and what is right now."""

    telling: Telling
    old: Passage | None  # none: the text of that version is not kept any more
    new: Passage | None  # none: there is no such entry any more

    @property
    def language(self) -> str:
        known = self.old or self.new
        return known.language if known else self.telling.passage.split(":")[2:3][0]


class Outdating:
    def __init__(self, tellings: Tellings, texts: ToldTexts, knowledge: Knowledge) -> None:
        self._tellings, self._texts, self._knowledge = tellings, texts, knowledge

    async def of(self, entry: str) -> list[Outdated]:
        """The oldest telling first. Who was told the same words under another version was told right."""
        return await self._outdated(await self._tellings.of(entry))

    async def all(self) -> list[Outdated]:
        """Of every entry."""
        return await self._outdated(await self._tellings.all())

    async def _outdated(self, tellings: Sequence[Telling]) -> list[Outdated]:
        known: dict[tuple[str, str], tuple[Passage | None, Passage | None, bool]] = {}
        found = []
        for telling in tellings:
            name = telling.passage, telling.version
            if name not in known:
                known[name] = await self._compared(*name)
            old, new, holds = known[name]
            if not holds:
                found.append(Outdated(telling, old, new))
        return found

    async def _compared(self, passage_id: str, version: str) -> tuple[Passage | None, Passage | None, bool]:
        """The text of that version, the one of today in its place, and whether what was told still holds."""
        if version == GONE:
            return None, None, True
        today = await self._today(passage_id)
        if any(one.version == version for one in today):
            return None, None, True
        old = await self._texts.told(passage_id, version)
        if old is None:
            return None, next((one for one in today if one.id == passage_id), None), False
        holds = any(words(one) == words(old) for one in today)
        return old, _nearest(old, today), holds

    async def _today(self, passage_id: str) -> Sequence[Passage]:
        """The entry as it is published: all its pieces, since what was in one may be in another now."""
        parts = passage_id.split(":")
        if parts[0] in ("faq", "policy") and len(parts) >= ENTRY_PARTS:
            entry = ":".join(parts[:ENTRY_PARTS])
            pieces = await self._knowledge.all("faq" if parts[0] == "faq" else "policy", parts[2])
            return [one for one in pieces if one.id == entry or one.id.startswith(f"{entry}:")]
        found = await self._knowledge.passage(passage_id)
        return [found] if found else []


def words(passage: Passage) -> str:
    """What it says, however it is laid out."""
    return " ".join(passage.text.split())


def _nearest(old: Passage, today: Sequence[Passage]) -> Passage | None:
    """The piece of the same name, unless another one is plainly what it has become."""
    likeness = {one.id: SequenceMatcher(None, words(old), words(one)).quick_ratio() for one in today}
    same = next((one for one in today if one.id == old.id), None)
    best = max(today, key=lambda one: likeness[one.id], default=None)
    return best if same is None or (best and likeness[best.id] > 1.2 * likeness[same.id]) else same
