"""Search and publishing where something is amiss: few known questions, another embedder, a folder that is gone."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bot.doctor import examine
from bot.knowledge.building import SOURCE, change, publish
from bot.knowledge.embedding.embedder import Vectors
from bot.knowledge.index import open_index
from bot.knowledge.learning.lessons import read_lessons
from bot.knowledge.searching.confidence import ANSWER
from bot.knowledge.sharing.place import OneFolder
from bot.knowledge.versions import current
from bot.publishing import Publishing
from bot.settings import Settings
from bot.shop.store import open_store
from tests.publishing_ground import LANGUAGES, draft, own_shop
from tests.running import environment, run_once

FEW = [
    draft("delivery", "Three to five working days."),
    draft("returns", "You have thirty days."),
    draft("engraving", "Yes, up to twelve letters."),
]
FEW_PASSAGES = [one.passage for one in FEW]


class Letters:
    """An embedder: which letters a text has."""

    name = "letters"

    def __init__(self, dimensions: int = 26) -> None:
        self.dimensions = dimensions

    def understands(self, text: str) -> bool:
        return True

    async def of_questions(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for letter in text.lower():
                row[ord(letter) % self.dimensions] += 1
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)

    of_passages = of_questions


@pytest.mark.parametrize("query", ["my screen is broken", "do you sell cars", "what is the weather on mars"])
async def test_a_shop_of_a_few_entries_does_not_answer_what_it_has_nothing_about(tmp_path: Path, query: str) -> None:
    await publish(tmp_path, FEW_PASSAGES)
    assert all(each.confidence < ANSWER for each in await (await open_index(tmp_path)).search(query, "en"))


async def test_with_another_model_under_the_same_name_it_is_searched_by_words_and_can_be_published_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await publish(tmp_path, FEW_PASSAGES, Letters())
    other = Letters(16)
    index = await open_index(tmp_path, other)
    with caplog.at_level(logging.WARNING):
        assert (await index.search("what about returns", "en", 1))[0].passage.id == "faq:returns:en"
    assert "its vectors have 16 numbers, and those of the knowledge 26" in caplog.text
    first = index.version
    assert await publish(tmp_path, FEW_PASSAGES, other) != first
    caplog.clear()
    assert (await index.search("what about returns", "en", 1))[0].passage.id == "faq:returns:en"
    assert not caplog.text


async def test_what_was_published_with_an_embedder_is_not_changed_with_another(tmp_path: Path) -> None:
    await publish(tmp_path, FEW_PASSAGES, Letters())
    with pytest.raises(ValueError, match="with another embedder"):
        await change(tmp_path, FEW_PASSAGES[:1])


async def test_what_is_open_goes_on_serving_while_its_folder_cannot_be_seen(tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    await publish(folder, FEW_PASSAGES)
    index = await open_index(folder)
    folder.rename(tmp_path / "away")
    assert (await index.search("what about returns", "en", 1))[0].passage.id == "faq:returns:en"


async def test_a_rollback_to_what_another_embedder_made_brings_its_texts_back_with_the_one_of_today(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "knowledge"
    async with open_store(f"sqlite:///{tmp_path / 'shop.sqlite'}") as store:
        before = Publishing(store, folder, LANGUAGES)
        await before.import_shop(own_shop())
        await before.put(FEW)
        letters = Letters()
        today = Publishing(store, folder, LANGUAGES, letters, OneFolder(folder, letters))
        await today.publish_anew()
        index = await open_index(folder, letters)
        await today.roll_back()
        assert read_lessons(folder / current(folder)).lessons.embedder == letters.name
        assert (await index.search("what about returns", "en", 1))[0].passage.id == "faq:returns:en"
        assert index.version == current(folder)


async def test_the_doctor_looks_at_what_another_release_has_published_and_leaves_it_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    version = await publish(folder, FEW_PASSAGES, Letters())
    (folder / version).rename(folder / f"other-{version}")
    (folder / "current").write_text(f"other-{version}")
    found = await examine(Settings(data_dir=tmp_path), [])
    assert any(f"version other-{version}: 3 faq" in each.found for each in found)
    assert current(folder) == f"other-{version}"


async def test_what_another_release_has_published_keeps_its_texts_as_they_were_written(tmp_path: Path) -> None:
    texts, folder = tmp_path / "texts", tmp_path / "knowledge"
    texts.mkdir()
    (texts / "imported.jsonl").write_text("")
    version = await publish(folder, FEW_PASSAGES, source=texts)
    (folder / version).rename(folder / f"other-{version}")
    (folder / "current").write_text(f"other-{version}")
    index = await open_index(folder)
    assert (folder / index.version / SOURCE / "imported.jsonl").exists()


async def test_an_answer_found_in_another_language_is_given_in_the_customers_own(tmp_path: Path) -> None:
    chinese = draft("engraving", "可以，最多十二个字母。", "zh").passage
    await publish(tmp_path, [*FEW_PASSAGES, msgspec.structs.replace(chinese, title="可以刻字吗？", questions=())])
    found = await (await open_index(tmp_path)).search("what about engraving", "zh", 5)
    assert [each.passage.id for each in found].count("faq:engraving:zh") == 1
    assert found[0].passage.id == "faq:engraving:zh" and found[0].confidence >= ANSWER


async def test_a_version_that_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    await publish(tmp_path, FEW_PASSAGES[:2])
    index = await open_index(tmp_path)
    second = await publish(tmp_path, FEW_PASSAGES)
    (tmp_path / second / "counts.msgpack").rename(tmp_path / "away")
    assert await index.passage("faq:engraving:en") is None and index.version != second
    (tmp_path / "away").rename(tmp_path / second / "counts.msgpack")
    until = asyncio.get_running_loop().time() + 60
    while await index.passage("faq:engraving:en") is None:
        assert asyncio.get_running_loop().time() < until
        await asyncio.sleep(0.05)
    assert index.version == second


async def test_the_report_says_where_there_are_too_few_questions_to_fit_anything_to(tmp_path: Path) -> None:
    await publish(tmp_path / "knowledge", FEW_PASSAGES)
    told = await asyncio.to_thread(run_once, "knowledge", "report", env=environment(tmp_path))
    assert "Too few questions to fit thresholds to" in told.stdout
