"""Each part of the desk's search alone, on one set, measured by the same figures as the whole."""

from collections.abc import Sequence

import numpy as np

from bot.evaluation.asking import Answers
from bot.evaluation.entries import Entries
from bot.evaluation.reading import QuestionRow
from bot.evaluation.retrieval import RetrievalFigures, figures
from bot.knowledge.embedding.embedder import Embedder, Vectors
from bot.knowledge.embedding.static import StaticEmbedding
from bot.knowledge.searching.rows import learned_texts, meant_texts
from serving.eval.baselines import AsLangChain, Documents, Nearest, Okapi, said

BM25, LANGCHAIN, DENSE, STATIC = "BM25 alone", "LangChain BM25", "dense alone", "static alone"


async def parts(
    entries: Entries, questions: Sequence[QuestionRow], embedder: Embedder | None
) -> list[RetrievalFigures]:
    """BM25 over our tokens and over LangChain's; then the vectors, where there are any."""
    queries = [question.query for question in questions]
    documents = Documents.of(entries, said)
    found: list[tuple[str, Answers]] = [
        (BM25, documents.answers(Okapi(documents.texts), queries)),
        (LANGCHAIN, documents.answers(AsLangChain(documents.texts), queries)),
    ]
    dense = await _dense(entries, queries, embedder) if embedder else None
    if dense is not None:
        found.append((DENSE, dense))
    static = _static(entries, queries)
    if static is not None:
        found.append((STATIC, static))
    return [figures(entries, questions, answers, 0.0, name) for name, answers in found]


async def _dense(entries: Entries, queries: Sequence[str], embedder: Embedder) -> Answers | None:
    """What it does not understand is not found by it; None where that is everything."""
    documents = Documents.of(entries, meant_texts)
    known = [at for at, text in enumerate(documents.texts) if embedder.understands(text)]
    if not known:
        return None
    understood = Documents([documents.texts[at] for at in known], [documents.passages[at] for at in known])
    rows = await embedder.of_passages(understood.texts)
    asked = _by_text(queries, await embedder.of_questions(queries))
    return understood.answers(Nearest(rows, asked.__getitem__), queries)


def _static(entries: Entries, queries: Sequence[str]) -> Answers | None:
    """None where there are too few known phrasings to learn from."""
    documents = Documents.of(entries, learned_texts)
    static = StaticEmbedding.train(list(zip(documents.texts, documents.passages, strict=True)))
    if static.is_empty:
        return None
    asked = _by_text(queries, static.encode(list(queries)))
    return documents.answers(Nearest(static.encode(documents.texts), asked.__getitem__), queries)


def _by_text(texts: Sequence[str], rows: Vectors) -> dict[str, Vectors]:
    return {text: np.asarray(row) for text, row in zip(texts, rows, strict=True)}
