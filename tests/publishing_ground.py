"""A small shop of our own and its texts, to be published on one machine or on several."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from bot.knowledge.building import SOURCE
from bot.knowledge.index import open_index
from bot.knowledge.passages import Passage
from bot.knowledge.reading.drafts import Draft
from bot.knowledge.reading.imported import read_kept
from bot.knowledge.sharing.place import Place
from bot.knowledge.versions import current
from bot.opening.knowledge import place_of
from bot.publishing import Publishing
from bot.redis.connection import connect
from bot.settings import Settings
from bot.shop.files import ShopFiles, read_shop
from bot.shop.store import open_store

SMALL_SHOP = Path(__file__).parent / "data" / "small_shop"
ENTRIES = ("delivery", "returns", "engraving")
LANGUAGES = ("en", "zh")


def own_shop() -> ShopFiles:
    files = read_shop(SMALL_SHOP, date(2026, 3, 31))
    return msgspec.structs.replace(files, profile=msgspec.structs.replace(files.profile, demo=False))


def draft(name: str, text: str, language: str = "en", source: str = "") -> Draft:
    asked = (f"tell me about {name}", f"{name} please")
    passage = Passage(
        f"faq:{name}:{language}", "faq", language, f"What about {name}?", text, f"/{language}/help/{name}", asked
    )
    return Draft(f"{name}.md", 1, passage, source)


def edition(text: str) -> list[Draft]:
    """All entries say the same: a mixture of two editions shows."""
    return [draft(name, text) for name in ENTRIES]


def write_edition(folder: Path, text: str, names: Sequence[str] = ENTRIES) -> Path:
    """The same as files."""
    page = folder / "en" / "faq" / "page.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("".join(f"## What about {name}? {{#{name}}}\n\n{text}\n\n" for name in names), encoding="utf-8")
    return folder


@dataclass
class Machine:
    """With a data folder of its own."""

    folder: Path
    place: Place
    publishing: Publishing

    @property
    def version(self) -> str:
        return current(self.folder)

    async def texts(self, *names: str) -> list[str]:
        """What the entries say in the version that serves here; "" for one that is not there."""
        index = await open_index(self.folder)
        found = [await index.passage(f"faq:{name}:en") for name in names or ENTRIES]
        return [one.text if one else "" for one in found]

    def kept(self) -> dict[str, str]:
        """The same in the texts that are kept with it."""
        drafts = read_kept(self.folder / self.version / SOURCE) or []
        return {one.passage.id: one.passage.text for one in drafts}


@asynccontextmanager
async def machine(data: Path, database: Path, redis: str = "", shelf: str = "") -> AsyncIterator[Machine]:
    """With a Redis that it shares with others, or by itself."""
    settings = Settings(data_dir=data, redis_url=redis, knowledge_url=shelf)
    async with open_store(f"sqlite+aiosqlite:///{database}") as store:
        if not redis:
            place = place_of(settings, None, None)
            yield Machine(place.folder, place, Publishing(store, place.folder, LANGUAGES, None, place))
            return
        async with connect(redis) as connection:
            place = place_of(settings, connection, None)
            yield Machine(place.folder, place, Publishing(store, place.folder, LANGUAGES, None, place))
