"""What every engine must do, on one machine and on Milvus: find the same, show a change at once, go back."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
import pytest_asyncio

from bot.knowledge.passages import Kind, Passage
from bot.knowledge.searching.choosing import milvus_findings
from bot.knowledge.searching.counts import counted, write_counts
from bot.knowledge.searching.engine import Asked, Engine, Entry, Rows
from bot.knowledge.searching.local import LocalEngine, Placeable, change_local, write_local
from bot.knowledge.searching.milvus import MilvusServer
from bot.knowledge.searching.milvus_rows import term
from bot.knowledge.searching.milvus_serving import MilvusFinder, MilvusKeeper
from bot.knowledge.searching.milvus_versions import MilvusVersions
from bot.knowledge.searching.ranking import ask
from bot.knowledge.searching.rows import learned_texts, meant_texts, words_of_passage
from bot.knowledge.searching.terms import terms_of
from bot.knowledge.versions import beside, current, previous, swap
from bot.settings import SettingsError, read_settings

MEANT, LEARNED = 32, 16  # dimensions
VISIBLE_SECONDS = 1.0


def passage(kind: Kind, name: str, language: str, title: str, text: str, *asked: str) -> Passage:
    return Passage(f"{kind}:{name}:{language}", kind, language, title, text, f"/{language}/{name}", asked)


KNOWLEDGE = [
    passage("faq", "delivery", "en", "How long does delivery take?", "Three working days.", "when will it come"),
    passage("faq", "delivery", "zh", "多久能到货？", "一般三到五个工作日送达。", "什么时候发货"),
    passage("faq", "returns", "en", "How long can I return something?", "You have thirty days."),
    passage("faq", "returns", "zh", "多少天内可以退货？", "收货后三十天内。"),
    passage("faq", "engraving", "en", "Can you engrave a lantern?", "Yes, up to twelve letters."),
    passage("policy", "privacy", "en", "Privacy policy", "We never sell what we know about you. " * 40),
    passage("policy", "privacy", "zh", "隐私政策", "我们绝不出售您的个人信息。"),
    passage("product", "lantern", "en", "Moss Lantern", "A quiet light for a shelf.", "ML01-GRN", "ML01-GRY"),
    passage("product", "lantern", "zh", "苔藓灯", "放在书架上的一盏静静的灯。", "ML01-GRN"),
    passage("product", "kettle", "en", "Otter Kettle", "Boils a litre in four minutes.", "OK-20771"),
]
# more than any engine gives as candidates, and all of them with the words in which one asks
CROWD = [
    one
    for n in range(60)
    for one in (
        passage("faq", f"crowd{n}", "en", f"When do you have the long thing {n}?", "How many do you have? It is long."),
        passage("faq", f"crowd{n}", "zh", f"什么时候有第{n}个？", "什么时候都有，您可以问我们有没有。"),
    )
]
COUNTS = counted((each.language, words_of_passage(each)) for each in [*KNOWLEDGE, *CROWD])


def vector(text: str, dimensions: int) -> Rows:
    """Of length one, and another for every text."""
    row = np.random.default_rng(term(text)).standard_normal(dimensions)
    return np.asarray(row / np.linalg.norm(row), np.float32)


def with_rows(one: Passage) -> Placeable:
    learned = [vector(text, LEARNED) for text in learned_texts(one)]
    return Placeable(
        one, np.array([vector(text, MEANT) for text in meant_texts(one)]), np.array(learned) if learned else None
    )


class Shop(Protocol):
    """One engine with its way of publishing."""

    async def publish(self, version: str, passages: Sequence[Passage]) -> None: ...
    async def change(self, removed: Sequence[str], added: Sequence[Passage]) -> None: ...
    async def roll_back(self) -> None: ...
    async def engine(self) -> Engine: ...


class OneMachine:
    def __init__(self, folder: Path) -> None:
        self.folder, self._changes = folder, 0

    async def publish(self, version: str, passages: Sequence[Passage]) -> None:
        with beside(self.folder, version) as unfinished:
            write_local(unfinished, [with_rows(one) for one in passages])
            write_counts(unfinished, COUNTS)
        swap(self.folder, version)

    async def change(self, removed: Sequence[str], added: Sequence[Passage]) -> None:
        self._changes += 1
        base, version = current(self.folder), f"changed-{self._changes}"
        with beside(self.folder, version) as unfinished:
            change_local(self.folder / base, unfinished, removed, [with_rows(one) for one in added])
        swap(self.folder, version)

    async def roll_back(self) -> None:
        swap(self.folder, previous(self.folder))

    async def engine(self) -> Engine:
        return LocalEngine(self.folder / current(self.folder))


class OnMilvus(OneMachine):
    """The same folder, and what serves in it brought to Milvus."""

    def __init__(self, folder: Path, server: MilvusServer, name: str = "shopdesk", few: int = 100) -> None:
        super().__init__(folder)
        self.versions = MilvusVersions(server, name)
        self.keeper = MilvusKeeper(self.versions, folder, few)

    async def publish(self, version: str, passages: Sequence[Passage]) -> None:
        await super().publish(version, passages)
        await self.keeper.bring()

    async def change(self, removed: Sequence[str], added: Sequence[Passage]) -> None:
        await super().change(removed, added)
        await self.keeper.bring()

    async def roll_back(self) -> None:
        await super().roll_back()
        await self.keeper.bring()

    async def engine(self) -> Engine:
        return self.versions.engine(current(self.folder), COUNTS)

    async def finder(self, here: LocalEngine) -> MilvusFinder:
        return MilvusFinder(self.versions, current(self.folder), COUNTS, here)


async def stop_lite(path: str) -> None:
    """It runs in threads of this process."""
    manager = pytest.importorskip("milvus_lite.server_manager").server_manager_instance
    await asyncio.to_thread(manager.release_server, path)


@asynccontextmanager
async def lite(folder: Path) -> AsyncIterator[MilvusServer]:
    """Milvus Lite, in this process, on a file of its own."""
    path = str(folder / "milvus.db")
    server = MilvusServer(path, seconds=30)  # a machine that runs many tests is slow
    yield server
    await server.close()
    await stop_lite(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "knowledge").mkdir()
    return tmp_path / "knowledge"


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[MilvusServer]:
    async with lite(tmp_path) as server:
        yield server


@pytest_asyncio.fixture(params=["one machine", "milvus"])
async def shop(request: pytest.FixtureRequest, tmp_path: Path, folder: Path) -> AsyncIterator[Shop]:
    if request.param == "one machine":
        yield OneMachine(folder)
        return
    async with lite(tmp_path) as server:
        yield OnMilvus(folder, server)


@pytest_asyncio.fixture
async def published(shop: Shop) -> Engine:
    await shop.publish("v1", KNOWLEDGE)
    return await shop.engine()


def by_words(query: str, language: str = "en", kind: Kind | None = None) -> Asked:
    return ask(query, language, kind, None, None)


class Finder(Protocol):
    async def candidates(self, asked: Asked) -> Sequence[Entry]: ...


async def ids(engine: Finder, asked: Asked) -> set[str]:
    return {entry.passage.id for entry in await engine.candidates(asked)}


async def entry_of(engine: Finder, passage_id: str, asked: Asked) -> Entry:
    (found,) = [entry for entry in await engine.candidates(asked) if entry.passage.id == passage_id]
    return found


@pytest.mark.parametrize(
    ("query", "language", "right"),
    [
        ("when does the delivery come?", "en", "faq:delivery:en"),
        ("retrun somthing", "en", "faq:returns:en"),  # letter groups
        ("什么时候到货", "zh", "faq:delivery:zh"),
        ("能退货吗", "zh", "faq:returns:zh"),
        ("do you have ml01-gry", "en", "product:lantern:en"),
        ("OK20771", "en", "product:kettle:en"),
        ("什么时候有 ML01-GRN", "zh", "product:lantern:zh"),
        ("how many minutes to boil", "en", "product:kettle:en"),  # only its text says so
    ],
)
async def test_what_is_asked_for_in_words_is_found_in_a_crowd(
    shop: Shop, query: str, language: str, right: str
) -> None:
    await shop.publish("v1", [*CROWD, *KNOWLEDGE])
    found = await ids(await shop.engine(), by_words(query, language))
    assert right in found
    assert len(found) <= 40, "candidates, not everything"


async def test_only_the_language_and_the_kind_that_are_asked_for(published: Engine) -> None:
    english = await published.candidates(by_words("how long is your policy for the moss lantern delivery 到货"))
    assert {entry.passage.language for entry in english} == {"en"}
    policies = await published.candidates(by_words("how long is your privacy policy for a delivery", kind="policy"))
    assert {entry.passage.kind for entry in policies} == {"policy"}
    assert await ids(published, by_words("delivery", "fr")) == set()
    assert await ids(published, by_words("!?", "en")) == set()


async def test_what_shares_no_word_is_found_by_either_vector_and_only_in_its_language(published: Engine) -> None:
    for asked in (
        Asked(("xyzzy",), frozenset({"xyzzy"}), "en", None, vector("when will it come", MEANT), None),
        Asked(("xyzzy",), frozenset({"xyzzy"}), "en", None, None, vector("when will it come", LEARNED)),
    ):
        assert "faq:delivery:en" in await ids(published, asked)
    chinese = Asked((), frozenset(), "zh", "faq", vector("when will it come", MEANT), None)
    assert all(entry.passage.language == "zh" for entry in await published.candidates(chinese))


async def test_an_entry_comes_with_all_its_words_and_vectors(published: Engine) -> None:
    for one in KNOWLEDGE:
        asked = ask(one.title, one.language, one.kind, vector(one.title, MEANT), vector(one.title, LEARNED))
        entry, given = await entry_of(published, one.id, asked), with_rows(one)
        assert entry.passage == one
        assert entry.terms == terms_of(words_of_passage(one))
        for found, right in ((entry.meant, given.meant), (entry.learned, given.learned)):
            assert len(found if found is not None else ()) == len(right if right is not None else ())
            assert found is None or right is None or np.allclose(found, right, atol=0.002)


async def test_passages_are_read_by_id_and_listed_in_the_order_of_publishing(published: Engine) -> None:
    assert await published.passage("faq:returns:zh") == KNOWLEDGE[3]
    assert await published.passage("faq:unknown:en") is None
    assert await published.passage('faq:"or 1==1 or id=="') is None, "an id is no instruction"
    assert [one.id for one in await published.all("faq", "en")] == [
        "faq:delivery:en",
        "faq:returns:en",
        "faq:engraving:en",
    ]
    assert await published.all("policy", "fr") == []


async def test_a_new_a_changed_and_a_removed_entry_are_found_and_gone(shop: Shop, published: Engine) -> None:
    new = passage("faq", "gift", "en", "Do you wrap gifts?", "Yes, in green paper.", "gift wrapping")
    changed = passage("faq", "returns", "en", "How long can I return something?", "You have sixty days.")
    await shop.change(["faq:delivery:en"], [new, changed])
    engine = await shop.engine()
    assert new.id in await ids(engine, ask("gift wrapping", "en", None, vector("gift wrapping", MEANT), None))
    gone = ask("when will it come", "en", None, vector("when will it come", MEANT), None)
    assert "faq:delivery:en" not in await ids(engine, gone)
    assert await engine.passage("faq:delivery:en") is None
    assert await engine.passage("faq:returns:en") == changed
    entry = await entry_of(engine, changed.id, by_words("return something"))
    assert entry.passage == changed and entry.terms == terms_of(words_of_passage(changed))
    assert "faq:delivery:zh" in await ids(engine, by_words("什么时候到货", "zh")), "and nothing else has changed"


async def test_a_changed_entry_is_seen_within_a_second(shop: Shop, published: Engine) -> None:
    took = []
    for days in range(5):  # on a machine that is not busy with something else at one of these moments
        changed = passage("faq", "returns", "en", "How long can I return something?", f"You have {days} days.")
        started = time.monotonic()
        await shop.change([], [changed])
        entry = await entry_of(await shop.engine(), changed.id, by_words("return something"))
        took.append(time.monotonic() - started)
        assert entry.passage == changed
    assert min(took) < VISIBLE_SECONDS


async def test_an_entry_that_got_shorter_leaves_nothing_of_itself_behind(shop: Shop, published: Engine) -> None:
    changed = passage("faq", "delivery", "en", "Parcel times", "Three days.")  # one phrasing where there were two
    await shop.change([], [changed])
    engine = await shop.engine()
    near = Asked((), frozenset(), "en", "faq", vector("when will it come", MEANT), vector("when will it come", LEARNED))
    for entry in await engine.candidates(near):
        if entry.passage.id == changed.id:
            assert len(entry.meant if entry.meant is not None else ()) == len(meant_texts(changed))
            assert len(entry.learned if entry.learned is not None else ()) == 1


async def test_the_version_before_can_be_brought_back_and_this_one_again(shop: Shop) -> None:
    await shop.publish("v1", KNOWLEDGE)
    await shop.publish("v2", KNOWLEDGE[:2])
    assert await (await shop.engine()).passage("faq:engraving:en") is None
    await shop.roll_back()
    assert await (await shop.engine()).passage("faq:engraving:en") == KNOWLEDGE[4]
    await shop.roll_back()
    assert await (await shop.engine()).passage("faq:engraving:en") is None


async def test_many_passages_are_sent_in_batches_and_every_one_is_found(shop: Shop) -> None:
    many = [
        passage("product", f"p{number}", "en", f"Thing {number}", f"Code AB-{number:05d}.") for number in range(700)
    ]
    await shop.publish("v1", [*KNOWLEDGE, *many])
    engine = await shop.engine()
    for number in (0, 333, 699):
        asked = Asked((), frozenset(), "en", "product", vector(f"Thing {number}. Code AB-{number:05d}.", MEANT), None)
        assert f"product:p{number}:en" in await ids(engine, asked)
    assert len(await engine.all("product", "en")) == 702


async def collections(server: MilvusServer, prefix: str = "") -> set[str]:
    return {name for name in await server.call("list_collections") if name.startswith(prefix)}


async def test_milvus_keeps_the_version_before_and_drops_all_older_ones(
    server: MilvusServer, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "another").mkdir()
    await OnMilvus(tmp_path / "another", server, "another").publish("v1", KNOWLEDGE)
    shop = OnMilvus(folder, server, few=0)
    for version in ("v1", "v2", "v3"):
        await shop.publish(version, KNOWLEDGE[: -int(version[1])])
    assert await shop.versions.names() == {"shopdesk_is_v2", "shopdesk_is_v3"}
    assert len(await collections(server, "shopdesk")) == 2
    assert len(await collections(server, "another")) == 1, "and those of a shop beside it stay"


async def test_a_small_change_goes_into_the_collection_that_is_there(server: MilvusServer, folder: Path) -> None:
    shop = OnMilvus(folder, server)
    await shop.publish("v1", KNOWLEDGE)
    before = await collections(server)
    await shop.change([], [passage("faq", "returns", "en", "How long can I return something?", "Sixty days.")])
    assert await collections(server) == before
    assert await shop.versions.names() == {"shopdesk_is_changed_1"}
    await shop.roll_back()
    assert await collections(server) == before
    assert await (await shop.engine()).passage("faq:returns:en") == KNOWLEDGE[2]


@pytest.mark.parametrize("few", [0, 100], ids=["built anew", "changed"])
async def test_a_passage_that_milvus_cannot_keep_stops_nothing(server: MilvusServer, folder: Path, few: int) -> None:
    shop = OnMilvus(folder, server, few=few)
    await shop.publish("v1", KNOWLEDGE)
    engine = await shop.engine()
    too_long = passage("policy", "endless", "en", "Endless", "word " * 40_000)
    with pytest.raises(ValueError, match="policy:endless:en is too long"):
        await shop.publish("v2", [*KNOWLEDGE, too_long])
    assert await engine.passage("faq:returns:en") == KNOWLEDGE[2]
    finder = await shop.finder(LocalEngine(folder / "v2"))
    assert "policy:endless:en" in await ids(finder, by_words("endless word")), "this machine finds it"
    await shop.publish("v3", KNOWLEDGE[:1])
    await shop.publish("v4", KNOWLEDGE[:1])
    assert len(await collections(server)) <= 2, "what the failed build had left is gone"


async def from_milvus(finder: MilvusFinder, asked: Asked) -> set[str]:
    """When it is there: the engine of this machine is closed, and cannot answer."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(sqlite3.ProgrammingError):
            return await ids(finder, asked)
        await asyncio.sleep(0.02)
    raise AssertionError("Milvus was never asked")


