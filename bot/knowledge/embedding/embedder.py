"""What turns texts into vectors that lie near each other when the texts mean the same."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]  # one row a text, each of length one; a row of zeros: nothing of the text is known


class EmbedderFailed(OSError):
    """The embedder did not answer in time or not sensibly; a search goes on without it."""


class Embedder(Protocol):
    """An index is searched with the embedder it was built with, and with no other: its name stands in the index."""

    name: str  # of the model as it is, "all-MiniLM-L6-v2 int8", "served Qwen3-Embedding-0.6B"
    dimensions: int

    def understands(self, text: str) -> bool:
        """Whether it knows the script of the text; of another its vectors say nothing."""

    async def of_questions(self, texts: Sequence[str]) -> Vectors:
        """What customers ask. Raises EmbedderFailed."""

    async def of_passages(self, texts: Sequence[str]) -> Vectors:
        """What is searched; any number of texts. Raises EmbedderFailed."""
