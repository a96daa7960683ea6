"""Whether a converted model still says what the original says of sentences whose likeness is published."""

from collections.abc import Sequence

import numpy as np

from bot.knowledge.embedding.embedder import Vectors

NEAR = 0.02  # as far as 8 bit may lie from the original; measured: 0.005

# two sentences and their cosine, from the documentation of sentence-transformers and the model's own page
PUBLISHED = (
    ("The weather is lovely today.", "It's so sunny outside!", 0.666),
    ("The weather is lovely today.", "He drove to the stadium.", 0.105),
    ("It's so sunny outside!", "He drove to the stadium.", 0.141),
    ("That is a happy person", "That is a happy dog", 0.695),
    ("That is a happy person", "That is a very happy person", 0.943),
    ("That is a happy person", "Today is a sunny day", 0.257),
)


def sentences() -> list[str]:
    """Each sentence once."""
    return list(dict.fromkeys(text for first, second, _ in PUBLISHED for text in (first, second)))


def deviations(vectors: Vectors) -> list[float]:
    """How far each likeness is from the published one; a row for each of `sentences`."""
    row = dict(zip(sentences(), vectors, strict=True))
    return [abs(float(np.dot(row[first], row[second])) - published) for first, second, published in PUBLISHED]


def trouble(vectors: Vectors) -> str:
    """What is wrong with the vectors, "" for nothing."""
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
        return "its vectors are not of length one"
    return _too_far(deviations(vectors))


def _too_far(found: Sequence[float]) -> str:
    worst = max(range(len(found)), key=found.__getitem__)
    if found[worst] <= NEAR:
        return ""
    first, second, published = PUBLISHED[worst]
    return f"of {first!r} and {second!r} it says {found[worst]:.3f} beside the published {published}"