async def test_this_machine_answers_until_milvus_has_what_serves(server: MilvusServer, folder: Path) -> None:
    shop = OnMilvus(folder, server)
    await OneMachine.publish(shop, "v1", KNOWLEDGE)
    here = LocalEngine(folder / "v1")
    finder = await shop.finder(here)
    assert "faq:returns:en" in await ids(finder, by_words("return something"))
    await shop.keeper.bring()
    here.close()
    assert "faq:returns:en" in await from_milvus(finder, by_words("return something"))


async def test_this_machine_answers_when_milvus_goes_away_or_never_was(folder: Path, tmp_path: Path) -> None:
    async with lite(tmp_path) as server:
        shop = OnMilvus(folder, server)
        await shop.publish("v1", KNOWLEDGE)
        finder = await shop.finder(LocalEngine(folder / "v1"))
        await ids(finder, by_words("return something"))
    started = time.monotonic()
    assert "faq:returns:en" in await ids(finder, by_words("return something"))
    assert time.monotonic() - started < 30
    absent = MilvusFinder(MilvusVersions(MilvusServer("http://127.0.0.1:9")), "v1", COUNTS, LocalEngine(folder / "v1"))
    for _ in range(20):
        started = time.monotonic()
        assert "faq:returns:en" in await ids(absent, by_words("return something"))
        assert time.monotonic() - started < 20, "nobody waits for it"


