"""Publishing into one folder: entry by entry or as a whole, taken back, by several at once, and killed at any point."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from bot.knowledge.building import publish
from bot.knowledge.index import open_index
from bot.knowledge.reading.drafts import KnowledgeFileError
from bot.knowledge.sites.kept import Site
from tests.killed_publishing import LAST, NEW, OLD, Found
from tests.publishing_ground import ENTRIES, Machine, draft, edition, machine, own_shop, write_edition
from tests.running import environment, run_here

ROOT = Path(__file__).parent.parent
KILLS_SECONDS = 400


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Machine]:
    async with machine(tmp_path / "data", tmp_path / "shop.sqlite") as one:
        await one.publishing.import_shop(own_shop())
        await one.publishing.import_knowledge(write_edition(tmp_path / "texts", OLD))
        yield one


def kills(folder: Path, what: str, redis: str = "") -> list[Found]:
    """One for each point at which the work was killed, and one for when it came to its end."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.killed_publishing", str(folder), what, *([redis] if redis else [])],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=KILLS_SECONDS,
    )
    assert ended.returncode == 0, ended.stderr
    return [msgspec.json.decode(line, type=Found) for line in ended.stdout.splitlines()]


def assert_whole(found: list[Found], after: str) -> None:
    for one in found:
        for texts in (one.texts, one.kept, one.restarted, *([one.elsewhere] if one.elsewhere else [])):
            assert set(texts) in ({OLD}, {after}), one
        assert one.texts == one.kept and set(one.after) == {LAST} and not one.left, one
        assert not one.elsewhere or one.elsewhere == one.restarted, one
    assert set(found[-1].texts) == {after} and not found[-1].point
    assert len(found) > 5


# --- entry by entry ------------------------------------------------------------------------------------------------


async def test_an_entry_is_added_changed_and_removed_and_the_rest_stays(here: Machine) -> None:
    added = await here.publishing.put([draft("owls", "Not for sale.")])
    assert added.difference.added == ("faq:owls:en",) and added.passages == 4
    assert await here.texts("owls", *ENTRIES) == ["Not for sale.", OLD, OLD, OLD]
    changed = await here.publishing.put([draft("owls", "Ask them."), draft("returns", "Anytime.")])
    assert changed.difference.changed == ("faq:returns:en", "faq:owls:en")
    assert await here.texts("owls", "returns", "delivery") == ["Ask them.", "Anytime.", OLD]
    removed = await here.publishing.remove(["owls"])
    assert removed.difference.removed == ("faq:owls:en",) and removed.before == changed.version
    assert await here.texts("owls", "returns") == ["", "Anytime."]
    index = await open_index(here.folder)
    assert await index.all("product", "en"), "the catalogue's passages stay"


async def test_an_entry_is_removed_in_all_languages_by_its_name_and_in_one_by_its_id(here: Machine) -> None:
    both = [draft("owls", "Not for sale."), draft("owls", "不卖。", "zh")]
    await here.publishing.put(both)
    assert (await here.publishing.remove(["faq:owls:zh"])).difference.removed == ("faq:owls:zh",)
    await here.publishing.put(both)
    assert set((await here.publishing.remove(["owls"])).difference.removed) == {"faq:owls:en", "faq:owls:zh"}


async def test_what_was_put_in_is_found_by_an_index_that_is_open(here: Machine) -> None:
    index = await open_index(here.folder)
    before = await index.search("owls please", "en", 1)
    assert not before or before[0].passage.id != "faq:owls:en"
    await here.publishing.put([draft("owls", "Not for sale.")])
    best = (await index.search("owls please", "en", 1))[0]
    assert best.passage.text == "Not for sale."


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["owls"], "There is no entry owls that could be removed."),
        (["retuns"], "There is no entry retuns that could be removed; did you mean returns?"),
        (["product:snail-kettle:en"], "There is no entry product:snail-kettle:en that could be removed: products come"),
        (["returns", "owls"], "There is no entry owls"),
    ],
)
async def test_what_is_not_there_cannot_be_removed(here: Machine, names: list[str], said: str) -> None:
    version = here.version
    with pytest.raises(ValueError, match=said):
        await here.publishing.remove(names)
    assert here.version == version and await here.texts() == [OLD] * 3


