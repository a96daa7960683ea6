"""Our embedder and reranker against a real vLLM on the CPU: a tiny model whose vectors mean nothing, a real protocol.

The environment is built by `make test-vllm`; without it everything here is skipped.
"""

from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest

from bot.knowledge.embedding import served
from bot.knowledge.embedding.findings import embedding_findings
from bot.knowledge.embedding.served import ServedEmbedder, open_served
from bot.knowledge.searching import reranking
from bot.knowledge.searching.reranking import open_reranker
from bot.settings import Settings
from serving.launch import Launch, pooling_command
from serving.ports import free_port
from tests.vllm_servers import PYTHON, is_installed, running, tiny_model

LONGEST = 256  # tokens the server takes
NAME = "tiny-embedding"

if not is_installed():
    pytest.skip("vLLM is not installed here: make test-vllm", allow_module_level=True)


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running server; it takes about a minute to come up."""
    folder = tmp_path_factory.mktemp("vllm-embeddings")
    more = ("--convert", "embed", "--enforce-eager", "--max-model-len", str(LONGEST), "--block-size", "32")
    launch = Launch(str(PYTHON), str(tiny_model(folder)), served_name=NAME, port=free_port(), gpu_share=None, more=more)
    with running(pooling_command(launch), launch.port, folder / "log") as url:
        yield url


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU that others use too takes longer than a customer should wait; here it is the protocol that counts."""
    monkeypatch.setattr(served, "FIRST_SECONDS", 60)
    monkeypatch.setattr(served, "QUESTION_SECONDS", 60)
    monkeypatch.setattr(reranking, "SECONDS", 60)


@pytest.fixture
async def embedder(vllm: str) -> AsyncIterator[ServedEmbedder]:
    async with open_served(vllm, NAME) as opened:
        assert opened.trouble == ""
        yield opened


async def test_its_vectors_have_length_one_and_their_number_is_known_from_the_start(embedder: ServedEmbedder) -> None:
    assert embedder.dimensions == 128 and embedder.root.endswith("tiny")
    rows = await embedder.of_questions(["where is my order?", "订单在哪里？"])
    assert rows.shape == (2, 128) and rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)


async def test_the_same_text_has_the_same_vector_in_any_batch(embedder: ServedEmbedder) -> None:
    texts = [f"Passage number {number} tells of delivery and returns." for number in range(150)]
    rows, last = await embedder.of_passages(texts), await embedder.of_passages(texts[-1:])
    assert rows.shape == (150, 128)
    assert float(rows[-1] @ last[0]) > 0.999 > float(rows[0] @ rows[149])


async def test_a_passage_that_is_too_long_for_the_model_is_cut_by_the_server(embedder: ServedEmbedder) -> None:
    rows = await embedder.of_passages(["a very long passage about everything " * 500])
    assert np.isclose(np.linalg.norm(rows[0]), 1, atol=1e-3)


async def test_passages_are_scored_against_the_question(vllm: str) -> None:
    texts = ["Delivery takes three days.", "where is my order?", "We sell lamps. " * 100]
    async with open_reranker(vllm, NAME) as reranker:
        scores = await reranker.asked("where is my order?", texts)
    assert np.argmax(scores) == 1


async def test_a_wrong_name_is_told_with_what_is_served(vllm: str) -> None:
    async with open_served(vllm, "another") as misnamed:
        assert f"serves {NAME}: set SHOPDESK_EMBEDDING_NAME" in misnamed.trouble


async def test_the_doctor_finds_both_well(vllm: str) -> None:
    settings = Settings(embedder="served", embedding_url=vllm, embedding_name=NAME, rerank_url=vllm, rerank_name=NAME)
    found = await embedding_findings(settings)
    assert [one.ok for one in found] == [True, True], found