async def test_words_alone_are_enough_for_milvus(server: MilvusServer) -> None:
    versions = MilvusVersions(server)
    entries = [(place, Entry(one, terms_of(words_of_passage(one)), None, None)) for place, one in enumerate(KNOWLEDGE)]
    await versions.build("v1", entries, COUNTS, {})
    engine = versions.engine("v1", COUNTS)
    entry = await entry_of(engine, "faq:delivery:zh", by_words("什么时候到货", "zh"))
    assert entry.meant is None and entry.learned is None
    asked = ask("什么时候到货", "zh", None, vector("到货", MEANT), None)
    assert "faq:delivery:zh" in await ids(engine, asked), "a vector that nothing is kept of is passed over"


async def test_a_milvus_that_is_away_is_an_error_that_names_the_setting() -> None:
    started = time.monotonic()
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:9 could not be used .*SHOPDESK_MILVUS_URL"):
        await MilvusVersions(MilvusServer("http://127.0.0.1:9")).names()
    assert time.monotonic() - started < 40


@pytest.mark.parametrize("wrong", ["milvus:19530", "redis://milvus:6379"])
def test_an_address_that_is_none_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(SettingsError, match=r"SHOPDESK_MILVUS_URL: must begin with http"):
        read_settings({"SHOPDESK_MILVUS_URL": wrong})


async def test_the_doctor_says_whether_milvus_answers(tmp_path: Path) -> None:
    assert await milvus_findings(read_settings({})) == []
    (away,) = await milvus_findings(read_settings({"SHOPDESK_MILVUS_URL": "http://127.0.0.1:9"}))
    assert not away.ok and "SHOPDESK_MILVUS_URL" in away.found and "each machine searches itself" in away.advice
    path = str(tmp_path / "milvus.db")
    (there,) = await milvus_findings(read_settings({"SHOPDESK_MILVUS_URL": path}))
    await stop_lite(path)
    assert there.ok and "holds 0 versions" in there.found