async def test_one_wrong_entry_and_none_of_them_is_put_in(here: Machine) -> None:
    version = here.version
    for wrong, said in (
        (draft("owls", "{{ nothing_like_it }}"), "nothing_like_it"),
        (draft("owls", "Nein.", "de"), "The desk does not speak de"),
        (draft("returns", "Twice."), "twice"),
    ):
        with pytest.raises((ValueError, KnowledgeFileError), match=said):
            await here.publishing.put([draft("returns", "Anytime."), wrong])
    assert here.version == version and await here.texts() == [OLD] * 3


async def test_putting_in_what_is_there_already_changes_nothing(here: Machine) -> None:
    await here.publishing.put([draft("owls", "Not for sale.")])
    version = here.version
    again = await here.publishing.put([draft("owls", "Not for sale.")])
    assert again.version == again.before == version == here.version


# --- as a whole ----------------------------------------------------------------------------------------------------


async def test_an_import_replaces_what_came_from_files_and_leaves_what_came_from_elsewhere(
    here: Machine, tmp_path: Path
) -> None:
    site = Site("https://shop.example/")
    await here.publishing.import_site([draft("about-us", "We are otters.")], site)
    await here.publishing.put([draft("told-by-staff", "By hand.", source="staff")])
    done = await here.publishing.import_knowledge(write_edition(tmp_path / "texts", NEW, ["returns"]))
    assert set(done.difference.removed) == {"faq:delivery:en", "faq:engraving:en"}
    assert await here.texts("returns", "about-us", "told-by-staff") == [NEW, "We are otters.", "By hand."]
    await here.publishing.import_site([draft("about-them", "They are owls.")], site)
    assert await here.texts("returns", "about-us", "about-them") == [NEW, "", "They are owls."]


async def test_an_import_with_an_id_that_came_from_elsewhere_is_refused(here: Machine) -> None:
    with pytest.raises(KnowledgeFileError, match=r"the id faq:returns:en is already used in en/faq/page\.md"):
        await here.publishing.import_site([draft("returns", "Other.")], Site("https://shop.example/"))
    assert await here.texts() == [OLD] * 3


# --- taken back ----------------------------------------------------------------------------------------------------


async def test_a_rollback_brings_back_the_version_before_with_its_texts_and_can_be_taken_back(here: Machine) -> None:
    first = here.version
    await here.publishing.put(edition(NEW))
    back = await here.publishing.roll_back()
    assert back.version == first == here.version and set(back.difference.changed) == set(here.kept())
    assert await here.texts() == [OLD] * 3 and set(here.kept().values()) == {OLD}
    await here.publishing.put([draft("owls", "Not for sale.")])
    assert await here.texts("owls", "returns") == ["Not for sale.", OLD], "made from the texts that serve"
    await here.publishing.roll_back()
    assert await here.texts("owls", "returns") == ["", OLD]
    await here.publishing.roll_back()
    assert await here.texts("owls", "returns") == ["Not for sale.", OLD]


async def test_without_a_version_before_there_is_no_rollback(tmp_path: Path) -> None:
    async with machine(tmp_path / "data", tmp_path / "shop.sqlite") as one:
        await one.publishing.put([draft("owls", "Not for sale.")])
        with pytest.raises(ValueError, match="no version before"):
            await one.publishing.roll_back()
        assert await one.texts("owls") == ["Not for sale."]


async def test_a_rollback_brings_no_product_back_that_is_not_in_the_catalogue(here: Machine, tmp_path: Path) -> None:
    shop = own_shop()
    await here.publishing.import_shop(msgspec.structs.replace(shop, products=shop.products[:1], orders=()))
    assert len(await (await open_index(here.folder)).all("product", "en")) == 1
    await here.publishing.roll_back()
    assert len(await (await open_index(here.folder)).all("product", "en")) == 1
    assert await here.texts() == [OLD] * 3


# --- several at once -----------------------------------------------------------------------------------------------


async def test_of_publishers_at_the_same_time_nobodys_entry_is_lost(here: Machine, tmp_path: Path) -> None:
    async with machine(tmp_path / "data", tmp_path / "shop.sqlite") as other:
        names = [f"entry-{number}" for number in range(6)]
        await asyncio.gather(
            *(
                (here, other)[at % 2].publishing.put([draft(name, name, source="staff")])
                for at, name in enumerate(names)
            ),
            here.publishing.import_knowledge(write_edition(tmp_path / "more", NEW)),
        )
    assert await here.texts() == [NEW] * 3
    assert await here.texts(*names) == names
    assert len(here.kept()) == 9


async def test_what_was_published_in_a_hurry_is_learned_from_once_and_says_the_same(
    here: Machine, tmp_path: Path
) -> None:
    async with machine(tmp_path / "new", tmp_path / "shop.sqlite") as new:
        hurried = await publish(new.folder, [one.passage for one in edition(NEW)], learn=False)
        assert not (await open_index(new.folder)).lessons.learned
        await asyncio.gather(*(new.publishing.learn() for _ in range(3)))
        assert (await open_index(new.folder)).lessons.learned
        learned = new.version
        assert learned != hurried and await new.texts() == [NEW] * 3
        await new.publishing.learn()
        assert new.version == learned


# --- killed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("what", "after"), [("put", NEW), ("import", NEW), ("rollback", "The first edition.")])
def test_killed_at_any_point_one_whole_version_serves_and_the_next_start_mends_the_rest(
    tmp_path: Path, what: str, after: str
) -> None:
    assert_whole(kills(tmp_path / "killed", what), after)


# --- the commands --------------------------------------------------------------------------------------------------


def test_the_commands_say_what_they_did(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", embedder="none")
    file = tmp_path / "owls.jsonl"
    rows = [{"id": name, "title": f"{name}?", "text": "Not for sale.", "language": "en"} for name in ("owls", "otters")]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "Nothing is published yet" in run_here("knowledge", "versions", env=env).stdout
    put = run_here("knowledge", "put", str(file), env=env)
    assert put.stdout.startswith("+ faq:owls:en\n+ faq:otters:en\n2 added: 2 passages"), put.stdout + put.stderr
    removed = run_here("knowledge", "remove", "owls", env=env).stdout
    assert removed.startswith("- faq:owls:en\n1 removed: 1 passage of FAQ and policies, version ")
    back = run_here("knowledge", "rollback", env=env).stdout
    assert back.startswith("+ faq:owls:en\n1 added: 2 passages")
    versions = run_here("knowledge", "versions", env=env).stdout
    serving = back.split("version ")[1].split(".")[0]
    assert versions.startswith(f"serves:          {serving}, on this machine since ") and "learned from" in versions
    refused = run_here("knowledge", "remove", "owl", env=env)
    assert refused.returncode == 1 and refused.stdout == ""
    assert refused.stderr == "shopdesk: There is no entry owl that could be removed; did you mean owls?\n"


async def test_a_put_of_one_entry_takes_less_than_a_second_at_ten_thousand_passages(here: Machine) -> None:
    much = [draft(f"entry-{number}", f"Entry {number} says its number {number}.").passage for number in range(10_000)]
    await publish(here.folder, much, learn=False)
    took = []
    for number in range(3):
        began = time.perf_counter()
        await here.publishing.put([draft("owls", f"Text {number}")])
        assert await here.texts("owls") == [f"Text {number}"]
        took.append(time.perf_counter() - began)
    assert min(took) < max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), took
